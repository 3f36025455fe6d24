"""A receipt belongs to one try of a message: a late one must not undo or replace the next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import fanout, lifecycle, outcomes, release, tasks
from broadcasts.models import Broadcast, Delivery
from tests.broadcasts.simulated import HTML, Provider, accepted, no_wait, refused, states_of
from tests.broadcasts.test_outcomes import status
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db


def told(word: str, got: Any, **more: Any) -> None:
    """The provider tells something of one request, with the mark that it carried."""
    outcomes.apply_statuses([status(word, got.opaque, message_id=got.message_id, **more)])


@pytest.fixture
def retried(meta: Provider, people: Any, leaving: Any, bruno: Any) -> Broadcast:
    """Failed by a receipt, tried again by a person, on its way for the second time."""
    people(1, "acqua")
    broadcast = leaving()
    tasks._send(broadcast.pk)
    told("sent", meta.ledger[0])
    told("failed", meta.ledger[0], error_code=131000)
    lifecycle.retry_failed(broadcast.pk, by=bruno, now=TUESDAY_10)
    return broadcast


def test_every_try_has_a_mark_of_its_own(retried: Broadcast, meta: Provider) -> None:
    tasks._send(retried.pk)
    first, second = meta.ledger
    assert first.opaque != second.opaque
    assert first.opaque.rsplit(":", 1)[0] == second.opaque.rsplit(":", 1)[0]


def test_a_late_failure_of_the_first_does_not_fail_the_second(retried: Broadcast, meta: Provider) -> None:
    tasks._send(retried.pk)
    told("failed", meta.ledger[0], error_code=131000)
    assert states_of(retried) == {"accepted": 1}, "a further retry would write to this person twice"
    told("failed", meta.ledger[1], error_code=131026)
    assert states_of(retried) == {"failed": 1}


@pytest.mark.parametrize("word", ["sent", "failed"])
def test_a_receipt_that_comes_twice_does_not_take_the_second_s_place(
    retried: Broadcast, meta: Provider, word: str
) -> None:
    told(word, meta.ledger[0], error_code=131000)
    assert states_of(retried) == {"pending": 1}
    tasks._send(retried.pk)
    assert len(meta.ledger) == 2


def test_an_arrival_counts_whichever_try_it_was(retried: Broadcast, meta: Provider) -> None:
    told("delivered", meta.ledger[0])
    assert states_of(retried) == {"accepted": 1}
    tasks._send(retried.pk)
    assert len(meta.ledger) == 1, "who has it is not written to again"


def test_in_one_batch_the_last_try_counts(retried: Broadcast, meta: Provider) -> None:
    tasks._send(retried.pk)
    first, second = meta.ledger
    outcomes.apply_statuses(
        [status("failed", first.opaque, error_code=131000), status("sent", second.opaque)]
    )
    assert states_of(retried) == {"accepted": 1}


def test_the_repeat_of_an_emergency(meta: Provider, people: Any, leaving: Any) -> None:
    people(1, "protezione-civile")
    broadcast = leaving(topic="protezione-civile", severity="emergency")
    meta.answer = lambda _got: (502, HTML)
    fanout.send_slice(broadcast.pk)
    Delivery.objects.update(begun_at=TUESDAY_10 - timedelta(days=1))
    release.sweep(TUESDAY_10)
    meta.answer = accepted
    fanout.send_slice(broadcast.pk)
    told("failed", meta.ledger[0], error_code=131000)
    assert states_of(broadcast) == {"accepted": 1}


def test_a_mark_without_a_number_is_the_first_try(retried: Broadcast, meta: Provider) -> None:
    row = Delivery.objects.get()
    old = f"d:{retried.pk}:{row.pk}"
    outcomes.apply_statuses([status("failed", old, error_code=131000)])
    assert states_of(retried) == {"pending": 1}
    tasks._send(retried.pk)
    outcomes.apply_statuses([status("failed", old, error_code=131000)])
    assert states_of(retried) == {"accepted": 1}
    outcomes.apply_statuses([status("read", old)])
    assert Delivery.objects.get().receipt == 3


def test_what_the_provider_put_off_is_a_try_too(meta: Provider, people: Any, leaving: Any) -> None:
    people(1, "acqua")
    meta.answer = lambda got: refused(131056)(got) if got.number == 1 else accepted(got)
    broadcast = leaving()
    fanout.send_slice(broadcast.pk)
    no_wait()
    fanout.send_slice(broadcast.pk)
    assert [got.opaque.rsplit(":", 1)[1] for got in meta.ledger] == ["1", "2"]
    told("failed", meta.ledger[1], error_code=131026)
    assert states_of(broadcast) == {"failed": 1}
