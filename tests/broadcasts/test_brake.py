"""A receipt that condemns the number or the template stops the notice, as an answer that says so does."""

from __future__ import annotations

from typing import Any

import pytest

from broadcasts import brake, fanout, intake, lifecycle, outcomes
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.broadcasts.simulated import Provider, accepted, envelope, receipt, refused, states_of
from tests.broadcasts.test_outcomes import status
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db


@pytest.fixture
def half(meta: Provider, people: Any, leaving: Any) -> Broadcast:
    """An emergency that has left for two of four people."""
    people(4, "protezione-civile")
    broadcast: Broadcast = leaving(topic="protezione-civile", severity="emergency")
    meta.answer = lambda got: (accepted if got.number <= 2 else refused(131056))(got)
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 2, "pending": 2}
    return broadcast


def told(meta: Provider, code: int, place: int = 0) -> None:
    statuses = [status("failed", meta.ledger[place].opaque, error_code=code)]
    outcomes.apply_statuses(statuses)
    brake.heed(statuses)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (131042, "pagamento"),
        (131048, "segnalato"),
        (132015, "in pausa il modello"),
        (135000, "per prudenza"),
    ],
)
def test_what_concerns_everybody_stops_it_and_keeps_its_place(
    half: Broadcast, meta: Provider, code: int, words: str
) -> None:
    told(meta, code)
    half.refresh_from_db()
    assert half.state == State.PAUSED
    assert words in half.state_reason
    assert states_of(half) == {"accepted": 1, "failed": 1, "pending": 2}


@pytest.mark.parametrize("code", [131026, 131049, 130472, 131000, 130429, 131056, 999_999])
def test_what_concerns_one_person_or_passes_does_not(half: Broadcast, meta: Provider, code: int) -> None:
    told(meta, code)
    half.refresh_from_db()
    assert half.state == State.SENDING


def test_not_again_once_a_person_has_looked(half: Broadcast, meta: Provider, bruno: Any) -> None:
    told(meta, 131042)
    lifecycle.resume(half.pk, by=bruno, now=TUESDAY_10)
    told(meta, 131042, place=1)
    half.refresh_from_db()
    assert half.state == State.SENDING


def test_a_receipt_of_another_installation_is_nothing(half: Broadcast, meta: Provider) -> None:
    brake.heed([status("failed", opaque, error_code=131042) for opaque in ("d:1:1", "r:1", "x", "", None)])
    half.refresh_from_db()
    assert half.state == State.SENDING


@pytest.mark.django_db(transaction=True)
def test_all_the_way_from_the_post(half: Broadcast, meta: Provider) -> None:
    intake.receive(
        envelope(
            statuses=[receipt("failed", meta.ledger[0].opaque, at=TUESDAY_10, errors=[{"code": 131031}])]
        )
    )
    intake.take_in()
    half.refresh_from_db()
    assert half.state == State.PAUSED
