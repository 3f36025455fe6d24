"""«Calendario»: a month or a week of what went and what will go. A table for a screen, a list on a phone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from broadcasts.bulletins import dates
from broadcasts.plan.month import fill, month_days, promises, week_days
from policy.calendar import DAYS, MONTHS, ROME
from policy.page import language
from whatsempoli import clock

_MONTH = re.compile(r"^(20\d{2})-(0[1-9]|1[0-2])$")
ADDRESS = "admin:broadcasts_broadcast_calendar"


def calendar_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """`?mese=2026-11`, or `?settimana=2026-11-24` for the week of that day; without either, this month."""
    now = clock.now()
    today = now.astimezone(ROME).date()
    if "settimana" in request.GET:
        week = week_days(_day(request.GET["settimana"]))
        first, days, month = week[0], week, None
        title = dates.days(week[0], week[-1], language(), year=True)
        step = timedelta(days=7)
        before, after = (f"?settimana={(week[0] + move).isoformat()}" for move in (-step, step))
    else:
        first = _month(request.GET.get("mese") or f"{today:%Y-%m}")
        days, month = month_days(first), first.month
        title = f"{MONTHS[language()][first.month - 1]} {first.year}"
        before = f"?mese={first - timedelta(days=1):%Y-%m}"
        after = f"?mese={first.replace(day=28) + timedelta(days=7):%Y-%m}"
    filled = fill(days, now, month)
    context |= {
        "title": _("Calendario"),
        "heading": title[:1].upper() + title[1:],
        "weeks": [filled[n : n + 7] for n in range(0, len(filled), 7)],
        "weekdays": DAYS[language()],
        "weekly": month is None,
        "before": before,
        "after": after,
        "this_month": f"?mese={first:%Y-%m}",
        "this_week": f"?settimana={(today if first <= today <= days[-1] else first).isoformat()}",
        "promises": promises(first.replace(day=1)),
        "promise_month": f"{MONTHS[language()][first.month - 1]} {first.year}",
        "list_url": reverse("admin:broadcasts_broadcast_changelist"),
    }
    return TemplateResponse(request, "desk/calendar.html", context)


def _month(written: str) -> date:
    if not _MONTH.match(written):
        raise Http404
    return date.fromisoformat(f"{written}-01")


def _day(written: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Http404 from None
    if not 2000 < day.year < 2100:
        raise Http404
    return day
