"""The base of every bulletin's form: what it stores, until when it holds, what a colleague would say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are shown together under a legend; `folded` ones open on request, under their own words."""

    legend: str | Promise
    names: tuple[str, ...]
    folded: tuple[str, ...] = ()
    folded_words: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A group as a page draws it: `opened` says that what is folded holds something or is wrong."""

    legend: str | Promise
    fields: list[forms.BoundField]
    folded: list[forms.BoundField]
    folded_words: str | Promise
    opened: bool


class BulletinForm(forms.Form):
    """The matter of a notice.

    `now` is the business moment against which dates are judged. Errors stand beside their field;
    `warnings` never stop anybody. Texts are named in `texts` so that every kind is read by the same
    colleague.
    """

    texts: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
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

    def blocks(self) -> Iterator[Block]:
        """The fields in their order, those of a group together where its first one stands."""
        of = {name: group for group in self.groups for name in (*group.names, *group.folded)}
        drawn: set[Group] = set()
        for name in self.fields:
            group = of.get(name, Group("", (name,)))
            if group in drawn:
                continue
            drawn.add(group)
            folded = [self[each] for each in group.folded]
            yield Block(
                group.legend,
                [self[each] for each in group.names],
                folded,
                group.folded_words,
                any(field.value() or field.errors for field in folded),
            )

    @classmethod
    def fields_from(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What is stored: JSON-able, moments with the offset of Rome, nothing that is empty."""
        return {name: plain(value) for name, value in cleaned.items() if value not in (None, "", [], False)}

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


class RemindedForm(BulletinForm):
    """A notice whose end may be unknown; then somebody must be reminded of it."""

    def check_reminder(self, *, needed: bool) -> None:
        """A moment to come, and there where nothing else says when it is over."""
        remind = self.cleaned_data.get("remind_at")
        if remind and remind <= self.now:
            self.add_error("remind_at", _("Questo momento è già passato."))
        elif needed and not remind and not {"ends", "remind_at"} & set(self.errors):
            self.add_error("remind_at", _("Senza una fine, indica quando ricordartelo."))


def reminder_field() -> MomentField:
    """When to ask the author whether it still holds."""
    return MomentField(
        label=gettext_lazy("Ricordamelo"),
        required=False,
        help_text=gettext_lazy("Se non c'è una fine: quando scriverti per chiedere se vale ancora."),
    )


SPANS = (2, 3, 4)


class OpenEndedForm(RemindedForm):
    """A matter with one stretch of time or several, of which only a single one may have no end.

    Those beyond the first are stored as `spans`, a list of {"starts", "ends"}.
    """

    groups: tuple[Group, ...] = (
        Group(
            gettext_lazy("Quando"),
            ("starts", "ends"),
            tuple(f"{edge}_{n}" for n in SPANS for edge in ("starts", "ends")),
            gettext_lazy("Altri giorni o altri orari"),
        ),
    )
    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(
        label=gettext_lazy("Alle"),
        required=False,
        help_text=gettext_lazy("Vuoto vuol dire «fino a nuova comunicazione»."),
    )
    starts_2 = MomentField(label=gettext_lazy("Poi dalle"), required=False)
    ends_2 = MomentField(label=gettext_lazy("alle"), required=False)
    starts_3 = MomentField(label=gettext_lazy("Poi dalle"), required=False)
    ends_3 = MomentField(label=gettext_lazy("alle"), required=False)
    starts_4 = MomentField(label=gettext_lazy("Poi dalle"), required=False)
    ends_4 = MomentField(label=gettext_lazy("alle"), required=False)
    remind_at = reminder_field()

    @classmethod
    def fields_from(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        edges = {f"{edge}_{n}" for n in SPANS for edge in ("starts", "ends")}
        stored = super().fields_from({k: v for k, v in cleaned.items() if k not in edges})
        spans = [
            {"starts": plain(cleaned[f"starts_{n}"]), "ends": plain(cleaned[f"ends_{n}"])}
            for n in SPANS
            if cleaned.get(f"starts_{n}") and cleaned.get(f"ends_{n}")
        ]
        return stored | ({"spans": spans} if spans else {})

    @classmethod
    def initial_from(cls, fields: dict[str, Any]) -> dict[str, Any]:
        initial = super().initial_from(fields)
        for n, span in zip(SPANS, initial.pop("spans", []), strict=False):
            initial[f"starts_{n}"] = dates.read_moment(span["starts"])
            initial[f"ends_{n}"] = dates.read_moment(span["ends"])
        return initial

    def valid_until(self) -> datetime | None:
        ends = [self.cleaned_data.get("ends"), *(self.cleaned_data.get(f"ends_{n}") for n in SPANS)]
        known = [end for end in ends if isinstance(end, datetime)]
        return max(known) if known and ends[0] else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._check_spans(cleaned)
        self.check_reminder(needed=not cleaned.get("ends"))
        return cleaned

    def warnings(self, now: datetime) -> list[str]:
        found = super().warnings(now)
        if not self.cleaned_data.get("ends"):
            found.append(_("Non c'è una fine: sul telefono si leggerà «fino a nuova comunicazione»."))
        return found

    def _check_spans(self, cleaned: dict[str, Any]) -> None:
        """Each whole, after the one before it, and none after one that has no end."""
        before = cleaned.get("ends")
        for n in SPANS:
            starts, ends = cleaned.get(f"starts_{n}"), cleaned.get(f"ends_{n}")
            if not starts and not ends:
                continue
            if not starts or not ends:
                self.add_error(f"ends_{n}" if starts else f"starts_{n}", _("Servono l'inizio e la fine."))
            elif ends <= starts:
                self.add_error(f"ends_{n}", _("La fine viene prima dell'inizio."))
            elif before is None:
                self.add_error("ends", _("Con più orari serve la fine del primo."))
            elif starts < before:
                self.add_error(f"starts_{n}", _("Comincia prima che finisca l'orario precedente."))
            before = ends or before


def long_text(
    label: str | Promise, *, required: bool = True, help_text: str | Promise = "", most: int = 600
) -> LineField:
    """A text of several sentences that goes to the phone."""
    return LineField(long=True, label=label, required=required, help_text=help_text, max_length=most)


def plain(value: Any) -> Any:
    """A value as it is stored: a moment with the offset of Rome, a day in ISO 8601."""
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
