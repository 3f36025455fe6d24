"""System checks of the town's own hours, as they stand in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError

from policy.calendar import check_edges
from policy.live import live_rules


def hours(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Edges between 02:00 and 03:00 do not exist, or come twice, on two days of the year.

    Runs where the database is asked for (`migrate`, `check --database default`).
    """
    if not databases:
        return []
    try:
        rules = live_rules()
    except DatabaseError:  # before the first migration
        return []
    found = check_edges(rules.hours)
    found += [
        problem for category in rules.categories for problem in check_edges(rules.hours_of(category.slug))
    ]
    return [
        checks.Error(problem, hint="Change the hours in the admin (Profilo del Comune).", id="policy.E001")
        for problem in dict.fromkeys(found)
    ]
