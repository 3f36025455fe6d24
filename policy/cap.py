"""The monthly promise: how many routine messages one person may still get this month.

Pure. A promise of zero means none, and it is kept; there is no value for «without limit».
"""

from __future__ import annotations

GENERAL = ""  # the counter shared by the categories that have no promise of their own


def limit_for(own: int | None, general: int) -> int:
    """The promise that holds for a category: its own, or where it has none (None) the general one."""
    return general if own is None else own


def counter_for(slug: str, own: int | None) -> str:
    """The counter that a message of a category is charged to: its slug, or `GENERAL`."""
    return GENERAL if own is None else slug


def allowance(limit: int, used: int) -> int:
    """How many more may leave this month; never below zero, also after a promise was lowered."""
    return max(0, limit - used)
