"""What every template may need: the town, and whether the business clock was moved."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from policy.look import crest_address
from policy.models import TownProfile
from whatsempoli import clock


def town(request: HttpRequest) -> dict[str, Any]:
    """`town`, `crest` (its address or ""), `demo`, `training`, `simulator_url`, and `clock_moved` (a
    timedelta, None when it was not)."""
    return {
        "town": SimpleLazyObject(TownProfile.current),
        "crest": SimpleLazyObject(crest_address),
        "demo": settings.DEMO,
        "training": settings.TRAINING,
        "simulator_url": settings.SIMULATOR_URL,
        "business_now": clock.now() if settings.DEMO else None,
        "clock_moved": (clock.offset() or None) if settings.DEMO else None,
    }
