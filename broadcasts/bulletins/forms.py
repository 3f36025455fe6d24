"""The base of every bulletin's form: what it stores, until when it holds, what a colleague would say."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import DayField, LineField, MomentField
from policy.calendar import DAYS, MONTHS, ROME

OLD = timedelta(days=1)  # a beginning further back than this is a slip of the pen, not a late notice

_CALL = re.compile(r"\b(chiam(?:i|ate|are|a)|telefon(?:i|ate|are))\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d\s./-]{1,}\d")
_NEAR = re.compile(r"\b(oggi|domani|dopodomani|ieri|stasera|stanotte)\b", re.IGNORECASE)
_DATED = re.compile(
    rf"\b({'|'.join(DAYS['it'])})\s+(\d{{1,2}})°?(?:\s+({'|'.join(MONTHS['it'])}))?\b", re.IGNORECASE
)


class BulletinForm(forms.Form):
    """The matter of a notice.

    `now` is the business moment against which dates are judged. Errors stand beside their field;
    `warnings` never stop anybody. Texts are named in `texts` so that every kind is read by the same
    colleague.
    """

    texts: tuple[str, ...] = ()
    more = forms.CharField(
        label=gettext_lazy("Altri dettagli, solo per la pagina pubblica"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Qui si può andare a capo. Sul telefono non si vede."),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now.astimezone(ROME)
        self.order_fields([name for name in self.fields if name != "more"])

    @classmethod
    def fields_from(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What is stored: JSON-able, moments with the offset of Rome, nothing that is empty."""
        return {name: _plain(value) for name, value in cleaned.items() if value not in (None, "", [], False)}

    @classmethod
    def initial_from(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The values to edit stored fields with; they also serve as the data of a bound form."""
        initial = dict(fields)
        for name, field in cls.base_fields.items():
            if not isinstance(initial.get(name), str):
                continue
            if isinstance(field, MomentField):
                initial[name] = dates.read_moment(initial[name])
            elif isinstance(field, DayField):
                initial[name] = date.fromisoformat(initial[name])
        return initial

    def stored(self) -> dict[str, Any]:
        """The fields to store; only after the form was found valid."""
        return self.fields_from(self.cleaned_data)

    def valid_until(self) -> datetime | None:
        """When the notice is over; None while nobody knows."""
        ends = self.cleaned_data.get("ends")
        return ends if isinstance(ends, datetime) else None

    def reminder(self) -> datetime | None:
        """When to ask whether a notice without an end still holds."""
        moment = self.cleaned_data.get("remind_at")
        return moment if isinstance(moment, datetime) else None

    def warnings(self, now: datetime) -> list[str]:
        """What a colleague would say on reading it over; only after the form was cleaned."""
        said = [str(self.cleaned_data.get(name) or "") for name in self.texts]
        text = " ".join(part for part in said if part)
        found = [*_call_warning(text, self.cleaned_data), *_near_warning(text), *_weekday_warnings(text, now)]
        starts = self.cleaned_data.get("starts")
        if isinstance(starts, datetime) and starts < now:
            found.append(_("L'inizio è già passato."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.check_span(cleaned.get("starts"), cleaned.get("ends"))
        return cleaned

    def check_span(self, starts: datetime | None, ends: datetime | None) -> None:
        """An end after its beginning, and neither long gone."""
        if starts and ends and ends <= starts:
            self.add_error("ends", _("La fine viene prima dell'inizio."))
        elif ends and ends <= self.now:
            self.add_error("ends", _("Questo momento è già passato."))
        if starts and starts < self.now - OLD:
            self.add_error("starts", _("Questa data è già passata."))

    def check_day(self, name: str) -> None:
        """A day that is not yet over."""
        value = self.cleaned_data.get(name)
        if value and value < self.now.date():
            self.add_error(name, _("Questa data è già passata."))


class OpenEndedForm(BulletinForm):
    """A notice whose end may be unknown; then somebody must be reminded of it."""

    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(
        label=gettext_lazy("Alle"),
        required=False,
        help_text=gettext_lazy("Vuoto vuol dire «fino a nuova comunicazione»."),
    )
    remind_at = MomentField(
        label=gettext_lazy("Ricordamelo"),
        required=False,
        help_text=gettext_lazy("Quando chiedervi se vale ancora, se non c'è una fine."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        remind, ends = cleaned.get("remind_at"), cleaned.get("ends")
        if remind and remind <= self.now:
            self.add_error("remind_at", _("Questo momento è già passato."))
        elif not ends and not remind and not {"ends", "remind_at"} & set(self.errors):
            self.add_error("remind_at", _("Senza una fine, indica quando ricordartelo."))
        return cleaned

    def warnings(self, now: datetime) -> list[str]:
        found = super().warnings(now)
        if not self.cleaned_data.get("ends"):
            found.append(_("Non c'è una fine: sul telefono si leggerà «fino a nuova comunicazione»."))
        return found


def long_text(
    label: str | Promise, *, required: bool = True, help_text: str | Promise = "", most: int = 600
) -> LineField:
    """A text of several sentences that goes to the phone."""
    return LineField(long=True, label=label, required=required, help_text=help_text, max_length=most)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ROME).isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else value


def _call_warning(text: str, cleaned: dict[str, Any]) -> list[str]:
    found = _CALL.search(text)
    if found is None or cleaned.get("phone") or _NUMBER.search(text[found.end() :]):
        return []
    return [_("C'è scritto «%(word)s…» ma manca il numero da chiamare.") % {"word": found[0]}]


def _near_warning(text: str) -> list[str]:
    found = _NEAR.search(text)
    if found is None:
        return []
    return [
        _("«%(word)s» cambia significato se si legge il giorno dopo: meglio scrivere la data.")
        % {"word": found[0]}
    ]


def _weekday_warnings(text: str, now: datetime) -> list[str]:
    """Dates whose weekday is wrong. A month gone by means next year's."""
    found = []
    for weekday, number, month in _DATED.findall(text):
        if not month:
            continue
        wanted = MONTHS["it"].index(month.lower()) + 1
        year = now.year + (wanted < now.month)
        try:
            named = date(year, wanted, int(number))
        except ValueError:
            found.append(_("Il %(day)s non esiste.") % {"day": f"{number} {month}"})
            continue
        right = DAYS["it"][named.weekday()]
        if right != weekday.lower():
            found.append(
                _("Il %(day)s è %(right)s, non %(wrong)s.")
                % {"day": f"{number} {month} {year}", "right": right, "wrong": weekday.lower()}
            )
    return found
