"""From the rows of a table to the pharmacies' shifts, with what is wrong by row and column. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import is_phone
from broadcasts.plan.table import Rows
from policy.calendar import DAYS, MONTHS

DAY, NIGHT = "day", "night"
MOST_DAYS = 800  # of one rota: two years and a bit
MOST_SPAN = 31  # days in one row «dal … al …»
MOST_PROBLEMS = 200

# What a column may be called, by what it is; the first name is what messages call it.
HEADINGS = {
    "date": ("data", "dal", "data inizio", "inizio", "dal giorno"),
    "until": ("al", "data fine", "fine", "fino al", "al giorno"),
    "weekday": ("giorno", "giorno della settimana"),
    "period": ("turno", "periodo", "tipo", "tipo turno", "giorno/notte", "servizio"),
    "name": ("farmacia", "nome", "denominazione", "farmacie"),
    "address": ("indirizzo", "via", "sede"),
    "hours": ("orario", "orari", "ore"),
    "phone": ("telefono", "tel", "tel.", "recapito", "numero"),
}
PLAIN_ORDER = ("date", "period", "name", "address", "hours", "phone")  # of a table without headings
LENGTHS = {"name": 80, "address": 120, "hours": 80, "phone": 30}
PERIODS = {
    **dict.fromkeys(("", "giorno", "diurno", "diurna", "d", "g", "festivo", "di giorno"), (DAY,)),
    **dict.fromkeys(("notte", "notturno", "notturna", "n", "di notte"), (NIGHT,)),
    **dict.fromkeys(
        ("giorno e notte", "24 ore", "24h", "h24", "h 24", "24 ore su 24", "continuato"), (DAY, NIGHT)
    ),
}
_DATE = re.compile(r"^(?P<day>\d{1,2})[°./\- ]+(?P<month>\d{1,2}|[a-z]+)[./\- ]+(?P<year>\d{4}|\d{2})$")
_ISO = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[ t]00:00(?::00)?)?$")


@dataclass(frozen=True, slots=True)
class Shift:
    """One pharmacy for one day or one night."""

    date: date
    period: str
    name: str
    address: str = ""
    hours: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: `row` counts from 1 as the table does; `column` is "" for a whole row."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table says. With problems, the shifts of the good rows are there to be shown, not saved."""

    shifts: tuple[Shift, ...]
    problems: tuple[Problem, ...]

    @property
    def bare_days(self) -> list[date]:
        """Days between the first and the last that nobody covers by day."""
        return self._bare(DAY)

    @property
    def bare_nights(self) -> list[date]:
        """The same by night, if the table speaks of nights at all."""
        return self._bare(NIGHT) if any(s.period == NIGHT for s in self.shifts) else []

    def _bare(self, period: str) -> list[date]:
        covered = {s.date for s in self.shifts if s.period == period}
        days = sorted(s.date for s in self.shifts)
        if not days:
            return []
        span = (days[-1] - days[0]).days + 1
        every = (days[0] + timedelta(days=n) for n in range(span))
        return [day for day in every if day not in covered]


class Wrong(ValueError):
    """A cell that cannot be read; `column` is its name."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column


def read_shifts(rows: Rows) -> Reading:
    """Every row's shifts, and every problem there is, so that one correction is enough."""
    columns, first = _columns(rows)
    problems: list[Problem] = []
    if columns is None:
        words = _("La prima riga deve dire i titoli delle colonne: data, turno, farmacia, indirizzo, orario…")
        return Reading((), (Problem(1, "", words),))
    seen: dict[tuple[date, str, str], int] = {}
    shifts: list[Shift] = []
    for number, row in enumerate(rows[first:], first + 1):
        if not any(row) or len(problems) >= MOST_PROBLEMS:
            continue
        try:
            for shift in _row(row, columns):
                twin = seen.setdefault((shift.date, shift.period, shift.name.lower()), number)
                if twin != number:
                    raise Wrong("name", _("è già scritta alla riga %(row)d.") % {"row": twin})
                shifts.append(shift)
        except Wrong as wrong:
            problems.append(Problem(number, HEADINGS[wrong.column][0], str(wrong)))
    if not shifts and not problems:
        problems.append(Problem(1, "", _("La tabella è vuota.")))
    problems += _too_long(shifts)
    return Reading(tuple(sorted(shifts, key=lambda s: (s.date, s.period))), tuple(problems))


def _too_long(shifts: list[Shift]) -> list[Problem]:
    days = [shift.date for shift in shifts]
    if days and (max(days) - min(days)).days > MOST_DAYS:
        return [Problem(1, HEADINGS["date"][0], _("Dal primo all'ultimo giorno passano più di due anni."))]
    return []


def _columns(rows: Rows) -> tuple[dict[str, int] | None, int]:
    """Which column is where, and the first row of data; None where it cannot be told."""
    for number, row in enumerate(rows[:5]):  # above the headings there may be a title
        found: dict[str, int] = {}
        for place, cell in enumerate(row):
            kind = _heading(cell)
            if kind and kind not in found:
                found[kind] = place
        if "weekday" in found and "date" not in found:
            found["date"] = found.pop("weekday")  # «giorno» alone holds the date
        if {"date", "name"} <= found.keys():
            return found, number + 1
    for number, row in enumerate(rows):
        if row and read_day(row[0], silent=True):
            return {kind: place for place, kind in enumerate(PLAIN_ORDER)}, number
    return None, 0


def _heading(cell: str) -> str:
    name = " ".join(cell.lower().split()).rstrip(":")
    return next((kind for kind, names in HEADINGS.items() if name in names), "")


def _row(row: list[str], columns: dict[str, int]) -> Iterator[Shift]:
    """The shifts of one row: one, or as many as its days and its day-and-night make."""

    def cell(kind: str) -> str:
        place = columns.get(kind, len(row))
        return " ".join(row[place].split()) if place < len(row) else ""

    first = read_day(cell("date"))
    if first is None:
        raise Wrong("date", _("manca il giorno."))
    _check_weekday(cell("weekday"), first)
    last = _last_day(cell("until"), first)
    periods = PERIODS.get(cell("period").lower())
    if periods is None:
        raise Wrong("period", _("«%(text)s» non è né giorno né notte.") % {"text": cell("period")})
    texts = {kind: cell(kind) for kind in LENGTHS}
    _check_texts(texts)
    for offset in range((last - first).days + 1):
        for period in periods:
            yield Shift(first + timedelta(days=offset), period, **texts)


def _last_day(written: str, first: date) -> date:
    if not written:
        return first
    last = read_day(written, column="until") or first
    if last < first:
        raise Wrong("until", _("viene prima di quando comincia."))
    if (last - first).days >= MOST_SPAN:
        raise Wrong("until", _("passa più di un mese da quando comincia: controlla le date."))
    return last


def _check_texts(texts: dict[str, str]) -> None:
    if not texts["name"]:
        raise Wrong("name", _("manca il nome della farmacia."))
    for kind, most in LENGTHS.items():
        if len(texts[kind]) > most:
            raise Wrong(kind, _("è troppo lungo: al massimo %(most)d caratteri.") % {"most": most})
    if texts["phone"] and not is_phone(texts["phone"]):
        raise Wrong("phone", _("«%(text)s» non sembra un numero di telefono.") % {"text": texts["phone"]})
    if texts["hours"] and not re.search(r"\d", texts["hours"]):
        raise Wrong("hours", _("«%(text)s» non dice nessuna ora.") % {"text": texts["hours"]})


def _check_weekday(written: str, day: date) -> None:
    named = _weekday_of(written.lower())
    if written and named is not None and named != day.weekday():
        raise Wrong("weekday", _wrong_weekday(day, written))


def _wrong_weekday(day: date, written: str) -> str:
    return _("il %(day)s è %(right)s, non %(wrong)s.") % {
        "day": f"{day:%d/%m/%Y}",
        "right": DAYS["it"][day.weekday()],
        "wrong": written.lower(),
    }


def _weekday_of(word: str) -> int | None:
    """Monday is 0; by its first three letters, as rotas write it («sab», «lun.»)."""
    short = word.strip(" .,").replace("ì", "i")[:3]
    names = [name.replace("ì", "i")[:3] for name in DAYS["it"]]
    return names.index(short) if short in names else None


def read_day(written: str, *, column: str = "date", silent: bool = False) -> date | None:
    """A day as Italians write it: «28/11/2026», «28.11.26», «sabato 28 novembre 2026», or as a machine does.

    None where nothing is written, or where it is no date and `silent`; else a day that does not exist, or
    has another weekday, is Wrong.
    """
    text = " ".join(written.lower().split())
    iso = _ISO.match(text)
    if iso:
        text = f"{iso[3]}/{iso[2]}/{iso[1]}"
    weekday, rest = _weekday_of(text), text
    if weekday is not None and not text[:1].isdigit():
        rest = text.partition(" ")[2]
    else:
        weekday = None
    found = _DATE.match(rest)
    month = _month(found["month"]) if found else 0
    if found is None or not month:
        if silent or not text:
            return None
        raise Wrong(column, _("«%(text)s» non è una data: scrivila come 28/11/2026.") % {"text": written})
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    try:
        day = date(year, month, int(found["day"]))
    except ValueError:
        if silent:
            return None
        raise Wrong(column, _("il giorno %(text)s non esiste.") % {"text": written}) from None
    if weekday is not None and weekday != day.weekday() and not silent:
        raise Wrong(column, _wrong_weekday(day, DAYS["it"][weekday]))
    return day


def _month(written: str) -> int:
    """1 to 12; 0 for no month. Names by their first three letters («nov», «novembre»)."""
    if written.isdigit():
        return int(written)
    short = [name[:3] for name in MONTHS["it"]]
    return short.index(written[:3]) + 1 if written[:3] in short else 0


def spans_words(days: list[date], most: int = 12) -> str:
    """«da sabato 28 novembre a lunedì 30, mercoledì 2 dicembre»: consecutive days go together."""
    runs: list[list[date]] = []
    for day in days:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = ", ".join(dates.days(run[0], run[-1], year=True) for run in runs[:most])
    return f"{said}…" if len(runs) > most else said
