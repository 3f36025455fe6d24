"""When the last message leaves: so many people, at so many a second, within the hours and the daily limit.

Pure; tested against what the engine then does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.calendar import Hours, Severity, may_leave_at, must_stop_at

DAY = timedelta(hours=24)
MOST_WINDOWS = 400  # openings looked at: more than a year of a service that opens once a day
MOST_DAYS = 120


@dataclass(frozen=True, slots=True)
class Terms:
    """`rate` is messages a second; `night_reason` that somebody gave one."""

    rate: float
    severity: Severity
    hours: Hours
    night_reason: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """How many people the provider still lets us write to now, when that number is next whole again, and
    what it then is."""

    now: int
    a_day: int
    whole_at: datetime


def last_leaves(people: int, start: datetime, terms: Terms, room: Room | None = None) -> datetime | None:
    """When the last of `people` leaves if the first does at `start`; None if never, or not for a year."""
    if people <= 0:
        return start
    if room is None or people <= room.now:
        return _within_hours(people, start, terms)
    if room.a_day <= 0:
        return None
    end: datetime | None = start if room.now <= 0 else _within_hours(room.now, start, terms)
    rest, again = people - max(room.now, 0), room.whole_at
    for _day in range(MOST_DAYS):
        if end is None:
            return None
        today = min(rest, room.a_day)
        end, rest, again = _within_hours(today, max(end, again), terms), rest - today, again + DAY
        if rest <= 0:
            return end
    return None


def _within_hours(people: int, start: datetime, terms: Terms) -> datetime | None:
    """As if there were no daily limit: through the openings, one after the other."""
    if terms.rate <= 0:
        return None
    left, moment = timedelta(seconds=people / terms.rate), start
    for _window in range(MOST_WINDOWS):
        opening = may_leave_at(terms.severity, moment, terms.hours, night_reason=terms.night_reason).at
        if opening is None:
            return None
        closing = must_stop_at(terms.severity, opening, terms.hours, night_reason=terms.night_reason)
        if closing is None or closing - opening >= left:
            return opening + left
        left, moment = left - (closing - opening), closing
    return None
