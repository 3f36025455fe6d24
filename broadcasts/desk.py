"""The front page's matter: what waits for this person, what is leaving, what comes, what is about to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from broadcasts import switch
from broadcasts.models import Broadcast, WebhookEvent
from broadcasts.states import State
from policy.calendar import ROME, say_when
from policy.page import language
from staff.models import User
from subscribers.models import Subscriber

SOON = timedelta(hours=24)
MOST = 8  # of each list; the rest is one click away


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in a list, with the moment that matters there, in words."""

    broadcast: Broadcast
    when: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """`waits_for_me` needs this person; `with_others` is theirs, and waits for a colleague."""

    overdue: list[Line]
    countersign: list[Line]
    to_approve: list[Line]
    returned: list[Line]
    drafts: list[Line]
    with_others: list[Line]
    leaving: list[Line]
    coming: list[Line]
    sent_today: list[Line]
    ending: list[Line]
    reminders: list[Line]
    aside: int
    resting: int  # numbers that are not on WhatsApp, put to rest
    halted: str  # why nothing at all may leave; empty when all is well

    @property
    def waiting(self) -> int:
        """How many things need this person now."""
        lists = (self.overdue, self.countersign, self.to_approve, self.returned, self.reminders)
        return sum(map(len, lists))


def desk(user: User, now: datetime) -> Desk:
    """A bounded number of small queries, none over deliveries."""
    notices = Broadcast.objects.select_related("category", "created_by", "submitted_by")
    approves = user.has_perm("broadcasts.approve_broadcast")
    mine = Q(created_by=user) | Q(last_edited_by=user) | Q(submitted_by=user)
    review = notices.filter(state=State.IN_REVIEW).order_by("due_at", "id")
    not_mine = Q(submitted_by=user) | Q(last_edited_by=user)
    live = notices.filter(state=State.SENT)
    midnight = now.astimezone(ROME).replace(hour=0, minute=0, second=0, microsecond=0)
    unsigned = notices.exclude(glass_reason="").filter(
        approved_by__isnull=False, countersigned_by__isnull=True
    )
    return Desk(
        overdue=_lines(notices.filter(state=State.OVERDUE)),
        countersign=_lines(unsigned.exclude(approved_by=user)) if approves else [],
        to_approve=_lines(review.exclude(not_mine), "due_at", now) if approves else [],
        returned=_lines(notices.filter(mine, state=State.RETURNED)),
        drafts=_lines(notices.filter(mine, state=State.DRAFT)),
        with_others=_lines(review.filter(mine), "due_at", now),
        leaving=_lines(notices.filter(state__in=(State.SENDING, State.PAUSED)).order_by("started_at")),
        coming=_coming(notices.filter(state=State.SCHEDULED).order_by("due_at", "id"), now),
        sent_today=_lines(live.filter(started_at__gte=midnight).order_by("-started_at"), "started_at", now),
        ending=_lines(
            live.filter(valid_until__gt=now, valid_until__lte=now + SOON).order_by("valid_until"),
            "valid_until",
            now,
        ),
        reminders=_lines(
            live.filter(remind_at__lte=now, follow_ups=None).filter(
                Q(valid_until=None) | Q(valid_until__gt=now)
            )
        ),
        aside=WebhookEvent.objects.filter(state=WebhookEvent.State.ASIDE).count()
        if user.has_perm("broadcasts.replay_webhookevent")
        else 0,
        resting=Subscriber.objects.filter(state=Subscriber.State.UNREACHABLE).count()
        if user.has_perm("subscribers.view_subscriber")
        else 0,
        halted=switch.halted(),
    )


def _lines(rows: QuerySet[Broadcast], moment: str = "", now: datetime | None = None) -> list[Line]:
    return [Line(row, _words(getattr(row, moment) if moment else None, now)) for row in rows[:MOST]]


def _coming(rows: Iterable[Broadcast], now: datetime) -> list[Line]:
    """With when each leaves: what the start last computed, or the time it was given."""
    return [Line(row, _words(row.waits_until or row.due_at, now)) for row in list(rows)[:MOST]]


def _words(moment: datetime | None, now: datetime | None) -> str:
    return say_when(moment, now, language()) if moment and now else ""
