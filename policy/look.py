"""How the town looks: its colours as a style sheet and its crest as a picture.

Addresses of their own, because the content policy refuses any style inside a page.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from policy.contrast import darker
from policy.models import TownCrest, TownProfile
from policy.page import public_page


@public_page
def colours(request: HttpRequest) -> HttpResponse:
    """The town's colour and its darker tones, as the custom properties that site.css reads."""
    own = TownProfile.current().colour
    tones = {"--blue": own, "--blue-dark": darker(own, 0.25), "--blue-deep": darker(own, 0.62)}
    rules = " ".join(f"{name}: {value};" for name, value in tones.items())
    return HttpResponse(f":root {{ {rules} }}\n", content_type="text/css; charset=utf-8")


@public_page
def crest(request: HttpRequest) -> HttpResponse:
    """The crest as PNG; 404 for a town that has given none."""
    found = TownCrest.objects.filter(pk=1).first()
    if found is None:
        raise Http404
    return HttpResponse(bytes(found.png), content_type="image/png")


def crest_address(town: TownProfile) -> str:
    """Where the crest is, with its age so that a new one is seen at once; empty without one."""
    return f"{reverse('crest')}?v={int(town.crest_at.timestamp())}" if town.crest_at else ""
