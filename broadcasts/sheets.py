"""A notice on paper, for the board of the town hall, a school, a shop."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from broadcasts import paper
from broadcasts.published import Standing, present, public_broadcasts
from policy.models import TownCrest, TownProfile
from policy.page import language, public_page
from whatsempoli import clock


@public_page
def notice_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """One notice as an A4 sheet; marked across the top when it is an exercise or no longer holds."""
    broadcast = get_object_or_404(public_broadcasts(), code=code)
    [shown] = present([broadcast], language(), clock.now())
    town = TownProfile.current()
    crest = TownCrest.objects.filter(pk=1).first()
    mark = _("ESERCITAZIONE") if shown.exercise else ""
    if shown.standing in (Standing.ENDED, Standing.STOPPED):
        mark = mark or _("NON VALE PIÙ")
    sheet = paper.Sheet(
        town=town.name,
        service=town.service_name,
        colour=town.colour,
        crest=bytes(crest.png) if crest else b"",
        kind=f"{shown.topic_name} · {shown.kind}",
        title=shown.title,
        text=shown.text,
        sent=shown.sent,
        valid=shown.valid,
        address=settings.SITE_URL + shown.address,
        code=shown.code,
        mark=mark,
    )
    headers = {"Content-Disposition": f'inline; filename="avviso-{shown.code}.pdf"'}
    return HttpResponse(paper.draw_sheet(sheet), content_type="application/pdf", headers=headers)
