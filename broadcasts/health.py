"""How it goes with WhatsApp, in one sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadcasts import provider


@dataclass(frozen=True, slots=True)
class Health:
    """`tone` is good, warn or stop; `action` leads to `page`, an address by its name (both may be empty)."""

    tone: str
    words: str
    action: str = ""
    page: str = ""
    query: str = ""


COUNTS = """
    SELECT (SELECT count(*) FROM broadcasts_messagetemplate
            WHERE status IN ('PAUSED', 'DISABLED', 'REJECTED')),
           (SELECT count(*) FROM broadcasts_webhookevent WHERE %(aside)s AND state = 'aside'),
           (SELECT count(*) FROM subscribers_subscriber WHERE %(resting)s AND state = 'unreachable')
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """`resting` are numbers that are not on WhatsApp, put to rest."""

    stopped_templates: int = 0
    aside: int = 0
    resting: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence is made of."""

    halted: str = ""
    reachable: bool = True
    slowed: bool = False
    stopped_templates: int = 0
    aside: int = 0


def now(halted: str, counts: Counts) -> Health:
    """One question to the pacing service."""
    budget = provider.budget().state()
    reachable, slowed = bool(budget["reachable"]), bool(budget["slowed"])
    return sentence(Facts(halted, reachable, slowed, counts.stopped_templates, counts.aside))


def counts(*, aside: bool, resting: bool) -> Counts:
    """What is not as it should be, in one query; only what the person may see."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"aside": aside, "resting": resting})
        return Counts(*cursor.fetchone())


def sentence(facts: Facts) -> Health:
    """The worst thing first (pure)."""
    engine = "admin:broadcasts_sending_changelist"
    if facts.halted:
        words = _("Tutti gli invii sono fermi. %(why)s") % {"why": facts.halted}
        return Health("stop", words, _("Vai al motore degli invii"), engine)
    if facts.stopped_templates:
        words = ngettext(
            "WhatsApp ha fermato un modello: gli avvisi che lo usano non possono partire.",
            "WhatsApp ha fermato %(n)s modelli: gli avvisi che li usano non possono partire.",
            facts.stopped_templates,
        ) % {"n": facts.stopped_templates}
        return Health("warn", words, _("Guarda quali"), "admin:broadcasts_messagetemplate_changelist")
    if not facts.reachable:
        words = _("Il servizio che regola la velocità non risponde: gli invii vanno piano. Riprende da solo.")
        return Health("warn", words, _("Guarda come va"), engine)
    if facts.slowed:
        words = _("WhatsApp ha chiesto di rallentare: la velocità torna normale da sola.")
        return Health("warn", words, _("Guarda come va"), engine)
    if facts.aside:
        words = ngettext(
            "Una comunicazione di WhatsApp non è stata capita ed è messa da parte.",
            "%(n)s comunicazioni di WhatsApp non sono state capite e sono messe da parte.",
            facts.aside,
        ) % {"n": facts.aside}
        page = "admin:broadcasts_webhookevent_changelist"
        return Health("warn", words, _("Rielaborale"), page, "?state__exact=aside")
    return Health("good", _("Con WhatsApp va tutto bene: non c'è niente da fare."))
