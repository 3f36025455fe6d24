"""Counts over a million rows take a second; a page asks for them at every look. Kept for a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from redis import RedisError

log = logging.getLogger(__name__)
SECONDS = 60
T = TypeVar("T")


def remembered(key: str, make: Callable[[], T], *, worth: Callable[[T], bool]) -> T:
    """What `make` returns, at most a minute old where it is `worth` keeping; always fresh where it is not,
    and while the cache is away."""
    try:
        found: Any = cache.get(key)
        if found is None:
            found = make()
            if worth(found):
                cache.set(key, found, SECONDS)
    except RedisError as error:
        log.warning("The cache is away: %s", type(error).__name__)
        return make()
    made: T = found
    return made
