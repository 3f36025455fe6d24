"""One slice of a broadcast against a provider on a real socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from broadcasts import claims, fanout, lifecycle, provider, release, tasks
from broadcasts.models import Broadcast, Delivery, MonthlyUsage, Transition
from broadcasts.states import State
from policy.models import Category, TownProfile
from subscribers.models import Subscriber, Subscription
from tests.broadcasts.simulated import (
    HTML,
    Got,
    Provider,
    accepted,
    lapse,
    no_wait,
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
        assert (got.phone, got.opaque) == (person.phone, f"d:{broadcast.pk}:{row.pk}")
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

        def fail_at_the_third(*args: Any, **named: Any) -> set[int]:
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

        def begin_after_a_stop(t: Any, ids: Any, *, lease: Any) -> set[int]:
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

        def pause_at_the_third(t: Any, ids: Any, *, lease: Any) -> set[int]:
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


class TestFaults:
    def test_an_expired_token_pauses_once_and_keeps_its_place(self, meta, people, leaving):
        people(120, "acqua")

        def expire_after_thirty(got: Got) -> Any:
            return accepted(got) if got.number <= 30 else refused(190, 401)(got)

        meta.answer = expire_after_thirty
        broadcast = leaving(severity="routine")
        assert fanout.send_slice(broadcast.pk).ended == "fault"
        assert fanout.send_slice(broadcast.pk).ended == "state"
        broadcast.refresh_from_db()
        assert states_of(broadcast) == {"accepted": 30, "pending": 90}
        assert broadcast.state == State.PAUSED
        assert "chiave" in broadcast.state_reason
        assert Transition.objects.filter(broadcast=broadcast, verb="pause").count() == 1
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 30

    def test_who_does_not_use_whatsapp_fails_alone(self, meta, people, leaving):
        odd, *_others = people(40, "acqua")
        meta.answer = lambda got: refused(131026)(got) if got.phone == odd.phone else accepted(got)
        broadcast = leaving()
        tasks._send(broadcast.pk)
        broadcast.refresh_from_db()
        assert states_of(broadcast) == {"accepted": 39, "failed": 1}
        assert Delivery.objects.get(subscriber=odd).error_code == 131026
        assert broadcast.state == State.SENT

    def test_nobody_on_whatsapp_never_stops_an_emergency(self, meta, people, leaving):
        people(60, "protezione-civile")
        meta.answer = refused(131026)
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        tasks._send(broadcast.pk)
        assert (len(meta.ledger), states_of(broadcast)) == (60, {"failed": 60})

    def test_twenty_refused_requests_without_one_success_pause(self, meta, people, leaving):
        people(200, "acqua")
        meta.answer = refused(131009)
        broadcast = leaving()
        assert fanout.send_slice(broadcast.pk).ended == "fault"
        broadcast.refresh_from_db()
        assert broadcast.state == State.PAUSED
        assert 20 <= len(meta.ledger) < 40
        assert states_of(broadcast)["pending"] > 160

    def test_refused_requests_among_successes_do_not_pause(self, meta, people, leaving):
        people(120, "acqua")
        meta.answer = lambda got: refused(131009)(got) if got.number % 2 else accepted(got)
        broadcast = leaving()
        tasks._send(broadcast.pk)
        assert states_of(broadcast) == {"accepted": 60, "failed": 60}

    def test_a_person_written_to_too_often_waits_alone(self, meta, people, leaving):
        hasty, *_others = people(30, "acqua")
        meta.answer = lambda got: refused(131056)(got) if got.phone == hasty.phone else accepted(got)
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        row = Delivery.objects.get(subscriber=hasty)
        assert states_of(broadcast) == {"accepted": 29, "pending": 1}
        assert row.not_before is not None

    def test_a_throttle_slows_the_installation_and_loses_nobody(self, meta, people, leaving):
        people(60, "acqua")
        meta.answer = lambda got: refused(130429, 429)(got) if 10 < got.number <= 20 else accepted(got)
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        assert provider.budget().state()["slowed"]
        no_wait()
        tasks._send(broadcast.pk)
        assert states_of(broadcast) == {"accepted": 60}
        assert len(meta.ledger) == 70

    def test_an_error_that_never_ends_gives_up_on_that_person(self, meta, people, leaving):
        """A passing error is repeated a few times, not for ever: the broadcast has to end."""
        odd, *_others = people(30, "acqua")
        meta.answer = lambda got: refused(131000, 500)(got) if got.phone == odd.phone else accepted(got)
        broadcast = leaving()
        for _sweep in range(30):
            tasks._send(broadcast.pk)
            no_wait()
        broadcast.refresh_from_db()
        assert states_of(broadcast) == {"accepted": 29, "failed": 1}
        assert broadcast.state == State.SENT
        assert 2 <= meta.times()[odd.phone] <= 25


class TestProviderAway:
    def test_refused_connections_lose_nobody_and_repeat_nobody(self, meta, people, leaving, clock_at):
        people(120, "acqua")
        broadcast = leaving(severity="routine")

        def shut_at_forty(got: Got) -> Any:
            if got.number == 40:
                clock_at(TUESDAY_10 + UNTIL_ONE)
            return accepted(got)

        meta.answer = shut_at_forty
        fanout.send_slice(broadcast.pk)
        clock_at(TUESDAY_10)
        sent = len(meta.ledger)
        meta.stop()
        for _sweep in range(25):  # two minutes of sweeps
            no_wait()
            assert fanout.send_slice(broadcast.pk).ended == "away"
        assert states_of(broadcast) == {"accepted": sent, "pending": 120 - sent}
        meta.start()
        no_wait()
        tasks._send(broadcast.pk)
        assert states_of(broadcast) == {"accepted": 120}
        assert len(meta.times()) == len(meta.ledger) == 120
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 120

    def test_a_storm_of_gateway_errors_leaves_a_handful_unconfirmed(self, meta, people, leaving):
        people(400, "acqua")
        broadcast = leaving()
        meta.answer = lambda _got: (502, HTML)
        for _sweep in range(4):
            assert fanout.send_slice(broadcast.pk).ended == "away"
        assert states_of(broadcast)["unconfirmed"] <= 8
        unsure = set(meta.times())
        meta.answer = accepted
        fanout.send_slice(broadcast.pk)
        again = Counter(got.phone for got in meta.ledger)
        assert all(again[phone] == 1 for phone in unsure), "routine and urgent are never repeated on a guess"
        assert len(again) == 400

    def test_a_hang_up_after_the_request_is_not_repeated(self, meta, people, leaving):
        people(1, "acqua")

        def hang_up(_got: Got) -> Any:
            raise ConnectionResetError

        meta.answer = hang_up
        broadcast = leaving()
        for _sweep in range(3):
            fanout.send_slice(broadcast.pk)
            no_wait()
        assert len(meta.ledger) == 1


class TestUnconfirmed:
    def send_without_answer(self, meta: Provider, broadcast: Broadcast) -> None:
        meta.answer = lambda _got: (502, HTML)
        fanout.send_slice(broadcast.pk)
        assert states_of(broadcast)["unconfirmed"] >= 1
        Delivery.objects.filter(state="unconfirmed").update(
            begun_at=TUESDAY_10 - timedelta(days=1)  # long ago in real time too
        )
        meta.answer = accepted

    def test_an_emergency_is_repeated_once(self, meta, people, leaving, clock_at):
        people(1, "protezione-civile")
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        for turn in range(3):
            self.send_without_answer(meta, broadcast) if turn < 2 else fanout.send_slice(broadcast.pk)
            release.sweep(TUESDAY_10)
        row = broadcast.deliveries.get()
        assert len(meta.ledger) == 2
        assert (row.state, row.repeated) == ("unconfirmed", True)
        broadcast.refresh_from_db()
        assert broadcast.state == State.SENT

    def test_not_before_two_minutes_and_not_once_a_receipt_came(self, meta, people, leaving):
        people(1, "protezione-civile")
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        meta.answer = lambda _got: (502, HTML)
        fanout.send_slice(broadcast.pk)
        assert claims.repeat_emergencies(TUESDAY_10) == 0
        Delivery.objects.update(begun_at=TUESDAY_10 - timedelta(days=1), state="accepted")
        assert claims.repeat_emergencies(TUESDAY_10) == 0

    def test_a_routine_message_never_is(self, meta, people, leaving):
        people(1, "acqua")
        broadcast = leaving(severity="routine")
        self.send_without_answer(meta, broadcast)
        release.sweep(TUESDAY_10)
        fanout.send_slice(broadcast.pk)
        assert len(meta.ledger) == 1
        assert MonthlyUsage.objects.get().used == 1

    def test_a_held_emergency_never_is(self, meta, people, leaving):
        people(1, "protezione-civile")
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        meta.answer = lambda _got: (
            200,
            {"messages": [{"id": "wamid.held", "message_status": "held_for_quality_assessment"}]},
        )
        fanout.send_slice(broadcast.pk)
        Delivery.objects.update(begun_at=TUESDAY_10 - timedelta(days=1))
        release.sweep(TUESDAY_10)
        fanout.send_slice(broadcast.pk)
        assert len(meta.ledger) == 1
        assert states_of(broadcast) == {"held": 1}

    def test_a_lost_claim_goes_back_and_a_lost_request_does_not(self, people, leaving, meta):
        people(10, "acqua")
        broadcast = leaving(severity="routine")
        t = fanout.terms_of(broadcast, TUESDAY_10)
        run = fanout.Slice(broadcast.pk, until=0)
        held, _highest = claims.claim(t, lease=run.lease, after=0, limit=10)
        claims.begin(t, [row.id for row in held[:4]], lease=run.lease)
        lapse("claimed", "sending")
        assert claims.rescue() == 10
        assert states_of(broadcast) == {"pending": 6, "unconfirmed": 4}
        assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 4


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
    assert claims.begin(t, [row.id for row in held[1:]], lease=run.lease) == set()
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
