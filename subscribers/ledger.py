"""The ledger against the present: does what people did explain who gets what?"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from policy.models import PolicyVersion
from subscribers import acts, identity
from subscribers.acts import OUT, DerivedState, Recorded, state_from
from subscribers.consent import IN
from subscribers.models import ConsentEvent, Subscriber, Subscription

__all__ = ["DerivedState", "Difference", "Rebuilt", "compare", "rebuild", "record_join_bulk", "state_from"]

BATCH = 2_000  # people


@dataclass(frozen=True, slots=True)
class Difference:
    """One person whose row is not what their acts amount to."""

    subscriber_id: int
    held: DerivedState
    derived: DerivedState


def compare() -> list[Difference]:
    """Everybody's row against their acts. Rows that were emptied (merged, erased) have nothing to prove."""
    return [difference for people in _batches() for difference in _compare_batch(people)]


@transaction.atomic
def record_join_bulk(
    people: Sequence[Subscriber], *, at: datetime, policy_version: PolicyVersion | None, channel: str
) -> int:
    """Write the ledger of many people who are in already with their topics (an import, the demo): how
    many acts. Each counts from their own `consent_at`; who has none from `at`, which is written to them."""
    undated = [person for person in people if person.consent_at is None]
    for person in undated:
        person.consent_at = at
    Subscriber.objects.bulk_update(undated, ["consent_at"], batch_size=BATCH)
    identity.bind(people)
    held = defaultdict(list)
    rows = Subscription.objects.filter(subscriber__in=[person.pk for person in people])
    for person_id, category_id in rows.values_list("subscriber_id", "category_id"):
        held[person_id].append(category_id)
    events = [
        ConsentEvent(
            subject=person.subject,
            act=act,
            category_id=category_id,
            at=person.consent_at or at,
            channel=channel,
            command=acts.JOIN,
            policy_version=policy_version,
        )
        for person in people
        for act, category_id in [(acts.JOIN, None), *((acts.TOPIC_ON, topic) for topic in held[person.pk])]
    ]
    return len(ConsentEvent.objects.bulk_create(events, batch_size=BATCH))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One person's state as their acts alone make it, with the last of them; the ledger has no number."""

    subject: uuid.UUID
    state: DerivedState
    acts: int
    last_act: str
    last_at: datetime | None


def rebuild() -> Iterator[Rebuilt]:
    """Everybody's state from the ledger alone, those of whom nothing else is left included."""
    after: uuid.UUID | None = None
    while True:
        rows = ConsentEvent.objects.order_by("subject").values_list("subject", flat=True).distinct()
        subjects = list((rows.filter(subject__gt=after) if after else rows)[:BATCH])
        if not subjects:
            return
        recorded = _acts_of(subjects)
        for subject in subjects:
            acts_ = recorded[subject]
            last = max(acts_, key=lambda act: act.at)
            yield Rebuilt(subject, state_from(acts_), len(acts_), last.act, last.at)
        after = subjects[-1]


def _batches() -> Iterator[list[Subscriber]]:
    last = 0
    while True:
        people = list(
            Subscriber.objects.filter(pk__gt=last)
            .exclude(state=Subscriber.State.ERASED)
            .prefetch_related("categories")
            .order_by("pk")[:BATCH]
        )
        if not people:
            return
        yield people
        last = people[-1].pk


def _compare_batch(people: list[Subscriber]) -> Iterator[Difference]:
    recorded = _acts_of(person.subject for person in people)
    for person in people:
        held, derived = held_by(person), state_from(recorded[person.subject])
        if held != derived:
            yield Difference(person.pk, held, derived)


def held_by(person: Subscriber) -> DerivedState:
    """How the row says they stand. Topics of somebody who is out are a difference, and are shown."""
    topics = frozenset(category.slug for category in person.categories.all())
    return DerivedState(person.state in IN, topics) if person.state in IN or topics else OUT


def _acts_of(subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Recorded]]:
    found: dict[uuid.UUID, list[Recorded]] = defaultdict(list)
    rows = ConsentEvent.objects.filter(subject__in=list(subjects))
    for subject, act, at, topic in rows.values_list("subject", "act", "at", "category__slug"):
        found[subject].append(Recorded(act, at, topic))
    return found
