"""The pure rule and the statement that claims say the same of everybody."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import audience, claims, fanout
from broadcasts.models import Broadcast, Delivery, MonthlyUsage
from policy import cap
from policy.calendar import Severity, month_of
from policy.decision import (
    Decision,
    Expire,
    Kind,
    Limits,
    MessageFacts,
    PersonFacts,
    Send,
    Skip,
    Wait,
    decide,
)
from policy.live import live_rules
from policy.models import Category, TownProfile
from subscribers.models import Subscriber, Subscription
from tests.broadcasts.simulated import rows_for
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
PROMISE = 3
STATES = Subscriber.State.values
PEOPLE = [
    PersonFacts(state, subscribed, marketing_stopped, used, lowest)
    for (state, subscribed, marketing_stopped, used), lowest in zip(
        itertools.product(STATES, (True, False), (True, False), (0, PROMISE - 1, PROMISE, PROMISE + 4)),
        itertools.cycle((1, 2, 3)),
        strict=False,
    )
]
MESSAGES = [
    pytest.param(severity, kind, topic, override, id=f"{severity}-{kind}-{topic}-{override or 'no'}")
    for severity, kind, topic, override in itertools.product(
        ("routine", "urgent", "emergency"),
        ("notice", "correction"),
        ("protezione-civile", "farmacie", "eventi"),
        ("", "Serve a tutti."),
    )
]


@pytest.fixture
def cast(town: TownProfile) -> list[Subscriber]:
    """One citizen for each of PEOPLE, in that order."""
    TownProfile.objects.update(monthly_promise=PROMISE)
    Category.objects.filter(slug="farmacie").update(monthly_promise=PROMISE - 1)
    return Subscriber.objects.bulk_create(
        Subscriber(
            phone=f"39333{number:07d}",
            state=facts.state,
            marketing_stopped=facts.marketing_stopped,
            lowest_colour=facts.lowest_colour,
        )
        for number, facts in enumerate(PEOPLE)
    )


def put(cast: list[Subscriber], broadcast: Broadcast) -> None:
    """Let the tables say of each what PEOPLE says."""
    category = broadcast.category
    Subscription.objects.bulk_create(
        Subscription(subscriber=person, category=category, since=TUESDAY_10)
        for person, facts in zip(cast, PEOPLE, strict=True)
        if facts.subscribed
    )
    promise = cap.counter_for(category.slug, category.monthly_promise)
    MonthlyUsage.objects.bulk_create(
        MonthlyUsage(subscriber=person, month=month_of(TUESDAY_10), promise=promise, used=facts.used)
        for person, facts in zip(cast, PEOPLE, strict=True)
        if facts.used
    )
    rows_for(broadcast, cast)


def message_of(broadcast: Broadcast) -> MessageFacts:
    return MessageFacts(
        Severity(broadcast.severity),
        broadcast.valid_until,
        audience.kind_of(broadcast),
        broadcast.category.template_class == "MARKETING",
        bool(broadcast.night_reason),
        bool(broadcast.cap_override_reason),
        audience.colour_of(broadcast),
    )


def limits_of(broadcast: Broadcast) -> Limits:
    rules = live_rules()
    category = broadcast.category
    return Limits(rules.hours_of(category.slug), rules.monthly_promise, category.monthly_promise)


@pytest.mark.parametrize(("severity", "kind", "topic", "override"), MESSAGES)
def test_person_by_person(cast, write, severity: str, kind: str, topic: str, override: str):
    Category.objects.update(max_severity="emergency")
    original = write(topic=topic)
    more: dict[str, Any] = {"refers_to": original, "fields": {"text": "No."}} if kind == "correction" else {}
    broadcast = write(topic=topic, severity=severity, kind=kind, cap_override_reason=override, **more)
    put(cast, broadcast)
    before = dict(MonthlyUsage.objects.values_list("subscriber_id", "used"))
    claims.claim(fanout.terms_of(broadcast, TUESDAY_10), lease=uuid.uuid4(), after=0, limit=1_000)

    rows = {row.subscriber_id: row for row in Delivery.objects.filter(broadcast=broadcast)}
    after = dict(MonthlyUsage.objects.values_list("subscriber_id", "used"))
    message, limits = message_of(broadcast), limits_of(broadcast)
    for person, facts in zip(cast, PEOPLE, strict=True):
        decision = decide(facts, message, limits, TUESDAY_10)
        row = rows[person.pk]
        reserved = after.get(person.pk, 0) - before.get(person.pk, 0)
        assert (row.state, row.reason, reserved) == written(decision), (facts, message)


@pytest.mark.parametrize("colours", [(), ("gialla",), ("gialla", "arancione"), ("rossa",)])
@pytest.mark.parametrize("severity", ["routine", "urgent", "emergency"])
def test_the_colour_of_an_alert_person_by_person(cast, write, severity: str, colours: tuple[str, ...]):
    """The rule, the claim and the audience say the same of who asked for darker alerts only."""
    risks = [{"risk": "vento", "colour": colour} for colour in colours]
    fields = {
        "risks": risks,
        "what_to_do": "Restate in casa.",
        "starts": "2026-11-25T08:00:00+01:00",
        "ends": "2026-11-25T20:00:00+01:00",
    }
    kind = "alert" if colours else "notice"
    topic = "protezione-civile"
    broadcast = write(topic=topic, severity=severity, kind=kind, **({"fields": fields} if colours else {}))
    put(cast, broadcast)
    audience_count = audience.count(broadcast, TUESDAY_10)
    claims.claim(fanout.terms_of(broadcast, TUESDAY_10), lease=uuid.uuid4(), after=0, limit=1_000)
    rows = {row.subscriber_id: row for row in Delivery.objects.filter(broadcast=broadcast)}
    message, limits = message_of(broadcast), limits_of(broadcast)
    pale = 0
    for person, facts in zip(cast, PEOPLE, strict=True):
        state, reason, _units = written(decide(facts, message, limits, TUESDAY_10))
        assert (rows[person.pk].state, rows[person.pk].reason) == (state, reason), (facts, message)
        pale += reason == "colour"
    assert audience_count.refused.get("colour", 0) == pale
    assert (pale > 0) is (colours in ((("gialla",)), ("gialla", "arancione")) and severity != "emergency")


def written(decision: Decision) -> tuple[str, str, int]:
    """What a row says after a decision, and how many units of the month it took."""
    match decision:
        case Send(counts=counts):
            return "claimed", "", int(counts)
        case Skip(reason=reason):
            return "skipped", reason.value, 0
    raise AssertionError(f"{decision} is about everybody, not about one person")


WHEN = [
    TUESDAY_10,
    TUESDAY_10.replace(hour=14),
    TUESDAY_10.replace(hour=22, minute=30),
    TUESDAY_10 + timedelta(days=5),  # Sunday
    TUESDAY_10 + timedelta(days=6),  # 30 November, the patron
    TUESDAY_10 + timedelta(days=40),
]


@pytest.mark.parametrize("now", WHEN, ids=lambda now: f"{now:%d-%H%M}")
@pytest.mark.parametrize("severity", ["routine", "urgent", "emergency"])
@pytest.mark.parametrize("night_reason", ["", "Un argine."])
def test_what_concerns_everybody_is_decided_before_a_claim_in_the_same_words(
    people, leaving, severity: str, now: Any, night_reason: str
):
    """Hours and validity are the same for all: the sender's look says what the rule says of each."""
    people(1, "protezione-civile")
    broadcast = leaving(topic="protezione-civile", severity=severity, night_reason=night_reason)
    run = fanout.Slice(broadcast.pk, until=0)
    terms, _lane, why = fanout.look(run, now)
    anyone = PersonFacts("active", subscribed=True)
    match decide(anyone, message_of(broadcast), limits_of(broadcast), now):
        case Send():
            assert (terms is not None, why) == (True, "")
        case Wait(until=until):
            broadcast.refresh_from_db()
            assert (terms, why, broadcast.waits_until) == (None, "hours", until)
        case Expire():
            assert (terms, why) == (None, "expired")
        case Skip() as skip:
            raise AssertionError(skip)


def test_the_facts_are_the_rules_own(write):
    """A new kind of follow-up in the rule must be known to the statement that supersedes."""
    for kind in set(Kind) - {Kind.ORIGINAL}:
        assert f"'{kind.value}'" in claims.CLAIM
    assert replace(PEOPLE[0], used=0) == PEOPLE[0]
