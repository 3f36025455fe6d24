"""What every template may need: the town, and whether the business clock was moved."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from policy.as_visitor import is_for_a_file
from policy.facts import restraint_today
from policy.look import crest_address
from policy.models import TownProfile
from whatsempoli import clock


def town(request: HttpRequest) -> dict[str, Any]:
    """`town`, `crest` (its address or ""), `restraint` (what it holds itself back from today), `demo`,
    `training`, `simulator_url`, and `clock_moved` (a timedelta, None when it was not)."""
    profile = cast(TownProfile, SimpleLazyObject(TownProfile.current))
    demo = settings.DEMO and not is_for_a_file(request)
    return {
        "town": profile,
        "crest": SimpleLazyObject(lambda: crest_address(profile)),
        "restraint": SimpleLazyObject(lambda: restraint_today(profile, clock.now())),
        "demo": demo,
        "training": settings.TRAINING,
        "simulator_url": settings.SIMULATOR_URL,
        "business_now": clock.now() if demo else None,
        "clock_moved": (clock.offset() or None) if demo else None,
    }
