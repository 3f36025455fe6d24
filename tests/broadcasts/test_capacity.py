"""The provider's people a day: counted, shown, kept back for emergencies, waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import capacity, fanout, intake
from broadcasts.forecast import forecast
from broadcasts.models import Broadcast, Sending
from broadcasts.states import State
from tests.broadcasts.simulated import Provider, envelope, states_of
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db


def limit(people: int | None) -> None:
    capacity.note(people, real_now=clock.real_now())


@pytest.mark.parametrize(
    ("word", "people"),
    [("TIER_2K", 2_000), ("TIER_UNLIMITED", None), (250, 250), (0, 0), (-1, None), ("TIER_50", 50)],
)
def test_the_providers_words(word: object, people: int | None) -> None:
    assert capacity.read_limit(word) == people


@pytest.mark.parametrize("word", ["TIER_NOT_SET", "", None, True, "2000 people", [], {}])
def test_any_other_word_changes_nothing(word: object, town: Any) -> None:
    limit(250)
    capacity.told({"max_daily_conversations_per_business": word}, real_now=clock.real_now())
    assert Sending.objects.get().daily_limit == 250


def test_the_webhook_tells_it(town: Any) -> None:
    body = envelope("business_capability_update", max_daily_conversations_per_business="TIER_10K")
    intake.receive(body)
    intake.take_in()
    assert Sending.objects.get().daily_limit == 10_000


def test_what_does_not_fit_waits_and_goes_when_it_fits(meta: Provider, people: Any, leaving: Any) -> None:
    people(30, "acqua")
    limit(20)  # of which four are kept for emergencies
    broadcast = leaving(severity="routine")
    assert fanout.send_slice(broadcast.pk).ended == "capacity"
    broadcast.refresh_from_db()
    assert states_of(broadcast) == {"accepted": 16, "pending": 14}
    assert (broadcast.state, len(meta.ledger)) == (State.SENDING, 16)
    assert broadcast.waits_until is not None and "20 persone al giorno" in broadcast.state_reason
    broadcast.deliveries.update(begun_at=clock.real_now() - timedelta(hours=25))
    fanout.send_slice(broadcast.pk)
    broadcast.refresh_from_db()
    assert set(meta.times().values()) == {1} and len(meta.ledger) == 30
    assert (broadcast.waits_until, broadcast.state_reason) == (None, "")


def test_the_reserve_is_for_an_emergency(meta: Provider, people: Any, leaving: Any) -> None:
    people(10, "acqua", "protezione-civile")
    limit(10)
    routine = leaving(severity="routine")
    fanout.send_slice(routine.pk)
    assert states_of(routine) == {"accepted": 8, "pending": 2}
    routine.deliveries.filter(state="accepted").update(begun_at=clock.real_now() - timedelta(hours=30))
    Broadcast.objects.filter(pk=routine.pk).update(state=State.PAUSED)
    emergency = leaving(severity="emergency", topic="protezione-civile")
    fanout.send_slice(emergency.pk)
    assert states_of(emergency) == {"accepted": 10}


def test_the_same_person_twice_a_day_counts_once(meta: Provider, people: Any, leaving: Any) -> None:
    people(5, "acqua")
    limit(100)
    for _again in range(2):
        fanout.send_slice(leaving(severity="urgent").pk)
    assert len(meta.ledger) == 10
    assert capacity.capacity(clock.real_now()).used == 5


def test_who_wrote_within_a_day_does_not_count(meta: Provider, people: Any, leaving: Any) -> None:
    people(3, "acqua")
    people(2, "acqua", last_inbound_at=clock.real_now() - timedelta(hours=2))
    limit(100)
    fanout.send_slice(leaving().pk)
    assert capacity.capacity(clock.real_now()).used == 3


def test_zero_is_stopped_and_unknown_is_no_limit(meta: Provider, people: Any, leaving: Any) -> None:
    people(3, "acqua")
    limit(0)
    broadcast = leaving(severity="routine")
    assert fanout.send_slice(broadcast.pk).ended == "capacity"
    assert not meta.ledger
    limit(None)
    fanout.send_slice(broadcast.pk)
    assert len(meta.ledger) == 3


def test_it_is_said_before_the_approval(people: Any, write: Any) -> None:
    people(30, "acqua")
    limit(20)
    foreseen = forecast(write(), TUESDAY_10)
    assert "16 persone di 30" in foreseen.too_many
    limit(2_000)
    assert forecast(write(), TUESDAY_10).too_many == ""
