"""The provider's people a day: counted, shown, kept back for emergencies, waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import capacity, fanout, intake, provider, release
from broadcasts.forecast import forecast
from broadcasts.models import Broadcast, Sending, WebhookEvent
from broadcasts.states import State
from tests.broadcasts.simulated import Provider, envelope, said, states_of
from tests.conftest import TUESDAY_10
from whatsapp.pacing import Lane, connect
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


class TestThroughput:
    def test_the_budget_goes_by_what_the_provider_told(
        self, meta: Provider, settings: Any, town: Any
    ) -> None:
        settings.WHATSAPP_RATE_TOLD = True
        before = provider.budget().rate()
        capacity.tell_budget()
        assert provider.budget().rate() == before, "until it told, what is set holds"
        capacity.note_throughput("HIGH")
        release.release_due(TUESDAY_10)
        assert provider.budget().rate() == 1_000
        connect(settings.REDIS_URL).delete("wa:budget")
        release.release_due(TUESDAY_10)
        assert provider.budget().rate() == 1_000, "also after the server came back empty"

    def test_an_operators_rate_goes_before_it(self, meta: Provider, settings: Any, town: Any) -> None:
        settings.WHATSAPP_RATE_TOLD = False
        capacity.note_throughput("HIGH")
        capacity.tell_budget()
        assert provider.budget().rate() == settings.WHATSAPP_RATE
        settings.WHATSAPP_RATE_TOLD = True
        provider.budget().set_rate(7)
        capacity.tell_budget()
        assert provider.budget().rate() == 7

    @pytest.mark.parametrize("word", [None, "", "LUDICROUS", 1_000, {}])
    def test_any_other_word_changes_nothing(self, word: object, town: Any) -> None:
        capacity.note_throughput("HIGH")
        capacity.note_throughput(word)
        assert Sending.objects.get().throughput == 1_000

    def test_the_webhook_tells_an_upgrade(self, meta: Provider, town: Any) -> None:
        intake.receive(envelope("phone_number_quality_update", event="THROUGHPUT_UPGRADE"))
        intake.take_in()
        assert Sending.objects.get().throughput == 1_000
        assert not WebhookEvent.objects.filter(state="aside").exists()


@pytest.mark.django_db(transaction=True)
def test_what_people_write_is_taken_from_the_budget(meta: Provider, town: Any) -> None:
    provider.budget().set_rate(20)
    body = envelope("messages", messages=[said("Ciao", at=TUESDAY_10, id=f"wamid.{n}") for n in range(20)])
    intake.receive(body)
    intake.take_in()
    assert provider.budget().state()["debt"] > 0.3
    assert provider.budget().take(1, Lane.EMERGENCY).granted == 0


def test_it_is_asked_for(whole: Any, town: Any) -> None:
    whole.world.change({"throughput": 1_000})
    capacity.refresh(clock.real_now())
    assert Sending.objects.get().throughput == 1_000
    whole.world.change({"throughput": 80})
    capacity.refresh(clock.real_now())
    assert Sending.objects.get().throughput == 80
