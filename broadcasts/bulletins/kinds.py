"""The kinds of notice: for each its form, its template, and where it may be used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from broadcasts.bulletins import bodies
from broadcasts.bulletins.forms import BulletinForm
from broadcasts.bulletins.forms_alert import AlertForm, ExerciseForm
from broadcasts.bulletins.forms_notices import (
    CorrectionForm,
    DeadlineForm,
    EndingForm,
    EventForm,
    NoticeForm,
    UpdateForm,
)
from broadcasts.bulletins.forms_services import PharmacyWeekForm, RoadForm, SchoolForm, WaterForm
from broadcasts.bulletins.service import SERVICE
from broadcasts.bulletins.templates import HEADERS, TemplateDefinition, Town
from policy.calendar import Severity

LANGUAGES = ("it", "en")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice. `categories` empty means any; `follow_up` says that it needs the message it is
    about, is at least urgent, and never counts in the monthly promise. `spare` is an emergency's second
    template, with the same parameters."""

    slug: str
    label: str | Promise
    help: str | Promise
    form_class: type[BulletinForm]
    template: TemplateDefinition
    categories: tuple[str, ...] = ()
    default_severity: Severity = Severity.ROUTINE
    follow_up: bool = False
    exercise: bool = False
    spare: TemplateDefinition | None = None

    @property
    def carries_files(self) -> bool:
        """Whether a picture or a document may go with it: what must be read at once stays text."""
        return not (self.follow_up or self.exercise)

    def suits(self, category_slug: str) -> bool:
        return not self.categories or category_slug in self.categories

    def template_for(
        self, template_class: str, *, spare: bool = False, header: str = ""
    ) -> TemplateDefinition:
        """The template for a category that expects this class ("UTILITY" or "MARKETING").

        A notice or a follow-up of a marketing category has a twin of that class; the provider would
        class it so sooner or later, and its people asked for that class. The spare takes no file.
        """
        if spare and self.spare is not None:
            return self.spare
        return self._own(template_class.upper()).with_header(header)

    def _own(self, wanted: str) -> TemplateDefinition:
        if wanted == self.template.category or self.categories:
            return self.template
        return replace(self.template, name=f"{self.template.name}_eventi", category=wanted, ttl_seconds=None)

    def form(self, data: Any = None, *, now: datetime, **kwargs: Any) -> BulletinForm:
        """The kind's form, bound if there is data."""
        return self.form_class(data, now=now, **kwargs)

    def fields_from(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What to store of a valid form's data."""
        return self.form_class.fields_from(cleaned)

    def initial_from(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The form's initial values for stored fields."""
        return self.form_class.initial_from(fields)


_ALL = (
    Kind(
        "alert",
        _("Allerta"),
        _("Allerta meteo o altra emergenza di protezione civile."),
        AlertForm,
        bodies.ALERT,
        ("protezione-civile",),
        Severity.URGENT,
        spare=bodies.ALERT_SPARE,
    ),
    Kind(
        "water",
        _("Acqua"),
        _("Interruzioni, guasti e lavori sulla rete idrica."),
        WaterForm,
        bodies.WATER,
        ("acqua",),
    ),
    Kind("road", _("Strade"), _("Chiusure, divieti, deviazioni."), RoadForm, bodies.ROAD, ("viabilita",)),
    Kind(
        "pharmacy_week",
        _("Farmacie di turno"),
        _("I turni di una settimana."),
        PharmacyWeekForm,
        bodies.PHARMACY_WEEK,
        ("farmacie",),
    ),
    Kind(
        "school", _("Scuole"), _("Chiusure, orari, mensa, trasporto."), SchoolForm, bodies.SCHOOL, ("scuole",)
    ),
    Kind(
        "deadline",
        _("Scadenza"),
        _("L'ultimo giorno per pagare o chiedere qualcosa."),
        DeadlineForm,
        bodies.DEADLINE,
        ("scadenze",),
    ),
    Kind("event", _("Evento"), _("Che cosa succede in città."), EventForm, bodies.EVENT, ("eventi",)),
    Kind("notice", _("Avviso"), _("Per tutto il resto: un titolo e un testo."), NoticeForm, bodies.NOTICE),
    Kind(
        "correction",
        _("Rettifica"),
        _("Il primo messaggio era sbagliato: questo dice che cosa è giusto."),
        CorrectionForm,
        bodies.CORRECTION,
        default_severity=Severity.URGENT,
        follow_up=True,
        spare=bodies.CORRECTION_SPARE,
    ),
    Kind(
        "update",
        _("Aggiornamento"),
        _("Qualcosa è cambiato rispetto al primo messaggio."),
        UpdateForm,
        bodies.UPDATE,
        default_severity=Severity.URGENT,
        follow_up=True,
        spare=bodies.UPDATE_SPARE,
    ),
    Kind(
        "ending",
        _("Cessato"),
        _("È finita: il primo messaggio non vale più."),
        EndingForm,
        bodies.ENDING,
        default_severity=Severity.URGENT,
        follow_up=True,
        spare=bodies.ENDING_SPARE,
    ),
    Kind(
        "exercise",
        _("Esercitazione"),
        _("Una prova sui telefoni della redazione, segnata come esercitazione all'inizio e alla fine."),
        ExerciseForm,
        bodies.EXERCISE,
        ("protezione-civile",),
        exercise=True,
    ),
)

KINDS: dict[str, Kind] = {kind.slug: kind for kind in _ALL}
CHOICES: list[tuple[str, str | Promise]] = [(kind.slug, kind.label) for kind in _ALL]


def for_category(slug: str) -> list[Kind]:
    """The kinds that may be used in a category, in the order people choose from."""
    return [kind for kind in _ALL if kind.suits(slug)]


def base_templates() -> list[tuple[str, TemplateDefinition]]:
    """The wordings, each once, with its kind's slug: a kind's own, its marketing twin, its spare."""
    own = [(kind.slug, kind.template) for kind in _ALL]
    twins = [(kind.slug, kind.template_for("MARKETING")) for kind in _ALL if not kind.categories]
    return own + twins + [(kind.slug, kind.spare) for kind in _ALL if kind.spare is not None]


def all_templates(*, files: bool = True) -> list[tuple[str, TemplateDefinition]]:
    """Every template to create at the provider: the wordings, those that carry a file, and of each those
    with a shorter time to live. Without `files` those are left out."""
    whole = []
    for slug, base in base_templates():
        spare = base == KINDS[slug].spare
        for header in ("", *HEADERS) if files and KINDS[slug].carries_files and not spare else ("",):
            template = base.with_header(header)
            lives = template.lives[::2] if spare else template.lives_carried
            whole += [(slug, template.lasting(seconds)) for seconds in lives] or [(slug, template)]
    return whole + [("service", template) for template in SERVICE]


def limits(kind: Kind, language: str, town: Town, values: dict[str, str]) -> list[str]:
    """What the provider would refuse in a composed notice, a sentence each."""
    return kind.template.limits(language, town, values)
