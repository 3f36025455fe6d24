"""What is kept, on which basis, for how long: one table, which the privacy page prints and the jobs obey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.models import Category, TownProfile


@dataclass(frozen=True, slots=True)
class Rule:
    """`setting` is the field of the town's profile that holds the days; `then` says what is left after."""

    setting: str
    what: str | Promise
    then: str | Promise


@dataclass(frozen=True, slots=True)
class Kept:
    """One row of the table with its days (0: as soon as it has been dealt with)."""

    what: str
    days: int
    then: str


@dataclass(frozen=True, slots=True)
class Basis:
    """On which law one topic's notices stand."""

    topic: str
    words: str


RULES: tuple[Rule, ...] = (
    Rule("keep_webhooks_days", _("I dati tecnici ricevuti da WhatsApp, con il numero"), _("si cancellano")),
    Rule("keep_texts_days", _("Quello che ci viene scritto e le nostre risposte"), _("si cancellano")),
    Rule(
        "keep_stopped_days",
        _("Il numero di chi è uscito, dal giorno dell'uscita"),
        _("resta un'impronta fatta con una chiave segreta, che serve a non scrivergli più"),
    ),
    Rule(
        "keep_erased_days",
        _("L'impronta del numero di chi si è fatto cancellare"),
        _("si cancella: nel registro resta un codice che non porta a nessuno"),
    ),
    Rule(
        "keep_deliveries_days",
        _("A chi è stato mandato ogni avviso, se è arrivato e se è stato letto"),
        _("restano soltanto le somme di ogni avviso"),
    ),
    Rule(
        "keep_ledger_days",
        _("Il registro di iscrizioni e uscite, senza numeri, dal giorno dell'uscita"),
        _("si cancella, con l'impronta del numero"),
    ),
    Rule(
        "keep_audit_days",
        _("Il registro di quello che fa il personale, compreso chi ha guardato un numero e perché"),
        _("si cancella"),
    ),
    Rule(
        "keep_journal_days",
        _("Il diario di uscite e cancellazioni, che serve dopo un ripristino: soltanto impronte"),
        _("si cancella"),
    ),
)


def kept_by(town: TownProfile) -> list[Kept]:
    """The table of a town, in the active language."""
    return [Kept(str(rule.what), getattr(town, rule.setting), str(rule.then)) for rule in RULES]


def bases_of(categories: Iterable[Category], language: str) -> list[Basis]:
    """On which basis each topic is sent; one that has none says so by an empty string."""
    return [Basis(category.label(language), category.legal_basis) for category in categories]


def cutoff(town: TownProfile, setting: str, now: datetime) -> datetime:
    """What is older than this has been kept for its days."""
    days: int = getattr(town, setting)
    return now - timedelta(days=days)
