"""The public texts: policy, privacy notice and house rules, the version in force and each one before it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from policy import markdown
from policy.calendar import ROME, say_day
from policy.difference import side_by_side
from policy.facts import facts_of
from policy.keeping import bases_of, kept_by
from policy.models import Category, PolicyVersion, TownProfile
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
    found = _published(kind, number)
    return _show(request, found, current=found == PolicyVersion.in_force(kind, clock.now()))


@public_page
def changes(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """What a version changed of the one before it, in words and side by side; 404 for the first."""
    after = _published(kind, number)
    before = _published(kind, number - 1)
    own = _text_language(after)
    rows = side_by_side(
        markdown.plain(_body(before, own), _values(before, own, current=False)),
        markdown.plain(
            _body(after, own), _values(after, own, current=after == PolicyVersion.in_force(kind, clock.now()))
        ),
    )
    return show(
        request,
        "public/policy_changes.html",
        _frame(after) | {"before": before, "rows": rows, "before_since": _day(before), "text_language": own},
    )


def _show(request: HttpRequest, found: PolicyVersion, *, current: bool) -> HttpResponse:
    own = _text_language(found)
    published = PolicyVersion.objects.filter(kind=found.kind, published_at__lte=clock.now())
    context = {
        "current": current,
        "text": markdown.render(_body(found, own), _values(found, own, current=current)),
        "text_language": own,
        "as_it_was": bool(found.values),
        "versions": [
            {"number": v.number, "since": _day(v), "address": reverse(f"{v.kind}-version", args=[v.number])}
            for v in published
        ],
        "changes_address": reverse(f"{found.kind}-changes", args=[found.number]) if found.number > 1 else "",
    }
    if current and found.kind == PolicyVersion.Kind.PRIVACY:
        context["kept"] = kept_by(TownProfile.current())
        context["bases"] = bases_of(Category.objects.all(), own)
    return show(request, "public/policy.html", _frame(found) | context)


def _frame(found: PolicyVersion) -> dict[str, Any]:
    return {
        "section": found.kind,
        "name": found.get_kind_display(),
        "version": found,
        "since": _day(found),
        "in_force_address": reverse(found.kind),
        "others": [
            {"name": kind.label, "address": reverse(kind.value)}
            for kind in PolicyVersion.Kind
            if kind.value != found.kind and PolicyVersion.in_force(kind.value, clock.now())
        ],
    }


def _published(kind: str, number: int) -> PolicyVersion:
    return get_object_or_404(PolicyVersion, kind=kind, number=number, published_at__lte=clock.now())


def _text_language(found: PolicyVersion) -> str:
    return "en" if language() == "en" and found.body_en else "it"


def _body(found: PolicyVersion, own: str) -> str:
    return found.body_en if own == "en" and found.body_en else found.body


def _values(found: PolicyVersion, own: str, *, current: bool) -> dict[str, str]:
    """Today's rules for the text in force; for one that was replaced, those it was published with. What a
    later release added has today's value."""
    today = facts_of(TownProfile.current(), own).values
    return today if current else today | found.values.get(own, {})


def _day(found: PolicyVersion) -> str:
    if found.published_at is None:
        return ""
    return say_day(found.published_at.astimezone(ROME).date(), language(), with_year=True)
