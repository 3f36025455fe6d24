"""What a town holds itself back from: the narrow service, and the weeks before a vote.

Pure. «Solo emergenze arancio e rosso» leaves only what was promised when the service is a narrow one. In
election time (art. 9 of law 28/2000) a public body may only say what is impersonal and indispensable, from
the day on which the vote is called until the polls close.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from policy.calendar import ROME, Severity

NARROW_COLOURS = frozenset({"arancione", "rossa"})
# Words that put a person in front of the office; they warn, since «ordinanza del sindaco» may be needed.
_PERSONAL = re.compile(
    r"\b(sindac[oa]|vicesindac[oa]|assessor[ei]|assessora|consiglier[ei]|president[ei]|giunta|candidat[oaie]"
    r"|la nostra amministrazione|siamo (?:lieti|orgogliosi|felici)|grazie al(?:l'impegno| lavoro) d[ei])\b",
    re.IGNORECASE,
)


class Refusal(StrEnum):
    """Why a notice may not leave now."""

    NARROW = "narrow"
    ELECTION_TOPIC = "election_topic"
    ELECTION_REASON = "election_reason"


@dataclass(frozen=True, slots=True)
class Period:
    """An election time, both days included; `name` is how the office calls it."""

    name: str
    first: date
    last: date

    def covers(self, at: datetime) -> bool:
        return self.first <= at.astimezone(ROME).date() <= self.last


@dataclass(frozen=True, slots=True)
class Restraints:
    """What the town has switched on."""

    only_emergencies: bool = False
    elections: tuple[Period, ...] = ()

    def election_at(self, at: datetime) -> Period | None:
        return next((period for period in self.elections if period.covers(at)), None)


NO_RESTRAINTS = Restraints()


@dataclass(frozen=True, slots=True)
class Matter:
    """What the rule must know of a notice. `colours` are those of its weather alert, if it is one; `core`
    and `indispensable` are its topic's; `reason` is the author's word for why it is indispensable."""

    severity: Severity
    core: bool
    indispensable: bool
    colours: Collection[str] = ()
    follow_up: bool = False
    reason: str = ""


def refusal(matter: Matter, restraints: Restraints, at: datetime) -> Refusal | None:
    """Why this may not leave at `at`; None if nothing holds it back.

    Whoever was told something must be told that it is wrong, over or changed: a follow-up is never cut off
    from those who have the first message. An emergency meets no question.
    """
    if restraints.only_emergencies and not (matter.follow_up or _narrow(matter)):
        return Refusal.NARROW
    if restraints.election_at(at) is None or (matter.core and matter.severity is Severity.EMERGENCY):
        return None
    if not (matter.indispensable or matter.follow_up):
        return Refusal.ELECTION_TOPIC
    return None if matter.reason.strip() else Refusal.ELECTION_REASON


def _narrow(matter: Matter) -> bool:
    """An emergency of civil protection, or a weather alert of one of the two high codes."""
    return matter.core and (
        matter.severity is Severity.EMERGENCY or bool(NARROW_COLOURS & set(matter.colours))
    )


def personal_words(text: str) -> list[str]:
    """Words of a text that are seldom impersonal, once each, in order."""
    return list(dict.fromkeys(found[0].lower() for found in _PERSONAL.finditer(text)))
