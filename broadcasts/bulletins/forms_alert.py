"""The forms of civil protection: the alert and the exercise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import LineField, MomentField, PhoneField
from broadcasts.bulletins.forms import BulletinForm, Group, long_text, plain
from broadcasts.bulletins.words import RISKS

COLOUR_CHOICES = [
    ("", gettext_lazy("nessuna allerta")),
    ("gialla", gettext_lazy("gialla")),
    ("arancione", gettext_lazy("arancione")),
    ("rossa", gettext_lazy("rossa")),
]
PREFIX = "risk_"


RISK_LABELS = {
    "idraulico_minore": gettext_lazy("Idrogeologico e idraulico, reticolo minore"),
    "idraulico_principale": gettext_lazy("Idraulico, reticolo principale"),
    "temporali": gettext_lazy("Temporali forti"),
    "vento": gettext_lazy("Vento"),
    "mareggiate": gettext_lazy("Mareggiate"),
    "neve": gettext_lazy("Neve"),
    "ghiaccio": gettext_lazy("Ghiaccio"),
}
KEYS = (*RISKS, "other")


def _colour(label: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label or gettext_lazy("Colore"), choices=COLOUR_CHOICES, required=False)


def _own_hours() -> dict[str, MomentField]:
    return {
        f"{edge}_{key}": MomentField(label=label, required=False)
        for key in KEYS
        for edge, label in (("from", gettext_lazy("Dalle")), ("to", gettext_lazy("Alle")))
    }


def _risk_groups() -> Iterator[Group]:
    words = gettext_lazy("Orario diverso da quello dell'allerta")
    for key, label in RISK_LABELS.items():
        yield Group(label, (PREFIX + key,), (f"from_{key}", f"to_{key}"), words)
    yield Group(gettext_lazy("Altro"), ("other_risk", "other_colour"), ("from_other", "to_other"), words)


class AlertForm(BulletinForm):
    """An alert: each risk of the regional bulletin with its colour and hours, or another emergency in words.

    Stored as `risks`: a list of {"risk", "colour"}, with "starts" and "ends" where a risk has its own hours;
    the risk is a key of `words.RISKS` or free text.
    """

    texts = ("other_risk", "what_to_do")
    groups = (
        Group(gettext_lazy("Quando"), ("starts", "ends")),
        *_risk_groups(),
        Group(gettext_lazy("Dove"), ("alert_zone", "area")),
    )
    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(
        label=gettext_lazy("Alle"),
        help_text=gettext_lazy("Un'allerta ha sempre una fine; la si può prolungare con un aggiornamento."),
    )
    risk_idraulico_minore = _colour()
    risk_idraulico_principale = _colour()
    risk_temporali = _colour()
    risk_vento = _colour()
    risk_mareggiate = _colour()
    risk_neve = _colour()
    risk_ghiaccio = _colour()
    other_risk = LineField(
        label=gettext_lazy("Altra emergenza"),
        required=False,
        help_text=gettext_lazy("Per esempio: ordigno bellico, incendio, nube tossica."),
    )
    other_colour = _colour(gettext_lazy("Colore dell'altra emergenza"))
    alert_zone = LineField(
        label=gettext_lazy("Zona di allerta"),
        required=False,
        help_text=gettext_lazy("Vuoto: quella del Comune."),
    )
    area = LineField(
        label=gettext_lazy("Luoghi"),
        required=False,
        help_text=gettext_lazy("Se non è tutto il territorio: frazioni, strade, raggio."),
    )
    what_to_do = long_text(gettext_lazy("Che cosa fare"), most=500)
    phone = PhoneField(label=gettext_lazy("Numero da chiamare"), required=False, max_length=30)
    ordinance = LineField(label=gettext_lazy("Ordinanza"), required=False, max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= _own_hours()

    @classmethod
    def fields_from(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        own = {"other_risk", "other_colour", *_own_hours()}
        matter = {k: v for k, v in cleaned.items() if not k.startswith(PREFIX) and k not in own}
        named = [(slug, slug, cleaned.get(PREFIX + slug)) for slug in RISKS]
        named = [risk for risk in named if risk[2]]
        if cleaned.get("other_risk"):
            named.append(("other", cleaned["other_risk"], cleaned.get("other_colour")))
        risks = [
            {"risk": risk, "colour": colour or ""} | _hours_of(cleaned, key) for key, risk, colour in named
        ]
        return super().fields_from(matter) | {"risks": risks}

    @classmethod
    def initial_from(cls, fields: dict[str, Any]) -> dict[str, Any]:
        initial = super().initial_from(fields)
        for risk in initial.pop("risks", []):
            key = risk["risk"] if risk["risk"] in RISKS else "other"
            if key == "other":
                initial |= {"other_risk": risk["risk"], "other_colour": risk["colour"]}
            else:
                initial[PREFIX + key] = risk["colour"]
            if risk.get("starts"):
                initial[f"from_{key}"] = dates.read_moment(risk["starts"])
                initial[f"to_{key}"] = dates.read_moment(risk["ends"])
        return initial

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wrong = any(name.startswith((PREFIX, "other_")) for name in self.errors)
        named = any(cleaned.get(PREFIX + slug) for slug in RISKS) or cleaned.get("other_risk")
        if not named and not cleaned.get("other_colour") and not wrong:
            self.add_error("other_risk", _("Scegli il colore di almeno un rischio, o scrivi l'emergenza."))
        if cleaned.get("other_colour") and not cleaned.get("other_risk"):
            self.add_error("other_risk", _("C'è un colore ma non si sa di quale rischio."))
        for key in KEYS:
            self._check_hours(key, cleaned)
        return cleaned

    def warnings(self, now: Any) -> list[str]:
        found = super().warnings(now)
        colours = {self.cleaned_data.get(PREFIX + slug) for slug in RISKS}
        if "rossa" in colours and not self.cleaned_data.get("ordinance"):
            found.append(_("Di solito un'allerta rossa ha un'ordinanza: qui manca."))
        return found

    def _check_hours(self, key: str, cleaned: dict[str, Any]) -> None:
        """A risk's own hours: both or none, in order, within the alert's."""
        first, last = cleaned.get(f"from_{key}"), cleaned.get(f"to_{key}")
        if not first and not last:
            return
        if not (cleaned.get("other_risk") if key == "other" else cleaned.get(PREFIX + key)):
            self.add_error(f"from_{key}", _("C'è un orario ma non il suo rischio: scegli il colore."))
        elif not first or not last:
            self.add_error(f"to_{key}" if first else f"from_{key}", _("Servono l'inizio e la fine."))
        elif last <= first:
            self.add_error(f"to_{key}", _("La fine viene prima dell'inizio."))
        elif cleaned.get("starts") and first < cleaned["starts"]:
            self.add_error(f"from_{key}", _("Comincia prima dell'allerta."))
        elif cleaned.get("ends") and last > cleaned["ends"]:
            self.add_error(f"to_{key}", _("Finisce dopo l'allerta."))


def _hours_of(cleaned: dict[str, Any], key: str) -> dict[str, str]:
    first, last = cleaned.get(f"from_{key}"), cleaned.get(f"to_{key}")
    return {"starts": plain(first), "ends": plain(last)} if first and last else {}


class ExerciseForm(BulletinForm):
    """A drill sent as one: marked at both ends on the phone and on the page."""

    texts = ("text",)
    groups = (Group(gettext_lazy("Quando"), ("starts", "ends")),)
    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(label=gettext_lazy("Alle"))
    text = long_text(gettext_lazy("Che cosa provare"), most=400)
