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
    """One weekly notice: `fields` are those of its kind, `valid_until` the morning after its last night;
    `days` and `nights` are its shifts in a few words."""

    first: date
    title: str
    fields: dict[str, Any]
    valid_until: datetime
    days: str
    nights: str


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
    fields: dict[str, Any] = {"week_from": first.isoformat(), "shifts": _stored(days)}
    if nights:
        fields["nights"] = _stored(nights)
    if night_note.strip():
        fields["night"] = night_note.strip()
    if known := _pharmacies(shifts):
        fields["pharmacies"] = known
    until = localise(datetime.combine(first + WEEK, NIGHT_ENDS)) if nights else dates.day_end(last)
    title = f"Farmacie di turno {dates.days(first, last)}"
    return Week(first, title, fields, until, _words(days), _words(nights))


def _names(shifts: Iterable[Shift], period: str) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for shift in shifts:
        if shift.period == period:
            found.setdefault(shift.date, []).append(shift.name)
    return found


def _stored(days: dict[date, list[str]]) -> list[dict[str, Any]]:
    return [{"date": day.isoformat(), "pharmacies": names} for day, names in days.items()]


def _words(days: dict[date, list[str]]) -> str:
    return dates.runs([(day, " + ".join(names)) for day, names in days.items()])


def _pharmacies(shifts: Iterable[Shift]) -> list[dict[str, str]]:
    """Each pharmacy once, with what one needs to find and call it."""
    found: dict[str, dict[str, str]] = {}
    for shift in shifts:
        known = found.setdefault(shift.name, {"name": shift.name, "address": "", "hours": "", "phone": ""})
        hours = f"di notte {shift.hours}" if shift.period == NIGHT and shift.hours else shift.hours
        known["address"] = known["address"] or shift.address
        known["phone"] = known["phone"] or shift.phone
        if hours and hours not in known["hours"]:
            known["hours"] = ", ".join(part for part in (known["hours"], hours) if part)
    return [one for one in found.values() if one["address"] or one["hours"] or one["phone"]]
