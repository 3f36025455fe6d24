"""What machines read: Atom by topic and zone, CAP for civil protection, iCalendar for what has a date.

One entry is one story: its identity is that of the first notice, so that what follows changes the entry
and never looks like a new one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Enclosure
from django.utils.html import linebreaks, urlize
from django.utils.translation import gettext as _

from broadcasts import cap_alert, ical
from broadcasts.models import Broadcast
from broadcasts.published import STANDING_WORDS, Standing, listed, public_broadcasts, say_moment, standing
from broadcasts.stories import Story, left_at, newest_stories, xml_text
from policy.models import Category, TownProfile
from policy.page import language, public_page
from subscribers.models import Zone
from whatsempoli import clock

CAP_TYPE = "application/cap+xml"


@public_page
def atom(request: HttpRequest, topic: str = "", zone: str = "") -> HttpResponse:
    """The last stories of all topics, of one, or of one zone (with what is for the whole town)."""
    found, title = _chosen(topic, zone)
    feed = _feed(title, request, reverse("notices"))
    for story in newest_stories(found):
        feed.add_item(**_entry(story))
    return _answer(feed.writeString("utf-8").encode(), feed.content_type)


@public_page
def cap_index(request: HttpRequest) -> HttpResponse:
    """The civil protection notices as an Atom feed of CAP documents, each in an entry of its own."""
    feed = _feed(_("Protezione civile (CAP 1.2)"), request, reverse("notices"))
    for story in newest_stories(listed().filter(category__core=True)):
        for part in reversed(story.parts):
            feed.add_item(**_entry(Story(part, ())) | {"enclosures": [_cap_link(part)]})
    return _answer(feed.writeString("utf-8").encode(), feed.content_type)


@public_page
def cap_document(request: HttpRequest, code: str) -> HttpResponse:
    """One civil protection notice as a CAP document; it never changes."""
    broadcast = get_object_or_404(_civil_protection(), code=code)
    source = cap_alert.Source(TownProfile.current(), settings.SITE_URL, settings.DEMO)
    return _answer(cap_alert.document(broadcast, _before(broadcast), source), CAP_TYPE)


@public_page
def calendar(request: HttpRequest, topic: str = "") -> HttpResponse:
    """Events, deadlines and closures as an iCalendar file to subscribe to."""
    found, title = _chosen(topic, "")
    stories = newest_stories(found.filter(kind__in=ical.KINDS_WITH_A_DATE))
    return _answer(ical.calendar(stories, title, language(), settings.SITE_URL), "text/calendar")


@public_page
def calendar_entry(request: HttpRequest, code: str) -> HttpResponse:
    """One notice that has a date, to add to one's own calendar."""
    broadcast = get_object_or_404(public_broadcasts(), code=code, kind__in=ical.KINDS_WITH_A_DATE)
    [story] = newest_stories(public_broadcasts().filter(pk=broadcast.pk))
    return _answer(ical.calendar([story], broadcast.title, language(), settings.SITE_URL), "text/calendar")


def _answer(body: bytes, content_type: str) -> HttpResponse:
    """A document that pages of other sites may read as well: it is public, and no cookie opens it."""
    kind = content_type if "charset" in content_type else f"{content_type}; charset=utf-8"
    return HttpResponse(body, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})


def _chosen(topic: str, zone: str) -> tuple[QuerySet[Broadcast], str]:
    """The notices of an address and its title; 404 for a topic or a zone that does not exist."""
    found = listed()
    service = TownProfile.current().service_name
    if topic:
        category = get_object_or_404(Category, slug=topic)
        return found.filter(category=category), f"{service}: {category.label(language())}"
    if zone:
        place = get_object_or_404(Zone, slug=zone)
        everywhere = found.filter(zones=None) | found.filter(zones=place)
        return everywhere.distinct(), f"{service}: {place.name}"
    return found, service


def _civil_protection() -> QuerySet[Broadcast]:
    return public_broadcasts().filter(category__core=True)


def _feed(title: str, request: HttpRequest, page: str) -> Atom1Feed:
    town = TownProfile.current()
    address = settings.SITE_URL + request.path
    return Atom1Feed(
        title=xml_text(title),
        link=settings.SITE_URL + page,
        description=None,
        language=language(),
        author_name=town.name,
        feed_url=address,
        feed_guid=address,
    )


def _entry(story: Story) -> dict[str, Any]:
    """One Atom entry; what followed stands first in the text, with what the whole is worth now."""
    current = language()
    held = standing(
        story.first.state, story.first.valid_until, {part.kind for part in story.later}, clock.now()
    )
    parts = [*reversed(story.later), story.first]
    words = "" if held is Standing.IN_FORCE else f"{STANDING_WORDS[held]}: "
    return {
        "title": xml_text(words + title_of(story.first, current)),
        "link": settings.SITE_URL + story.first.get_absolute_url(),
        "description": "".join(_part(part, current) for part in parts),
        "unique_id": tag(story.first),
        "unique_id_is_permalink": False,
        "pubdate": story.began_at,
        "updateddate": story.changed_at,
        "categories": [story.first.category.label(current)],
    }


def _part(broadcast: Broadcast, current: str) -> str:
    text = broadcast.rendered.get(current) or broadcast.rendered.get("it", {})
    when = say_moment(left_at(broadcast), current)
    body = linebreaks(urlize(xml_text(text.get("page_text", "")), autoescape=True))
    return f"<p><strong>{when}</strong></p>{body}"


def title_of(broadcast: Broadcast, current: str) -> str:
    """The title in a language, the Italian where there is no other."""
    return str(broadcast.rendered.get(current, {}).get("title") or broadcast.title)


def tag(broadcast: Broadcast) -> str:
    """A stable identity (RFC 4151) that no change of address alters."""
    host = urlsplit(settings.SITE_URL).hostname
    return f"tag:{host},{left_at(broadcast).date().isoformat()}:{broadcast.code}"


def _cap_link(broadcast: Broadcast) -> Enclosure:
    return Enclosure(settings.SITE_URL + reverse("notice-cap", args=[broadcast.code]), "0", CAP_TYPE)


def _before(broadcast: Broadcast) -> list[Broadcast]:
    """The public notices that this one follows, oldest first; a loop of references ends where it closes."""
    before: list[Broadcast] = []
    step = broadcast
    while step.refers_to_id and step.refers_to_id not in {broadcast.pk, *(b.pk for b in before)}:
        earlier = public_broadcasts().filter(pk=step.refers_to_id).first()
        if earlier is None:
            break
        before.append(earlier)
        step = earlier
    return before[::-1]
