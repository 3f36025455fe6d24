"""The forms of civil protection: the alert and the exercise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins.form_fields import LineField, MomentField, PhoneField
from broadcasts.bulletins.forms import BulletinForm, long_text
from broadcasts.bulletins.words import RISKS

COLOUR_CHOICES = [
    ("", gettext_lazy("nessuna allerta")),
    ("gialla", gettext_lazy("gialla")),
    ("arancione", gettext_lazy("arancione")),
    ("rossa", gettext_lazy("rossa")),
]
PREFIX = "risk_"


def _colour(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=COLOUR_CHOICES, required=False)


class AlertForm(BulletinForm):
    """An alert: each risk of the regional bulletin with its colour, or another emergency in words.

    Stored as `risks`: a list of {"risk", "colour"}, the risk being a key of `words.RISKS` or free text.
    """

    texts = ("other_risk", "what_to_do")
    risk_idraulico_minore = _colour(gettext_lazy("Idrogeologico e idraulico, reticolo minore"))
    risk_idraulico_principale = _colour(gettext_lazy("Idraulico, reticolo principale"))
    risk_temporali = _colour(gettext_lazy("Temporali forti"))
    risk_vento = _colour(gettext_lazy("Vento"))
    risk_mareggiate = _colour(gettext_lazy("Mareggiate"))
    risk_neve = _colour(gettext_lazy("Neve"))
    risk_ghiaccio = _colour(gettext_lazy("Ghiaccio"))
    other_risk = LineField(
        label=gettext_lazy("Altra emergenza"),
        required=False,
        help_text=gettext_lazy("Per esempio: ordigno bellico, incendio, nube tossica."),
    )
    other_colour = _colour(gettext_lazy("Colore dell'altra emergenza"))
    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(
        label=gettext_lazy("Alle"),
        help_text=gettext_lazy("Un'allerta ha sempre una fine; la si può prolungare con un aggiornamento."),
    )
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

    @classmethod
    def fields_from(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        matter = {
            name: value
            for name, value in cleaned.items()
            if not name.startswith(PREFIX) and name not in {"other_risk", "other_colour"}
        }
        risks = [
            {"risk": slug, "colour": cleaned[PREFIX + slug]} for slug in RISKS if cleaned.get(PREFIX + slug)
        ]
        if cleaned.get("other_risk"):
            risks.append({"risk": cleaned["other_risk"], "colour": cleaned.get("other_colour") or ""})
        return super().fields_from(matter) | {"risks": risks}

    @classmethod
    def initial_from(cls, fields: dict[str, Any]) -> dict[str, Any]:
        initial = super().initial_from(fields)
        for risk in initial.pop("risks", []):
            if risk["risk"] in RISKS:
                initial[PREFIX + risk["risk"]] = risk["colour"]
            else:
                initial |= {"other_risk": risk["risk"], "other_colour": risk["colour"]}
        return initial

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wrong = any(name.startswith((PREFIX, "other_")) for name in self.errors)
        named = any(cleaned.get(PREFIX + slug) for slug in RISKS) or cleaned.get("other_risk")
        if not named and not cleaned.get("other_colour") and not wrong:
            self.add_error("other_risk", _("Scegli il colore di almeno un rischio, o scrivi l'emergenza."))
        if cleaned.get("other_colour") and not cleaned.get("other_risk"):
            self.add_error("other_risk", _("C'è un colore ma non si sa di quale rischio."))
        return cleaned

    def warnings(self, now: Any) -> list[str]:
        found = super().warnings(now)
        colours = {self.cleaned_data.get(PREFIX + slug) for slug in RISKS}
        if "rossa" in colours and not self.cleaned_data.get("ordinance"):
            found.append(_("Di solito un'allerta rossa ha un'ordinanza: qui manca."))
        return found


class ExerciseForm(BulletinForm):
    """A drill sent as one: marked at both ends on the phone and on the page."""

    texts = ("text",)
    starts = MomentField(label=gettext_lazy("Dalle"))
    ends = MomentField(label=gettext_lazy("Alle"))
    text = long_text(gettext_lazy("Che cosa provare"), most=400)
