"""«Fino a nuova comunicazione» asks its author, once, at the moment they chose; and again when put off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from broadcasts import lifecycle, outbox, reminders, tasks
from broadcasts.models import Broadcast, MessageTemplate
from broadcasts.states import State
from staff.models import StaffMessage
from tests.conftest import TUESDAY_10
from whatsempoli import clock

LATER = TUESDAY_10 + timedelta(hours=24)


@pytest.fixture
def open_ended(write: Any) -> Broadcast:
    """A bridge that was closed and has left, with nobody knowing until when."""
    bridge: Broadcast = write(title="Ponte chiuso", remind_at=LATER, valid_until=None)
    Broadcast.objects.filter(pk=bridge.pk).update(state=State.SENT, started_at=TUESDAY_10)
    return bridge


def test_it_comes_once_to_the_author_with_the_way_on(open_ended: Broadcast, clock_at: Any) -> None:
    assert reminders.send_due(TUESDAY_10) == 0
    clock_at(LATER)
    for _again in range(3):
        tasks.tell_staff()
    assert outbox.send_pending(clock.real_now()) == 0
    (letter,) = mail.outbox
    assert letter.subject == "Vale ancora? Ponte chiuso"
    assert letter.to == ["anna@example.org"]
    assert outbox.page_of(open_ended) in letter.body
    assert "«Cessato»" in letter.body


def test_put_off_it_comes_again(open_ended: Broadcast, anna: Any) -> None:
    assert reminders.send_due(LATER) == 1
    reminders.put_off(open_ended.pk, by=anna, until=LATER + timedelta(days=2), now=LATER)
    assert reminders.send_due(LATER + timedelta(days=1)) == 0
    assert reminders.send_due(LATER + timedelta(days=2)) == 1


@pytest.mark.parametrize(
    "change",
    [{"state": State.DRAFT}, {"state": State.CANCELLED}, {"valid_until": LATER - timedelta(hours=1)}],
)
def test_not_about_what_is_over_or_never_left(open_ended: Broadcast, change: dict[str, Any]) -> None:
    Broadcast.objects.filter(pk=open_ended.pk).update(**change)
    assert reminders.send_due(LATER) == 0


def test_not_about_what_was_ended(open_ended: Broadcast, write: Any) -> None:
    ending = write(kind="ending", refers_to=open_ended, severity="urgent", valid_until=LATER)
    assert reminders.send_due(LATER) == 1  # a draft ends nothing
    Broadcast.objects.filter(pk=ending.pk).update(started_at=LATER, state=State.SENT)
    StaffMessage.objects.all().delete()
    assert reminders.send_due(LATER) == 0


@pytest.mark.parametrize("until", [None, TUESDAY_10])
def test_put_off_to_a_moment_to_come_only(open_ended: Broadcast, anna: Any, until: Any) -> None:
    with pytest.raises(lifecycle.NotAllowed, match="deve ancora venire"):
        reminders.put_off(open_ended.pk, by=anna, until=until, now=TUESDAY_10)


def test_who_may_not_write_does_not_put_off(open_ended: Broadcast, bruno: Any) -> None:
    with pytest.raises(lifecycle.NotAllowed):
        reminders.put_off(open_ended.pk, by=bruno, until=LATER, now=TUESDAY_10)


def test_who_wrote_and_who_approved_know_that_it_cannot_leave(
    write: Any, approve: Any, anna: Any, bruno: Any, clock_at: Any
) -> None:
    approve(write(due_at=TUESDAY_10 + timedelta(hours=5)))
    assert reminders.warn_blocked(TUESDAY_10) == 0
    MessageTemplate.objects.filter(name="avviso_comune_v1").update(status="PAUSED")
    for _again in range(2):
        tasks.tell_staff()
    told = [letter for letter in mail.outbox if letter.subject.startswith("Così non può partire")]
    assert sorted(letter.to[0] for letter in told) == ["anna@example.org", "bruno@example.org"]
    assert "messo in pausa" in told[0].body
