"""The public texts: policy and privacy notice, the version in force and each one before it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from policy import markdown
from policy.calendar import ROME, say_day
from policy.facts import facts_of
from policy.models import PolicyVersion, TownProfile
from policy.page import language, public_page, show
from whatsempoli import clock


@public_page
def in_force(request: HttpRequest, kind: str) -> HttpResponse:
    """The text that holds now."""
    found = PolicyVersion.in_force(kind, clock.now())
    if found is None:
        raise Http404
    return _show(request, found, current=True)


@public_page
def version(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """One published version at its own address; one that is not published yet is not there."""
    now = clock.now()
    found = get_object_or_404(PolicyVersion, kind=kind, number=number, published_at__lte=now)
    return _show(request, found, current=found == PolicyVersion.in_force(kind, now))


def _show(request: HttpRequest, found: PolicyVersion, *, current: bool) -> HttpResponse:
    text_language = "en" if language() == "en" and found.body_en else "it"
    facts = facts_of(TownProfile.current(), text_language)
    body = found.body_en if text_language == "en" else found.body
    published = PolicyVersion.objects.filter(kind=found.kind, published_at__lte=clock.now())
    context = {
        "section": found.kind,
        "version": found,
        "current": current,
        "text": markdown.render(body, facts.values),
        "text_language": text_language,
        "since": _day(found),
        "versions": [
            {"number": v.number, "since": _day(v), "address": reverse(f"{v.kind}-version", args=[v.number])}
            for v in published
        ],
        "in_force_address": reverse(found.kind),
    }
    return show(request, "public/policy.html", context)


def _day(found: PolicyVersion) -> str:
    if found.published_at is None:
        return ""
    return say_day(found.published_at.astimezone(ROME).date(), language(), with_year=True)
