"""Form fields that know a matter: moments of Rome, streets, telephone numbers, one-line texts."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from broadcasts.bulletins.civic import BadNumbers, civic_numbers
from policy.calendar import ROME, localise

_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_NUMBERS = re.compile(r"^(?P<name>[^:(]+?)\s*(?::\s*(?P<after>.+)|\((?P<inside>.+)\))?$")

_HOURS = re.compile(
    r"\b(?:dalle|orario|24 ore|h ?24)\b|\d{1,2}(?:[:.]\d{2})?\s*[-–]\s*\d{1,2}", re.IGNORECASE
)


class MomentField(forms.DateTimeField):
    """A day and an hour in Rome; an hour that comes twice is its first occurrence."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return localise(value) if value.tzinfo is None else value.astimezone(ROME)
        moment = _read(str(value).strip())
        if moment is None:
            raise ValidationError(_("Scrivi giorno e ora, per esempio 27/11/2026 13:00."), code="invalid")
        return localise(moment) if moment.tzinfo is None else moment.astimezone(ROME)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(ROME).strftime("%Y-%m-%dT%H:%M") if value.tzinfo else value
        return value


class DayField(forms.DateField):
    """A day, typed as 27/11/2026 or chosen."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)
        self.error_messages["invalid"] = _("Scrivi un giorno, per esempio 27/11/2026.")


class LineField(forms.CharField):
    """A text that goes to the phone: the provider takes no new line in it."""

    def __init__(self, *, long: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 600 if long else 160)
        if long:
            kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return _INVISIBLE.sub("", super().to_python(value) or "").strip()

    def validate(self, value: str) -> None:
        super().validate(value)
        if "\n" in value or "\r" in value:
            raise ValidationError(
                _("Qui WhatsApp non permette di andare a capo: scrivi tutto di seguito."), code="newline"
            )


class PhoneField(LineField):
    """A number to call, as people write it: landline, mobile, toll-free, or a short one like 112."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not is_phone(value):
            raise ValidationError(
                _("Non sembra un numero di telefono. Esempi: 0571 757940, 800 983 389, 112."), code="phone"
            )


class StreetsField(forms.CharField):
    """Streets, one a line, numbers or a stretch after a colon: «via di Barzino: pari dal 2 al 48».

    Cleans to a list of {"name", "numbers"}; numbers are empty for the whole street.
    """

    widget = forms.Textarea(attrs={"rows": 5})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [_read_street(line) for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{s['name']}: {s['numbers']}" if s.get("numbers") else s["name"] for s in value)
        return value

    def run_validators(self, value: Any) -> None:
        """Nothing to add: the validators of text do not apply to a list."""


class ShiftsField(forms.CharField):
    """The rota, a day a line: «sabato 28 novembre: Farmacia Comunale 1; Farmacia Castellani».

    Cleans to (day as written, pharmacies) pairs; the form gives each day its date, since only it knows
    the week. A stored list of {"date", "pharmacies"} passes as it is.
    """

    widget = forms.Textarea(attrs={"rows": 7})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return [(date.fromisoformat(s["date"]), s["pharmacies"]) for s in value]
        return [_read_shift(line) for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            days = [(date.fromisoformat(s["date"]), "; ".join(s["pharmacies"])) for s in value]
            return "\n".join(f"{day:%d/%m/%Y}: {who}" for day, who in days)
        return value

    def run_validators(self, value: Any) -> None:
        """Nothing to add: the validators of text do not apply to a list."""


class PharmaciesField(forms.CharField):
    """What one needs of each pharmacy, a line each: «Farmacia Bini: via Roma 1; 8:30-20; 0571 757940».

    Cleans to a list of {"name", "address", "hours", "phone"}, what is missing being empty.
    """

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        lines = (super().to_python(value) or "").splitlines()
        return [_read_pharmacy(line) for line in lines if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(
                f"{one['name']}: {'; '.join(one[k] for k in ('address', 'hours', 'phone') if one[k])}"
                for one in value
            )
        return value

    def run_validators(self, value: Any) -> None:
        """Nothing to add: the validators of text do not apply to a list."""


def is_phone(text: str) -> bool:
    """Whether one can call this from Italy: a valid number, toll-free ones too, or a short one."""
    digits = re.sub(r"[\s./-]", "", text)
    if not re.fullmatch(r"\+?\d{3,15}", digits):
        return False
    try:
        number = phonenumbers.parse(digits, "IT")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) or phonenumbers.is_valid_short_number_for_region(number, "IT")


def _read(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is not None:
        return found
    for pattern in ("%d/%m/%Y %H:%M", "%d/%m/%Y %H.%M"):
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - localised by the caller
        except ValueError:
            continue
    return None


def _read_street(line: str) -> dict[str, str]:
    found = _NUMBERS.match(line.strip())
    if found is None:
        raise ValidationError(
            _("Non si capisce la riga «%(line)s»: prima la strada, poi i due punti e i numeri."),
            code="street",
            params={"line": line.strip()},
        )
    name = " ".join(found["name"].split())
    try:
        numbers = civic_numbers(found["after"] or found["inside"] or "")
    except BadNumbers as problem:
        raise ValidationError(
            _("%(street)s: %(problem)s"), code="numbers", params={"street": name, "problem": str(problem)}
        ) from None
    return {"name": name, "numbers": numbers}


def _read_shift(line: str) -> tuple[str, list[str]]:
    day, colon, who = line.partition(":")
    pharmacies = [" ".join(name.split()) for name in who.split(";") if name.strip()]
    if not colon or not pharmacies:
        raise ValidationError(
            _("Non si capisce la riga «%(line)s»: prima il giorno, poi i due punti e la farmacia."),
            code="shift",
            params={"line": line.strip()},
        )
    return day.strip(), pharmacies


def _read_pharmacy(line: str) -> dict[str, str]:
    name, colon, about = line.partition(":")
    found = {"name": " ".join(name.split()), "address": "", "hours": "", "phone": ""}
    parts = [" ".join(part.split()) for part in about.split(";") if part.strip()]
    for part in parts:
        if is_phone(part.lower().removeprefix("tel").lstrip(". ")):
            what = "phone"
        else:
            what = "hours" if _HOURS.search(part) else "address"
        if found[what]:
            break
        found[what] = part.removeprefix("tel.").strip() if what == "phone" else part
    else:
        if colon and parts and found["name"]:
            return found
    raise ValidationError(
        _("Non si capisce la riga «%(line)s»: nome, due punti, poi indirizzo; orario; telefono."),
        code="pharmacy",
        params={"line": line.strip()},
    )
