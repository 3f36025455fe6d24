"""The pages that anyone reads: home, notices, whether a message is true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from broadcasts import checkup, finding, media
from broadcasts.finding import Wanted, matching
from broadcasts.ical import KINDS_WITH_A_DATE
from broadcasts.models import Broadcast, MediaFile
from broadcasts.public_forms import SearchForm, VerifyForm
from broadcasts.published import PublicNotice, live_notices, present, public_broadcasts
from policy.facts import facts_of
from policy.models import Category, TownProfile
from policy.page import language, public_page, show
from subscribers.joining import JOIN_WORDS, join_address
from whatsempoli import clock

PAGE_SIZE = 20
LIVE_ON_HOME = 6


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers; it asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether this installation can serve: database, migrations, Valkey, beat. 503 names what cannot."""
    faults = checkup.not_ready(clock.real_now())
    return JsonResponse({"ready": not faults, "faults": faults}, status=503 if faults else 200)


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
    """What holds now and the archive, found by topic, zone, days and words."""
    form = SearchForm(request.GET or None)
    wanted = form.wanted() if form.is_valid() else Wanted()
    if form.is_bound and "argomento" in form.errors:
        raise Http404
    now = clock.now()
    live = [] if _searches(wanted) else _live(wanted, now)
    found = matching(wanted).exclude(code__in=[n.code for n in live])
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("pagina"))
    context = {
        "section": "notices",
        "form": form,
        "topics": _topics(),
        "topic": wanted.topic,
        "topic_name": wanted.topic.label(language()) if wanted.topic else "",
        "zone": wanted.zone,
        "searching": _searches(wanted),
        "live": live,
        "page": page,
        "archive": present(list(page.object_list), language(), now),
        "query": _query(request),
    }
    return show(request, "public/notices.html", context)


def _searches(wanted: Wanted) -> bool:
    """Whether results in one list are wanted, and not what holds now apart from the archive."""
    return bool(wanted.words.strip() or wanted.since or wanted.until)


def _live(wanted: Wanted, now: datetime) -> list[PublicNotice]:
    here = {wanted.zone.name} if wanted.zone else set()
    return [
        n
        for n in live_notices(language(), now)
        if (wanted.topic is None or n.topic.pk == wanted.topic.pk)
        and (not here or not n.zones or here & set(n.zones))
    ]


def _query(request: HttpRequest) -> str:
    """The search as it stands, to be followed by a page number."""
    kept = request.GET.copy()
    kept.pop("pagina", None)
    return f"{kept.urlencode()}&" if kept else ""


@csrf_exempt  # it changes nothing, and a token would be a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Whether the town sent a message: by its code (`?codice=`) or by its text, posted and not kept."""
    code = request.GET.get("codice", "")
    data = request.POST if request.method == "POST" else {"testo": code} if code else None
    form = VerifyForm(data)
    context: dict[str, Any] = {"section": "verify", "form": form}
    if form.is_bound and form.is_valid():
        found = finding.verify(form.cleaned_data["testo"])
        context["verdict"] = found.verdict
        if found.broadcast is not None:
            [context["notice"]] = present([found.broadcast], language(), clock.now())
            context["sent_text"] = _phone_text(found.broadcast)
    response = show(request, "public/verify.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _phone_text(broadcast: Broadcast) -> str:
    text = broadcast.rendered.get(language()) or broadcast.rendered.get("it", {})
    return str(text.get("phone_text", ""))


@public_page
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """One notice; its address never changes. 404 for whatever has not begun to leave."""
    broadcast = get_object_or_404(public_broadcasts(), code=code)
    [shown] = present([broadcast], language(), clock.now())
    context = {
        "section": "notices",
        "notice": shown,
        "redactions": broadcast.redactions.filter(done=True).order_by("decided_at"),
        "has_date": broadcast.kind in KINDS_WITH_A_DATE,
    }
    return show(request, "public/notice.html", context)


@require_safe
def notice_file(request: HttpRequest, code: str) -> HttpResponse:
    """The picture or PDF of a notice that has left."""
    broadcast = get_object_or_404(public_broadcasts(), code=code)
    file = get_object_or_404(MediaFile, broadcasts=broadcast)
    return media.as_answer(file, code)


def _topics() -> list[Category]:
    return list(Category.objects.all())
