"""The switch for all sending, and the engine that switches itself off after a restore."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from broadcasts import claims, fanout, release, replies, switch
from broadcasts.engine_state import engine_state
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Reply, Sending
from broadcasts.states import State
from staff.models import AuditEntry
from subscribers.models import InboundMessage
from tests.broadcasts.simulated import claim_all, states_of, terms
from tests.conftest import TUESDAY_10
from whatsempoli import clock, engines
from whatsempoli.account import Account

pytestmark = pytest.mark.django_db


def off(reason: str = "Prova di caduta") -> None:
    switch.turn(False, by=None, reason=reason)


class TestOff:
    def test_nothing_is_claimed(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        off()
        assert fanout.send_slice(broadcast.pk).ended == "disarmed"
        assert (states_of(broadcast), meta.ledger) == ({"pending": 3}, [])

    def test_nothing_begins_of_what_a_worker_already_holds(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        lease, ids = claim_all(broadcast)
        off()
        assert claims.begin(terms(broadcast), ids, lease=lease) == {}

    def test_it_stops_a_slice_in_the_middle(self, meta, people, leaving, monkeypatch):
        people(100, "acqua")
        broadcast = leaving()
        begin, calls = claims.begin, []

        def then_off(*args: Any, **named: Any) -> dict[int, int]:
            begun = begin(*args, **named)
            calls.append(len(begun))
            if len(calls) == 2:
                off()
            return begun

        monkeypatch.setattr(claims, "begin", then_off)
        assert fanout.send_slice(broadcast.pk).ended == "disarmed"
        assert len(meta.ledger) == sum(calls) < 100
        assert states_of(broadcast)["pending"] == 100 - sum(calls)
        switch.turn(True, by=None, reason="Controllato")
        fanout.send_slice(broadcast.pk)
        assert set(meta.times().values()) == {1} and len(meta.ledger) == 100

    def test_nothing_new_starts_not_even_an_emergency(self, meta, write, approve, clock_at):
        broadcast = approve(write(severity="emergency", topic="protezione-civile"))
        off()
        assert release.release_due(TUESDAY_10) == 0
        broadcast.refresh_from_db()
        assert broadcast.state == State.SCHEDULED

    def test_the_sweep_wakes_nobody(self, people, leaving, monkeypatch):
        people(1, "acqua")
        leaving()
        off()
        woken: list[Any] = []
        monkeypatch.setattr(release, "wake", SimpleNamespace(send=woken.append, more=woken.append))
        release.sweep(TUESDAY_10)
        assert woken == []
        switch.turn(True, by=None, reason="Controllato")
        release.sweep(TUESDAY_10)
        assert len(woken) == 1

    def test_answers_wait_too(self, meta, people):
        (person,) = people(1, "acqua")
        inbound = InboundMessage.objects.create(
            message_id="wamid.x", sent_at=TUESDAY_10, kind="text", subscriber=person
        )
        payload = {"messaging_product": "whatsapp", "type": "text", "text": {"body": "Ciao"}}
        Reply.objects.create(inbound=inbound, subscriber=person, wording="help", payload=payload)
        off()
        assert replies.send_pending(seconds=1) == 0
        switch.turn(True, by=None, reason="Controllato")
        assert replies.send_pending(seconds=5) == 1


class TestHeartbeat:
    def test_one_that_is_old_switches_off_until_a_person_looks(self, town):
        now = clock.real_now()
        assert switch.beat(now - switch.STALE - timedelta(minutes=1))
        assert not switch.is_armed(), "before any beat has seen it: a restored row is enough"
        assert not switch.beat(now)
        assert not switch.beat(now + timedelta(seconds=2)), "and it does not heal by beating"
        assert AuditEntry.objects.filter(verb="sending_off", actor=None).count() == 1
        switch.turn(True, by=None, reason="Confrontato con il registro")
        assert switch.beat(now + timedelta(seconds=4))
        assert switch.is_armed()

    def test_a_short_standstill_is_nothing(self, town):
        now = clock.real_now()
        switch.beat(now - switch.STALE + timedelta(minutes=1))
        assert switch.is_armed() and switch.beat(now)

    def test_a_restored_database_sends_nothing(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        Sending.objects.update(heartbeat=clock.real_now() - timedelta(days=1))
        assert fanout.send_slice(broadcast.pk).ended == "disarmed"
        assert not meta.ledger

    def test_the_demo_may_rest_for_days(self, town, settings):
        settings.DEMO = True
        switch.beat(clock.real_now() - timedelta(days=30))
        assert switch.is_armed()


class TestRestored:
    """A copy that is put back, whatever its age, stays disarmed until a person arms it."""

    def assert_asks_a_person(self, now: Any) -> None:
        assert not switch.beat(now)
        assert not switch.beat(now + timedelta(seconds=2)), "it does not heal by beating"
        assert "copia di riserva" in switch.halted()
        assert AuditEntry.objects.filter(verb="sending_off", actor=None).count() == 1
        switch.turn(True, by=None, reason="Confrontato con i telefoni")
        assert switch.beat(now + timedelta(seconds=4)) and switch.is_armed()

    def test_in_another_place_than_it_was_written_in(self, meta, people, leaving):
        people(3, "acqua")
        broadcast = leaving()
        Sending.objects.update(place="7000000000000000000/1/16384/16500")
        assert fanout.send_slice(broadcast.pk).ended == "disarmed", "before any beat has seen it"
        assert not meta.ledger
        self.assert_asks_a_person(clock.real_now())

    @pytest.mark.django_db(transaction=True)
    def test_of_two_seconds_ago_in_the_same_place(self, town):
        """A snapshot of the disk: only who stands outside the database knows better."""
        now = clock.real_now()
        switch.beat(now)
        before = Sending.objects.get()
        switch.beat(now + timedelta(seconds=2))
        before.save()
        self.assert_asks_a_person(now + timedelta(seconds=3))

    @pytest.mark.django_db(transaction=True)
    def test_from_a_real_dump_of_a_moment_ago(self, town, tmp_path):
        now = clock.real_now()
        switch.beat(now)
        cache.clear()  # Valkey is new as well: nobody bears witness
        at, programs = connection.settings_dict, engines._binaries(Account.fitting())
        where = ["-h", at["HOST"], "-U", at["USER"], "-d", at["NAME"]]
        dump = tmp_path / "dump"
        subprocess.run(
            [programs / "pg_dump", *where, "-Fc", "-t", "broadcasts_sending", "-f", dump], check=True
        )
        subprocess.run([programs / "pg_restore", *where, "--clean", "--if-exists", dump], check=True)
        assert not switch.is_armed()
        self.assert_asks_a_person(now + timedelta(seconds=2))

    def test_a_restart_is_no_restore(self, town):
        now = clock.real_now()
        for seconds in range(0, 10, 2):
            assert switch.beat(now + timedelta(seconds=seconds))

    def test_without_valkey_it_goes_on(self, town, monkeypatch):
        def away(*_args: Any, **_named: Any) -> None:
            raise redis.ConnectionError

        monkeypatch.setattr(cache, "get", away)
        monkeypatch.setattr(cache, "set", away)
        assert switch.beat(clock.real_now()) and switch.beat(clock.real_now())

    def test_a_new_installation_beside_an_old_valkey_lives(self, town):
        cache.set(switch.WITNESS, 10_000, timeout=None)
        assert switch.beat(clock.real_now()) and switch.beat(clock.real_now())


class TestWho:
    @pytest.mark.parametrize("who", ["bruno", "carla"])
    def test_approvers_and_administrators_with_a_reason(self, who, request, client):
        user = request.getfixturevalue(who)
        client.force_login(user)
        client.post(reverse("admin:broadcasts_sending_turn"), {"to": "off", "reason": " "})
        assert switch.is_armed(), "not without a reason"
        client.post(reverse("admin:broadcasts_sending_turn"), {"to": "off", "reason": "Numero rubato"})
        assert not switch.is_armed()
        entry = AuditEntry.objects.get(verb="sending_off")
        assert (entry.actor, entry.detail["reason"]) == (user, "Numero rubato")
        assert "Numero rubato" in client.get(reverse("admin:index")).content.decode()
        client.post(reverse("admin:broadcasts_sending_turn"), {"to": "on", "reason": "Risolto"})
        assert switch.is_armed()
        assert "Numero rubato" not in client.get(reverse("admin:index")).content.decode()

    def test_not_an_editor_who_sees_the_page_without_the_button(self, anna, client):
        client.force_login(anna)
        page = client.get(reverse("admin:broadcasts_sending_changelist"))
        assert page.status_code == 200
        assert reverse("admin:broadcasts_sending_turn") not in page.content.decode()
        client.post(reverse("admin:broadcasts_sending_turn"), {"to": "off", "reason": "x"})
        assert switch.is_armed()
        with pytest.raises(NotAllowed):
            switch.turn(False, by=anna, reason="x")

    def test_the_command_says_and_switches(self, town):
        def said(*words: str) -> str:
            out = StringIO()
            call_command("sending", *words, stdout=out)
            return out.getvalue().strip()

        assert said() == "on"
        assert said("off", "--reason", "Manutenzione") == "off: Manutenzione"
        assert said() == "off: Manutenzione"
        with pytest.raises(CommandError):
            said("on")
        assert said("on", "--reason", "Finita") == "on"


class TestState:
    def test_says_what_waits_and_what_goes_wrong(self, meta, people, leaving, carla, client):
        people(4, "acqua")
        broadcast = leaving()
        first, second, *_rest = broadcast.deliveries.order_by("id")
        broadcast.deliveries.filter(pk=first.pk).update(state="failed", error_code=131026)
        broadcast.deliveries.filter(pk=second.pk).update(state="accepted", accepted_at=clock.real_now())
        state = engine_state(clock.real_now())
        assert state["backlog"] == {"routine": 2, "urgent": 0, "emergency": 0, "replies": 0}
        assert [(e["code"], e["count"]) for e in state["errors"]] == [(131026, 1)]
        (notice,) = state["broadcasts"]
        assert (notice["to_go"], notice["failed"], notice["total"]) == (2, 1, 4)
        assert notice["rate"] > 0
        assert state["budget"]["reachable"] and state["armed"]
        client.force_login(carla)
        page = client.get(reverse("admin:broadcasts_sending_changelist")).content.decode()
        assert broadcast.title in page and "Ferma tutti gli invii" in page

    def test_with_nothing_to_do(self, meta, town):
        state = engine_state(clock.real_now())
        assert (state["rate"], state["oldest_seconds"], state["broadcasts"]) == (0, 0, [])
