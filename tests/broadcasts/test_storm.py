"""A routine send that fails for half of the first people stops by itself; an emergency never does."""

from __future__ import annotations

from typing import Any

import pytest

from broadcasts import fanout
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.broadcasts.simulated import Got, Provider, accepted, refused, states_of

pytestmark = pytest.mark.django_db
NOT_ON_WHATSAPP = 131026


def failing(every: int) -> Any:
    return lambda got: (refused(NOT_ON_WHATSAPP) if got.number % every == 0 else accepted)(got)


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
    assert states_of(broadcast) == {"accepted": 94, "failed": 46}


def test_half_failing_in_different_ways_do_not(crowd: None, meta: Provider, leaving: Any) -> None:
    def by_turns(got: Got) -> Any:
        codes = {0: 131026, 1: 131050}
        return (refused(codes[got.number % 4]) if got.number % 4 in codes else accepted)(got)

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
