"""«I nostri conti»: what we did against what we promised, as far as the town wants it told."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from broadcasts.accountability import account
from broadcasts.exercises import step_words
from broadcasts.pictures import by_month_svg
from policy.models import PublicFigure, TownProfile
from policy.page import language, public_page, show
from whatsempoli import clock


@public_page
def accounts(request: HttpRequest) -> HttpResponse:
    """Tables by month and topic; 404 while the town has switched nothing on."""
    shown = _shown()
    if not shown:
        raise Http404
    found = account(clock.now(), language())
    context = {
        "section": "accounts",
        "shown": shown,
        "account": found,
        "by_topic": shown & {"messages", "reach", "time", "leavers"},
        "steps": step_words(found.drill) if found.drill else [],
    }
    return show(request, "public/accounts.html", context)


@public_page
def messages_svg(request: HttpRequest) -> HttpResponse:
    """The messages of each month as a picture; the page has them as a table too."""
    if PublicFigure.MESSAGES not in _shown():
        raise Http404
    drawn = by_month_svg(account(clock.now(), language()).by_month)
    return HttpResponse(drawn, content_type="image/svg+xml")


def _shown() -> set[str]:
    return set(TownProfile.current().public_figures) & set(PublicFigure.values)
