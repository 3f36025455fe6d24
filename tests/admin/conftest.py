"""Browsers of the cast, and a broadcast with rows in every state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from staff.models import User
from tests.conftest import TUESDAY_10
from whatsempoli import clock


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The office opens its pages on a Tuesday at ten."""
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)
    return TUESDAY_10


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Three people for each test: the slow hash of a real password would be most of their time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """`browser(anna)` is Anna, logged in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def leaving(write: Callable[..., Broadcast], people: Callable[..., Any]) -> Callable[..., Broadcast]:
    """`leaving({"pending": 3, "failed": 1})`: a broadcast that is leaving, with such rows."""

    def make(rows: dict[str, int], state: str = State.SENDING, **changes: Any) -> Broadcast:
        notice = write(**changes)
        Broadcast.objects.filter(pk=notice.pk).update(
            state=state, started_at=TUESDAY_10, audience_count=sum(rows.values())
        )
        for row_state, count in rows.items():
            code = 131026 if row_state == "failed" else None
            Delivery.objects.bulk_create(
                Delivery(
                    broadcast=notice,
                    subscriber=someone,
                    state=row_state,
                    error_code=code,
                    accepted_at=clock.real_now() - timedelta(seconds=1) if row_state == "accepted" else None,
                    receipt=2 if row_state == "accepted" else 0,
                )
                for someone in people(count, "acqua")
            )
        notice.refresh_from_db()
        return notice

    return make
