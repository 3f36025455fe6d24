"""A routine send that fails for half of the first people stops by itself; an emergency never does."""

from __future__ import annotations

from typing import Any

import pytest

from broadcasts import fanout, lifecycle, outcomes, release, tasks
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.broadcasts.simulated import Got, Provider, accepted, refused, states_of
from tests.broadcasts.test_outcomes import status
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
NOT_ON_WHATSAPP = 131026


def failing(every: int) -> Any:
    return lambda got: (refused(NOT_ON_WHATSAPP) if int(got.phone) % every == 0 else accepted)(got)


@pytest.fixture
def crowd(people: Any) -> None:
    people(140, "acqua")


def test_half_of_the_first_fifty_failing_in_one_way_stops_it_with_words(
    crowd: None, meta: Provider, leaving: Any
) -> None:
    meta.answer = failing(2)
    broadcast = leaving(severity="routine")
    assert fanout.send_slice(broadcast.pk).ended == "fault"
    broadcast.refresh_from_db()
    assert broadcast.state == State.PAUSED
    assert "Dei primi 50 messaggi" in broadcast.state_reason
    assert len(meta.ledger) < 140, "the rest keeps its place"
    assert states_of(broadcast)["pending"] == 140 - len(meta.ledger)


def test_fewer_than_half_do_not(crowd: None, meta: Provider, leaving: Any) -> None:
    meta.answer = failing(3)
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    states = states_of(broadcast)
    assert states["failed"] in (46, 47) and states["accepted"] == 140 - states["failed"]


def test_half_failing_in_different_ways_do_not(crowd: None, meta: Provider, leaving: Any) -> None:
    def by_turns(got: Got) -> Any:
        codes = {0: 131026, 1: 131050}
        return (refused(codes[int(got.phone) % 4]) if int(got.phone) % 4 in codes else accepted)(got)

    meta.answer = by_turns
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 70, "failed": 70}


def test_later_failures_are_each_their_own(crowd: None, meta: Provider, leaving: Any) -> None:
    meta.answer = lambda got: (refused(NOT_ON_WHATSAPP) if got.number > 90 else accepted)(got)
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 90, "failed": 50}


def test_an_emergency_goes_on_to_the_last_person(people: Any, meta: Provider, leaving: Any) -> None:
    people(120, "protezione-civile")
    meta.answer = refused(NOT_ON_WHATSAPP)
    broadcast = leaving(severity="emergency", topic="protezione-civile")
    fanout.send_slice(broadcast.pk)
    broadcast.refresh_from_db()
    assert (len(meta.ledger), broadcast.state) == (120, State.SENDING)
    assert Broadcast.objects.get(pk=broadcast.pk).state_reason == ""


def test_many_small_slices_are_one_send(
    crowd: None, meta: Provider, leaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = fanout._claim

    def once(run: fanout.Slice, terms: Any) -> None:
        claim(run, terms)
        run.until = 0.0 if run.after > 0 and not run.in_hand else run.until

    monkeypatch.setattr(fanout, "CLAIM_ROWS", 10)
    monkeypatch.setattr(fanout, "_claim", once)
    meta.answer = failing(2)
    broadcast = leaving(severity="routine")
    ends = [fanout.send_slice(broadcast.pk, seconds=0.2).ended for _slice in range(12)]
    assert "fault" in ends
    assert Broadcast.objects.get(pk=broadcast.pk).state == State.PAUSED
    assert len(meta.ledger) < 140


def test_receipts_that_tell_it_later_stop_it_too(crowd: None, meta: Provider, leaving: Any) -> None:
    """Who does not use WhatsApp is mostly told by a receipt, not by the answer."""
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    Broadcast.objects.filter(pk=broadcast.pk).update(audience_edge=10**9)  # more people are to come
    told = [status("failed", got.opaque, error_code=NOT_ON_WHATSAPP) for got in meta.ledger[:30]]
    outcomes.apply_statuses(told)
    assert release._brake(Broadcast.objects.get(pk=broadcast.pk))
    assert Broadcast.objects.get(pk=broadcast.pk).state == State.PAUSED


def test_who_resumes_has_seen_it(crowd: None, meta: Provider, leaving: Any, bruno: Any) -> None:
    meta.answer = lambda got: (refused(NOT_ON_WHATSAPP) if got.number <= 60 else accepted)(got)
    broadcast = leaving(severity="routine")
    assert fanout.send_slice(broadcast.pk).ended == "fault"
    meta.answer = accepted
    lifecycle.resume(broadcast.pk, by=bruno, now=TUESDAY_10)
    release.sweep(TUESDAY_10)
    tasks._send(broadcast.pk)
    broadcast.refresh_from_db()
    assert broadcast.state == State.SENT


def test_who_resumes_into_the_same_storm_is_asked_again(
    people: Any, meta: Provider, leaving: Any, bruno: Any
) -> None:
    people(300, "acqua")
    meta.answer = refused(NOT_ON_WHATSAPP)
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    before = len(meta.ledger)
    lifecycle.resume(broadcast.pk, by=bruno, now=TUESDAY_10)
    assert fanout.send_slice(broadcast.pk).ended == "fault"
    assert 50 <= len(meta.ledger) - before < 150
