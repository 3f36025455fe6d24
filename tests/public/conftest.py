"""Published notices to look at, without a send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.conftest import TUESDAY_10


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Tuesday 24 November 2026, ten in the morning."""
    monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)


@pytest.fixture
def publish(write: Callable[..., Broadcast]) -> Callable[..., Broadcast]:
    """A notice that left at `at`; `state` says what became of it."""

    def make(
        at: datetime = TUESDAY_10 - timedelta(hours=1), state: str = State.SENT, **changes: Any
    ) -> Broadcast:
        broadcast = write(**changes)
        Broadcast.objects.filter(pk=broadcast.pk).update(state=state, started_at=at)
        broadcast.refresh_from_db()
        return broadcast

    return make
