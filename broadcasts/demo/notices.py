"""What the demo's town has written, with dates around `today`. Data in the form of data/avvisi.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from broadcasts.bulletins import dates
from policy.calendar import ROME

STATES = ("sent", "scheduled", "in_review", "draft")


@dataclass(frozen=True, slots=True)
class DemoNotice:
    """`notice` is in the form of data/avvisi.json; `leaves` is when it left or is to leave."""

    notice: dict[str, Any]
    leaves: datetime
    valid_until: datetime | None = None
    state: str = "sent"
    refers_to: str = field(default="")


def on(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of that day in Rome."""
    return datetime.combine(day, time(hour, minute), ROME)


def weekday_from(day: date, step: int) -> date:
    """The nearest Monday–Friday at or beyond `day`, walking by `step` days."""
    while day.weekday() >= 5:
        day += timedelta(days=step)
    return day


def _notice(category: str, title: str, text: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {
        "category": category,
        "severity": "routine",
        "title": title,
        "zones": [],
        "fields": fields,
        "text": text,
    }
    return base | more


def pharmacy_week(saturday: date) -> dict[str, Any]:
    """The rota from one Saturday to the Friday after it."""
    rota = ("Farmacia Comunale 1", "Farmacia Castellani", "Farmacia Comunale 3", "Farmacia Bizzarri")
    days = [saturday + timedelta(days=n) for n in range(7)]
    shifts = [{"date": day.isoformat(), "pharmacies": [rota[day.toordinal() % len(rota)]]} for day in days]
    first, last = dates.day(days[0], month=True), dates.day(days[-1], month=True)
    return _notice(
        "farmacie",
        f"Farmacie di turno dal {days[0].day} al {days[-1].day}/{days[-1].month}",
        f"Le farmacie di turno a Empoli da {first} a {last}.",
        {
            "week_from": saturday.isoformat(),
            "shifts": shifts,
            "night": "dalle 20 alle 8 a battenti chiusi, con ricetta urgente",
        },
    )


def history(today: date) -> list[DemoNotice]:
    """The last three weeks, oldest first."""

    def past(days: int) -> date:
        return weekday_from(today - timedelta(days=days), -1)

    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    wind, match, burst = past(18), past(11), past(8)
    return [
        DemoNotice(pharmacy_week(saturday - timedelta(days=14)), on(past(17), 16)),
        DemoNotice(
            _notice(
                "protezione-civile",
                "Allerta gialla per vento",
                "Fissate vasi e oggetti sui balconi, attenzione sotto alberi e impalcature.",
                {
                    "colour": "gialla",
                    "risk": "vento",
                    "alert_zone": "A4 Valdarno Inferiore",
                    "from": on(wind, 18).isoformat(),
                    "to": on(wind + timedelta(days=1), 12).isoformat(),
                },
                severity="urgent",
            ),
            on(wind, 12, 30),
            on(wind + timedelta(days=1), 12),
        ),
        DemoNotice(
            _notice(
                "scadenze",
                "TARI: seconda rata",
                "La seconda rata della tassa sui rifiuti si paga con l'F24 ricevuto per posta.",
                {"due": (today + timedelta(days=6)).isoformat(), "office": "Ufficio tributi"},
            ),
            on(past(14), 10),
            on(today + timedelta(days=7), 0),
        ),
        DemoNotice(
            _notice(
                "viabilita",
                "Partita dell'Empoli: strade chiuse allo stadio",
                "Autobus deviati. Parcheggio consigliato: via Sanzio.",
                {
                    "from": on(match + timedelta(days=1), 10).isoformat(),
                    "to": on(match + timedelta(days=1), 19).isoformat(),
                    "event": "Empoli, stadio Carlo Castellani",
                    "streets": [
                        {"name": "viale delle Olimpiadi", "numbers": None},
                        {"name": "via della Maratona", "numbers": None},
                    ],
                    "parking": "divieto di sosta con rimozione dalle 10",
                },
                zones=["empoli-centro"],
            ),
            on(match, 11),
            on(match + timedelta(days=1), 19),
        ),
        DemoNotice(pharmacy_week(saturday - timedelta(days=7)), on(past(10), 16)),
        DemoNotice(
            _notice(
                "acqua",
                "Rottura di una condotta a Ponte a Elsa",
                "Squadre al lavoro. Autobotte in piazza della Chiesa.",
                {
                    "from": on(burst, 7).isoformat(),
                    "to": on(burst, 16).isoformat(),
                    "streets": [{"name": "via Livornese", "numbers": "tutti"}],
                    "works_by": "Acque SpA",
                    "phone": "800 983 389",
                },
                severity="urgent",
                zones=["ponte-a-elsa"],
            ),
            on(burst, 8, 10),
            on(burst, 16),
        ),
        DemoNotice(
            _notice(
                "acqua",
                "Ponte a Elsa: l'acqua è tornata",
                "La condotta di via Livornese è riparata. Se è torbida fatela scorrere qualche minuto.",
                {},
                severity="urgent",
                zones=["ponte-a-elsa"],
                ends="Rottura di una condotta a Ponte a Elsa",
            ),
            on(burst, 14, 40),
            on(burst + timedelta(days=1), 12),
            refers_to="Rottura di una condotta a Ponte a Elsa",
        ),
        DemoNotice(
            _notice(
                "eventi",
                "Biblioteca: letture per bambini",
                "Letture ad alta voce per bambini da 3 a 6 anni. Ingresso libero.",
                {
                    "from": on(past(4) + timedelta(days=1), 17).isoformat(),
                    "to": on(past(4) + timedelta(days=1), 18, 30).isoformat(),
                    "place": "biblioteca Renato Fucini",
                },
            ),
            on(past(5), 16, 30),
            on(past(4) + timedelta(days=1), 18, 30),
        ),
        DemoNotice(pharmacy_week(saturday), on(past(3), 16), on(saturday + timedelta(days=7), 8)),
    ]


def now_and_next(now: datetime) -> list[DemoNotice]:
    """In force today, and waiting for somebody."""
    today = now.astimezone(ROME).date()
    tomorrow = weekday_from(today + timedelta(days=1), 1)
    later = weekday_from(today + timedelta(days=3), 1)
    return [
        DemoNotice(
            _notice(
                "viabilita",
                "Via Val d'Orme: ponte chiuso per verifiche",
                "Il ponte sull'Orme è chiuso al traffico per verifiche. Vi avvisiamo alla riapertura.",
                {
                    "from": (now - timedelta(hours=20)).replace(minute=0).isoformat(),
                    "to": on(today + timedelta(days=4), 18).isoformat(),
                    "streets": [{"name": "via Val d'Orme", "numbers": None}],
                    "detour": "via Meucci",
                },
                severity="urgent",
                zones=["pozzale", "empoli-centro"],
            ),
            now - timedelta(hours=19),
            on(today + timedelta(days=4), 18),
        ),
        DemoNotice(
            _notice(
                "scuole",
                "Mensa: menù in bianco durante i lavori",
                "Il pranzo arriva dal centro cottura di via Carraia per lavori in cucina. Orari invariati.",
                {
                    "from": tomorrow.isoformat(),
                    "to": (tomorrow + timedelta(days=3)).isoformat(),
                    "schools": "primaria di Santa Maria a Ripa",
                },
                zones=["santa-maria"],
            ),
            on(tomorrow, 9, 30),
            on(tomorrow + timedelta(days=4), 0),
            state="scheduled",
        ),
        DemoNotice(
            _notice(
                "acqua",
                "Interruzione idrica in via di Barzino",
                "Al ritorno l'acqua può essere torbida: fatela scorrere qualche minuto.",
                {
                    "from": on(later, 8, 30).isoformat(),
                    "to": on(later, 16, 30).isoformat(),
                    "streets": [
                        {"name": "via di Barzino", "numbers": "dal 2 al 48, pari"},
                        {"name": "via Magolo", "numbers": "tutti"},
                    ],
                    "works_by": "Acque SpA",
                    "phone": "800 983 389",
                },
            ),
            on(tomorrow, 10),
            on(later, 16, 30),
            state="in_review",
        ),
        DemoNotice(
            _notice(
                "eventi",
                "Mostra in piazza Farinata",
                "Si inaugura la mostra di fotografie sulla città.",
                {
                    "from": on(later + timedelta(days=3), 17).isoformat(),
                    "to": on(later + timedelta(days=3), 20).isoformat(),
                    "place": "piazza Farinata degli Uberti",
                },
            ),
            on(later, 10),
            on(later + timedelta(days=3), 20),
            state="draft",
        ),
    ]
