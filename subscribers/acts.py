"""The rules of consent: which act counts, and what follows from all of them. Pure.

By the provider's time the later act wins, in whatever order they arrive; on a tie, the one that leaves.
WhatsApp counts in whole seconds, so that ties are common.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

JOIN, STOP, TOPIC_ON, TOPIC_OFF = "join", "stop", "topic_on", "topic_off"
CONFIRM, LAPSE = "confirm", "lapse"  # asked again after a change of policy: yes; no answer by the deadline
ENDING = frozenset({STOP, LAPSE})
LEAVING = ENDING | {TOPIC_OFF}

# The wording that confirms each act to the citizen; the ledger names it, broadcasts/answers holds it.
WORDINGS = {
    JOIN: "joined-2",
    STOP: "stopped-1",
    TOPIC_ON: "topic-on-1",
    TOPIC_OFF: "topic-off-1",
    CONFIRM: "confirmed-1",
    LAPSE: "reconsent-1",
}

# Acts of the same second are read in this order, so that leaving is read last.
_RANK = {JOIN: 0, CONFIRM: 0, TOPIC_ON: 1, TOPIC_OFF: 2, STOP: 3, LAPSE: 3}
FUTURE_ALLOWED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of the ledger; `topic` is a category's slug, None for an act on the whole service."""

    act: str
    at: datetime
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class DerivedState:
    """What a person's acts amount to. Who is out has no topics."""

    active: bool
    topics: frozenset[str]


OUT = DerivedState(active=False, topics=frozenset())


def supersedes(act: str, at: datetime, last_act: str | None, last_at: datetime | None) -> bool:
    """Whether `act`, done at `at`, counts against the last one that counted."""
    if last_at is None or at > last_at:
        return True
    return at == last_at and (act in LEAVING or last_act not in LEAVING)


def state_from(events: Iterable[Recorded]) -> DerivedState:
    """What follows from a person's acts, given in any order.

    A stop ends every topic; joining alone brings none back: each is an act of its own.
    """
    active, topics = False, set[str]()
    for event in sorted(events, key=lambda each: (each.at, _RANK[each.act])):
        if event.act == JOIN:
            active = True
        elif event.act in ENDING:
            active, topics = False, set()
        elif event.topic is not None and event.act == TOPIC_ON:
            topics.add(event.topic)
        elif event.topic is not None:
            topics.discard(event.topic)
    return DerivedState(True, frozenset(topics)) if active else OUT


def not_future(at: datetime, *, now: datetime, real: datetime) -> datetime:
    """`at`, or `now` where it lies in the future: a wrong clock must not make an act that nothing undoes.

    The provider's time is real time, and the business clock may stand before it (in the demo): what is
    not in the future of both is taken as it is.
    """
    return now if at > max(now, real) + FUTURE_ALLOWED else at
