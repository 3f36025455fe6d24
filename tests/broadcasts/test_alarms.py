"""Alarms: one message when it begins, one when it ends, whoever asks and however often."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError

from broadcasts import alarms, canary, checkup, intake, provider, switch
from broadcasts.checkup import Finding
from broadcasts.models import Alarm, Canary, Sending
from staff.models import StaffMessage, User
from whatsapp.client import NotSent
from whatsempoli import clock
from whatsempoli.logs import AsJson, NoNumbers

pytestmark = pytest.mark.django_db
DISK = Finding("disk:/", "Il disco è quasi pieno.", "Libera spazio.")
BAD = Finding("provider:token", "Token rifiutato.", "Cambialo.")


@pytest.fixture(autouse=True)
def technician(settings: Any) -> None:
    settings.ALARMS_TO = ["tecnico@example.org"]


def test_once_at_each_end() -> None:
    now = clock.real_now()
    assert alarms.settle([DISK], now) == 1
    assert alarms.settle([DISK], now) == 0
    assert alarms.settle([], now) == 1
    assert alarms.settle([], now) == 0
    begin, end = mail.outbox
    assert begin.to == ["tecnico@example.org"] and "Libera spazio." in begin.body
    assert "Risolto: Il disco" in end.subject
    assert alarms.settle([DISK], now) == 1  # again, and told again
    assert Alarm.objects.count() == 2


def test_one_that_could_not_leave_is_tried_again(monkeypatch: Any) -> None:
    now = clock.real_now()
    monkeypatch.setattr(alarms, "mail", lambda *a, **k: False)
    assert alarms.settle([DISK], now) == 0
    monkeypatch.undo()
    assert alarms.settle([DISK], now) == 1


def test_what_nobody_heard_of_is_not_said_to_be_over(monkeypatch: Any) -> None:
    now = clock.real_now()
    monkeypatch.setattr(alarms, "mail", lambda *a, **k: False)
    alarms.settle([DISK], now)
    monkeypatch.undo()
    assert alarms.settle([], now) == 0


def test_the_provider_stays_as_it_was_when_it_was_not_asked() -> None:
    now = clock.real_now()
    alarms.settle([BAD], now)
    assert alarms.settle([], now, with_provider=False) == 0
    assert alarms.settle([], now, with_provider=True) == 1


def test_the_administrator_is_called_by_the_number_too(carla: User) -> None:
    carla.phone = "+39 333 1234567"
    carla.save()
    now = clock.real_now()
    alarms.settle([DISK], now)
    alarms.settle([DISK], now)
    assert set(StaffMessage.objects.values_list("channel", flat=True)) == {"email", "whatsapp"}
    assert StaffMessage.objects.count() == 2


def test_the_whole_round(town: Any, settings: Any, monkeypatch: Any) -> None:
    """From rows to a mail; the network is asked every five minutes at most."""
    asked: list[int] = []

    def provider_alarms(now: Any) -> list[Finding]:
        asked.append(1)
        return []

    monkeypatch.setattr(alarms.doctor, "provider_alarms", provider_alarms)
    alarms.cache.delete("alarms-asked-provider")
    Sending.objects.create(pk=1, heartbeat=clock.real_now() - timedelta(minutes=5))
    alarms.watch(clock.real_now())
    alarms.watch(clock.real_now())
    assert len(asked) == 1
    assert Alarm.objects.filter(key="beat", over_at=None).count() == 1
    assert sum("segni di vita" in each.subject for each in mail.outbox) == 1
    settings.DEMO = True
    assert alarms.watch(clock.real_now()) == 0


def test_the_watch_tells_when_the_database_is_away(monkeypatch: Any, tmp_path: Any) -> None:
    def away(now: Any) -> int:
        raise OperationalError("gone")

    monkeypatch.setattr(alarms, "watch", away)
    monkeypatch.setattr("broadcasts.management.commands.watch.connection.close", lambda: None)
    call_command("watch", "--every", "0", "--rounds", "3", "--pulse", str(tmp_path / "pulse"))
    assert (tmp_path / "pulse").exists()
    [only] = mail.outbox
    assert "database non risponde" in only.subject


class TestCanary:
    @pytest.fixture
    def phone(self, people: Any, settings: Any) -> str:
        [one] = people(1, "acqua")
        settings.CANARY_PHONE, settings.CANARY_HOUR = f"+{one.phone}", 0
        return str(one.phone)

    @pytest.fixture
    def sent(self, monkeypatch: Any) -> list[dict[str, Any]]:
        payloads: list[dict[str, Any]] = []

        class Client:
            def send(self, payload: dict[str, Any]) -> None:
                payloads.append(payload)

        monkeypatch.setattr(provider, "client", Client)
        return payloads

    def test_once_a_day_and_its_receipt(self, phone: str, sent: list[dict[str, Any]]) -> None:
        now = clock.real_now()
        assert canary.send_due(now) and not canary.send_due(now)
        [payload] = sent
        assert payload["to"] == phone
        row = Canary.objects.get()
        assert checkup.daily_proof(now + timedelta(hours=1))
        intake.receive(self.receipt(payload["biz_opaque_callback_data"]))
        intake.take_in()
        row.refresh_from_db()
        assert row.arrived_at and checkup.daily_proof(now + timedelta(hours=1)) == []

    def receipt(self, mark: str) -> bytes:
        status = {
            "id": "wamid.x",
            "status": "delivered",
            "timestamp": "1795600000",
            "biz_opaque_callback_data": mark,
        }
        value = {"messaging_product": "whatsapp", "statuses": [status]}
        return json.dumps(
            {
                "object": "whatsapp_business_account",
                "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
            }
        ).encode()

    def test_it_failed(self, phone: str, monkeypatch: Any) -> None:
        class Client:
            def send(self, payload: Any) -> None:
                raise NotSent("ConnectTimeout")

        monkeypatch.setattr(provider, "client", Client)
        now = clock.real_now()
        assert not canary.send_due(now)
        assert "NotSent" in checkup.daily_proof(now)[0].words

    def test_nothing_leaves_while_sending_is_off(self, phone: str, sent: list[dict[str, Any]]) -> None:
        switch.turn(False, by=None, reason="Prova")
        assert not canary.send_due(clock.real_now()) and sent == []

    def test_nor_to_who_has_not_joined(self, settings: Any, town: Any, sent: list[dict[str, Any]]) -> None:
        settings.CANARY_PHONE, settings.CANARY_HOUR = "+393339999999", 0
        assert not canary.send_due(clock.real_now()) and sent == []


class TestReadyz:
    def test_ready_and_not(self, client: Any) -> None:
        answer = client.get("/readyz")
        assert answer.status_code == 503 and answer.json()["faults"] == {"beat": "no heartbeat for a minute"}
        Sending.objects.create(pk=1, heartbeat=clock.real_now())
        answer = client.get("/readyz")
        assert answer.status_code == 200 and answer.json() == {"ready": True, "faults": {}}
        assert "no-store" in answer["Cache-Control"] and len(answer["X-Request-Id"]) == 16

    def test_the_database_is_away(self, client: Any, monkeypatch: Any) -> None:
        def away(*args: Any) -> Any:
            raise OperationalError("gone")

        monkeypatch.setattr(checkup, "MigrationExecutor", away)
        assert client.get("/readyz").json()["faults"]["database"] == "OperationalError"


def test_a_json_line_has_ids_and_no_number(client: Any) -> None:
    record = logging.LogRecord(
        "broadcasts", logging.INFO, "f", 1, "Broadcast %s: sent to +393331234567", ("k7m2p9xq",), None
    )
    NoNumbers().filter(record)
    line = json.loads(AsJson().format(record))
    assert line["broadcast"] == "k7m2p9xq" and line["level"] == "INFO"
    assert "3331234567" not in json.dumps(line)
