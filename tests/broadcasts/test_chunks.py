"""A large audience is frozen in pieces, while the first people are already written to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import audience, fanout, lifecycle, release, tasks
from broadcasts.models import Broadcast
from broadcasts.states import State
from subscribers.models import Subscriber
from tests.broadcasts.simulated import in_threads, states_of
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db


@pytest.fixture
def first_chunk(meta: Any, clock_at: Any, people: Any, write: Any, approve: Any, monkeypatch: Any) -> Any:
    """A broadcast to 18 people of whom only the first four have a row: the beat died then."""
    people(18, "acqua")
    broadcast = approve(write())
    monkeypatch.setattr(audience, "CHUNK", 4)
    with monkeypatch.context() as killed:
        killed.setattr(release, "freeze_rest", lambda _pk: None)
        release.release_due(TUESDAY_10)
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.deliveries.count()) == (State.SENDING, 4)
    return broadcast


def test_the_first_are_written_to_before_the_last_have_a_row(first_chunk: Broadcast, meta: Any) -> None:
    tasks._send(first_chunk.pk)
    assert len(meta.ledger) == 4
    first_chunk.refresh_from_db()
    assert first_chunk.state == State.SENDING, "it is not over: fourteen have no row yet"


def test_the_sweep_goes_on_after_a_kill_and_nobody_gets_it_twice(first_chunk: Broadcast, meta: Any) -> None:
    tasks._send(first_chunk.pk)
    release.sweep(TUESDAY_10)
    tasks._send(first_chunk.pk)
    assert set(meta.times().values()) == {1}
    assert len(meta.ledger) == 18
    first_chunk.refresh_from_db()
    assert (first_chunk.state, first_chunk.audience_count) == (State.SENT, 18)


def test_who_joins_between_two_chunks_is_not_in_it(first_chunk: Broadcast, people: Any) -> None:
    late = people(5, "acqua")
    release.freeze_rest(first_chunk.pk)
    assert states_of(first_chunk) == {"pending": 18}
    assert not first_chunk.deliveries.filter(subscriber__in=late).exists()


def test_it_ends_though_the_last_people_were_erased_meanwhile(first_chunk: Broadcast, meta: Any) -> None:
    kept = list(first_chunk.deliveries.values_list("subscriber_id", flat=True))
    Subscriber.objects.exclude(pk__in=kept).update(state=Subscriber.State.ERASED)
    release.freeze_rest(first_chunk.pk)
    tasks._send(first_chunk.pk)
    first_chunk.refresh_from_db()
    assert (first_chunk.state, len(meta.ledger)) == (State.SENT, 4)


def test_one_that_was_stopped_gets_no_more_rows(first_chunk: Broadcast, bruno: Any) -> None:
    lifecycle.cancel(first_chunk.pk, by=bruno, reason="Sbagliato")
    release.freeze_rest(first_chunk.pk)
    release.sweep(TUESDAY_10)
    assert states_of(first_chunk) == {"skipped": 4}


def test_one_that_is_over_closes_though_it_was_never_complete(first_chunk: Broadcast, meta: Any) -> None:
    fanout.send_slice(first_chunk.pk)
    release.sweep(TUESDAY_10 + timedelta(days=6))
    first_chunk.refresh_from_db()
    assert first_chunk.state == State.SENT
    assert len(meta.ledger) == 4


@pytest.mark.django_db(transaction=True)
def test_two_that_go_on_at_once_make_one_row_each(first_chunk: Broadcast) -> None:
    in_threads(*[lambda: release.freeze_rest(first_chunk.pk)] * 3)
    release.freeze_rest(first_chunk.pk)
    first_chunk.refresh_from_db()
    assert (first_chunk.deliveries.count(), first_chunk.audience_count) == (18, 18)


def test_it_says_no_more_that_it_waits_when_it_goes_on(first_chunk: Broadcast) -> None:
    Broadcast.objects.filter(pk=first_chunk.pk).update(waits_until=TUESDAY_10)
    fanout.send_slice(first_chunk.pk)
    first_chunk.refresh_from_db()
    assert first_chunk.waits_until is None
