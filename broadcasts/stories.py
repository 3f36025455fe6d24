"""A story is a notice and everything public that followed it: what a feed or a calendar tells as one thing.

A correction, an update or an ending belongs to the story of its first notice, so a reader of feeds never
sees it as news of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from broadcasts.models import Broadcast
from broadcasts.published import follow_ups, public_broadcasts

MOST = 50  # stories in one feed
# What XML 1.0 cannot hold, whatever the escaping.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Story:
    """The first notice and what followed it, oldest first."""

    first: Broadcast
    later: tuple[Broadcast, ...]

    @property
    def parts(self) -> tuple[Broadcast, ...]:
        return (self.first, *self.later)

    @property
    def began_at(self) -> datetime:
        return left_at(self.first)

    @property
    def changed_at(self) -> datetime:
        """When the newest part left."""
        return max(left_at(part) for part in self.parts)


def left_at(broadcast: Broadcast) -> datetime:
    """When a public notice began to leave. Raises ValueError for one that is not public."""
    if broadcast.started_at is None:
        raise ValueError(f"Notice {broadcast.code} is not public: it never began to leave.")
    return broadcast.started_at


def newest_stories(found: QuerySet[Broadcast] | None = None, *, most: int = MOST) -> list[Story]:
    """The stories of these public notices (of all), the last changed first; an old one comes back when
    something follows it. A handful of queries, however many notices there are."""
    newest = list((public_broadcasts() if found is None else found)[:most])
    roots = _roots(newest)
    later = follow_ups(root.pk for root in roots)
    stories = [Story(root, tuple(later[root.pk])) for root in roots]
    return sorted(stories, key=lambda story: (story.changed_at, story.first.pk), reverse=True)


def _roots(broadcasts: Iterable[Broadcast]) -> list[Broadcast]:
    """The public notice at the bottom of each, once each; one query for each step back."""
    roots: dict[int, Broadcast] = {}
    level, seen = list(broadcasts), set[int]()
    while level:
        seen |= {b.pk for b in level}
        back = {b.pk: b.refers_to_id for b in level if b.refers_to and b.refers_to.started_at}
        roots |= {b.pk: b for b in level if b.pk not in back}
        wanted = {pk for pk in back.values() if pk is not None} - seen
        level = list(public_broadcasts().filter(pk__in=wanted)) if wanted else []
    return list(roots.values())


def xml_text(text: str) -> str:
    """The text without characters that no XML document can hold."""
    return _NOT_XML.sub("", text)
