"""Events, deadlines and closures as iCalendar (RFC 5545).

An entry's UID is the first notice's; what follows it raises SEQUENCE and changes the entry, an ending
cancels it. So a calendar that subscribed moves the entry and never shows a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from broadcasts.bulletins import dates
from broadcasts.models import Broadcast
from broadcasts.stories import Story

KINDS_WITH_A_DATE = ("event", "deadline", "school", "road", "water")
Span = tuple[date | datetime, date | datetime | None]


def calendar(stories: Sequence[Story], title: str, language: str, site: str) -> bytes:
    """The calendar of these stories; one that has no date is left out."""
    made = Calendar()
    made.add("prodid", "-//WhatsEmpoli//IT")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", title)
    for story in stories:
        span = span_of(story)
        if span is not None:
            made.add_component(_event(story, span, language, site))
    return made.to_ical()


def span_of(story: Story) -> Span | None:
    """From when to when: of the newest part that says so. Whole days where the notice names days; the
    end of whole days is the day after, as the format has it."""
    for part in reversed(story.parts):
        span = _stated(part)
        if span is not None:
            return span
    return None


def _stated(broadcast: Broadcast) -> Span | None:
    fields = broadcast.fields
    if fields.get("starts"):
        ends = dates.read_moment(fields["ends"]) if fields.get("ends") else None
        return dates.read_moment(fields["starts"]), ends
    first = fields.get("first_day") or fields.get("due")
    if not first:
        return None
    last = date.fromisoformat(fields.get("last_day") or first)
    return date.fromisoformat(first), last + timedelta(days=1)


def _event(story: Story, span: Span, language: str, site: str) -> Event:
    first = story.first
    text = first.rendered.get(language) or first.rendered.get("it", {})
    told = [(part.rendered.get(language) or part.rendered.get("it", {})) for part in reversed(story.parts)]
    event = Event()
    event.add("uid", f"{first.code}@{urlsplit(site).hostname}")
    event.add("sequence", len(story.later))
    event.add("dtstamp", story.began_at)
    event.add("last-modified", story.changed_at)
    event.add("dtstart", span[0])
    if span[1] is not None:
        event.add("dtend", span[1])
    event.add("summary", text.get("title") or first.title)
    event.add("description", "\n\n".join(one.get("page_text", "") for one in told))
    event.add("url", site + first.get_absolute_url())
    event.add("categories", [first.category.label(language)])
    place = first.fields.get("place") or first.fields.get("area")
    if place:
        event.add("location", place)
    over = any(part.kind == "ending" for part in story.later)
    event.add("status", "CANCELLED" if over else "CONFIRMED")
    return event
