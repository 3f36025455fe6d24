"""What anyone may read of a notice: its text, whether it still holds, what it follows and what followed.

A notice is public from the moment it starts to leave, and for ever; one that was stopped before it left
never was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import Broadcast
from broadcasts.states import PUBLIC, State
from policy.calendar import ROME, say_day, say_time
from policy.models import Category, Severity


class Standing(StrEnum):
    """Whether a notice still holds, from the strongest word to the weakest."""

    ENDED = "ended"
    STOPPED = "stopped"
    CORRECTED = "corrected"
    UPDATED = "updated"
    IN_FORCE = "in_force"


STANDING_WORDS = {
    Standing.ENDED: gettext_lazy("Concluso"),
    Standing.STOPPED: gettext_lazy("Invio fermato"),
    Standing.CORRECTED: gettext_lazy("Rettificato"),
    Standing.UPDATED: gettext_lazy("Aggiornato"),
    Standing.IN_FORCE: gettext_lazy("In vigore"),
}
LIVE = frozenset({Standing.IN_FORCE, Standing.UPDATED, Standing.CORRECTED})


@dataclass(frozen=True, slots=True)
class Reference:
    """Another notice of the same story, as a link."""

    address: str
    title: str
    kind: str
    sent: str


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A public notice in one language; `text_language` is the language its text really has."""

    code: str
    address: str
    kind: str
    exercise: bool
    emergency: bool
    severity: str
    title: str
    text: str
    text_language: str
    topic: Category
    topic_name: str
    zones: tuple[str, ...]
    sent_at: datetime
    sent: str
    valid_until: datetime | None
    valid: str
    standing: Standing
    standing_words: str
    file: str
    file_alt: str
    refers_to: Reference | None
    followed_by: tuple[Reference, ...]

    @property
    def latest(self) -> Reference | None:
        """What a person should read in its place or beside it."""
        return self.followed_by[-1] if self.followed_by else None


def public_broadcasts() -> QuerySet[Broadcast]:
    """Every notice that ever began to leave, newest first."""
    found = Broadcast.objects.filter(state__in=PUBLIC, started_at__isnull=False)
    return (
        found.select_related("category", "refers_to").prefetch_related("zones").order_by("-started_at", "-id")
    )


def listed() -> QuerySet[Broadcast]:
    """Those that lists and answers name: an exercise on the office's own phones has a page, and no more."""
    of_exercise = Q(kind="exercise") | Q(refers_to__kind="exercise")
    opened = Q(opened_by__isnull=False) | Q(refers_to__opened_by__isnull=False)
    return public_broadcasts().exclude(of_exercise & ~opened)


def standing(
    state: str, valid_until: datetime | None, followed_by: Collection[str], now: datetime
) -> Standing:
    """Whether a notice holds at `now`; `followed_by` are the kinds of what followed it."""
    if "ending" in followed_by or state == State.EXPIRED or (valid_until is not None and valid_until <= now):
        return Standing.ENDED
    if "correction" in followed_by:
        return Standing.CORRECTED
    if "update" in followed_by:
        return Standing.UPDATED
    return Standing.STOPPED if state == State.CANCELLED else Standing.IN_FORCE


def follow_ups(ids: Iterable[int]) -> dict[int, list[Broadcast]]:
    """For each of these, everything public that follows it at any distance, oldest first.

    One query for each step of the longest story.
    """
    found: dict[int, list[Broadcast]] = {pk: [] for pk in ids}
    parents: dict[int, int] = {}
    later: list[Broadcast] = []
    level = set(found)
    while level:
        rows = [row for row in public_broadcasts().filter(refers_to__in=level) if row.pk not in parents]
        parents |= {row.pk: row.refers_to_id for row in rows if row.refers_to_id is not None}
        later += rows
        level = {row.pk for row in rows} - set(found)
    for row in sorted(later, key=lambda row: (row.started_at, row.pk)):
        for ancestor in _ancestors(row.pk, parents):
            if ancestor in found:
                found[ancestor].append(row)
    return found


def _ancestors(pk: int, parents: dict[int, int]) -> list[int]:
    path: list[int] = []
    while pk in parents and parents[pk] not in path:
        pk = parents[pk]
        path.append(pk)
    return path


def present(broadcasts: Sequence[Broadcast], language: str, now: datetime) -> list[PublicNotice]:
    """These notices as the pages of that language show them, in the same order."""
    later = follow_ups(b.pk for b in broadcasts)
    return [_present(b, later[b.pk], language, now) for b in broadcasts]


def live_notices(language: str, now: datetime) -> list[PublicNotice]:
    """What holds now: emergencies first, then the newest."""
    candidates = list(listed().filter(Q(valid_until=None) | Q(valid_until__gt=now)))
    notices = [n for n in present(candidates, language, now) if n.standing in LIVE]
    return sorted(notices, key=lambda n: not n.emergency)


def _present(b: Broadcast, later: list[Broadcast], language: str, now: datetime) -> PublicNotice:
    if b.started_at is None:
        raise ValueError(f"Notice {b.code} is not public: it never began to leave.")
    text_language = language if language in b.rendered else "it"
    text = b.rendered.get(text_language, {})
    held = standing(b.state, b.valid_until, {row.kind for row in later}, now)
    original = b.refers_to if b.refers_to and b.refers_to.started_at else None
    return PublicNotice(
        code=b.code,
        address=b.get_absolute_url(),
        kind=str(KINDS[b.kind].label),
        exercise=b.exercise or b.kind == "exercise",
        emergency=b.severity == Severity.EMERGENCY,
        severity=b.severity,
        title=text.get("title") or b.title,
        text=text.get("page_text", ""),
        text_language=text_language,
        topic=b.category,
        topic_name=b.category.label(language),
        zones=tuple(zone.name for zone in b.zones.all()),
        sent_at=b.started_at,
        sent=say_moment(b.started_at, language),
        valid_until=b.valid_until,
        valid=_valid_words(b.valid_until, language),
        standing=held,
        standing_words=str(STANDING_WORDS[held]),
        file=text.get("media", {}).get("header", ""),
        file_alt=b.media_alt,
        refers_to=_reference(original, language) if original else None,
        followed_by=tuple(_reference(row, language) for row in later),
    )


def _reference(b: Broadcast, language: str) -> Reference:
    title = b.rendered.get(language, {}).get("title") or b.title
    sent = say_moment(b.started_at, language) if b.started_at else ""
    return Reference(b.get_absolute_url(), title, str(KINDS[b.kind].label), sent)


def _valid_words(until: datetime | None, language: str) -> str:
    return say_moment(until, language) if until else _("nuova comunicazione")


def say_moment(at: datetime, language: str) -> str:
    """«martedì 24 novembre 2026 alle 9:00»: whole, because the page stays."""
    local = at.astimezone(ROME)
    return f"{say_day(local.date(), language, with_year=True)} {say_time(local, language)}"
