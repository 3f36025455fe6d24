"""On which days a notice comes back. Pure; the calendar arithmetic is dateutil's."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import MONTHLY, WEEKLY, YEARLY, rrule, weekday

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import DayField, MomentField
from broadcasts.bulletins.forms import BulletinForm
from policy.calendar import ROME, localise

WEEKS_OF_A_MONTH = 4  # a fifth Monday is «the last Monday», since not every month has one


def days_of(rule: str, first: date, *, interval: int, after: date, until: date) -> list[date]:
    """The days of a series later than `after` and not later than `until`, its first one included.

    The 29th, 30th and 31st of a month are its last day where it is shorter; the 29th of February is the
    last day of February.
    """
    every = rrule(
        dtstart=datetime.combine(first, time(0)),
        until=datetime.combine(until, time(0)),
        interval=interval,
        **_options(rule, first),
    )
    return [moment.date() for moment in every if moment.date() > after]


def _options(rule: str, first: date) -> dict[str, Any]:
    match rule:
        case "weekly":
            return {"freq": WEEKLY}
        case "monthly_day":
            return {"freq": MONTHLY} | _number(first.day)
        case "monthly_weekday":
            nth = (first.day - 1) // 7 + 1
            return {
                "freq": MONTHLY,
                "byweekday": weekday(first.weekday(), nth if nth <= WEEKS_OF_A_MONTH else -1),
            }
        case "yearly":
            leap = (first.month, first.day) == (2, 29)
            number = {"bymonthday": -1} if leap else {"bymonthday": first.day}
            return {"freq": YEARLY, "bymonth": first.month} | number
        case _:
            raise ValueError(f"There is no rule «{rule}».")


def _number(day: int) -> dict[str, Any]:
    """The day of a month; beyond the 28th, the latest of these days that the month has."""
    if day <= 28:
        return {"bymonthday": day}
    return {"bymonthday": list(range(28, day + 1)), "bysetpos": -1}


def moved(form: type[BulletinForm], fields: dict[str, Any], by: timedelta) -> dict[str, Any]:
    """A notice's stored fields with every day and moment moved by so many days; the clock on the wall
    stays, also across the change of hour."""
    changed = dict(fields)
    for name, field in form.base_fields.items():
        value = fields.get(name)
        if not isinstance(value, str) or not value:
            continue
        if isinstance(field, MomentField):
            local = dates.read_moment(value).astimezone(ROME)
            wall = datetime.combine(local.date() + by, local.time())
            changed[name] = localise(wall).isoformat(timespec="minutes")
        elif isinstance(field, DayField):
            changed[name] = (date.fromisoformat(value) + by).isoformat()
    return changed


def first_day_of(form: type[BulletinForm], fields: dict[str, Any]) -> date | None:
    """The earliest day that the fields name: what a series made from them counts from."""
    found = []
    for name, field in form.base_fields.items():
        value = fields.get(name)
        if not isinstance(value, str) or not value or name in ("remind_at", "fallback_date"):
            continue
        if isinstance(field, MomentField):
            found.append(dates.read_moment(value).astimezone(ROME).date())
        elif isinstance(field, DayField):
            found.append(date.fromisoformat(value))
    return min(found, default=None)
