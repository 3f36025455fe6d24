"""From shifts to the weekly messages: what each week's notice says and when it leaves. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from broadcasts.bulletins import dates
from broadcasts.plan.shifts import DAY, NIGHT, Shift
from policy.calendar import localise

WEEK = timedelta(days=7)
NIGHT_ENDS = time(8)  # of the morning after, where the hours do not say


@dataclass(frozen=True, slots=True)
class Week:
    """One weekly notice: `fields` are those of its kind, `valid_until` the morning after its last night."""

    first: date
    title: str
    fields: dict[str, Any]
    valid_until: datetime


def weeks_of(shifts: Iterable[Shift], *, week_start: int, night_note: str = "") -> list[Week]:
    """The weeks that these shifts cover; `week_start` is a weekday, Monday being 0."""
    by_week: dict[date, list[Shift]] = {}
    for shift in sorted(shifts, key=lambda s: (s.date, s.period, s.name)):
        first = shift.date - timedelta(days=(shift.date.weekday() - week_start) % 7)
        by_week.setdefault(first, []).append(shift)
    return [_week(first, by_week[first], night_note) for first in sorted(by_week)]


def leaves_at(week: Week, *, days_before: int, at: time, now: datetime) -> datetime | None:
    """When the week's notice is due; None, as soon as it is approved, where that moment is past."""
    due = localise(datetime.combine(week.first - timedelta(days=days_before), at))
    return due if due > now else None


def _week(first: date, shifts: list[Shift], night_note: str) -> Week:
    days, nights = _names(shifts, DAY), _names(shifts, NIGHT)
    last = first + WEEK - timedelta(days=1)
    fields: dict[str, Any] = {
        "week_from": first.isoformat(),
        "shifts": [{"date": day.isoformat(), "pharmacies": names} for day, names in days.items()],
        "more": _page(shifts),
    }
    night = "; ".join(part for part in (_nights(nights), night_note.strip().rstrip(".")) if part)
    if night:
        fields["night"] = night
    until = localise(datetime.combine(first + WEEK, NIGHT_ENDS)) if nights else dates.day_end(last)
    return Week(first, f"Farmacie di turno {dates.days(first, last)}", fields, until)


def _names(shifts: Iterable[Shift], period: str) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for shift in shifts:
        if shift.period == period:
            found.setdefault(shift.date, []).append(shift.name)
    return found


def _nights(nights: dict[date, list[str]]) -> str:
    """«da sabato 28 a lunedì 30 Farmacia Bini; martedì 1° Farmacia Conti»; the name alone if one has all."""
    runs: list[tuple[date, date, str]] = []
    for day, names in nights.items():
        who = " + ".join(names)
        if runs and runs[-1][2] == who and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day, who)
        else:
            runs.append((day, day, who))
    if len(runs) == 1 and len(nights) == WEEK.days:
        return runs[0][2]
    return "; ".join(f"{_short_span(first, last)} {who}" for first, last, who in runs)


def _short_span(first: date, last: date) -> str:
    begin, end = (dates.day(day, month=False) for day in (first, last))
    return begin if first == last else f"da {begin} a {end}"


def _page(shifts: Iterable[Shift]) -> str:
    """The public page's lines: every pharmacy once, with what a caller needs."""
    known: dict[str, str] = {}
    for shift in shifts:
        hours = f"{'di notte' if shift.period == NIGHT else 'orario'} {shift.hours}" if shift.hours else ""
        phone = f"tel. {shift.phone}" if shift.phone else ""
        line = ", ".join(part for part in (shift.address, hours, phone) if part)
        if line:
            known.setdefault(f"{shift.name}: {line}", "")
    return "\n".join(known)
