"""The rules as shipped: what a town gets before it changes anything.

Values only. The seed writes them into the database, the small tools (`manage.py when`, `manage.py
understand`) use them without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from policy.calendar import Hours, NightQuiet, Severity, Window
from policy.restraint import NO_RESTRAINTS, Restraints

__all__ = ["CONSENT", "PUBLIC_TASK", "SHIPPED", "CategoryRule", "Rules", "Severity", "TemplateClass"]


class TemplateClass(StrEnum):
    """The provider's class of the template that a category's broadcasts are expected to use."""

    UTILITY = "UTILITY"
    MARKETING = "MARKETING"


# Why the town may use a number for a category: Regulation (EU) 2016/679, article 6.1, letters e and a.
PUBLIC_TASK = "Compito di interesse pubblico (art. 6, par. 1, lett. e, GDPR; legge 150/2000; d.lgs. 1/2018)"
CONSENT = "Consenso (art. 6, par. 1, lett. a, GDPR)"


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """One category. `promise` is its own number of routine messages a month, or None where the general
    promise holds; `windows` are its own service hours, or None where the town's hold; `words` and
    `words_en` are what citizens call it, the first being the word that the service teaches."""

    slug: str
    name: str
    icon: str
    colour: str
    default_severity: Severity
    max_severity: Severity
    words: tuple[str, ...]
    words_en: tuple[str, ...] = ()
    core: bool = False
    preselected: bool = False
    promise: int | None = None
    windows: tuple[Window, ...] | None = None
    template_class: TemplateClass = TemplateClass.UTILITY
    legal_basis: str = PUBLIC_TASK
    indispensable: bool = True  # in election time too


@dataclass(frozen=True, slots=True)
class Rules:
    """What a town promises: hours, messages a month, categories, and what it holds itself back from."""

    hours: Hours
    monthly_promise: int
    categories: tuple[CategoryRule, ...]
    restraints: Restraints = NO_RESTRAINTS

    def category(self, slug: str) -> CategoryRule | None:
        return next((c for c in self.categories if c.slug == slug), None)

    def hours_of(self, slug: str | None) -> Hours:
        """The hours that hold for a category: the town's, with the category's own windows if it has any."""
        found = self.category(slug) if slug else None
        if found is None or found.windows is None:
            return self.hours
        return Hours(found.windows, self.hours.night, self.hours.own_days)


def _on(days: range, start: int, end: int) -> tuple[Window, ...]:
    return tuple(Window(day, time(start), time(end)) for day in days)


SERVICE_WINDOWS = (*_on(range(5), 9, 13), *_on(range(5), 15, 18), *_on(range(5, 6), 9, 12))

SHIPPED = Rules(
    hours=Hours(
        windows=SERVICE_WINDOWS,
        night=NightQuiet(time(22), time(7)),
        own_days=frozenset({(11, 30)}),  # Sant'Andrea, the patron of Empoli
    ),
    monthly_promise=5,
    categories=(
        CategoryRule(
            slug="protezione-civile",
            name="Protezione civile",
            icon="⚠️",
            colour="#b32d00",
            default_severity=Severity.URGENT,
            max_severity=Severity.EMERGENCY,
            words=(
                "protezione civile",
                "allerta",
                "allerte",
                "allerta meteo",
                "allarme",
                "meteo",
                "emergenze",
            ),
            words_en=(
                "civil protection",
                "alert",
                "alerts",
                "weather alert",
                "weather alerts",
                "emergencies",
            ),
            core=True,
            preselected=True,
        ),
        CategoryRule(
            slug="viabilita",
            name="Viabilità",
            icon="🚧",
            colour="#8a5a00",
            default_severity=Severity.ROUTINE,
            max_severity=Severity.URGENT,
            words=("viabilità", "strade", "traffico"),
            words_en=("roads", "road", "traffic"),
            preselected=True,
        ),
        CategoryRule(
            slug="farmacie",
            name="Farmacie di turno",
            icon="💊",
            colour="#00695c",
            default_severity=Severity.ROUTINE,
            max_severity=Severity.URGENT,
            words=(
                "farmacie",
                "farmacia",
                "farmacie di turno",
                "farmacia di turno",
                "turni farmacie",
                "turno",
                "turni",
            ),
            words_en=("pharmacies", "pharmacy", "pharmacy on duty", "pharmacies on duty"),
            preselected=True,
            promise=5,
        ),
        CategoryRule(
            slug="acqua",
            name="Acqua",
            icon="💧",
            colour="#0b5cad",
            default_severity=Severity.URGENT,
            max_severity=Severity.URGENT,
            words=("acqua", "acquedotto"),
            words_en=("water",),
            preselected=True,
        ),
        CategoryRule(
            slug="scuole",
            name="Scuole",
            icon="🏫",
            colour="#6a3d9a",
            default_severity=Severity.ROUTINE,
            max_severity=Severity.URGENT,
            words=("scuole", "scuola"),
            words_en=("schools", "school"),
            preselected=True,
        ),
        CategoryRule(
            slug="scadenze",
            name="Scadenze",
            icon="🗓️",
            colour="#4a4a4a",
            default_severity=Severity.ROUTINE,
            max_severity=Severity.ROUTINE,
            words=("scadenze", "scadenza"),
            words_en=("deadlines", "deadline"),
        ),
        CategoryRule(
            slug="eventi",
            name="Eventi",
            icon="🎭",
            colour="#a3195b",
            default_severity=Severity.ROUTINE,
            max_severity=Severity.ROUTINE,
            words=("eventi", "evento"),
            words_en=("events", "event"),
            template_class=TemplateClass.MARKETING,
            legal_basis=CONSENT,
            indispensable=False,
        ),
    ),
)


def topic_words(rules: Rules) -> dict[str, dict[str, tuple[str, ...]]]:
    """What citizens call each category: slug → language → words, as `subscribers.commands` takes it."""
    return {c.slug: {"it": (c.name, *c.words), "en": c.words_en} for c in rules.categories}
