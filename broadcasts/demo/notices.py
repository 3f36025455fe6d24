"""What the demo's town has written, from data/demo_notices.json, with dates around `today`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from broadcasts.bulletins import dates
from policy.calendar import ROME

FILE = Path(__file__).resolve().parents[2] / "data" / "demo_notices.json"
ROTA = ("Farmacia Comunale 1", "Farmacia Castellani", "Farmacia Comunale 3", "Farmacia Bizzarri")
MORNING = time(9)  # today's notice leaves before it
_MARK = re.compile(r"@\+(\d+)(?: (\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class DemoNotice:
    """`notice` is in the form of data/avvisi.json; `leaves` is when it left or is to leave."""

    notice: dict[str, Any]
    leaves: datetime
    valid_until: datetime
    state: str


def around(now: datetime) -> list[DemoNotice]:
    """Every notice of the demo, oldest first: sent, scheduled, waiting, begun.

    «Today's» left this morning, or yesterday when the morning has not come yet.
    """
    entries = json.loads(FILE.read_text(encoding="utf-8"))["notices"]
    local = now.astimezone(ROME)
    begun = local.time() >= MORNING
    return [_dated(e | {"leaves": e["leaves"] or (0 if begun else -1)}, local.date()) for e in entries]


def _dated(entry: dict[str, Any], today: date) -> DemoNotice:
    days = entry["leaves"]
    day = today + timedelta(days=days)
    if days:
        day = _working_day(day, 1 if days > 0 else -1)
    leaves = datetime.combine(day, time.fromisoformat(entry["at"]), ROME)
    if "pharmacy_week" in entry:
        saturday = today - timedelta(days=(today.weekday() - 5) % 7) + timedelta(weeks=entry["pharmacy_week"])
        until = datetime.combine(saturday + timedelta(days=7), time(8), ROME)
        return DemoNotice(pharmacy_week(saturday), leaves, until, entry["state"])
    until = datetime.fromisoformat(_resolved(entry["valid_until"], day))
    return DemoNotice(_resolved(entry["notice"], day), leaves, until, entry["state"])


def _working_day(day: date, step: int) -> date:
    """The nearest Monday to Friday at or beyond `day`, walking by `step` days."""
    while day.weekday() >= 5:
        day += timedelta(days=step)
    return day


def _resolved(value: Any, day: date) -> Any:
    """The same data with every «@+days hh:mm» made a date or a moment."""
    if isinstance(value, dict):
        return {name: _resolved(each, day) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, day) for each in value]
    mark = _MARK.fullmatch(value) if isinstance(value, str) else None
    if mark is None:
        return value
    then = day + timedelta(days=int(mark[1]))
    return (
        datetime.combine(then, time.fromisoformat(mark[2]), ROME).isoformat() if mark[2] else then.isoformat()
    )


def pharmacy_week(saturday: date) -> dict[str, Any]:
    """The rota from one Saturday to the Friday after it."""
    days = [saturday + timedelta(days=n) for n in range(7)]
    return {
        "category": "farmacie",
        "severity": "routine",
        "title": f"Farmacie di turno {dates.days(days[0], days[-1])}",
        "zones": [],
        "text": f"Le farmacie di turno a Empoli {dates.days(days[0], days[-1])}.",
        "fields": {
            "week_from": saturday.isoformat(),
            "shifts": [
                {"date": day.isoformat(), "pharmacies": [ROTA[day.toordinal() % len(ROTA)]]} for day in days
            ],
            "night": "dalle 20 alle 8 a battenti chiusi, con ricetta urgente",
        },
    }
