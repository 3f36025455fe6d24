"""A provider that refuses, slows down, goes away or gives no answer."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import claims, fanout, provider, release, tasks
from broadcasts.models import Broadcast, Delivery, MonthlyUsage, Transition
from broadcasts.states import State
from tests.broadcasts.simulated import (
    HTML,
    Got,
    Provider,
    accepted,
    lapse,
    no_wait,
    refused,
    states_of,
)
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
UNTIL_ONE = timedelta(hours=3)


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
        meta.answer = lambda got: accepted(got) if got.number % 3 else refused(131009)(got)
        broadcast = leaving()
        tasks._send(broadcast.pk)
        assert states_of(broadcast) == {"accepted": 80, "failed": 40}

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
