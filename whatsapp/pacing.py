"""One sending budget for the whole installation, kept in Redis/Valkey by one script (pacing.lua).

It is granted in leases worth 50 ms or less, one message at the least, by the server's own clock. In any
second, no more than the rate and one lease's worth is granted. Zero means stopped.

If the server is lost, `take` falls back to a fixed floor per process, so that what is under way can
finish; `available` tells that nothing new should start. All comes back by itself.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

DEFAULT_RATE = 80  # messages a second of a number as the provider gives it
FLOOR = 10  # messages a second of one process while the server is lost
RETRY_AFTER = 1.0  # seconds between two attempts to reach a lost server
_SCRIPT = Path(__file__).with_name("pacing.lua").read_text()


class Lane(StrEnum):
    """Who goes first: each lane takes before the ones below it."""

    EMERGENCY = "emergency"
    REPLY = "reply"
    URGENT = "urgent"
    ROUTINE = "routine"


_RANK = {lane: rank for rank, lane in enumerate(Lane)}


@dataclass(frozen=True, slots=True)
class Grant:
    """`granted` may be sent now; the rest is worth asking for in `wait` seconds, not sooner.

    `degraded`: the installation's budget is out of reach and this is the process's own floor.
    """

    granted: int
    wait: float
    degraded: bool = False


def connect(url: str) -> redis.Redis:
    """Return a client that fails fast: the library's own retries would hold a sender for many seconds."""
    return redis.Redis.from_url(
        url, socket_timeout=1.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 1)
    )


class Budget:
    """The budget called `name`. Processes share it through the server; safe to share between threads."""

    def __init__(self, redis_client: redis.Redis, *, name: str = "wa", rate: int | None = None) -> None:
        """`rate` (messages a second) holds until an operator sets another with `set_rate`."""
        self._redis = redis_client
        self._key = f"{name}:budget"
        self._default = DEFAULT_RATE if rate is None else max(0, rate)
        self._script = redis_client.register_script(_SCRIPT)
        self._lock = threading.Lock()
        self._lost_at: float | None = None
        self._last_rate = float(self._default)
        self._floor_next = 0.0

    def take(self, wanted: int, lane: Lane, *, more: int = 0) -> Grant:
        """Ask for `wanted` messages; never raise. Who gets less than it wanted holds lower lanes back.

        So does the `more` that it will ask for in a moment, when these are on their way.
        """
        if wanted <= 0:
            return Grant(0, 0.0)
        answer = self._call("take", wanted, lane, more)
        if answer is None:
            return self._floor(wanted)
        granted, wait, rate = answer
        self._last_rate = float(rate)
        return Grant(int(granted), wait / 1e6)

    def give_back(self, count: int) -> None:
        """Return what was granted and will not be used."""
        if count > 0:
            self._call("give_back", count)

    def spend(self, count: int) -> None:
        """Count what nobody asked leave for, as inbound messages are; at most two seconds of debt."""
        if count > 0:
            self._call("spend", count)

    def slow_down(self, retry_after: float | None = None) -> None:
        """Halve the rate at once for the installation (130429, 4, 80007, HTTP 429), and pause if asked to.

        It recovers in six steps within a minute. Refusals of the same two seconds count as one.
        """
        seconds = retry_after if retry_after and math.isfinite(retry_after) and retry_after > 0 else 0.0
        self._call("slow_down", int(min(seconds, 300.0) * 1e6))

    def warm(self, width: int) -> None:
        """Tell all workers that the provider just answered so many requests at once; it holds two seconds."""
        self._call("warm", width)

    def width(self) -> int:
        """How many requests at once it answered a moment ago, to whichever worker; 0 if that is not known."""
        answer = self._call("width")
        return int(answer[0]) if answer else 0

    def set_rate(self, rate: int | None) -> None:
        """Set the installation's rate; 0 stops, None returns to the configured one. Raise if unreachable."""
        if rate is None:
            self._redis.hdel(self._key, "rate")
        else:
            self._redis.hset(self._key, "rate", str(max(0, rate)))

    def know(self, rate: int | None) -> None:
        """Say what the provider allows this number; an operator's rate goes before it. Never raises."""
        self._call("know", rate or 0)

    def rate(self) -> int:
        """Return the rate in force without what the provider slowed down."""
        return int(self.state()["rate"])

    def available(self) -> bool:
        """Whether the installation's budget can be reached, asked at most once a second while it cannot."""
        return self._call("state") is not None

    def state(self) -> dict[str, Any]:
        """Return rates (messages a second), pause and debt (seconds) and what each lane waits for."""
        answer = self._call("state")
        if answer is None:
            rate = min(FLOOR, self._last_rate)
            return {
                "reachable": False,
                "rate": self._default,
                "rate_now": rate,
                "slowed": rate < self._default,
                "pause": 0.0,
                "debt": 0.0,
                "waiting": dict.fromkeys(map(str, Lane), 0),
            }
        base, rate_now, pause, ahead, waiting = answer
        return {
            "reachable": True,
            "rate": int(float(base)),
            "rate_now": float(rate_now),
            "slowed": float(rate_now) < float(base),
            "pause": pause / 1e6,
            "debt": max(0, ahead) / 1e6,
            "waiting": {str(lane): int(count) for lane, count in zip(Lane, waiting, strict=True)},
        }

    def _call(
        self, operation: str, count: int = 0, lane: Lane = Lane.EMERGENCY, more: int = 0
    ) -> list[Any] | None:
        """Run the script; None when the server is lost (and for a second after, without asking it)."""
        lost_at = self._lost_at
        if lost_at is not None and time.monotonic() - lost_at < RETRY_AFTER:
            return None
        try:
            answer = self._script(keys=[self._key], args=[operation, self._default, count, _RANK[lane], more])
        except redis.RedisError as error:
            self._lost_at = time.monotonic()
            if lost_at is None:
                logger.warning("pacing lost its server: %s", type(error).__name__)
            return None
        if lost_at is not None:
            self._lost_at = None
            logger.info("pacing found its server again")
        return list(answer)

    def _floor(self, wanted: int) -> Grant:
        rate = min(FLOOR, self._last_rate)  # a number that was stopped stays stopped
        if rate <= 0:
            return Grant(0, 1.0, degraded=True)
        with self._lock:
            now = time.monotonic()
            if now < self._floor_next:
                return Grant(0, self._floor_next - now, degraded=True)
            self._floor_next = now + 1 / rate
        return Grant(1, 0.0 if wanted == 1 else 1 / rate, degraded=True)
