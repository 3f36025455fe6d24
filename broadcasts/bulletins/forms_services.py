"""The forms of what stops or shifts in town: water, roads, pharmacies, schools."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import (
    DayField,
    LineField,
    MomentField,
    PharmaciesField,
    PhoneField,
    ShiftsField,
    StreetsField,
)
from broadcasts.bulletins.forms import BulletinForm, Group, OpenEndedForm, long_text
from policy.calendar import DAYS, MONTHS

_DAY = re.compile(
    rf"^(?:(?P<weekday>{'|'.join(DAYS['it'])})\s*)?(?:(?P<day>\d{{1,2}})°?"
    rf"(?:[/\s]+(?P<month>\d{{1,2}}|{'|'.join(MONTHS['it'])})(?:[/\s]+(?P<year>\d{{4}}))?)?)?$",
    re.IGNORECASE,
)


class WaterForm(OpenEndedForm):
    """Where and when the water stops."""

    texts = ("notes", "tanker")
    groups = (*OpenEndedForm.groups, Group(gettext_lazy("Dove"), ("area", "streets")))
    area = LineField(
        label=gettext_lazy("Località"),
        required=False,
        help_text=gettext_lazy("Per esempio: Ponte a Elsa. Basta questa, se non c'è un elenco di strade."),
    )
    streets = StreetsField(
        label=gettext_lazy("Strade, una per riga"),
        required=False,
        help_text=gettext_lazy(
            "Dopo i due punti i numeri o il tratto: «via di Barzino: pari dal 2 al 48»,"
            " «via Magolo: 3, 5 e 7», «via Livornese: tra il ponte e via Meucci». Senza, tutta la strada."
        ),
    )
    effect = forms.ChoiceField(
        label=gettext_lazy("Che cosa succede"),
        required=False,
        choices=[
            ("", gettext_lazy("manca l'acqua")),
            ("low_pressure", gettext_lazy("pressione bassa o acqua assente")),
        ],
    )
    works_by = LineField(label=gettext_lazy("Lavori di"), required=False, max_length=80)
    fallback_date = DayField(
        label=gettext_lazy("Giorno di riserva"),
        required=False,
        help_text=gettext_lazy("Quando si fanno i lavori in caso di maltempo."),
    )
    phone = PhoneField(label=gettext_lazy("Numero per i guasti"), required=False, max_length=30)
    tanker = LineField(label=gettext_lazy("Autobotte"), required=False)
    turbid = forms.BooleanField(
        label=gettext_lazy("Al ritorno l'acqua può essere torbida"), required=False, initial=True
    )
    notes = long_text(gettext_lazy("Note"), required=False, most=400)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("streets") and not cleaned.get("area") and "streets" not in self.errors:
            self.add_error("streets", _("Scrivi almeno una strada, o la località."))
        fallback, starts = cleaned.get("fallback_date"), cleaned.get("starts")
        if fallback and starts and fallback <= starts.date():
            self.add_error("fallback_date", _("Il giorno di riserva viene prima dei lavori."))
        return cleaned

    def warnings(self, now: datetime) -> list[str]:
        found = super().warnings(now)
        if not self.cleaned_data.get("phone"):
            found.append(_("Manca il numero da chiamare per i guasti."))
        return found


class RoadForm(OpenEndedForm):
    """Which streets close or change, when, from when one may not park there, and the way round."""

    texts = ("event", "parking", "detour", "notes")
    groups = (
        *OpenEndedForm.groups,
        Group(gettext_lazy("Sosta"), ("parking", "parking_from", "parking_to")),
        Group(gettext_lazy("Occasione"), ("event", "kick_off")),
    )
    streets = StreetsField(
        label=gettext_lazy("Strade, una per riga"),
        help_text=gettext_lazy("Per esempio «via Val d'Orme: tra via Meucci e il ponte»."),
    )
    parking = LineField(
        label=gettext_lazy("Divieto"),
        required=False,
        help_text=gettext_lazy("Per esempio «divieto di sosta con rimozione»."),
    )
    parking_from = MomentField(label=gettext_lazy("Divieto dalle"), required=False)
    parking_to = MomentField(label=gettext_lazy("Divieto alle"), required=False)
    event = LineField(
        label=gettext_lazy("Che cosa"),
        required=False,
        help_text=gettext_lazy("La partita, il mercato, i lavori."),
    )
    kick_off = MomentField(
        label=gettext_lazy("Calcio d'inizio"),
        required=False,
        help_text=gettext_lazy("Solo per una partita."),
    )
    detour = LineField(label=gettext_lazy("Percorso alternativo"), required=False)
    ordinance = LineField(label=gettext_lazy("Ordinanza"), required=False, max_length=60)
    notes = long_text(gettext_lazy("Note"), required=False, most=400)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("parking_from"), cleaned.get("parking_to")
        if (first or last) and not cleaned.get("parking") and "parking" not in self.errors:
            self.add_error("parking", _("C'è un orario ma non dice che cosa è vietato."))
        if first and last and last <= first:
            self.add_error("parking_to", _("La fine viene prima dell'inizio."))
        if cleaned.get("kick_off") and not cleaned.get("event"):
            self.add_error("event", _("Scrivi quale partita."))
        return cleaned

    def valid_until(self) -> datetime | None:
        until, parking = super().valid_until(), self.cleaned_data.get("parking_to")
        return max(until, parking) if until and parking else until


class PharmacyWeekForm(BulletinForm):
    """The rota of seven days, by day and by night, and what one needs of each pharmacy."""

    texts = ("night", "notes")
    groups = (Group(gettext_lazy("Di notte"), ("nights", "night")),)
    week_from = DayField(label=gettext_lazy("Settimana che comincia"))
    shifts = ShiftsField(
        label=gettext_lazy("Turni di giorno, un giorno per riga"),
        help_text=gettext_lazy(
            "Per esempio «sabato 28 novembre: Farmacia Comunale 1». Più farmacie: con il punto e virgola."
        ),
    )
    nights = ShiftsField(
        label=gettext_lazy("Turni di notte, un giorno per riga"),
        required=False,
        help_text=gettext_lazy(
            "Come quelli di giorno; la notte è quella che comincia la sera di quel giorno."
        ),
    )
    night = LineField(
        label=gettext_lazy("Come funziona di notte"),
        required=False,
        help_text=gettext_lazy("Per esempio «dalle 20 alle 8 a battenti chiusi, con ricetta urgente»."),
    )
    pharmacies = PharmaciesField(
        label=gettext_lazy("Indirizzo, orario e telefono, una farmacia per riga"),
        required=False,
        help_text=gettext_lazy("Per esempio «Farmacia Comunale 1: via Salaiola 1; 8:30-20; 0571 757940»."),
    )
    notes = long_text(gettext_lazy("Note per la pagina"), required=False, most=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first = cleaned.get("week_from")
        if first and first + timedelta(days=6) < self.now.date():
            self.add_error("week_from", _("Questa settimana è già passata."))
        elif first:
            for name in ("shifts", "nights"):
                if name not in self.errors:
                    self._date_shifts(name, first, cleaned)
        return cleaned

    def valid_until(self) -> datetime | None:
        first = self.cleaned_data.get("week_from")
        return dates.day_end(first + timedelta(days=6)) if first else None

    def warnings(self, now: datetime) -> list[str]:
        found = super().warnings(now)
        for name, words in (
            ("shifts", _("Nessuna farmacia per: %(days)s.")),
            ("nights", _("Nessuna farmacia di notte per: %(days)s.")),
        ):
            bare = self._uncovered(name) if name == "shifts" or self.cleaned_data.get("nights") else []
            if bare:
                found.append(words % {"days": ", ".join(dates.day(day) for day in bare)})
        if not self.cleaned_data.get("night") and not self.cleaned_data.get("nights"):
            found.append(_("Manca che cosa succede di notte."))
        if unknown := self._without_address():
            found.append(_("Senza indirizzo o telefono: %(names)s.") % {"names": ", ".join(unknown)})
        return found

    def _uncovered(self, name: str) -> list[date]:
        first = self.cleaned_data.get("week_from")
        covered = {s["date"] for s in self.cleaned_data.get(name) or []}
        week = [first + timedelta(days=n) for n in range(7)] if first else []
        return [day for day in week if day.isoformat() not in covered]

    def _without_address(self) -> list[str]:
        """Who is on duty and cannot be found or called, each once."""
        known = {p["name"] for p in self.cleaned_data.get("pharmacies") or [] if p["address"] and p["phone"]}
        shifts = [s for name in ("shifts", "nights") for s in self.cleaned_data.get(name) or []]
        on_duty = dict.fromkeys(name for shift in shifts for name in shift["pharmacies"])
        return [name for name in on_duty if name not in known]

    def _date_shifts(self, name: str, first: date, cleaned: dict[str, Any]) -> None:
        """Give every line its date; a day outside the week, twice or with a wrong name is an error."""
        dated: dict[date, list[str]] = {}
        for written, pharmacies in cleaned.get(name) or []:
            day = written if isinstance(written, date) else day_of_week(written, first)
            if day is None or not first <= day < first + timedelta(days=7):
                self.add_error(name, _("«%(day)s» non è un giorno di questa settimana.") % {"day": written})
            elif day in dated:
                self.add_error(name, _("«%(day)s» compare due volte.") % {"day": dates.day(day)})
            else:
                dated[day] = pharmacies
        cleaned[name] = [{"date": d.isoformat(), "pharmacies": dated[d]} for d in sorted(dated)]


class SchoolForm(BulletinForm):
    """Which schools close or change, and on which days."""

    texts = ("notes", "reason")
    groups = (Group(gettext_lazy("Quando"), ("first_day", "last_day")),)
    first_day = DayField(label=gettext_lazy("Da"))
    last_day = DayField(
        label=gettext_lazy("A"), required=False, help_text=gettext_lazy("Vuoto: un giorno solo.")
    )
    schools = LineField(label=gettext_lazy("Scuole"), max_length=250)
    reason = LineField(label=gettext_lazy("Motivo"), required=False)
    ordinance = LineField(label=gettext_lazy("Ordinanza"), required=False, max_length=60)
    notes = long_text(gettext_lazy("Note"), required=False, most=400)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("La fine viene prima dell'inizio."))
        else:
            self.check_day("last_day" if last else "first_day")
        return cleaned

    def valid_until(self) -> datetime | None:
        last = self.cleaned_data.get("last_day") or self.cleaned_data.get("first_day")
        return dates.day_end(last) if last else None


def day_of_week(written: str, first: date) -> date | None:
    """The day that a person wrote («sabato 28 novembre», «28/11», «sabato») within a week; None if the
    words contradict each other or the week."""
    found = _DAY.match(" ".join(written.split()))
    if found is None or not (found["weekday"] or found["day"]):
        return None
    for day in (first + timedelta(days=n) for n in range(7)):
        if _fits(found, day):
            return day
    return None


def _fits(found: re.Match[str], day: date) -> bool:
    """Whether everything that was written is true of this day."""
    month = found["month"]
    wanted = int(month) if month and month.isdigit() else None
    if month and wanted is None:
        wanted = MONTHS["it"].index(month.lower()) + 1
    return all(
        (
            not found["weekday"] or DAYS["it"][day.weekday()] == found["weekday"].lower(),
            not found["day"] or day.day == int(found["day"]),
            wanted is None or day.month == wanted,
            not found["year"] or day.year == int(found["year"]),
        )
    )
