"""When a message may leave: service hours, closed days, the night.

Pure: the moment and the hours are parameters, and every answer is a value. Windows are half-open
(`start` belongs to the window, `end` does not) and a window whose end is not after its start crosses
midnight and is one window, which belongs to the day on which it begins. Every comparison is made in
UTC, because Python compares two moments of one zone by their wall clock and the last Sunday of October
has one hour twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import holidays

ROME = ZoneInfo("Europe/Rome")
# A year and a day: past that, hours that never open are a mistake of the town's and not a wait.
HORIZON_DAYS = 367


class Severity(StrEnum):
    """How much a message may disturb, from the least to the most."""

    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Window:
    """An opening of one weekday (0 is Monday), half-open; `end <= start` crosses midnight."""

    weekday: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class NightQuiet:
    """The hours of every night, half-open; equal edges mean that the town keeps no quiet hours."""

    start: time = time(22)
    end: time = time(7)


@dataclass(frozen=True, slots=True)
class Hours:
    """When unprompted messages may leave. `own_days` are (month, day) pairs the town adds to the
    national holidays, its patron's day for one."""

    windows: tuple[Window, ...]
    night: NightQuiet = NightQuiet()
    own_days: frozenset[tuple[int, int]] = frozenset()


class LeaveReason(StrEnum):
    """Why a message leaves at the moment that was computed."""

    NOW = "now"
    EMERGENCY = "emergency"
    HOURS = "hours"
    HOLIDAY = "holiday"
    NIGHT = "night"
    NIGHT_REASON = "night_reason"
    NEVER = "never"


REASON_WORDS = {
    LeaveReason.NOW: "può partire subito",
    LeaveReason.EMERGENCY: "è un'emergenza: parte a qualunque ora",
    LeaveReason.HOURS: "è fuori dagli orari di servizio",
    LeaveReason.HOLIDAY: "è un giorno di festa, il servizio è chiuso",
    LeaveReason.NIGHT: "di notte non si disturba",
    LeaveReason.NIGHT_REASON: "parte di notte per il motivo indicato",
    LeaveReason.NEVER: "con questi orari il servizio non apre mai",
}


@dataclass(frozen=True, slots=True)
class Leave:
    """The first moment at which a message may leave; `at` is None if there is none within a year."""

    at: datetime | None
    reason: LeaveReason

    @property
    def words(self) -> str:
        """The reason in Italian, without a capital and without a stop."""
        return REASON_WORDS[self.reason]


def localise(naive: datetime) -> datetime:
    """A wall-clock time of Rome as a moment.

    An hour that comes twice (last Sunday of October) is its first occurrence; one that does not exist
    (last Sunday of March) is moved forward by the gap: 02:30 becomes 03:30.
    """
    return naive.replace(tzinfo=ROME, fold=0).astimezone(UTC).astimezone(ROME)


@cache
def national_holidays(year: int) -> frozenset[date]:
    """The Italian public holidays of a year, without those of any single city."""
    return frozenset(holidays.Italy(years=year, language="it_IT"))


@cache
def holiday_names(year: int, language: str = "it") -> dict[date, str]:
    """What each national holiday of a year is called."""
    known = "en_US" if language == "en" else "it_IT"
    return dict(holidays.Italy(years=year, language=known).items())


def is_closed_day(day: date, hours: Hours) -> bool:
    return (day.month, day.day) in hours.own_days or day in national_holidays(day.year)


def is_open(at: datetime, hours: Hours) -> bool:
    """Whether `at` lies in a service window. Says nothing of the night."""
    moment = at.astimezone(UTC)
    first = at.astimezone(ROME).date() - timedelta(days=1)
    return any(start <= moment < end for start, end in _openings(first, 2, hours))


def next_open(at: datetime, hours: Hours) -> datetime | None:
    """`at` itself if the service is open, else its next opening; None if there is none within a year."""
    if is_open(at, hours):
        return at.astimezone(ROME)
    moment = at.astimezone(UTC)
    for day_starts in _openings_by_day(at.astimezone(ROME).date(), HORIZON_DAYS, hours):
        later = [start for start, _ in day_starts if start > moment]
        if later:
            return min(later).astimezone(ROME)
    return None


def closes_at(at: datetime, hours: Hours) -> datetime | None:
    """The end of the opening that `at` lies in, windows that touch being one; None if it is closed."""
    if not is_open(at, hours):
        return None
    end = at.astimezone(UTC)
    first = at.astimezone(ROME).date() - timedelta(days=1)
    for start, stop in sorted(_openings(first, 9, hours)):
        if start <= end < stop:
            end = stop
    return end.astimezone(ROME)


def is_night(at: datetime, hours: Hours) -> bool:
    return _night_around(at, hours) is not None


def night_end(at: datetime, hours: Hours) -> datetime:
    """`at` itself by day, else the end of the night it lies in."""
    night = _night_around(at, hours)
    return at.astimezone(ROME) if night is None else night[1].astimezone(ROME)


def may_leave_at(severity: Severity, at: datetime, hours: Hours, *, night_reason: bool = False) -> Leave:
    """The first moment, never before `at`, at which a message of this severity may leave.

    A routine message waits for the service and for the end of the night, an urgent one for the end of
    the night unless somebody gave a reason, an emergency for nothing.
    """
    now = at.astimezone(ROME)
    if severity is Severity.EMERGENCY:
        return Leave(now, LeaveReason.EMERGENCY)
    if severity is Severity.URGENT:
        if not is_night(at, hours):
            return Leave(now, LeaveReason.NOW)
        if night_reason:
            return Leave(now, LeaveReason.NIGHT_REASON)
        return Leave(night_end(at, hours), LeaveReason.NIGHT)
    moment = _routine_moment(at, hours)
    if moment is None:
        return Leave(None, LeaveReason.NEVER)
    if moment.astimezone(UTC) == at.astimezone(UTC):
        return Leave(now, LeaveReason.NOW)
    return Leave(moment, _why_closed(at, hours))


def must_stop_at(
    severity: Severity, at: datetime, hours: Hours, *, night_reason: bool = False
) -> datetime | None:
    """When a message that may leave at `at` must stop leaving; None if nothing stops it.

    Returns `at` itself for a message that may not leave now.
    """
    leave = may_leave_at(severity, at, hours, night_reason=night_reason)
    if leave.at is None or leave.at.astimezone(UTC) > at.astimezone(UTC):
        return at.astimezone(ROME)
    if severity is Severity.EMERGENCY or (severity is Severity.URGENT and night_reason):
        return None
    night = next_night(at, hours)
    if severity is Severity.URGENT:
        return night
    ends = [end for end in (closes_at(at, hours), night) if end is not None]
    return min(ends, key=lambda end: end.astimezone(UTC))


def next_night(at: datetime, hours: Hours) -> datetime | None:
    """When the next night begins, `at` itself inside one; None if the town keeps no quiet hours."""
    if is_night(at, hours):
        return at.astimezone(ROME)
    first = at.astimezone(ROME).date()
    later = [start for start, _ in _nights(first, 2, hours) if start > at.astimezone(UTC)]
    return min(later).astimezone(ROME) if later else None


def month_of(at: datetime) -> date:
    """The first day of the month in which `at` falls in Rome."""
    return at.astimezone(ROME).date().replace(day=1)


def check_edges(hours: Hours) -> list[str]:
    """What is wrong with these hours, a sentence each, in Italian; empty if nothing is.

    An edge between 02:00 and 03:00 exists twice one night a year and not at all on another.
    """
    named = [
        (f"l'orario del {DAYS['it'][w.weekday]}", edge) for w in hours.windows for edge in (w.start, w.end)
    ]
    named += [("la quiete notturna", edge) for edge in (hours.night.start, hours.night.end)]
    return [
        f"Per {name}: le {edge:%H:%M} non vanno bene, perché tra le 2 e le 3 cambia l'ora legale."
        for name, edge in named
        if time(2) <= edge < time(3)
    ]


DAYS = {
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    "it": (
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
        *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
NEAR_DAYS = {"it": ("oggi", "domani"), "en": ("today", "tomorrow")}


def say_when(at: datetime, now: datetime, language: str = "it") -> str:
    """A moment in words, seen from `now`: «oggi alle 15:00», «domani alle 9:00»,
    «lunedì 30 novembre alle 9:00», with the year when it is not this one."""
    local, today = at.astimezone(ROME), now.astimezone(ROME).date()
    clock = say_time(local, language)
    away = (local.date() - today).days
    if away in (0, 1):
        return f"{NEAR_DAYS[language][away]} {clock}"
    return f"{say_day(local.date(), language, with_year=local.year != today.year)} {clock}"


def say_day(day: date, language: str = "it", *, with_year: bool = False) -> str:
    """«lunedì 30 novembre», «martedì 1° dicembre»."""
    number = "1°" if language == "it" and day.day == 1 else str(day.day)
    year = f" {day.year}" if with_year else ""
    return f"{DAYS[language][day.weekday()]} {number} {MONTHS[language][day.month - 1]}{year}"


def say_month(month: date, language: str = "it") -> str:
    """«novembre 2026»."""
    return f"{MONTHS[language][month.month - 1]} {month.year}"


def say_time(at: datetime, language: str = "it") -> str:
    """«alle 9:00», «all'1:00»: the hour in Rome, with the preposition it wants."""
    local = at.astimezone(ROME)
    clock = f"{local.hour}:{local.minute:02}"
    if language == "en":
        return f"at {clock}"
    return f"all'{clock}" if local.hour == 1 else f"alle {clock}"


def _routine_moment(at: datetime, hours: Hours) -> datetime | None:
    """The first moment from `at` on that is inside the service and outside the night."""
    moment, limit = at, at + timedelta(days=HORIZON_DAYS)
    while moment.astimezone(UTC) <= limit.astimezone(UTC):
        opened = next_open(moment, hours)
        if opened is None:
            return None
        moment = night_end(opened, hours)
        if moment.astimezone(UTC) == opened.astimezone(UTC):
            return moment
    return None


def _why_closed(at: datetime, hours: Hours) -> LeaveReason:
    if is_open(at, hours):
        return LeaveReason.NIGHT
    if is_closed_day(at.astimezone(ROME).date(), hours):
        return LeaveReason.HOLIDAY
    return LeaveReason.HOURS


def _openings(first: date, days: int, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    for openings in _openings_by_day(first, days, hours):
        yield from openings


def _openings_by_day(first: date, days: int, hours: Hours) -> Iterator[list[tuple[datetime, datetime]]]:
    for offset in range(days):
        day = first + timedelta(days=offset)
        if is_closed_day(day, hours):
            continue
        yield [_span(day, w.start, w.end) for w in hours.windows if w.weekday == day.weekday()]


def _nights(first: date, days: int, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    night = hours.night
    if night.start == night.end:
        return
    for offset in range(days):
        yield _span(first + timedelta(days=offset), night.start, night.end)


def _night_around(at: datetime, hours: Hours) -> tuple[datetime, datetime] | None:
    moment = at.astimezone(UTC)
    first = at.astimezone(ROME).date() - timedelta(days=1)
    return next((n for n in _nights(first, 2, hours) if n[0] <= moment < n[1]), None)


def _span(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    """The two edges of a window that begins on `day`, in UTC."""
    last = day + timedelta(days=1) if end <= start else day
    return (
        localise(datetime.combine(day, start)).astimezone(UTC),
        localise(datetime.combine(last, end)).astimezone(UTC),
    )
