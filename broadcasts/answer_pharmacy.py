"""Which pharmacy is on duty, for who asks: by the year's rota, or by the newest week that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.urls import reverse

from broadcasts.answer_scene import Scene
from broadcasts.models import Broadcast
from broadcasts.plan.duty import OnDuty, on_duty, shift_words
from broadcasts.plan.models import PharmacyShift
from broadcasts.plan.rota import KIND as ROTA_KIND
from broadcasts.states import PUBLIC, State
from policy.calendar import ROME, say_day


def on_duty_words(slug: str, scene: Scene) -> dict[str, str] | None:
    """Who is on duty today by the newest rota that was sent; None if none says it, or if it was
    corrected since: then the notices themselves are the answer."""
    today = scene.now.astimezone(ROME).date()
    found = on_duty(scene.now) if slug == ROTA_KIND.categories[0] else None
    if found and not _said_otherwise(found):
        return _by_rota(found, scene)
    rotas = Broadcast.objects.filter(
        kind="pharmacy_week",
        category__slug=slug,
        state__in=PUBLIC - {State.CANCELLED},
        started_at__isnull=False,
        started_at__gte=scene.now - timedelta(days=60),
    ).order_by("-started_at")
    for rota in rotas[:10]:
        pharmacies = _shift(rota.fields, today)
        if pharmacies and not rota.follow_ups.filter(started_at__isnull=False).exists():
            night = str(rota.fields.get("night") or "").rstrip(". ")
            return {
                "day": say_day(today, scene.language),
                "pharmacies": pharmacies,
                "night": night or scene.small("no_night"),
                "link": scene.site_url + rota.get_absolute_url(),
            }
    return None


def _said_otherwise(found: OnDuty) -> bool:
    """The message of the day's week was changed before it left, or followed by another since: then the
    notices say it better than the rota."""
    weeks = Broadcast.objects.filter(
        rota__isnull=False,
        started_at__isnull=False,
        occurrence__lte=found.day,
        occurrence__gt=found.day - timedelta(days=7),
    )
    names = ", ".join(shift.name for shift in found.today)
    return any(
        _shift(week.fields, found.day) != names or week.follow_ups.filter(started_at__isnull=False).exists()
        for week in weeks
    )


def _by_rota(found: OnDuty, scene: Scene) -> dict[str, str]:
    def words(shifts: Sequence[PharmacyShift]) -> str:
        return "; ".join(shift_words(shift, scene.language) for shift in shifts).rstrip(". ")

    week = Broadcast.objects.filter(
        rota__isnull=False, started_at__isnull=False, state__in=PUBLIC, occurrence__lte=found.day
    )
    last = week.order_by("-occurrence").first()
    page = last.get_absolute_url() if last else reverse("notices") + f"?argomento={ROTA_KIND.categories[0]}"
    return {
        "day": say_day(found.day, scene.language),
        "pharmacies": words(found.today) or scene.small("none"),
        "night": words(found.tonight) or scene.small("no_night"),
        "link": scene.site_url + page,
    }


def _shift(fields: dict[str, Any], day: date) -> str:
    """The pharmacies of a day in a stored rota, "" if it does not name any."""
    for shift in fields.get("shifts") or []:
        if shift.get("date") == day.isoformat():
            return ", ".join(shift.get("pharmacies") or [])
    return ""
