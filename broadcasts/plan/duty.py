"""Which pharmacies are on duty now and tonight, by the newest rota that was approved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from broadcasts.plan.models import PharmacyShift
from broadcasts.plan.weeks import NIGHT_ENDS
from policy.calendar import ROME

_HOURS = re.compile(r"\d{1,2}(?:[:.,]\d{2})?")


@dataclass(frozen=True, slots=True)
class OnDuty:
    """`day` is the day that `today` is about; `tonight` is the night that is on, or the next one."""

    day: date
    today: tuple[PharmacyShift, ...]
    tonight: tuple[PharmacyShift, ...]
    night_now: bool


def on_duty(now: datetime) -> OnDuty | None:
    """The shifts of the moment; None if no approved rota names anybody for today or tonight."""
    local = now.astimezone(ROME)
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    last_night = _shifts(yesterday, PharmacyShift.Period.NIGHT)
    still = bool(last_night) and local.time() < max(_night_end(shift.hours) for shift in last_night)
    days = _shifts(today, PharmacyShift.Period.DAY)
    nights = last_night if still else _shifts(today, PharmacyShift.Period.NIGHT)
    if not days and not nights:
        return None
    return OnDuty(today, days, nights, still)


def shift_words(shift: PharmacyShift, language: str = "it") -> str:
    """«Farmacia Bini, via Roma 2 (9-13), tel. 0571 76741»."""
    where = f", {shift.address}" if shift.address else ""
    hours = f" ({shift.hours})" if shift.hours else ""
    phone = f", {'phone' if language == 'en' else 'tel.'} {shift.phone}" if shift.phone else ""
    return f"{shift.name}{where}{hours}{phone}"


def _shifts(day: date, period: str) -> tuple[PharmacyShift, ...]:
    """Of the newest approved rota that says anything of that day."""
    found = PharmacyShift.objects.filter(date=day, rota__approved_at__isnull=False)
    newest = found.order_by("-rota_id").values_list("rota_id", flat=True).first()
    return tuple(found.filter(rota_id=newest, period=period).order_by("id")) if newest else ()


def _night_end(hours: str) -> time:
    """The last hour that is written, if it is one of a morning: «20-8» is eight o'clock."""
    written = _HOURS.findall(hours)
    if len(written) < 2:
        return NIGHT_ENDS
    hour, _dot, minute = re.sub("[.,]", ":", written[-1]).partition(":")
    return time(int(hour), int(minute or 0)) if int(hour) < 12 and int(minute or 0) < 60 else NIGHT_ENDS
