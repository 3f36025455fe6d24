"""What the town holds itself back from, said of one notice: the narrow service, election time."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from broadcasts.exercise_rules import is_limited
from broadcasts.models import Broadcast
from policy.calendar import Severity, say_day
from policy.page import language
from policy.restraint import Matter, Period, Refusal, Restraints, refusal


def matter_of(broadcast: Broadcast) -> Matter:
    """What the rule must know of it."""
    risks = broadcast.fields.get("risks") or []
    return Matter(
        severity=Severity(broadcast.severity),
        core=broadcast.category.core,
        indispensable=broadcast.category.indispensable,
        colours=tuple(risk.get("colour") or "" for risk in risks) if broadcast.kind == "alert" else (),
        follow_up=broadcast.refers_to_id is not None,
        reason=broadcast.election_reason,
    )


def refusal_words(broadcast: Broadcast, restraints: Restraints, at: datetime) -> str:
    """Why it may not leave at `at`, with what to do about it; empty if nothing holds it back.

    An exercise for the office's own telephones tells the public nothing.
    """
    if is_limited(broadcast):
        return ""
    found = refusal(matter_of(broadcast), restraints, at)
    if found is None:
        return ""
    if found is Refusal.NARROW:
        return _(
            "Il servizio è limitato alle emergenze e alle allerte arancioni o rosse: questo avviso non può "
            "partire. Lo decide il profilo del Comune."
        )
    period = restraints.election_at(at)
    until = last_day_words(period) if period else ""
    if found is Refusal.ELECTION_TOPIC:
        return _(
            "È periodo elettorale fino a %(day)s: l'argomento «%(topic)s» è fermo, perché non è "
            "indispensabile."
        ) % {"day": until, "topic": broadcast.category}
    return _(
        "È periodo elettorale fino a %(day)s: scrivi perché l'avviso è impersonale e indispensabile."
    ) % {"day": until}


def last_day_words(period: Period) -> str:
    """«lunedì 14 giugno 2027»."""
    return say_day(period.last, language(), with_year=True)
