"""One slice of a broadcast against a provider on a real socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from broadcasts import claims, fanout, lifecycle, release, tasks
from broadcasts.models import Broadcast, Delivery, MonthlyUsage, Transition
from broadcasts.states import State
from policy.models import Category, TownProfile
from subscribers.models import Subscriber, Subscription
from tests.broadcasts.simulated import (
    Got,
    Provider,
    accepted,
    lapse,
    reasons_of,
    refused,
    states_of,
)
from tests.conftest import TUESDAY_10, SubscriberFactory

pytestmark = pytest.mark.django_db
UNTIL_ONE = timedelta(hours=3)


class TestSending:
    def test_everybody_who_asked_gets_it_once_and_nobody_else(self, meta, people, leaving):
        wanted = people(230, "acqua")
        people(5, "farmacie")
        people(5, "acqua", state=Subscriber.State.STOPPED)
        broadcast = leaving()
        tasks._send(broadcast.pk)
        broadcast.refresh_from_db()
        assert meta.times() == Counter({person.phone: 1 for person in wanted})
        assert states_of(broadcast) == {"accepted": 230}
        assert broadcast.state == State.SENT

    def test_a_late_or_repeated_task_does_nothing(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        for _again in range(3):
            tasks._send(broadcast.pk)
        assert len(meta.ledger) == 3
        assert Transition.objects.filter(broadcast=broadcast, verb="finish").count() == 1

    def test_a_request_carries_our_reference_the_template_and_no_more_than_the_address(
        self, meta, people, leaving
    ):
        (person,) = people(1, "acqua")
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        (got,) = meta.ledger
        row = Delivery.objects.get(broadcast=broadcast)
        assert (got.phone, got.opaque) == (person.phone, f"d:{broadcast.pk}:{row.pk}:1")
        assert got.body["type"] == "template"
        assert got.body["template"]["name"] == broadcast.rendered["it"]["template"]

    def test_each_person_reads_their_language_or_italian(self, meta, people, leaving):
        people(1, "acqua", language="it")
        people(1, "acqua", language="en")
        fields = {"title": "Lavori", "text": "Si lavora.", "en": {"title": "Works", "text": "Works go on."}}
        fanout.send_slice(leaving(fields=fields).pk)
        assert Counter(got.body["template"]["language"]["code"] for got in meta.ledger) == {"it": 1, "en": 1}

    def test_a_user_id_without_a_phone_is_written_to(self, meta, people, leaving):
        people(1, "acqua", phone=None, user_id="IT.123456789")
        fanout.send_slice(leaving().pk)
        assert [got.body.get("recipient") for got in meta.ledger] == ["IT.123456789"]

    def test_an_address_that_cannot_be_written_fails_alone(self, meta, people, leaving):
        good = people(3, "acqua")
        people(1, "acqua", phone="not-a-phone")
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        assert set(meta.times()) == {person.phone for person in good}
        assert states_of(broadcast) == {"accepted": 3, "failed": 1}

    def test_a_slice_whose_time_is_up_puts_back_what_it_holds(self, meta, people, leaving, monkeypatch):
        people(20, "acqua")
        broadcast = leaving(severity="routine")
        claim = claims.claim

        def slowly(*args: Any, **named: Any) -> Any:
            result = claim(*args, **named)
            monkeypatch.setattr(fanout, "time", SimpleNamespace(monotonic=lambda: 1e12))
            return result

        monkeypatch.setattr(claims, "claim", slowly)
        assert fanout.send_slice(broadcast.pk).ended == "time"
        assert states_of(broadcast) == {"pending": 20}
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 0

    def test_what_was_changed_behind_the_approval_does_not_leave(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        Broadcast.objects.filter(pk=broadcast.pk).update(title="Un altro titolo")
        assert fanout.send_slice(broadcast.pk).ended == "fingerprint"
        broadcast.refresh_from_db()
        assert not meta.ledger
        assert (broadcast.state, states_of(broadcast)) == (State.PAUSED, {"pending": 3})

    def test_an_error_in_the_middle_still_records_what_is_in_flight(self, meta, people, leaving, monkeypatch):
        people(12, "acqua")
        broadcast = leaving()
        begin = claims.begin

        calls = []

        def fail_at_the_third(*args: Any, **named: Any) -> dict[int, int]:
            calls.append(args)
            if len(calls) == 3:
                raise RuntimeError("a defect of ours")
            return begin(*args, **named)

        monkeypatch.setattr(claims, "begin", fail_at_the_third)
        with pytest.raises(RuntimeError):
            fanout.send_slice(broadcast.pk)
        lapse("claimed")  # the batch that had not begun
        claims.rescue()
        assert states_of(broadcast) == {"accepted": len(meta.ledger), "pending": 12 - len(meta.ledger)}


class TestStops:
    """Promise 1: a stop holds from the moment it is stored, in the middle of a broadcast too."""

    @staticmethod
    def stop(person: Subscriber) -> None:
        Subscription.objects.filter(subscriber=person).delete()
        Subscriber.objects.filter(pk=person.pk).update(state=Subscriber.State.STOPPED)

    def test_between_freeze_and_claim(self, meta, people, leaving):
        first, *others = people(5, "acqua")
        broadcast = leaving()
        self.stop(first)
        fanout.send_slice(broadcast.pk)
        assert set(meta.times()) == {person.phone for person in others}
        assert reasons_of(broadcast) == {"stopped": 1}

    def test_between_claim_and_request(self, meta, people, leaving, monkeypatch):
        everybody = people(40, "acqua")
        broadcast = leaving()
        claim, stopped = claims.claim, everybody[-1]

        def claim_then_stop(*args: Any, **named: Any) -> Any:
            result = claim(*args, **named)
            self.stop(stopped)
            return result

        monkeypatch.setattr(claims, "claim", claim_then_stop)
        fanout.send_slice(broadcast.pk)
        assert set(meta.times()) == {person.phone for person in everybody[:-1]}
        assert set(meta.times().values()) == {1}
        assert Delivery.objects.get(subscriber=stopped).reason == "stopped"

    def test_in_the_middle_of_the_requests(self, meta, people, leaving):
        everybody = people(60, "acqua")
        last = everybody[-1]

        broadcast = leaving()
        begin = claims.begin
        calls = []

        def begin_after_a_stop(t: Any, ids: Any, *, lease: Any) -> dict[int, int]:
            calls.append(ids)
            if len(calls) == 2:
                self.stop(last)
            return begin(t, ids, lease=lease)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(claims, "begin", begin_after_a_stop)
            fanout.send_slice(broadcast.pk)
        assert last.phone not in meta.times()
        assert len(meta.ledger) == 59

    def test_leaving_the_topic_alone_is_enough(self, meta, people, leaving):
        (person,) = people(1, "acqua", "farmacie")
        broadcast = leaving()
        Subscription.objects.filter(subscriber=person, category__slug="acqua").delete()
        fanout.send_slice(broadcast.pk)
        assert (meta.ledger, reasons_of(broadcast)) == ([], {"topic": 1})

    def test_a_pause_holds_before_the_next_request(self, meta, people, leaving, bruno):
        people(100, "acqua")
        broadcast = leaving()
        begin, calls = claims.begin, []

        def pause_at_the_third(t: Any, ids: Any, *, lease: Any) -> dict[int, int]:
            calls.append(ids)
            if len(calls) == 3:
                lifecycle.pause(broadcast.pk, by=bruno, reason="Un dubbio.", now=TUESDAY_10)
            return begin(t, ids, lease=lease)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(claims, "begin", pause_at_the_third)
            assert fanout.send_slice(broadcast.pk).ended == "state"
        sent = len(meta.ledger)
        assert 0 < sent < 100
        assert states_of(broadcast) == {"accepted": sent, "pending": 100 - sent}
        lifecycle.resume(broadcast.pk, by=bruno, now=TUESDAY_10)
        fanout.send_slice(broadcast.pk)
        assert len(meta.ledger) == len(meta.times()) == 100

    def test_a_cancelled_broadcast_keeps_no_row_that_waits(self, meta, people, leaving, bruno):
        """A worker that holds rows while a person cancels gives them back after the others were closed."""
        people(10, "acqua")
        broadcast = leaving(severity="routine")
        run = fanout.Slice(broadcast.pk, until=0)
        held, _highest = claims.claim(
            fanout.terms_of(broadcast, TUESDAY_10), lease=run.lease, after=0, limit=4
        )
        lifecycle.cancel(broadcast.pk, by=bruno, reason="Non serve più.", now=TUESDAY_10)
        claims.release([row.id for row in held], lease=run.lease)
        release.sweep(TUESDAY_10)
        assert states_of(broadcast) == {"skipped": 10}
        assert reasons_of(broadcast) == {"cancelled": 10}
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 0


class TestHours:
    def at(self, monkeypatch: pytest.MonkeyPatch, clock_at: Callable, meta: Provider, count: int, then: Any):
        """Let the clock jump to `then` when `count` requests have arrived."""

        def answer(got: Got) -> Any:
            if got.number == count:
                clock_at(then)
            return accepted(got)

        meta.answer = answer

    def test_the_window_closes_and_the_rest_goes_on_at_the_next(
        self, meta, people, leaving, clock_at, monkeypatch
    ):
        people(100, "acqua")
        broadcast = leaving(severity="routine")
        self.at(monkeypatch, clock_at, meta, 20, TUESDAY_10 + UNTIL_ONE)
        assert fanout.send_slice(broadcast.pk).ended == "hours"
        sent = len(meta.ledger)
        broadcast.refresh_from_db()
        assert 20 <= sent < 100
        assert states_of(broadcast) == {"accepted": sent, "pending": 100 - sent}
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == sent
        assert broadcast.waits_until == TUESDAY_10 + timedelta(hours=5)

        assert fanout.send_slice(broadcast.pk).ended == "hours"
        assert len(meta.ledger) == sent

        clock_at(TUESDAY_10 + timedelta(hours=5))
        fanout.send_slice(broadcast.pk)
        assert len(meta.times()) == len(meta.ledger) == 100
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 100

    def test_it_is_over_in_the_middle_and_the_rest_never_leaves(
        self, meta, people, leaving, clock_at, monkeypatch
    ):
        people(100, "acqua")
        over = TUESDAY_10 + timedelta(hours=1)
        broadcast = leaving(severity="routine", valid_until=over)
        self.at(monkeypatch, clock_at, meta, 20, over)
        assert fanout.send_slice(broadcast.pk).ended == "expired"
        sent = len(meta.ledger)
        release.sweep(over)
        broadcast.refresh_from_db()
        assert states_of(broadcast) == {"accepted": sent, "expired": 100 - sent}
        assert broadcast.state == State.SENT
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == sent

    def test_an_emergency_does_not_stop_at_one(self, meta, people, leaving, clock_at, monkeypatch):
        people(50, "protezione-civile")
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        self.at(monkeypatch, clock_at, meta, 5, TUESDAY_10.replace(hour=23))
        fanout.send_slice(broadcast.pk)
        assert len(meta.times()) == 50


class TestPromise:
    def test_the_sixth_routine_message_of_a_month_stays(self, meta, people, leaving):
        people(2, "acqua")
        for number in range(6):
            broadcast = leaving(severity="routine", title=f"Numero {number}")
            fanout.send_slice(broadcast.pk)
        assert set(meta.times().values()) == {5}
        assert reasons_of(broadcast) == {"capped": 2}

    def test_a_promise_of_zero_means_none(self, meta, people, leaving):
        people(2, "acqua")
        TownProfile.objects.update(monthly_promise=0)
        broadcast = leaving(severity="routine")
        fanout.send_slice(broadcast.pk)
        assert (meta.ledger, reasons_of(broadcast)) == ([], {"capped": 2})

    def test_a_category_with_its_own_promise_has_its_own_account(self, meta, people, leaving):
        people(1, "acqua", "farmacie")
        Category.objects.filter(slug="farmacie").update(monthly_promise=1)
        for topic in ("farmacie", "farmacie", "acqua"):
            fanout.send_slice(leaving(topic=topic, severity="routine").pk)
        assert len(meta.ledger) == 2
        assert dict(MonthlyUsage.objects.values_list("promise", "used")) == {"farmacie": 1, "": 1}

    @pytest.mark.parametrize(
        ("code", "kept"), [(131026, 0), (None, 1)], ids=["refused gives it back", "accepted keeps it"]
    )
    def test_the_unit_goes_back_only_if_it_surely_did_not_go(self, meta, people, leaving, code, kept):
        people(1, "acqua")
        meta.answer = refused(code) if code else accepted
        fanout.send_slice(leaving(severity="routine").pk)
        assert MonthlyUsage.objects.get().used == kept


def test_a_follow_up_overtakes_what_a_worker_holds(meta, people, leaving, write, approve):
    """Who is in a worker's hand when the correction starts gets the correction or the original: never the
    original after it, never the original alone."""
    people(6, "acqua")
    original = leaving(severity="routine")
    t = fanout.terms_of(original, TUESDAY_10)
    run = fanout.Slice(original.pk, until=0)
    held, _highest = claims.claim(t, lease=run.lease, after=0, limit=4)
    begun = claims.begin(t, [held[0].id], lease=run.lease)
    correction = leaving(
        kind="correction", severity="urgent", refers_to=original, fields={"title": "Errata", "text": "No."}
    )
    assert claims.begin(t, [row.id for row in held[1:]], lease=run.lease) == {}
    claims.release([row.id for row in held[1:]], lease=run.lease)
    assert states_of(original) == {"sending": 1, "skipped": 5}
    assert reasons_of(original) == {"superseded": 5}
    assert correction.deliveries.count() == 1
    # The one request that had begun surely did not go: it is not made again behind the correction.
    claims.record([{"id": next(iter(begun)), "state": "pending", "back": True}], lease=run.lease)
    fanout.send_slice(original.pk)
    assert not meta.ledger
    assert reasons_of(original) == {"superseded": 6}
    assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 0


def test_many_people_who_may_not_get_it_do_not_hold_a_worker(people, leaving, monkeypatch, meta):
    """A slice ends in time also when nobody of those it judges may be written to."""
    everybody = people(30, "acqua")
    broadcast = leaving()
    Subscriber.objects.filter(pk__in=[p.pk for p in everybody]).update(state=Subscriber.State.STOPPED)
    monkeypatch.setattr(fanout, "CLAIM_ROWS", 5)
    assert fanout.send_slice(broadcast.pk, seconds=-1).ended == "time"
    assert states_of(broadcast)["pending"] > 0


def test_the_factory_gives_every_citizen_a_number_that_can_be_written_to(town):
    assert SubscriberFactory.build().phone.isdigit()
