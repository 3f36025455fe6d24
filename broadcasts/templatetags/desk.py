"""Numbers and moments as the office writes them."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.translation import gettext as _

from broadcasts.durations import duration_words
from broadcasts.forecast import grouped
from broadcasts.spending import euros
from policy.calendar import DAYS, MONTHS, ROME, say_day
from policy.page import language

register = template.Library()
register.filter("grouped", grouped)
register.filter("euros", euros)
register.filter("lasting", duration_words)


@register.filter
def on_day(at: datetime | date) -> str:
    """«lunedì 30 novembre 2026»."""
    day = at.astimezone(ROME).date() if isinstance(at, datetime) else at
    return say_day(day, language(), with_year=True)


@register.filter
def weekday_name(day: date) -> str:
    """«lunedì»."""
    return DAYS[language()][day.weekday()]


@register.filter
def month_name(day: date) -> str:
    """«novembre»."""
    return MONTHS[language()][day.month - 1]


@register.filter
def moment(at: datetime) -> str:
    """«lunedì 30 novembre 2026, ore 17:00»."""
    local = at.astimezone(ROME)
    day = say_day(local.date(), language(), with_year=True)
    return _("%(day)s, ore %(clock)s") % {"day": day, "clock": f"{local.hour}:{local.minute:02}"}


@register.filter
def clock(at: datetime) -> str:
    """«17:00:05»."""
    return f"{at.astimezone(ROME):%H:%M:%S}"
