"""The pages that anyone reads: home, notices, and how to join."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import quote

import segno
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from broadcasts.published import live_notices, present, public_broadcasts
from policy.facts import facts_of
from policy.models import Category, TownProfile
from policy.page import language, public_page, show
from whatsempoli import clock

JOIN_WORDS = "ATTIVA ISCRIZIONE"
PAGE_SIZE = 20
LIVE_ON_HOME = 6


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers; it asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


def join_address(number: str) -> str:
    """Where a tap opens the chat with the words ready: WhatsApp, or the phone page in the demo."""
    if settings.DEMO and settings.SIMULATOR_URL:
        return f"{settings.SIMULATOR_URL}/?text={quote(JOIN_WORDS)}"
    return f"https://wa.me/{number.lstrip('+')}?text={quote(JOIN_WORDS)}"


@public_page
def home(request: HttpRequest) -> HttpResponse:
    """What it is, how to join, what holds now, what is promised."""
    town = TownProfile.current()
    live = live_notices(language(), clock.now())
    context = {
        "section": "home",
        "join_address": join_address(town.whatsapp_number),
        "join_words": JOIN_WORDS,
        "live": live[:LIVE_ON_HOME],
        "live_more": max(0, len(live) - LIVE_ON_HOME),
        "emergencies": [n for n in live if n.emergency and not n.exercise],
        "topics": _topics(),
        "facts": facts_of(town, language()),
    }
    return show(request, "public/home.html", context)


@public_page
def notices(request: HttpRequest) -> HttpResponse:
    """What holds now and the archive, all topics or one (`?argomento=acqua`)."""
    topics = _topics()
    wanted = request.GET.get("argomento", "")
    topic = next((t for t in topics if t.slug == wanted), None)
    if wanted and topic is None:
        raise Http404
    now = clock.now()
    live = [n for n in live_notices(language(), now) if topic is None or n.topic.pk == topic.pk]
    past = public_broadcasts().exclude(code__in=[n.code for n in live])
    if topic is not None:
        past = past.filter(category=topic)
    page = Paginator(past, PAGE_SIZE).get_page(request.GET.get("pagina"))
    context = {
        "section": "notices",
        "topics": topics,
        "topic": topic,
        "topic_name": topic.label(language()) if topic else "",
        "live": live,
        "page": page,
        "archive": present(list(page.object_list), language(), now),
    }
    return show(request, "public/notices.html", context)


@public_page
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """One notice; its address never changes. 404 for whatever has not begun to leave."""
    broadcast = get_object_or_404(public_broadcasts(), code=code)
    [shown] = present([broadcast], language(), clock.now())
    return show(request, "public/notice.html", {"section": "notices", "notice": shown})


@public_page
def join_qr(request: HttpRequest) -> HttpResponse:
    """The address of `join_address` as an SVG to point a phone at."""
    drawing = BytesIO()
    code = segno.make(join_address(TownProfile.current().whatsapp_number), error="m")
    code.save(drawing, kind="svg", border=4, scale=8, dark="#17324d", light="#ffffff", omitsize=True)
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")


def _topics() -> list[Category]:
    return list(Category.objects.all())
