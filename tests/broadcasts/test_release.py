"""When a broadcast starts, is missed, expires and ends."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcasts import audience, claims, fanout, lifecycle, provider, release, wake
from broadcasts.models import Broadcast, Delivery, MessageTemplate, Transition
from broadcasts.states import State
from policy.models import TownProfile
from subscribers.models import Subscriber
from tests.broadcasts.simulated import in_threads, lapse, no_wait, states_of
from tests.conftest import TUESDAY_10
from whatsapp.pacing import Budget, connect
from whatsempoli import clock

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def wire(meta: Any, clock_at: Any) -> Any:
    """A provider and a clock for every test here."""
    return meta


def verbs_of(broadcast: Broadcast) -> list[str]:
    return list(Transition.objects.filter(broadcast=broadcast).values_list("verb", flat=True))


def started(broadcast: Broadcast, now: Any) -> str:
    release.release_due(now)
    broadcast.refresh_from_db()
    return broadcast.state


class TestStart:
    def test_one_without_a_time_starts_at_once(self, write, approve):
        assert started(approve(write()), TUESDAY_10) == State.SENDING

    def test_one_with_a_time_not_before(self, write, approve):
        broadcast = approve(write(due_at=TUESDAY_10 + HOUR))
        assert started(broadcast, TUESDAY_10 + HOUR - timedelta(seconds=1)) == State.SCHEDULED
        assert started(broadcast, TUESDAY_10 + HOUR) == State.SENDING

    @pytest.mark.parametrize("state", [s for s in State if s != State.SCHEDULED])
    def test_in_no_other_state(self, write, approve, state):
        broadcast = approve(write())
        Broadcast.objects.filter(pk=broadcast.pk).update(state=state)
        assert release.release_due(TUESDAY_10) == 0
        assert broadcast.deliveries.count() == 0

    def test_routine_waits_for_the_hours_and_says_until_when(self, write, approve):
        broadcast = approve(write(severity="routine"))
        lunch = TUESDAY_10.replace(hour=14)
        assert started(broadcast, lunch) == State.SCHEDULED
        assert broadcast.waits_until == TUESDAY_10.replace(hour=15)
        assert started(broadcast, TUESDAY_10.replace(hour=15)) == State.SENDING
        assert broadcast.waits_until is None

    def test_urgent_waits_for_the_night_unless_there_is_a_reason(self, write, approve):
        night = TUESDAY_10.replace(hour=23)
        waiting = approve(write(severity="urgent"), night)
        excused = approve(write(severity="urgent", night_reason="Manca l'acqua all'ospedale."), night)
        release.release_due(night)
        states = dict(Broadcast.objects.values_list("pk", "state"))
        assert (states[waiting.pk], states[excused.pk]) == (State.SCHEDULED, State.SENDING)

    def test_an_emergency_waits_for_nothing(self, write, approve):
        sunday_night = (TUESDAY_10 + timedelta(days=5)).replace(hour=3)
        broadcast = approve(
            write(
                topic="protezione-civile",
                severity="emergency",
                valid_until=TUESDAY_10 + timedelta(days=9),
            ),
            sunday_night,
        )
        assert started(broadcast, sunday_night) == State.SENDING

    def test_an_emergency_goes_before_what_was_there_first(self, write, approve, monkeypatch):
        approve(write(due_at=TUESDAY_10 - HOUR / 2))
        emergency = approve(write(topic="protezione-civile", severity="emergency"))
        order: list[int] = []
        begin = lifecycle.start

        def note_and_begin(broadcast: Broadcast, *, now: Any) -> Broadcast:
            order.append(broadcast.pk)
            return begin(broadcast, now=now)

        monkeypatch.setattr(lifecycle, "start", note_and_begin)
        release.release_due(TUESDAY_10)
        assert order[0] == emergency.pk
        assert len(order) == 2

    def test_a_broken_one_does_not_keep_the_others(self, write, approve, monkeypatch):
        broken = approve(write(due_at=TUESDAY_10 - HOUR / 2))
        good = approve(write())
        freeze = audience.freeze_chunk

        def fail_for_one(broadcast: Broadcast) -> bool:
            if broadcast.pk == broken.pk:
                raise RuntimeError("a defect of ours")
            return freeze(broadcast)

        monkeypatch.setattr(audience, "freeze_chunk", fail_for_one)
        release.release_due(TUESDAY_10)
        states = dict(Broadcast.objects.values_list("pk", "state"))
        assert (states[broken.pk], states[good.pk]) == (State.SCHEDULED, State.SENDING)

    def test_nothing_new_starts_while_the_budget_is_away(self, write, approve, monkeypatch):
        nobody = Budget(connect("redis://127.0.0.1:9/0"))  # a port where nobody listens
        with monkeypatch.context() as patch:
            patch.setattr(provider, "budget", lambda: nobody)
            broadcast = approve(write())
            assert started(broadcast, TUESDAY_10) == State.SCHEDULED
        assert started(broadcast, TUESDAY_10) == State.SENDING


class TestLate:
    def test_what_should_have_left_long_ago_asks_a_person(self, write, approve, bruno):
        broadcast = approve(write(due_at=TUESDAY_10))
        late = TUESDAY_10 + timedelta(minutes=61)
        assert started(broadcast, late) == State.OVERDUE
        assert broadcast.state_reason
        assert started(broadcast, late) == State.OVERDUE
        lifecycle.send_now(broadcast.pk, by=bruno, now=late)
        assert started(broadcast, late) == State.SENDING

    def test_up_to_the_tolerated_minute_it_leaves(self, write, approve):
        broadcast = approve(write(due_at=TUESDAY_10))
        assert started(broadcast, TUESDAY_10 + timedelta(minutes=60)) == State.SENDING

    def test_waiting_for_the_hours_is_not_being_late(self, write, approve):
        lunch = TUESDAY_10.replace(hour=13, minute=5)
        broadcast = approve(write(severity="routine", due_at=lunch), lunch)
        assert started(broadcast, TUESDAY_10.replace(hour=15, minute=10)) == State.SENDING

    def test_nor_is_being_approved_late(self, write, approve):
        evening = TUESDAY_10.replace(hour=17)
        broadcast = approve(write(due_at=TUESDAY_10), evening)
        assert started(broadcast, evening) == State.SENDING

    def test_an_emergency_is_never_too_late(self, write, approve):
        broadcast = approve(write(topic="protezione-civile", severity="emergency", due_at=TUESDAY_10))
        assert started(broadcast, TUESDAY_10 + 5 * HOUR) == State.SENDING

    def test_what_is_over_before_it_could_leave_expires(self, write, approve):
        over = TUESDAY_10 + HOUR
        broadcast = approve(write(valid_until=over))
        assert started(broadcast, over) == State.EXPIRED
        assert broadcast.deliveries.count() == 0

    def test_what_waits_for_a_person_expires_too(self, write, approve):
        broadcast = approve(write(due_at=TUESDAY_10, valid_until=TUESDAY_10 + 3 * HOUR))
        assert started(broadcast, TUESDAY_10 + 2 * HOUR) == State.OVERDUE
        release.sweep(TUESDAY_10 + 3 * HOUR)
        broadcast.refresh_from_db()
        assert broadcast.state == State.EXPIRED


class TestObstacles:
    @pytest.mark.parametrize("status", ["PENDING", "REJECTED", "PAUSED", "DISABLED", "UNKNOWN"])
    def test_a_template_that_is_not_approved_blocks_with_words_and_does_not_void(
        self, write, approve, status
    ):
        broadcast = approve(write())
        name = broadcast.rendered["it"]["template"]
        MessageTemplate.objects.filter(name=name).update(status=status)
        assert started(broadcast, TUESDAY_10) == State.SCHEDULED
        assert name in broadcast.state_reason
        assert broadcast.approved_by_id
        MessageTemplate.objects.filter(name=name).update(status="APPROVED")
        assert started(broadcast, TUESDAY_10) == State.SENDING
        assert broadcast.state_reason == ""

    def test_a_template_that_was_re_classed_blocks_too(self, write, approve):
        broadcast = approve(write())
        MessageTemplate.objects.filter(name=broadcast.rendered["it"]["template"]).update(category="MARKETING")
        assert started(broadcast, TUESDAY_10) == State.SCHEDULED
        assert broadcast.state_reason

    def test_what_is_not_what_was_approved_does_not_start(self, write, approve):
        broadcast = approve(write())
        Broadcast.objects.filter(pk=broadcast.pk).update(exercise=True)
        assert started(broadcast, TUESDAY_10) == State.SCHEDULED
        assert "approvat" in broadcast.state_reason


class TestEnd:
    def test_it_closes_exactly_once(self, people, leaving):
        people(2, "acqua")
        broadcast = leaving()
        assert not release.close(broadcast.pk, TUESDAY_10)
        fanout.send_slice(broadcast.pk)
        assert [release.close(broadcast.pk, TUESDAY_10) for _again in range(3)] == [True, False, False]
        assert verbs_of(broadcast).count("finish") == 1

    @pytest.mark.django_db(transaction=True)
    def test_several_sweeps_at_once_close_it_once(self, people, leaving):
        people(2, "acqua")
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        in_threads(*[lambda: release.sweep(TUESDAY_10)] * 4)
        assert verbs_of(broadcast).count("finish") == 1

    def test_a_broadcast_to_nobody_ends_too(self, leaving):
        broadcast = leaving()
        release.sweep(TUESDAY_10)
        broadcast.refresh_from_db()
        assert (broadcast.state, broadcast.audience_count) == (State.SENT, 0)

    @pytest.mark.parametrize("state", ["pending", "claimed", "sending"])
    def test_sent_is_not_said_while_a_row_is_open(self, people, leaving, state):
        people(1, "acqua")
        broadcast = leaving()
        Delivery.objects.update(state=state)
        assert not release.close(broadcast.pk, TUESDAY_10)

    def test_it_is_over_while_it_is_paused(self, people, leaving, bruno):
        people(3, "acqua")
        broadcast = leaving(valid_until=TUESDAY_10 + HOUR)
        lifecycle.pause(broadcast.pk, by=bruno, reason="Un dubbio.", now=TUESDAY_10)
        release.sweep(TUESDAY_10 + HOUR)
        broadcast.refresh_from_db()
        assert (broadcast.state, states_of(broadcast)) == (State.EXPIRED, {"expired": 3})

    def test_a_request_that_a_worker_lost_does_not_come_back_after_the_end(self, people, leaving):
        people(3, "acqua")
        broadcast = leaving(valid_until=TUESDAY_10 + HOUR)
        claims.claim(fanout.terms_of(broadcast, TUESDAY_10), lease=broadcast_lease(), after=0, limit=2)
        release.sweep(TUESDAY_10 + HOUR)
        lapse("claimed")
        release.sweep(TUESDAY_10 + HOUR)
        release.sweep(TUESDAY_10 + HOUR)
        broadcast.refresh_from_db()
        assert (broadcast.state, states_of(broadcast)) == (State.EXPIRED, {"expired": 3})

    def test_a_message_that_outlives_its_template_is_undelivered(self, people, leaving):
        people(2, "acqua")
        broadcast = leaving()
        fanout.send_slice(broadcast.pk)
        for text in broadcast.rendered.values():
            text["ttl"], text["lives"] = 600, {"600": text["template"]}
        long_ago = clock.real_now() - timedelta(hours=1)
        Broadcast.objects.filter(pk=broadcast.pk).update(rendered=broadcast.rendered)
        arrived, silent = broadcast.deliveries.order_by("id")
        Delivery.objects.update(accepted_at=long_ago)
        Delivery.objects.filter(pk=arrived.pk).update(receipt=2)
        release.sweep(TUESDAY_10)
        arrived.refresh_from_db()
        silent.refresh_from_db()
        assert (arrived.state, silent.state) == ("accepted", "undelivered")


def broadcast_lease() -> Any:
    return fanout.Slice(0, until=0).lease


class TestWake:
    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
        made: list[tuple[Any, ...]] = []
        monkeypatch.setattr(wake, "_call", lambda name, *args: made.append((name, *args)))
        return made

    def test_what_waits_is_woken_again(self, people, leaving, calls):
        people(3, "acqua")
        broadcast = leaving()
        release.sweep(TUESDAY_10)
        assert ("broadcasts.send", broadcast.pk) in calls

    def test_not_outside_its_hours(self, people, leaving, calls):
        people(3, "acqua")
        leaving(severity="routine")
        release.sweep(TUESDAY_10.replace(hour=14))
        assert calls == []

    def test_not_while_a_worker_is_at_it(self, people, leaving, calls):
        people(3, "acqua")
        broadcast = leaving()
        claims.claim(fanout.terms_of(broadcast, TUESDAY_10), lease=broadcast_lease(), after=0, limit=1)
        release.sweep(TUESDAY_10)
        assert calls == []

    def test_one_worker_asks_a_provider_that_gives_no_answers(self, people, leaving, calls):
        """Each request to a provider that hangs or breaks leaves a person in doubt."""
        everybody = people(3, "acqua")
        broadcast = leaving()
        Broadcast.objects.filter(pk=broadcast.pk).update(audience_count=10_000)
        Delivery.objects.filter(subscriber=everybody[0]).update(
            state="unconfirmed", begun_at=clock.real_now()
        )
        release.sweep(TUESDAY_10)
        assert calls == [("broadcasts.send", broadcast.pk)]

    def test_an_emergency_is_sent_by_workers_of_its_own(self, people, leaving, calls):
        people(1, "protezione-civile")
        broadcast = leaving(topic="protezione-civile", severity="emergency")
        release.sweep(TUESDAY_10)
        assert set(calls) == {("broadcasts.send_emergency", broadcast.pk)}

    def test_a_broker_that_is_away_loses_nothing(self, people, leaving, settings, monkeypatch, wire):
        people(1, "acqua")

        def away(*_args: Any, **_named: Any) -> None:
            raise OSError("no broker")

        monkeypatch.setattr(wake.current_app, "send_task", away)
        broadcast = leaving()
        release.sweep(TUESDAY_10)
        fanout.send_slice(broadcast.pk)
        assert len(wire.ledger) == 1


def test_a_retry_goes_to_the_failed_alone_and_takes_a_unit_once(people, leaving, wire, bruno):
    first, second = people(2, "acqua")
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    release.close(broadcast.pk, TUESDAY_10)
    Delivery.objects.filter(subscriber=second).update(state="failed", error_code=131000, promise_month=None)
    lifecycle.retry_failed(broadcast.pk, by=bruno, now=TUESDAY_10)
    no_wait()
    fanout.send_slice(broadcast.pk)
    assert wire.times() == {first.phone: 1, second.phone: 2}
    assert release.close(broadcast.pk, TUESDAY_10)


def test_the_town_without_windows_starts_nothing_routine(write, approve):
    TownProfile.objects.update(service_hours=[])
    assert started(approve(write(severity="routine")), TUESDAY_10) == State.SCHEDULED


def test_who_was_erased_is_in_no_way(people, leaving, wire):
    (person,) = people(1, "acqua")
    broadcast = leaving()
    Subscriber.objects.filter(pk=person.pk).update(phone=None, user_id=None)
    fanout.send_slice(broadcast.pk)
    assert (wire.ledger, states_of(broadcast)) == ([], {"skipped": 1})


PACKAGES = ("broadcasts", "policy", "staff", "subscribers", "whatsapp", "whatsempoli")
FORBIDDEN = {"eta", "countdown", "apply_async", "retry_backoff", "default_retry_delay"}


def test_nothing_of_the_business_is_scheduled_by_the_broker():
    """Waiting times live in the database: ENGINE.md D1 measured four runs of one delayed task."""
    root = Path(__file__).resolve().parents[2]
    sources = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    assert len(sources) > 50
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.keyword) and node.arg in FORBIDDEN)
        or (isinstance(node, ast.Attribute) and node.attr in FORBIDDEN)
    ]
    assert found == []


def test_a_follow_up_waits_for_what_it_follows(people, write, approve):
    people(1, "acqua")
    original = approve(write(due_at=TUESDAY_10 + timedelta(hours=2)))
    follow = approve(write(kind="ending", severity="urgent", refers_to=original, fields={"text": "Finito."}))
    assert started(follow, TUESDAY_10) == State.SCHEDULED
    follow.refresh_from_db()
    assert "non è ancora partito" in follow.state_reason
