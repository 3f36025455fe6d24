"""Business time: what every rule takes as `now`. Leases and time-outs use real time instead.

The demo and the rehearsal move it for all processes at once through the cache; a real installation
never does, and pays nothing for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

_KEY = "business-clock-offset"  # seconds


def offset() -> timedelta:
    """How far business time stands from real time; zero outside the demo."""
    if not settings.DEMO:
        return timedelta(0)
    return timedelta(seconds=float(cache.get(_KEY) or 0))


def now() -> datetime:
    """The business time, aware, in UTC. Read it once and pass it on."""
    return timezone.now() + offset()


def real_now() -> datetime:
    """The real time, for leases and time-outs."""
    return timezone.now()


def move_to(moment: datetime | None) -> None:
    """Set the business clock for every process; None puts it back to real time. Demo only."""
    if not settings.DEMO:
        raise RuntimeError("The business clock moves only in the demo.")
    if moment is None:
        cache.delete(_KEY)
    else:
        cache.set(_KEY, (moment - timezone.now()).total_seconds(), timeout=None)
