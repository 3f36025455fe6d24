"""`doctor` names each fault in a sentence with the next action; everything is broken once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.core.management import call_command

from broadcasts import backup, checkup, doctor, provider, switch
from broadcasts.models import Canary, MessageTemplate, Sending, WebhookEvent
from subscribers import consent
from subscribers.models import Subscriber
from whatsapp.answers import read_refusal
from whatsapp.client import ApiError, NotSent
from whatsempoli import clock

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def refusal(code: int, status: int) -> ApiError:
    return ApiError(read_refusal(status, None, {"error": {"code": code, "message": "no"}}), status)


def leave(person: Subscriber, at: datetime) -> None:
    consent.stop(person, at=at, now=at, command="stop")


class TestRows:
    def test_beat(self) -> None:
        [never] = checkup.beat(NOW)
        assert "mai" in never.words and "beat" in never.action
        Sending.objects.create(pk=1, heartbeat=NOW - timedelta(seconds=5))
        assert checkup.beat(NOW) == []
        [dead] = checkup.beat(NOW + timedelta(minutes=2))
        assert "24/11" in dead.words

    def test_the_switch(self, town: Any) -> None:
        assert checkup.sending(NOW) == []
        switch.turn(False, by=None, reason="Prova")
        [off] = checkup.sending(NOW)
        assert "Prova" in off.words and "sending on" in off.action

    def test_a_queue_that_waits(self) -> None:
        event = WebhookEvent.objects.create(digest=b"x" * 32, body=b"{}")
        assert checkup.queues(clock.real_now()) == []
        [late] = checkup.queues(event.received_at + timedelta(seconds=61))
        assert late.key == "queue:intake" and "intake" in late.action

    def test_leavers(self, people: Any) -> None:
        """Ten in a day where nobody used to leave; not where many always do."""
        from_now = clock.real_now()
        stop = people(12, "acqua")
        for one in stop[:9]:
            leave(one, from_now)
        assert checkup.leavers(from_now) == []
        leave(stop[9], from_now)
        [many] = checkup.leavers(from_now)
        assert "10 persone" in many.words

    def test_silence(self, people: Any) -> None:
        people(1, "acqua")
        assert checkup.proof_of_life(NOW) == []  # an engine that never began owes no sign
        Sending.objects.create(pk=1)
        [silent] = checkup.proof_of_life(clock.real_now())
        assert silent.key == "silence"
        WebhookEvent.objects.create(digest=b"y" * 32, body=b"{}")
        assert checkup.proof_of_life(clock.real_now()) == []

    def test_the_daily_proof(self, people: Any, settings: Any) -> None:
        assert checkup.daily_proof(NOW) == []
        [one] = people(1, "acqua")
        settings.CANARY_PHONE = "+393330000000"
        assert checkup.daily_proof(NOW)[0].key == "canary:phone"
        settings.CANARY_PHONE = f"+{one.phone}"
        row = Canary.objects.create(day=NOW.date(), sent_at=NOW)
        assert checkup.daily_proof(NOW + timedelta(minutes=14)) == []
        assert "ricevuta" in checkup.daily_proof(NOW + timedelta(minutes=16))[0].words
        Canary.objects.filter(pk=row.pk).update(sent_at=None)
        assert "non è partita" in checkup.daily_proof(NOW)[0].words

    def test_disk(self, settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
        settings.BACKUP_DIR = str(tmp_path)
        usage = SimpleNamespace(total=100 * 1024**3, free=5 * 1024**3)
        monkeypatch.setattr(checkup.shutil, "disk_usage", lambda path: usage)
        found = checkup.disk(NOW)
        assert found and "5.0 GB" in found[0].words
        usage.free = 50 * 1024**3
        assert checkup.disk(NOW) == []

    def test_backups(self, settings: Any, tmp_path: Path) -> None:
        assert "Nessuno" in checkup.backups(NOW)[0].words
        settings.BACKUP_DIR, settings.BACKUP_KEY = str(tmp_path), "k" * 30
        assert "ancora" in checkup.backups(NOW)[0].words
        (tmp_path / "whatsempoli-20261123T033000Z.dump.enc").touch()
        assert "23/11" in checkup.backups(NOW)[0].words
        (tmp_path / "whatsempoli-20261124T033000Z.dump.enc").touch()
        assert checkup.backups(NOW) == []
        assert backup.latest(tmp_path) == tmp_path / "whatsempoli-20261124T033000Z.dump.enc"

    def test_the_journal(self, settings: Any, tmp_path: Path) -> None:
        assert checkup.journal(NOW)[0].key == "journal"
        settings.JOURNAL_DIR = str(tmp_path / "new")
        assert checkup.journal(NOW) == []
        (tmp_path / "file").touch()
        settings.JOURNAL_DIR = str(tmp_path / "file" / "below")
        assert "non si può scrivere" in checkup.journal(NOW)[0].words


class TestProvider:
    def ask(self, monkeypatch: Any, answer: Any) -> list[checkup.Finding]:
        class Client:
            def phone_number(self) -> Any:
                if isinstance(answer, Exception):
                    raise answer
                return answer

        monkeypatch.setattr(provider, "client", Client)
        return doctor.token(NOW)

    def test_the_token_is_refused(self, monkeypatch: Any) -> None:
        [found] = self.ask(monkeypatch, refusal(190, 401))
        assert "token" in found.words and "WHATSAPP_TOKEN" in found.action

    def test_the_number_is_refused(self, monkeypatch: Any) -> None:
        [found] = self.ask(monkeypatch, refusal(100, 400))
        assert found.key == "provider:number"

    def test_nobody_answers(self, monkeypatch: Any) -> None:
        [found] = self.ask(monkeypatch, NotSent("ConnectTimeout"))
        assert found.key == "provider:away" and "firewall" in found.action

    def test_the_number_is_unwell(self, monkeypatch: Any) -> None:
        well = {"quality_rating": "GREEN", "status": "CONNECTED"}
        assert self.ask(monkeypatch, well) == []
        assert self.ask(monkeypatch, well | {"quality_rating": "RED"})[0].urgent
        assert not self.ask(monkeypatch, well | {"quality_rating": "YELLOW"})[0].urgent
        assert self.ask(monkeypatch, well | {"status": "FLAGGED"})[0].key == "provider:status"
        blocked = well | {"health_status": {"can_send_message": "BLOCKED"}}
        assert self.ask(monkeypatch, blocked)[0].key == "provider:blocked"

    def test_templates(self, town: Any) -> None:
        assert doctor.templates(NOW) == []
        MessageTemplate.objects.filter(kind="staff").update(status="PAUSED")
        [found] = doctor.templates(NOW)
        assert "redazione_chiamata" in found.words and "sync_templates" in found.action


class TestOutside:
    @pytest.fixture
    def site(self, live_server: Any, settings: Any) -> Any:
        settings.SITE_URL = live_server.url
        return settings

    @pytest.mark.django_db(transaction=True)
    def test_the_webhook(self, site: Any) -> None:
        assert doctor.webhook(NOW) == []
        site.SITE_URL = "http://127.0.0.1:9"
        assert "non si raggiunge" in doctor.webhook(NOW)[0].words

    @pytest.mark.django_db(transaction=True)
    def test_an_address_that_is_another_site(self, site: Any) -> None:
        site.SITE_URL += "/en"
        assert "codice 404" in doctor.webhook(NOW)[0].words

    def test_a_signature_that_anybody_could_write(self, monkeypatch: Any) -> None:
        answer = type("Answer", (), {"status_code": 200, "text": doctor.CHALLENGE})
        monkeypatch.setattr(requests, "get", lambda *a, **k: answer)
        monkeypatch.setattr(requests, "post", lambda *a, **k: answer)
        assert doctor.webhook(NOW)[0].key == "webhook:secret"

    def test_the_clock(self, monkeypatch: Any) -> None:
        answer = type("Answer", (), {"headers": {"Date": "Tue, 24 Nov 2026 09:00:00 GMT"}})
        monkeypatch.setattr(requests, "head", lambda *a, **k: answer)
        monkeypatch.setattr(clock, "real_now", lambda: NOW + timedelta(seconds=10))
        assert doctor.clock_is_right(NOW) == []
        monkeypatch.setattr(clock, "real_now", lambda: NOW + timedelta(seconds=95))
        [found] = doctor.clock_is_right(NOW)
        assert "95 secondi" in found.words and "timedatectl" in found.action

    def test_tls(self, settings: Any) -> None:
        settings.SITE_URL = "http://avvisi.example"
        assert "https" in doctor.tls(NOW)[0].words
        settings.SITE_URL = "https://127.0.0.1:9"
        assert doctor.tls(NOW)[0].key == "tls"

    def test_email(self, settings: Any) -> None:
        settings.ALARMS_TO = []
        assert doctor.email(NOW)[0].key == "email:nobody"
        settings.ALARMS_TO = ["t@example.org"]
        assert doctor.email(NOW) == []
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        assert "EMAIL_URL" in doctor.email(NOW)[0].action


def test_one_check_that_breaks_does_not_stop_the_others(monkeypatch: Any, town: Any) -> None:
    def broken(now: datetime) -> list[checkup.Finding]:
        raise ValueError("boom")

    monkeypatch.setattr(doctor, "checks", lambda: {"a": broken, "b": lambda now: []})
    first, second = doctor.examine(NOW)
    assert "ValueError" in first[1][0].words and second == ("b", [])


def test_the_command(monkeypatch: Any) -> None:
    wrong = checkup.Finding("x", "Non va.", "Fai così.")
    monkeypatch.setattr(doctor, "checks", lambda: {"a": lambda now: [wrong], "b": lambda now: []})
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out)
    assert ended.value.code == 1
    assert "✗ a: Non va." in out.getvalue() and "→ Fai così." in out.getvalue() and "✓ b" in out.getvalue()
    assert "C'è una cosa da fare." in out.getvalue()
    out = StringIO()
    monkeypatch.setattr(doctor, "checks", lambda: {"b": lambda now: []})
    call_command("doctor", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"ok": True, "checks": [{"check": "b", "ok": True, "faults": []}]}


def test_every_check_is_made(town: Any) -> None:
    """On a machine where nothing is set up each says something sensible and none breaks."""
    found = doctor.examine(clock.real_now())
    assert [name for name, _f in found] == list(doctor.checks())
    words = [f.words for _name, findings in found for f in findings]
    assert not any("non è riuscito" in word for word in words)
