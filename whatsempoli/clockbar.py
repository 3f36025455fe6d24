"""The bar that moves the business clock, in the demo only: at night a visitor can make it Monday at nine."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from policy.calendar import (
    ROME,
    Hours,
    Severity,
    closes_at,
    is_open,
    localise,
    may_leave_at,
    next_open,
    say_day,
    say_when,
)
from policy.live import live_rules
from whatsempoli import clock
from whatsempoli.checks import LOOPBACK

log = logging.getLogger(__name__)
FARTHEST = timedelta(days=400)  # a demo looks a year ahead at most
SIMULATOR_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What the bar says: the time in words, when a routine notice leaves, the next opening or nothing."""

    clock: str
    day: str
    open_now: bool
    leaves: str
    opening: str
    moved: bool


def context(request: HttpRequest) -> dict[str, Any]:
    """`clock_bar` for every template; costs nothing where it is not drawn, and is absent outside the demo."""
    return {"clock_bar": SimpleLazyObject(_current)} if settings.DEMO else {}


def _current() -> Bar:
    language = "en" if (get_language() or "").startswith("en") else "it"
    return bar(clock.now(), live_rules().hours, language, moved=bool(clock.offset()))


def bar(now: datetime, hours: Hours, language: str, *, moved: bool) -> Bar:
    """The bar's words at a moment."""
    local = now.astimezone(ROME)
    leave = may_leave_at(Severity.ROUTINE, now, hours).at
    opening = next_opening(now, hours)
    return Bar(
        clock=f"{local.hour}:{local.minute:02}",
        day=say_day(local.date(), language),
        open_now=is_open(now, hours) and leave is not None and leave <= now,
        leaves=say_when(leave, now, language) if leave else "",
        opening=say_when(opening, now, language) if opening else "",
        moved=moved,
    )


def next_opening(now: datetime, hours: Hours) -> datetime | None:
    """When the service opens next: after this opening, if it is open now."""
    closing = closes_at(now, hours)
    return next_open(closing, hours) if closing else may_leave_at(Severity.ROUTINE, now, hours).at


@require_POST
def _move(request: HttpRequest) -> HttpResponse:
    try:
        moment = wanted(request.POST.get("to", ""), clock.now(), live_rules().hours)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    clock.move_to(moment)
    _tell_simulator()
    return HttpResponseRedirect(_back(request))


def move(request: HttpRequest) -> HttpResponse:
    """Move the business clock and go back to where one was. Not there outside the demo."""
    host = urlsplit(f"//{request.get_host()}").hostname
    if not settings.DEMO or host not in LOOPBACK:
        raise Http404
    return _move(request)


def wanted(to: str, now: datetime, hours: Hours) -> datetime | None:
    """The moment that `to` asks for («next», «+1h», «now» or ISO 8601, in Rome if it has no offset); None
    for the real time. Raises ValueError with a sentence."""
    if to == "now":
        return None
    if to == "next":
        return next_opening(now, hours) or now
    moment = now + timedelta(hours=1) if to == "+1h" else _read(to)
    if abs(moment - clock.real_now()) > FARTHEST:
        raise ValueError(_("L'orologio della dimostrazione si sposta di un anno al massimo."))
    return moment


def _read(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
        return moment if moment.tzinfo else localise(moment)
    except (ValueError, OverflowError):
        raise ValueError(_("Non è un momento che so leggere: per esempio 2026-11-30T09:00.")) from None


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if ours else "/"


def _tell_simulator() -> None:
    """Its webhooks and 24-hour windows follow the same clock; the demo goes on without it."""
    if not settings.SIMULATOR_URL:
        return
    seconds = clock.offset().total_seconds()
    try:
        requests.post(
            f"{settings.SIMULATOR_URL}/__sim__/clock",
            json={"offset_seconds": seconds},
            timeout=SIMULATOR_SECONDS,
        )
    except requests.RequestException as error:
        log.warning("The simulator did not hear of the new time: %s", type(error).__name__)
