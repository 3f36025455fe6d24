"""The wire and the clock of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import redis

from broadcasts import provider, release
from broadcasts.models import Broadcast
from broadcasts.states import State
from tests.broadcasts.simulated import Provider
from tests.broadcasts.whole_provider import WholeProvider
from tests.conftest import TUESDAY_10
from whatsapp import bulk
from whatsempoli import clock


@pytest.fixture
def meta(settings: Any) -> Iterator[Provider]:
    """The provider, which this process's sender, client and budget are set to."""
    wire = Provider()
    settings.WHATSAPP_BASE_URL, settings.WHATSAPP_RATE = wire.url, 10_000
    _forget(settings.REDIS_URL)
    yield wire
    sender = bulk._shared.pop(provider.config(), None)
    if sender is not None:
        sender.close()
    _forget(settings.REDIS_URL)
    wire.close()


@pytest.fixture
def whole(settings: Any) -> Iterator[WholeProvider]:
    """The whole simulator, which this process's client is set to."""
    made = WholeProvider(token=settings.WHATSAPP_TOKEN)
    settings.WHATSAPP_BASE_URL, settings.WHATSAPP_RATE = made.url, 10_000
    settings.WHATSAPP_APP_ID = made.world.live.settings.app_id
    _forget(settings.REDIS_URL)
    yield made
    sender = bulk._shared.pop(provider.config(), None)
    if sender is not None:
        sender.close()
    _forget(settings.REDIS_URL)
    made.close()


def _forget(redis_url: str) -> None:
    for cached in (provider.config, provider.client, provider.budget):
        cached.cache_clear()
    redis.Redis.from_url(redis_url).delete("wa:budget")


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock_at(moment)` stops the business clock there; it stands at Tuesday, ten o'clock."""

    def put(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    put(TUESDAY_10)
    return put


@pytest.fixture
def leaving(
    meta: Provider, clock_at: Any, write: Callable[..., Broadcast], approve: Callable[..., Broadcast]
) -> Callable[..., Broadcast]:
    """`leaving(topic="acqua")` is a broadcast that was written, approved and has just started."""

    def make(now: datetime = TUESDAY_10, **changes: Any) -> Broadcast:
        broadcast = approve(write(**changes), now)
        release.release_due(now)
        broadcast.refresh_from_db()
        assert broadcast.state == State.SENDING, broadcast.state_reason
        return broadcast

    return make
