"""How one joins: the page with the steps, the codes to point a phone at, the contact card, the poster."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from segno.helpers import make_vcard_data

from broadcasts import paper
from policy.facts import facts_of
from policy.models import Category, TownCrest, TownProfile
from policy.page import language, public_page, show
from subscribers.joining import join_address, join_code, words_for


@public_page
def join(request: HttpRequest) -> HttpResponse:
    """Step by step, for people who never did it; a topic alone; what to print and to save."""
    town = TownProfile.current()
    topics = [
        (topic, topic.label(language()), join_address(town.whatsapp_number, words_for(topic, language())))
        for topic in Category.objects.all()
    ]
    context = {
        "section": "join",
        "join_address": join_address(town.whatsapp_number, words_for(None, language())),
        "join_words": words_for(None, language()),
        "topics": topics,
        "facts": facts_of(town, language()),
    }
    return show(request, "public/join.html", context)


@public_page
def qr_svg(request: HttpRequest, topic: str = "") -> HttpResponse:
    """The chat's address as a drawing; of one topic where one is named."""
    return HttpResponse(_code(topic, "svg"), content_type="image/svg+xml")


@public_page
def qr_png(request: HttpRequest, topic: str = "") -> HttpResponse:
    """The same as pixels, large enough for print (about 10 cm at 300 dots an inch)."""
    return HttpResponse(_code(topic, "png"), content_type="image/png")


def _code(topic: str, kind: str) -> bytes:
    found = get_object_or_404(Category, slug=topic) if topic else None
    number = TownProfile.current().whatsapp_number
    return join_code(number, words_for(found, language()), kind=kind)


@public_page
def contact_card(request: HttpRequest) -> HttpResponse:
    """The service as a vCard 3.0, to save in the phone and recognise it."""
    town = TownProfile.current()
    card = make_vcard_data(
        name=f"{town.service_name};;;;",
        displayname=town.service_name,
        org=town.name,
        cellphone=town.whatsapp_number,
        workphone=town.office_phone or None,
        email=town.office_email or None,
        url=settings.SITE_URL,
        memo=words_for(None, language()),
    )
    headers = {"Content-Disposition": 'attachment; filename="contatto.vcf"'}
    return HttpResponse(card, content_type="text/vcard; charset=utf-8", headers=headers)


@public_page
def poster(request: HttpRequest) -> HttpResponse:
    """One A4 page to hang, in the language of the address."""
    town = TownProfile.current()
    crest = TownCrest.objects.filter(pk=1).first()
    sheet = paper.Poster(
        town=town.name,
        service=town.service_name,
        number=facts_of(town, language()).number,
        words=words_for(None, language()),
        colour=town.colour,
        address=join_address(town.whatsapp_number, words_for(None, language())),
        site=settings.SITE_URL,
        crest=bytes(crest.png) if crest else b"",
    )
    headers = {"Content-Disposition": 'inline; filename="locandina.pdf"'}
    return HttpResponse(paper.draw_poster(sheet), content_type="application/pdf", headers=headers)
