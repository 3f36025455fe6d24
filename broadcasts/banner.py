"""The live alerts on the town's own site: one script line there, a small public answer here.

`<script src="https://…/banner.js" async></script>` asks `/banner.json` and writes a strip at the top of the
page. Only the sites that the administrator listed are answered; a browser on any other gets nothing.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from broadcasts.published import PublicNotice, live_notices
from policy.models import Severity, TownProfile
from policy.page import FRESH_SECONDS, language
from policy.page_cache import PAGES
from policy.sites import origins
from whatsempoli import clock

MOST = 3  # more would push the town's own page away


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """What a listed site may show now; 403 for any other. Kept for moments, apart for each site."""
    origin = request.headers.get("Origin", "")
    if origin not in origins(TownProfile.current().banner_sites):
        refused = HttpResponse(status=403)
        patch_vary_headers(refused, ["Origin"])
        return refused
    response = PAGES.answer(f"banner {language()}", _answer)
    response["Access-Control-Allow-Origin"] = origin
    patch_vary_headers(response, ["Origin"])
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    return response


def _answer() -> HttpResponse:
    town = TownProfile.current()
    shown = [n for n in live_notices(language(), clock.now()) if _belongs(n)]
    return JsonResponse(
        {
            "service": town.service_name,
            "colour": town.colour,
            "notices": [
                {"title": n.title, "address": settings.SITE_URL + n.address, "emergency": n.emergency}
                for n in shown[:MOST]
            ],
        }
    )


def _belongs(notice: PublicNotice) -> bool:
    """Alerts and what is urgent; a routine notice is no reason for a strip, an exercise even less."""
    return not notice.exercise and (notice.emergency or notice.severity == Severity.URGENT)
