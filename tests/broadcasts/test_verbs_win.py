"""A person pauses, cancels, retries or switches all off while workers send: effective at once, and a late
worker changes nothing. Real connections, real requests in flight."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from broadcasts import claims, fanout, lifecycle, outcomes, release, switch, tasks
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.broadcasts.simulated import Got, Provider, accepted, lapse, states_of, terms
from tests.broadcasts.test_outcomes import status
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 400
# What may still arrive after a verb: a batch whose beginning is on the disk, for each of two workers.
ON_THE_WAY = 2 * fanout.BATCH_ROWS


@pytest.fixture
def leaves(
    meta: Provider, people: Any, leaving: Any, settings: Any
) -> Iterator[Callable[[Broadcast | None], Broadcast]]:
    """Two workers at work on a notice to four hundred, paced so that it takes seconds; ended at the end."""
    settings.WHATSAPP_CONNECTIONS = 20
    threads: list[threading.Thread] = []

    def start(broadcast: Broadcast | None = None) -> Broadcast:
        if broadcast is None:
            people(PEOPLE, "acqua")
            broadcast = leaving(severity="routine")
            meta.answer = slowly
        for _worker in range(2):
            thread = threading.Thread(target=work, args=(broadcast.pk,), daemon=True)
            thread.start()
            threads.append(thread)
        return broadcast

    def work(pk: int) -> None:
        try:
            fanout.send_slice(pk)
        finally:
            connections.close_all()

    yield start
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "a worker did not notice"


async def slowly(got: Got) -> Any:
    await asyncio.sleep(0.1)
    return accepted(got)


def ended(leaves: Any, meta: Provider, broadcast: Broadcast) -> int:
    """How many requests arrived after this moment, once both workers have stopped by themselves."""
    before = len(meta.ledger)
    for thread in [each for each in threading.enumerate() if "(work)" in each.name]:
        thread.join(2.0)  # two seconds is what a person is promised
        assert not thread.is_alive(), "a worker goes on"
    return len(meta.ledger) - before


def cancel(pk: int, by: Any) -> None:
    lifecycle.cancel(pk, by=by, reason="Non serve più.", now=TUESDAY_10)


def pause(pk: int, by: Any) -> None:
    lifecycle.pause(pk, by=by, reason="Un dubbio.", now=TUESDAY_10)


def all_off(pk: int, by: Any) -> None:
    switch.turn(False, by=by, reason="Numero rubato")


@pytest.mark.parametrize("verb", [pause, cancel, all_off])
def test_within_two_seconds_nothing_begins_any_more(
    leaves: Any, meta: Provider, bruno: Any, verb: Any
) -> None:
    broadcast = leaves()
    meta.wait_for(60)
    verb(broadcast.pk, bruno)
    assert ended(leaves, meta, broadcast) <= ON_THE_WAY
    assert len(meta.ledger) < PEOPLE, "it was stopped in the middle"
    release.sweep(TUESDAY_10)
    states = states_of(broadcast)
    rest = "skipped" if verb is cancel else "pending"
    assert states == {"accepted": len(meta.ledger), rest: PEOPLE - len(meta.ledger)}, "the totals add up"
    assert set(meta.times().values()) == {1}


def test_a_resumed_notice_goes_on_and_reaches_everybody_once(leaves: Any, meta: Provider, bruno: Any) -> None:
    broadcast = leaves()
    meta.wait_for(60)
    pause(broadcast.pk, bruno)
    ended(leaves, meta, broadcast)
    stood = len(meta.ledger)
    lifecycle.resume(broadcast.pk, by=bruno, now=TUESDAY_10)
    leaves(broadcast)
    meta.wait_for(stood + 1, seconds=2.0)
    meta.wait_for(PEOPLE)
    assert set(meta.times().values()) == {1}


def test_a_late_worker_does_not_bring_a_cancelled_row_back(people: Any, leaving: Any, bruno: Any) -> None:
    people(10, "acqua")
    broadcast = leaving(severity="routine")
    lease = uuid.uuid4()
    held, _highest = claims.claim(terms(broadcast), lease=lease, after=0, limit=10)
    begun = claims.begin(terms(broadcast), [row.id for row in held[:3]], lease=lease)
    cancel(broadcast.pk, bruno)
    assert claims.begin(terms(broadcast), [row.id for row in held[3:]], lease=lease) == {}
    back = [{"id": id, "state": "pending", "code": 131000, "back": True, "wait": 0} for id in begun]
    claims.record(back, lease=lease)
    claims.release([row.id for row in held[3:]], lease=lease)
    release.sweep(TUESDAY_10)
    assert states_of(broadcast) == {"skipped": 10}


def test_a_late_outcome_does_not_take_the_place_of_a_retry(
    meta: Provider, people: Any, leaving: Any, bruno: Any
) -> None:
    """The receipt said «failed» before the worker could write down its answer; a person tried again."""
    people(1, "acqua")
    broadcast = leaving(severity="routine")
    lease = uuid.uuid4()
    (row,), _highest = claims.claim(terms(broadcast), lease=lease, after=0, limit=10)
    number = claims.begin(terms(broadcast), [row.id], lease=lease)[row.id]
    outcomes.apply_statuses([status("failed", f"d:{broadcast.pk}:{row.id}:{number}", error_code=131000)])
    release.close(broadcast.pk, TUESDAY_10)
    assert lifecycle.retry_failed(broadcast.pk, by=bruno, now=TUESDAY_10) == 1
    late = {"id": row.id, "state": "accepted", "code": None, "back": False, "hash": "x" * 32}
    assert claims.record([late], lease=lease) == 0
    assert states_of(broadcast) == {"pending": 1}
    tasks._send(broadcast.pk)
    assert len(meta.ledger) == 1
    broadcast.refresh_from_db()
    assert broadcast.state == State.SENT


def test_a_sweep_takes_what_a_dead_worker_held_of_a_paused_notice_too(
    people: Any, leaving: Any, bruno: Any
) -> None:
    people(5, "acqua")
    broadcast = leaving(severity="routine")
    claims.claim(terms(broadcast), lease=uuid.uuid4(), after=0, limit=10)
    pause(broadcast.pk, bruno)
    lapse("claimed")
    release.sweep(TUESDAY_10)
    assert states_of(broadcast) == {"pending": 5}
