"""Every number that the privacy page prints is obeyed, in batches, and every deletion is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from broadcasts import erasure, purge, report
from broadcasts.models import Broadcast, Delivery, Purge, Reply, WebhookEvent
from policy.keeping import RULES, kept_by
from policy.models import TownProfile
from staff.models import AuditEntry, User, audit
from subscribers import consent, journal
from subscribers.models import ConsentEvent, Erasure, InboundMessage, SubjectIdentity, Subscriber

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def old(days: float) -> Any:
    return NOW - timedelta(days=days)


def raw_webhook(days: float) -> None:
    event = WebhookEvent.objects.create(digest=bytes(str(days).ljust(32), "ascii"), body=b"{}", state="done")
    WebhookEvent.objects.filter(pk=event.pk).update(received_at=old(days))


def text(days: float) -> None:
    row = InboundMessage.objects.create(message_id=f"wamid.{days}", sent_at=NOW, kind="text", text="ciao")
    InboundMessage.objects.filter(pk=row.pk).update(received_at=old(days))


def leaver(days: float) -> Subscriber:
    person = Subscriber.objects.create(phone=f"39333{int(days * 1000):07d}", state="active")
    consent.stop(person, at=old(days), now=old(days))
    return person


def erased(days: float) -> None:
    person = leaver(days)
    erasure.erase(person.pk, old(days))
    Erasure.objects.update(phone=None, user_id=None)


def empty_leaver(days: float) -> None:
    person = leaver(days)
    Subscriber.objects.filter(pk=person.pk).update(phone=None)


def delivery(days: float) -> None:
    [notice] = Broadcast.objects.all()[:1]
    Broadcast.objects.filter(pk=notice.pk).update(state="sent", started_at=old(days))
    Delivery.objects.create(broadcast=notice, subscriber_id=int(days * 1000), state="accepted", receipt=2)


def log_line(days: float) -> None:
    """Written by a clock that stood back: nothing else may date a line."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staff_auditentry (at, verb, target, detail, place) VALUES (%s, 'x', 'y', '{}', '')",
            [old(days)],
        )


def journal_day(days: float) -> None:
    folder = Path(settings.JOURNAL_DIR)
    folder.mkdir(exist_ok=True)
    (folder / f"{old(days):%Y-%m-%d}.jsonl").write_text("")


# setting → what makes a thing so many days old, how many there are, what the purge calls it
CASES: dict[str, tuple[Callable[[float], Any], Callable[[], int], str]] = {
    "keep_webhooks_days": (raw_webhook, WebhookEvent.objects.count, "webhooks"),
    "keep_texts_days": (text, InboundMessage.objects.count, "texts"),
    "keep_stopped_days": (leaver, lambda: Subscriber.objects.exclude(phone=None).count(), "numbers"),
    "keep_erased_days": (erased, SubjectIdentity.objects.count, "erased"),
    "keep_deliveries_days": (delivery, Delivery.objects.count, "deliveries"),
    "keep_ledger_days": (empty_leaver, ConsentEvent.objects.count, "ledger"),
    "keep_audit_days": (log_line, AuditEntry.objects.count, "audit"),
    "keep_journal_days": (journal_day, lambda: len(list(journal._files())), "journal"),
}


@pytest.fixture
def ready(town: TownProfile, write: Any, settings: Any, tmp_path: Path) -> TownProfile:
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    write()
    return town


def test_the_table_and_the_cases_are_the_same(town: TownProfile) -> None:
    assert [rule.setting for rule in RULES] == list(CASES)
    fields = {field.name for field in TownProfile._meta.get_fields() if field.name.startswith("keep_")}
    assert fields == set(CASES)


@pytest.mark.parametrize("setting", CASES)
def test_each_ends_after_its_days_and_not_before(setting: str, ready: TownProfile) -> None:
    make, count, name = CASES[setting]
    days = 200
    TownProfile.objects.update(**{setting: days})
    make(days - 1.5)
    kept = count()
    assert kept >= 1
    assert purge.purge(NOW)[name] == 0
    assert count() == kept
    TownProfile.objects.update(**{setting: 190})
    assert purge.purge(NOW)[name] == 1
    assert count() == 0


@pytest.mark.parametrize("setting", CASES)
def test_the_page_prints_the_number(setting: str, town: TownProfile) -> None:
    TownProfile.objects.update(**{setting: 1234})
    page = Client().get("/privacy/").content.decode()
    assert "1.234 giorni" in page or "1234 giorni" in page
    assert [row.days for row in kept_by(TownProfile.current())].count(1234) == 1


def test_the_page_prints_each_topics_legal_basis(town: TownProfile) -> None:
    page = Client().get("/privacy/").content.decode()
    for words in ("Protezione civile", "interesse pubblico", "consenso"):
        assert words in page


def test_batches_lose_nothing(ready: TownProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 3)
    for number in range(10):
        raw_webhook(40 + number / 100)
    raw_webhook(1)
    assert purge.purge(NOW)["webhooks"] == 10
    assert WebhookEvent.objects.count() == 1


def test_a_run_ends_and_the_next_goes_on(ready: TownProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    raw_webhook(40)
    monkeypatch.setattr(purge, "SECONDS", 0.0)
    assert purge.purge(NOW)["webhooks"] == 0
    monkeypatch.setattr(purge, "SECONDS", 200.0)
    assert purge.purge(NOW)["webhooks"] == 1


def test_the_report_says_the_same_from_the_sums(ready: TownProfile, people: Any) -> None:
    notice = Broadcast.objects.get()
    Broadcast.objects.filter(pk=notice.pk).update(state="sent", started_at=old(400))
    for person, state, code in zip(
        people(3), ("accepted", "failed", "failed"), (None, 131026, 131049), strict=True
    ):
        Delivery.objects.create(broadcast=notice, subscriber=person, state=state, error_code=code)
    notice.refresh_from_db()
    before = report.progress(notice, NOW)
    purge.purge(NOW)
    notice.refresh_from_db()
    after = report.progress(notice, NOW)
    assert not Delivery.objects.exists()
    assert (after.states, after.receipts, set(after.reasons)) == (
        before.states,
        before.receipts,
        set(before.reasons),
    )


def test_an_answer_that_waits_is_not_deleted_at_zero_days(ready: TownProfile, people: Any) -> None:
    TownProfile.objects.update(keep_texts_days=0, keep_webhooks_days=0)
    [person] = people(1)
    inbound = InboundMessage.objects.create(message_id="wamid.1", sent_at=NOW, kind="text", subscriber=person)
    Reply.objects.create(inbound=inbound, subscriber=person, wording="info-1", payload={})
    purge.purge(NOW)
    assert Reply.objects.count() == 1


def test_who_is_in_keeps_their_ledger_however_old(ready: TownProfile, people: Any) -> None:
    [person] = people(1)
    consent.join(person, at=old(5000), now=old(5000))
    purge.purge(NOW)
    assert ConsentEvent.objects.exists() and SubjectIdentity.objects.exists()


def test_a_row_a_day_tells_what_went(ready: TownProfile, carla: User) -> None:
    raw_webhook(40)
    purge.purge(NOW)
    raw_webhook(41)
    purge.purge(NOW)
    [day] = Purge.objects.all()
    assert day.counts["webhooks"] == 2
    office = Client()
    office.force_login(carla)
    page = office.get(reverse("admin:broadcasts_purge_changelist")).content.decode()
    assert "2 dati grezzi di WhatsApp" in page


class TestTheLogIsGuarded:
    def test_nobody_deletes_a_line_by_hand(self, carla: User) -> None:
        audit(carla, "reveal", "iscritto #1")
        for statement in ("DELETE FROM staff_auditentry", "UPDATE staff_auditentry SET verb = 'x'"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

    def test_the_one_way_in_spares_the_last_half_year(self, carla: User) -> None:
        audit(carla, "reveal", "iscritto #1")
        log_line(179)
        log_line(181)
        with connection.cursor() as cursor:
            cursor.execute("SELECT forget_audit('infinity', 100)")
            assert cursor.fetchone() == (1,)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('whatsempoli.forgetting', 'on', true)")
            cursor.execute("DELETE FROM staff_auditentry")

    def test_django_s_own_log_ends_too(self, ready: TownProfile, carla: User) -> None:
        LogEntry.objects.create(user=carla, action_flag=1, object_repr="x")
        LogEntry.objects.update(action_time=old(800))
        assert purge.purge(NOW)["admin_log"] == 1
