"""Answers to what a person wrote: once each, at any hour, through the same wire."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import provider, replies
from broadcasts.models import Reply
from subscribers.models import InboundMessage, Subscriber
from tests.broadcasts.simulated import HTML, Provider, accepted, in_threads, refused
from tests.conftest import TUESDAY_10
from whatsapp.pacing import Lane

pytestmark = pytest.mark.django_db
PAYLOAD = {"messaging_product": "whatsapp", "type": "text", "text": {"body": "Iscrizione attiva."}}


def waiting(people: list[Subscriber]) -> list[Reply]:
    return [
        Reply.objects.create(
            inbound=InboundMessage.objects.create(
                message_id=f"wamid.{person.pk}", sent_at=TUESDAY_10, kind="text"
            ),
            subscriber=person,
            wording="joined-1",
            payload=PAYLOAD,
        )
        for person in people
    ]


def states() -> list[str]:
    return sorted(Reply.objects.values_list("state", flat=True))


def no_wait() -> None:
    Reply.objects.update(not_before=None)


def test_each_is_sent_once_with_our_reference(meta: Provider, people: Any):
    made = waiting(people(70))
    assert replies.send_pending() == 70
    assert replies.send_pending() == 0
    assert {got.opaque for got in meta.ledger} == {f"r:{reply.pk}" for reply in made}
    assert len(meta.ledger) == 70
    assert meta.ledger[0].body["text"] == PAYLOAD["text"]


def test_they_leave_at_any_hour(meta: Provider, people: Any, clock_at: Any):
    clock_at(TUESDAY_10.replace(hour=3))
    waiting(people(1))
    assert replies.send_pending() == 1


def test_who_has_just_left_is_told_so(meta: Provider, people: Any):
    waiting(people(1, state=Subscriber.State.STOPPED))
    assert replies.send_pending() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_once(meta: Provider, people: Any):
    waiting(people(120))
    in_threads(replies.send_pending, replies.send_pending)
    assert set(meta.times().values()) == {1}
    assert len(meta.ledger) == 120


def test_one_that_nobody_can_be_written_to_fails_alone(meta: Provider, people: Any):
    """The person was merged or erased since."""
    gone, *others = people(5)
    waiting([gone, *others])
    Subscriber.objects.filter(pk=gone.pk).update(phone=None, user_id=None)
    replies.send_pending()
    assert states() == ["accepted"] * 4 + ["failed"]


def test_a_provider_that_is_away_for_minutes_loses_none(meta: Provider, people: Any):
    waiting(people(3))
    meta.stop()
    for _sweep in range(30):
        replies.send_pending()
        no_wait()
    assert states() == ["pending"] * 3
    meta.start()
    replies.send_pending()
    assert states() == ["accepted"] * 3
    assert set(meta.times().values()) == {1}


def test_nor_does_an_expired_token(meta: Provider, people: Any):
    waiting(people(3))
    meta.answer = refused(190, 401)
    for _sweep in range(20):
        replies.send_pending()
        no_wait()
    assert states() == ["pending"] * 3
    meta.answer = accepted
    replies.send_pending()
    assert states() == ["accepted"] * 3


def test_after_a_refusal_of_the_account_it_waits(meta: Provider, people: Any):
    waiting(people(3))
    meta.answer = refused(190, 401)
    for _sweep in range(5):
        replies.send_pending()
    assert len(meta.ledger) == 3


def test_a_passing_error_is_repeated_a_few_times(meta: Provider, people: Any):
    waiting(people(1))
    meta.answer = refused(131000, 500)
    for _sweep in range(30):
        replies.send_pending()
        no_wait()
    assert (states(), len(meta.ledger)) == (["failed"], replies.MOST_ATTEMPTS)


def test_what_may_have_arrived_is_not_repeated(meta: Provider, people: Any):
    waiting(people(2))
    meta.answer = lambda _got: (502, HTML)
    for _sweep in range(3):
        replies.send_pending()
        no_wait()
    assert (states(), len(meta.ledger)) == (["unconfirmed"] * 2, 2)


def test_what_a_dead_worker_held_is_not_repeated_either(meta: Provider, people: Any):
    (reply,) = waiting(people(1))
    Reply.objects.update(state="sending", lease_until=TUESDAY_10 - timedelta(days=365))
    assert replies.rescue() == 1
    replies.send_pending()
    reply.refresh_from_db()
    assert (reply.state, meta.ledger) == ("unconfirmed", [])


def test_they_go_before_a_routine_broadcast(meta: Provider, people: Any, settings: Any):
    """Whoever wrote is waiting with the phone in hand: the budget's lane of answers is above it."""
    provider.budget().set_rate(20)
    try:
        while provider.budget().take(50, Lane.ROUTINE).granted:
            pass
        provider.budget().take(5, Lane.REPLY)  # asked, and not given yet
        assert provider.budget().take(50, Lane.ROUTINE).granted == 0
        waiting(people(2))
        assert replies.send_pending(seconds=5) == 2
    finally:
        provider.budget().set_rate(None)


def test_with_nothing_to_answer_no_lane_below_is_held_back(meta: Provider):
    provider.budget().set_rate(20)
    try:
        while provider.budget().take(50, Lane.REPLY).granted:
            pass
        deadline = time.monotonic() + 5
        while provider.budget().state()["waiting"]["reply"] and time.monotonic() < deadline:
            time.sleep(0.02)  # what was asked here is forgotten by the budget itself
        assert replies.send_pending() == 0
        assert provider.budget().state()["waiting"]["reply"] == 0
    finally:
        provider.budget().set_rate(None)
