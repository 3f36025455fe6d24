"""An emergency that outlasts its template's time to live goes again to those it has not reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import claims, lifecycle, release, switch, tasks
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from tests.broadcasts.simulated import Provider, states_of
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=13)


@pytest.fixture
def alert(meta: Provider, people: Any, leaving: Any) -> Broadcast:
    """Sent to four thirteen hours ago: one has it, one is held back, two were not reached."""
    people(4, "protezione-civile")
    broadcast = leaving(severity="emergency", topic="protezione-civile")
    Broadcast.objects.filter(pk=broadcast.pk).update(
        rendered={code: text | {"ttl": 12 * 3600} for code, text in broadcast.rendered.items()}
    )
    tasks._send(broadcast.pk)
    broadcast.refresh_from_db()
    # The rendered text is covered by what was approved: here the time to live is part of it.
    from_now = release.fingerprint_of(broadcast)
    Broadcast.objects.filter(pk=broadcast.pk).update(fingerprint=from_now)
    claims.rescue()
    first, second, *_others = broadcast.deliveries.order_by("id")
    assert broadcast.deliveries.count() == 4
    broadcast.deliveries.update(state="accepted", accepted_at=clock.real_now() - LONG_AGO)
    broadcast.deliveries.filter(pk=first.pk).update(receipt=2)
    broadcast.deliveries.filter(pk=second.pk).update(state="held")
    Broadcast.objects.filter(pk=broadcast.pk).update(state=State.SENT)
    meta.ledger.clear()
    broadcast.refresh_from_db()
    return broadcast


def test_once_per_lapse_to_those_alone_and_counted(alert: Broadcast, meta: Provider) -> None:
    release.sweep(TUESDAY_10)
    alert.refresh_from_db()
    assert alert.state == State.SENDING
    assert states_of(alert) == {"accepted": 1, "held": 1, "pending": 2}
    tasks._send(alert.pk)
    release.sweep(TUESDAY_10)
    alert.refresh_from_db()
    assert (alert.state, len(meta.ledger)) == (State.SENT, 2)
    assert alert.deliveries.filter(repeated=True).count() == 2
    release.sweep(TUESDAY_10)
    assert len(meta.ledger) == 2, "the second time to live has only begun"
    Delivery.objects.filter(repeated=True).update(accepted_at=clock.real_now() - LONG_AGO)
    release.sweep(TUESDAY_10)
    assert states_of(alert)["pending"] == 2, "and it lapses too"


def test_not_when_it_is_over(alert: Broadcast) -> None:
    release.sweep(TUESDAY_10 + timedelta(days=6))
    assert states_of(alert) == {"accepted": 1, "held": 1, "undelivered": 2}


def test_not_after_an_ending(alert: Broadcast, write: Any) -> None:
    ending = write(kind="ending", refers_to=alert, topic="protezione-civile")
    Broadcast.objects.filter(pk=ending.pk).update(started_at=TUESDAY_10)
    release.sweep(TUESDAY_10)
    assert states_of(alert) == {"accepted": 3, "held": 1}


def test_not_while_all_sending_is_off(alert: Broadcast) -> None:
    switch.turn(False, by=None, reason="Numero rubato")
    release.sweep(TUESDAY_10)
    assert states_of(alert) == {"accepted": 3, "held": 1}


def test_nothing_but_an_emergency(alert: Broadcast) -> None:
    Broadcast.objects.filter(pk=alert.pk).update(severity="urgent")
    release.sweep(TUESDAY_10)
    assert states_of(alert) == {"accepted": 1, "held": 1, "undelivered": 2}


def test_a_person_may_stop_it(alert: Broadcast, bruno: Any) -> None:
    release.sweep(TUESDAY_10)
    lifecycle.cancel(alert.pk, by=bruno, reason="Rientrata")
    release.sweep(TUESDAY_10)
    assert states_of(alert) == {"accepted": 1, "held": 1, "skipped": 2}
