"""The forecast is what then happens; what it costs; when it is red; who is asked."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from broadcasts import audience, capacity, fanout, lifecycle, release, spending
from broadcasts.fingerprint import fingerprint_of
from broadcasts.forecast import begins_at, forecast
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Delivery, MonthlyUsage
from broadcasts.states import State
from policy.calendar import month_of
from policy.models import Category, TownProfile
from subscribers.models import Subscriber, Subscription, Zone
from tests.conftest import TUESDAY_10

NOW = TUESDAY_10


@pytest.fixture(autouse=True)
def stopped_clock(clock_at: Any) -> None:
    """Tuesday at ten."""


def use_up(someone: Subscriber, promise: str = "", used: int = 5) -> None:
    MonthlyUsage.objects.create(subscriber=someone, month=month_of(NOW), promise=promise, used=used)


def a_mixed_town(people: Any, topic: str) -> None:
    """Somebody for every reason there is, some with two of them."""
    people(4, topic)
    people(2, "scuole")
    people(1, topic, state="stopped")
    people(2, topic, state="unreachable")
    avane, carraia = Zone.objects.get(slug="avane"), Zone.objects.get(slug="carraia")
    for zone in (avane, carraia, carraia):
        people(1, topic)[0].zones.add(zone)
    for someone in people(2, topic):
        use_up(someone, promise="" if topic == "eventi" else topic if topic == "farmacie" else "")
    both = people(1, topic, marketing_stopped=True)[0]
    use_up(both)
    people(2, topic, marketing_stopped=True)


class TestItIsWhatThenHappens:
    @pytest.mark.parametrize(
        ("topic", "severity", "zones"),
        [("acqua", "routine", ["avane"]), ("eventi", "routine", []), ("acqua", "urgent", []),
         ("protezione-civile", "emergency", ["avane", "carraia"])],
    )  # fmt: skip
    def test_person_by_person(
        self, topic: str, severity: str, zones: list[str], meta: Any, people: Any, write: Any, approve: Any
    ) -> None:
        a_mixed_town(people, topic)
        chosen = list(Zone.objects.filter(slug__in=zones).values_list("pk", flat=True))
        notice = approve(write(topic=topic, severity=severity, zones=chosen))
        told = forecast(notice, NOW)
        release.release_due(NOW)
        notice.refresh_from_db()
        assert notice.state == State.SENDING, notice.state_reason
        fanout.send_slice(notice.pk)
        rows = Counter(Delivery.objects.filter(broadcast=notice).values_list("state", "reason"))
        assert rows.pop(("accepted", "")) == told.total
        words = {str(why): n for n, why in told.refused}
        assert rows.pop(("skipped", "capped"), 0) == words.pop(
            "hanno già avuto i messaggi promessi per questo mese", 0
        )
        assert rows.pop(("skipped", "marketing"), 0) == words.pop(
            "hanno fermato le promozioni da WhatsApp", 0
        )
        assert not rows, "somebody met a fate that the forecast did not tell"
        assert sum(words.values()) + Delivery.objects.filter(broadcast=notice).count() == (
            Subscriber.objects.count()
        ), "somebody is in no line of the forecast"

    def test_a_follow_up_goes_to_who_may_have_got_the_first(
        self, meta: Any, people: Any, leaving: Any, write: Any, approve: Any
    ) -> None:
        people(5, "acqua")
        first = leaving()
        fanout.send_slice(first.pk)
        lost = Delivery.objects.filter(broadcast=first).first()
        Delivery.objects.filter(pk=lost.pk).update(state="failed")  # type: ignore[union-attr]
        people(3, "acqua")
        update = approve(
            write(kind="update", refers_to=first, severity="urgent", fields={"text": "Dura di più."})
        )
        told = forecast(update, NOW)
        assert told.total == 4
        assert {str(why): n for n, why in told.refused} == {"non hanno ricevuto il primo messaggio": 4}
        release.release_due(NOW)
        fanout.send_slice(update.pk)
        assert Delivery.objects.filter(broadcast=update, state="accepted").count() == 4

    def test_before_it_is_stored_it_is_the_same(self, people: Any, write: Any) -> None:
        people(3, "acqua")
        people(1, "acqua")[0].zones.add(Zone.objects.get(slug="avane"))
        carraia = Zone.objects.get(slug="carraia")
        stored = write(zones=[carraia.pk])
        drawn = Broadcast(kind="notice", category=stored.category, severity="routine", fields=stored.fields)
        assert forecast(drawn, NOW, zones=[carraia.pk]).total == forecast(stored, NOW).total == 3


class TestWhen:
    def test_first_and_last(self, people: Any, write: Any, settings: Any) -> None:
        people(3, "acqua")
        told = forecast(write(), NOW)
        assert (told.leaves, told.last) == ("subito", "l'ultimo entro un minuto")
        assert told.last_at is not None
        assert told.last_at - NOW == timedelta(seconds=3 / settings.WHATSAPP_RATE)

    def test_it_stands_behind_what_is_leaving_unless_it_is_an_emergency(
        self, people: Any, write: Any, settings: Any
    ) -> None:
        waiting, notice = write(), write()
        Broadcast.objects.filter(pk=waiting.pk).update(state=State.SENDING)
        Delivery.objects.bulk_create(Delivery(broadcast=waiting, subscriber=s) for s in people(160, "acqua"))
        last = forecast(notice, NOW).last_at
        assert last is not None
        assert last - NOW >= timedelta(seconds=320 / settings.WHATSAPP_RATE)
        emergency = write(topic="protezione-civile", severity="emergency")
        people(1, "protezione-civile")
        alone = forecast(emergency, NOW).last_at
        assert alone is not None
        assert alone - NOW < timedelta(seconds=1)

    def test_beyond_the_day(self, people: Any, write: Any) -> None:
        people(10, "acqua")
        capacity.note(5, real_now=NOW)
        told = forecast(write(), NOW)
        assert told.beyond == 6  # one of five is kept for emergencies
        assert told.last_at is not None
        assert told.last_at - NOW > timedelta(hours=20)
        assert "4 persone di 10" in told.too_many

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"valid_until": NOW + timedelta(minutes=30), "due_at": NOW + timedelta(hours=1)}, "già finito"),
            ({"fields": {"title": "x", "text": "y", "starts": "2026-11-24T14:00+01:00"},
              "due_at": NOW + timedelta(hours=4, minutes=30)}, ""),  # it has begun by then: told as it is
            ({"fields": {"title": "x", "text": "y", "starts": "2026-11-24T14:30+01:00"},
              "due_at": NOW.replace(hour=14)}, "Non esce in tempo per tutti"),
            ({"fields": {"title": "x", "text": "y", "starts": "2026-11-24T16:00+01:00"}}, ""),
        ],
    )  # fmt: skip
    def test_it_is_red_when_it_comes_too_late(
        self, changes: dict[str, Any], words: str, people: Any, write: Any
    ) -> None:
        people(2, "acqua")
        late = forecast(write(**changes), NOW).late
        assert (words in late) if words else True
        if words == "" and "due_at" not in changes:
            assert late == ""

    def test_when_the_thing_begins(self) -> None:
        assert begins_at({}) is None
        assert begins_at({"first_day": "2026-11-30"}).isoformat() == "2026-11-30T00:00:00+01:00"  # type: ignore[union-attr]
        assert begins_at({"due": "2026-11-30"}).isoformat() == "2026-12-01T00:00:00+01:00"  # type: ignore[union-attr]


class TestMoney:
    @pytest.fixture(autouse=True)
    def prices(self, town: TownProfile) -> None:
        TownProfile.objects.update(
            price_utility=Decimal("1"), price_marketing=Decimal("2"), prices_set_on=date(2026, 10, 1),
            monthly_budget=Decimal("10"), free_replies=0,
        )  # fmt: skip

    def test_cost_and_what_is_left(self, people: Any, write: Any, meta: Any, leaving: Any) -> None:
        people(3, "acqua")
        fanout.send_slice(leaving().pk)
        Delivery.objects.update(accepted_at=NOW)  # business time, which these tests have stopped
        told = forecast(write(), NOW)
        assert (told.purse.cost, told.purse.left) == (3, 7)
        assert (told.purse.cost_words, told.purse.left_words) == ("3,00 €", "4,00 €")
        assert not told.must_ask

    def test_events_have_their_own_price(self, people: Any, write: Any) -> None:
        people(3, "eventi")
        assert forecast(write(topic="eventi"), NOW).purse.cost == 6

    def test_when_it_ends_the_rest_asks(self, people: Any, write: Any, anna: Any, bruno: Any) -> None:
        people(11, "acqua")
        notice = write()
        assert forecast(notice, NOW).must_ask
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        seen = fingerprint_of(notice)
        with pytest.raises(NotAllowed, match="denaro del mese"):
            lifecycle.approve(notice.pk, by=bruno, seen=seen, now=NOW)
        approved = lifecycle.approve(notice.pk, by=bruno, seen=seen, over_budget="Manca l'acqua.", now=NOW)
        assert approved.over_budget_reason == "Manca l'acqua."
        assert not forecast(approved, NOW).must_ask
        approved.title = "Altro"
        lifecycle.save_draft(approved, by=anna, now=NOW)
        assert forecast(approved, NOW).must_ask, "a new text is asked for again"

    def test_when_it_ends_before_the_start_a_person_decides(
        self, people: Any, write: Any, approve: Any, meta: Any, anna: Any
    ) -> None:
        people(8, "acqua")
        second = approve(write(title="Il secondo"))
        approve(write())
        Broadcast.objects.filter(pk=second.pk).update(due_at=NOW + timedelta(seconds=1))
        Broadcast.objects.filter(pk=second.pk).update(
            fingerprint=fingerprint_of(Broadcast.objects.get(pk=second.pk))
        )
        release.release_due(NOW)
        release.release_due(NOW + timedelta(seconds=2))
        second.refresh_from_db()
        assert "denaro del mese è finito" in second.state_reason
        later = NOW + timedelta(hours=2)
        release.release_due(later)
        second.refresh_from_db()
        assert second.state == State.OVERDUE
        lifecycle.send_now(second.pk, by=anna, now=later)
        release.release_due(later)
        second.refresh_from_db()
        assert second.state == State.SENDING
        assert second.over_budget_reason

    def test_when_it_ends_an_emergency_goes(self, people: Any, write: Any, approve: Any) -> None:
        people(11, "protezione-civile")
        notice = approve(write(topic="protezione-civile", severity="emergency"))
        assert notice.state == State.SCHEDULED
        assert forecast(notice, NOW).purse.short

    def test_without_a_price_nothing_is_made_up(self, people: Any, write: Any) -> None:
        TownProfile.objects.update(price_utility=None)
        people(11, "acqua")
        told = forecast(write(), NOW)
        assert told.purse.cost is None
        assert told.purse.cost_words == ""
        assert not told.must_ask

    def test_last_month_is_over(self, people: Any, leaving: Any, write: Any, meta: Any) -> None:
        people(3, "acqua")
        fanout.send_slice(leaving().pk)
        Delivery.objects.update(accepted_at=NOW - timedelta(days=25))
        Broadcast.objects.filter(started_at__isnull=False).update(started_at=NOW - timedelta(days=25))
        assert spending.sent_in_month(NOW).utility == 0


class TestLarge:
    def test_a_large_town_is_counted_once_a_minute(self, monkeypatch: Any, people: Any, write: Any) -> None:
        monkeypatch.setattr(audience, "LARGE", 1)
        asked = mock.Mock(side_effect=audience._counted)
        monkeypatch.setattr(audience, "_counted", asked)
        people(3, "acqua")
        notice = write()
        assert [audience.count(notice, NOW).total for _ in range(3)] == [3, 3, 3]
        assert asked.call_count == 1
        notice.category = Category.objects.get(slug="scuole")
        audience.count(notice, NOW)
        assert asked.call_count == 2, "another topic is another question"

    def test_the_topic_of_a_subscription_is_what_counts(self, people: Any, write: Any) -> None:
        someone = people(1, "acqua")[0]
        Subscription.objects.filter(subscriber=someone).delete()
        assert audience.count(write(), NOW).total == 0
