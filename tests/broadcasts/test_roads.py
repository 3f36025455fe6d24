"""The other roads: e-mail once to who asked for it, ticks for what somebody puts up by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from broadcasts.models import Broadcast
from broadcasts.roads import mail, taken
from broadcasts.roads.models import ListAddress, ListMail, RoadTaken
from broadcasts.states import State
from policy.models import Category
from staff.models import AuditEntry, User
from tests.conftest import TUESDAY_10

HOUR = timedelta(hours=1)


@pytest.fixture
def publish(write: Callable[..., Broadcast]) -> Callable[..., Broadcast]:
    def make(**changes: object) -> Broadcast:
        broadcast = write(**changes)
        Broadcast.objects.filter(pk=broadcast.pk).update(state=State.SENT, started_at=TUESDAY_10 - HOUR)
        broadcast.refresh_from_db()
        return broadcast

    return make


def address(email: str = "scuola@example.org", *topics: str, **more: object) -> ListAddress:
    values = {"name": "Scuola", "kind": "school", "created_at": TUESDAY_10 - 9 * HOUR} | more
    made = ListAddress.objects.create(email=email, **values)
    made.topics.set(Category.objects.filter(slug__in=topics))
    return made


def test_each_address_gets_its_topics_once(publish: Callable[..., Broadcast]) -> None:
    notice = publish(title="Acqua in piazza", topic="acqua")
    address("tutto@example.org")
    address("acqua@example.org", "acqua", "viabilita")
    address("strade@example.org", "viabilita")
    address("fermo@example.org", active=False)
    address("nuovo@example.org", created_at=TUESDAY_10)
    for _again in range(2):
        mail.queue(TUESDAY_10)
        mail.send_pending(TUESDAY_10)
    assert sorted(m.to[0] for m in outbox.outbox) == ["acqua@example.org", "tutto@example.org"]
    one = outbox.outbox[0]
    assert "Acqua in piazza" in one.subject and f"/a/{notice.code}/" in one.body
    assert one.extra_headers["List-Unsubscribe"].startswith("<mailto:") and "mailto:" in one.body
    went = taken.roads(notice)[0]
    assert "2 indirizzi su 2" in went.words and went.at == TUESDAY_10


def test_an_exercise_and_an_old_notice_go_to_nobody(publish: Callable[..., Broadcast]) -> None:
    address()
    exercise = publish()
    Broadcast.objects.filter(pk=exercise.pk).update(exercise=True)
    old = publish()
    Broadcast.objects.filter(pk=old.pk).update(started_at=TUESDAY_10 - timedelta(days=2))
    stopped = publish()
    Broadcast.objects.filter(pk=stopped.pk).update(state=State.CANCELLED)
    assert mail.queue(TUESDAY_10) == 0


def test_english_reads_english_and_a_title_cannot_add_a_header(publish: Callable[..., Broadcast]) -> None:
    notice = publish()
    rendered = notice.rendered | {"en": {"title": "Water\nBcc: x@example.org", "page_text": "No water."}}
    Broadcast.objects.filter(pk=notice.pk).update(rendered=rendered)
    address(language="en")
    mail.queue(TUESDAY_10)
    assert mail.send_pending(TUESDAY_10) == 1
    [one] = outbox.outbox
    assert "\n" not in one.subject and "No water." in one.body and "because you asked" in one.body


def test_a_server_that_is_away_is_tried_again(
    publish: Callable[..., Broadcast], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    address()
    mail.queue(TUESDAY_10)

    def away(_message: EmailMessage) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        assert mail.send_pending(TUESDAY_10) == 0
        assert mail.send_pending(TUESDAY_10) == 0, "it has to wait a minute"
    row = ListMail.objects.get()
    assert (row.state, row.attempts) == ("pending", 1)
    assert mail.send_pending(TUESDAY_10 + HOUR) == 1


def test_who_left_meanwhile_gets_nothing(publish: Callable[..., Broadcast]) -> None:
    publish()
    one = address()
    mail.queue(TUESDAY_10)
    ListAddress.objects.filter(pk=one.pk).update(active=False)
    assert mail.send_pending(TUESDAY_10) == 0 and not outbox.outbox
    assert ListMail.objects.get().state == "failed"


def test_a_tick_is_kept_once_with_who_and_in_the_log(
    publish: Callable[..., Broadcast], anna: User, bruno: User, client: Client
) -> None:
    notice = publish()
    client.force_login(anna)
    page = reverse("admin:broadcasts_broadcast_change", args=[notice.pk])
    do = reverse("admin:broadcasts_broadcast_do", args=[notice.pk, "road"])
    assert "Le altre strade" in client.get(page).content.decode()
    assert client.post(do, {"road": "channel"}).status_code == 302
    assert not taken.take(notice, "channel", by=bruno, now=TUESDAY_10)
    assert RoadTaken.objects.get().by == anna
    assert AuditEntry.objects.filter(verb="road").count() == 1
    assert f"da {anna}" in client.get(page).content.decode()
    assert client.post(do, {"road": "piccione"}).status_code == 400
    report = client.get(reverse("admin:broadcasts_broadcast_report", args=[notice.pk])).content.decode()
    assert "Canale WhatsApp" in report and f"da {anna}" in report


def test_who_may_do_nothing_ticks_nothing(publish: Callable[..., Broadcast], db: None) -> None:
    with pytest.raises(PermissionDenied):
        taken.take(publish(), "van", by=User.objects.create_user("nobody"), now=TUESDAY_10)
