"""Prepare the town, perform the story, add everything up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.core.management import call_command
from django.db.models import Count, Q, Sum

from broadcasts import catalogue
from broadcasts.demo.people import CITIZENS, make_staff
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import Delivery as D
from broadcasts.states import Receipt
from policy.rules import SHIPPED
from staff.models import User
from subscribers import town
from whatsempoli.rehearsal.judge import BROKEN, Received, Verdict, judge
from whatsempoli.rehearsal.stage import Stage
from whatsempoli.rehearsal.story import OPENING, Story, population

Say = Callable[[str], None]
TOTALS = ("failed", "skipped", "held", "expired", "undelivered", "unconfirmed")


@dataclass(frozen=True, slots=True)
class Result:
    """The story in numbers. `closes` says that every recipient is in exactly one final state."""

    numbers: dict[str, float]
    verdict: Verdict
    overtook: bool
    closes: bool

    @property
    def kept(self) -> bool:
        """Every promise kept, every row accounted for, the emergency first."""
        return self.verdict.kept and self.overtook and self.closes

    def as_dict(self) -> dict[str, float | bool]:
        """For machines."""
        return {**self.numbers, "overtook": self.overtook, "closes": self.closes, "kept": self.kept}

    def table(self) -> str:
        """For people."""
        lines = [
            f"  {name:<16}{value:>10,.1f}" if isinstance(value, float) else f"  {name:<16}{value:>10,}"
            for name, value in self.numbers.items()
        ]
        lines += [f"  ✗ {promise}: {example}" for promise, example in self.verdict.examples.items()]
        lines.append(
            f"  {'i conti tornano' if self.closes else 'I CONTI NON TORNANO'}; "
            f"{'emergenza prima' if self.overtook else 'EMERGENZA NON PRIMA'}; "
            f"{'promesse mantenute' if self.verdict.kept else 'PROMESSE NON MANTENUTE'}"
        )
        return "\n".join(lines)


def prepare() -> None:
    """Migrate and set the town up, before the processes start."""
    call_command("migrate", verbosity=0, interactive=False)
    town.set_up(town.read("empoli"), published_at=OPENING - timedelta(days=30))
    make_staff("rehearsal")


def perform(simulator: str, say: Say, began: float) -> Result:
    """Play it and judge it."""
    stage = Stage(simulator)
    catalogue.sync()
    people = population(int(os.environ.get("CITIZENS") or CITIZENS), int(os.environ.get("SEED") or 7))
    anna, bruno = User.objects.get(username="anna"), User.objects.get(username="bruno")
    story = Story(stage, anna, bruno, people, broken=os.environ.get("BREAK", ""))
    story.play(say)
    return _add_up(story, stage.ledger(), began)


def _add_up(story: Story, ledger: list[Received], began: float) -> Result:
    rows = Delivery.objects.aggregate(
        accepted=Count("id", filter=Q(state=D.ACCEPTED)),
        delivered=Count("id", filter=Q(receipt__gte=Receipt.DELIVERED)),
        read=Count("id", filter=Q(receipt=Receipt.READ)),
        **{name: Count("id", filter=Q(state=name)) for name in TOTALS},
    )
    audience = Broadcast.objects.aggregate(total=Sum("audience_count"))["total"] or 0
    twice = Delivery.objects.filter(repeated=True).values_list("broadcast_id", "subscriber__phone")
    repeated = frozenset((broadcast, phone or "") for broadcast, phone in twice)
    left = {c.phone: c.left_at for c in story.people if c.left_at is not None}
    verdict = judge(ledger, story.sent, left, repeated, SHIPPED.hours, story.stage.clock)
    numbers: dict[str, float] = {
        "citizens": len(story.people),
        "broadcasts": Broadcast.objects.count(),
        "audience": audience,
        **rows,
        **{promise: getattr(verdict, promise) for promise in BROKEN},
        "seconds": round(time.monotonic() - began, 1),
    }
    closes = audience == rows["accepted"] + sum(rows[name] for name in TOTALS)
    return Result(numbers, verdict, bool(story.overtook), closes)
