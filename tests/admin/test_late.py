"""«Doveva partire alle 9, sono le 14: invia adesso o non inviare più», on the notice's own page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from broadcasts import release
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(write: Any, approve: Any, people: Any, monkeypatch: pytest.MonkeyPatch) -> Broadcast:
    """Due at eleven; nobody's beat lived until ten past two."""
    people(3, "acqua")
    broadcast = approve(write(due_at=TUESDAY_10 + timedelta(hours=1)))
    now = TUESDAY_10.replace(hour=14, minute=10)
    monkeypatch.setattr(clock, "now", lambda: now)
    release.release_due(now)
    return broadcast


def test_the_page_asks_what_only_a_person_can_say(late: Broadcast, bruno: Any, client: Any) -> None:
    client.force_login(bruno)
    page = client.get(reverse("admin:broadcasts_broadcast_change", args=[late.pk])).content.decode()
    asked = "Doveva partire oggi alle 11:00, adesso sono le 14:10: invialo adesso o non inviarlo più."
    assert asked in page.replace("&#x27;", "'")
    assert "Invia adesso" in page and "Non inviare più" in page
    assert "In ritardo: decidi se inviarlo" in client.get(reverse("admin:index")).content.decode()


def test_until_then_nothing_leaves_however_often_the_beat_asks(late: Broadcast) -> None:
    for _beat in range(3):
        assert release.release_due(clock.now()) == 0
    late.refresh_from_db()
    assert (late.state, late.deliveries.count()) == (State.OVERDUE, 0)
