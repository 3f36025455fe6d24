"""The rehearsal's own account of each citizen: what they asked for, kept apart from the system's tables.

It is the oracle: who must get a notice is worked out here in plain Python, from what people did.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from policy.rules import SHIPPED

PRESELECTED = frozenset(rule.slug for rule in SHIPPED.categories if rule.core or rule.preselected)


@dataclass(slots=True)
class Citizen:
    """One phone. `left_at` is the real time (Unix seconds) at which the stop was stored."""

    phone: str
    name: str
    persona: str
    topics: set[str] = field(default_factory=set)
    zones: frozenset[str] = frozenset()
    lowest_colour: int = 1  # 1 yellow, 2 orange, 3 red
    joined: bool = False
    left_at: float | None = None
    month: dict[tuple[date, str], int] = field(default_factory=dict)

    def wants(self, topic: str, zones: Collection[str], colour: int = 0) -> bool:
        """In, asked for the topic, lives where it matters (no zone chosen: the whole town), and did not ask
        for darker alerts only (`colour` 0: it has none)."""
        here = not zones or not self.zones or bool(self.zones & set(zones))
        dark = not colour or colour >= self.lowest_colour
        return self.joined and self.left_at is None and topic in self.topics and here and dark

    def charge(self, month: date, account: str, limit: int) -> bool:
        """Take one unit of the month; False when the promise is used up."""
        used = self.month.get((month, account), 0)
        if used >= limit:
            return False
        self.month[month, account] = used + 1
        return True


JOINING = (
    "ATTIVA ISCRIZIONE",
    "attiva iscrizione",
    "Attiva iscrizione.",
    "Buongiorno, attiva iscrizione",
    "attiva iscrizzione",
    "Iscrivimi",
    "ATTIVA ISCRIZIONE 👍",
    "Attivaiscrizione",
)
CHOOSING = (
    ("eventi", True, "EVENTI SI", 30),
    ("scadenze", True, "attiva scadenze", 40),
    ("farmacie", False, "FARMACIE NO", 8),
    ("viabilita", False, "disattiva viabilità", 10),
)


def wordings(people: Iterable[Citizen], seed: int) -> list[tuple[Citizen, str]]:
    """How each of them writes that they want to join."""
    dice = random.Random(seed)
    return [(citizen, dice.choice(JOINING)) for citizen in people]


def choices(people: Iterable[Citizen], seed: int) -> list[tuple[Citizen, str, str]]:
    """Who changes a topic, which, and in what words; the citizen's own account follows."""
    dice = random.Random(seed + 1)
    made = []
    for citizen in people:
        for topic, wanted, words, share in CHOOSING:
            if dice.randrange(100) < share:
                (citizen.topics.add if wanted else citizen.topics.discard)(topic)
                made.append((citizen, topic, words))
    return made
