"""The front page's matter: what waits for this person, what is leaving, what comes, what is about to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from broadcasts import exercises, health, month_promise, switch
from broadcasts.exercises import LastProof
from broadcasts.health import Health
from broadcasts.models import Broadcast
from broadcasts.month_promise import Promised
from broadcasts.plan.children import Together, waiting_for
from broadcasts.states import State
from policy.calendar import ROME, say_when
from policy.models import TownProfile
from policy.page import language
from staff.models import User

SOON = timedelta(hours=24)
MOST = 8  # of each list; the rest is one click away
READ = 300  # notices that are not over: more than an office can have
OPEN = (
    *(State.DRAFT, State.IN_REVIEW, State.RETURNED, State.SCHEDULED),
    *(State.OVERDUE, State.SENDING, State.PAUSED),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in a list, with the moment that matters there, in words."""

    broadcast: Broadcast
    when: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """`waits_for_me` needs this person; `with_others` is theirs, and waits for a colleague. `later` is how
    many are scheduled after tomorrow."""

    overdue: list[Line]
    countersign: list[Line]
    disputed: list[Line]  # not countersigned, and not corrected yet
    to_approve: list[Line]
    together: list[Together]  # texts made ahead, approved on one page
    returned: list[Line]
    drafts: list[Line]
    with_others: list[Line]
    leaving: list[Line]
    today: list[Line]
    tomorrow: list[Line]
    later: int
    sent_today: list[Line]
    ending: list[Line]
    reminders: list[Line]
    resting: int  # numbers that are not on WhatsApp, put to rest
    health: Health
    proof: LastProof
    promised: Promised

    @property
    def waiting(self) -> int:
        """How many things need this person now."""
        unsure = (self.overdue, self.countersign, self.disputed)
        lists = (*unsure, self.to_approve, self.returned, self.reminders)
        return sum(map(len, lists)) + len(self.together)


def desk(user: User, now: datetime) -> Desk:
    """A dozen small queries at most, none over deliveries."""
    open_ones, sent = _open_notices(), _sent_notices(now)
    pick = _Picker(open_ones, now)
    approves = user.has_perm("broadcasts.approve_broadcast")
    tomorrow, day_after = _midnight(now, days=1), _midnight(now, days=2)
    scheduled = sorted(pick.of(State.SCHEDULED), key=lambda one: (_leaves(one) or now, one.pk))
    unsigned = (one for one in open_ones + sent if _unsigned(one, user))
    to_approve = (one for one in pick.review if not _wrote(one, user))
    counts = health.counts(
        aside=user.has_perm("broadcasts.replay_webhookevent"),
        resting=user.has_perm("subscribers.view_subscriber"),
    )
    return Desk(
        overdue=pick.lines(pick.of(State.OVERDUE)),
        countersign=pick.lines(unsigned) if approves else [],
        disputed=pick.lines(one for one in open_ones + sent if _disputed(one)),
        to_approve=pick.lines(to_approve, _due) if approves else [],
        together=waiting_for(user) if approves else [],
        returned=pick.lines(one for one in pick.of(State.RETURNED) if _mine(one, user)),
        drafts=pick.lines(one for one in pick.of(State.DRAFT) if _mine(one, user)),
        with_others=pick.lines((one for one in pick.review if _mine(one, user)), _due),
        leaving=pick.lines(sorted(pick.of(State.SENDING, State.PAUSED), key=_begun)),
        today=pick.lines((one for one in scheduled if (_leaves(one) or now) < tomorrow), _leaves),
        tomorrow=pick.lines(
            (one for one in scheduled if tomorrow <= (_leaves(one) or now) < day_after),
            _leaves,
        ),
        later=sum((_leaves(one) or now) >= day_after for one in scheduled),
        sent_today=pick.lines((one for one in sent if _begun(one) >= _midnight(now)), _begun),
        ending=pick.lines(sorted((one for one in sent if _ends_soon(one, now)), key=_ends), _ends),
        reminders=pick.lines(one for one in sent if _reminds(one, now)),
        resting=counts.resting,
        health=health.now(switch.halted(), counts),
        proof=exercises.last_proof(now),
        promised=month_promise.promised(TownProfile.current(), now),
    )


def _open_notices() -> list[Broadcast]:
    """Everything that is not over, in the order in which it is due; one query. What a rota or a series made
    is read on its own page until it is approved."""
    ahead = Q(rota__isnull=False) | Q(series__isnull=False)
    apart = ahead & Q(state__in=(State.DRAFT, State.IN_REVIEW))
    found = _notices().filter(state__in=OPEN).exclude(companion=True, state=State.DRAFT).exclude(apart)
    return list(found.order_by("due_at", "id")[:READ])


def _sent_notices(now: datetime) -> list[Broadcast]:
    """Those over that still matter: today's, about to end, to be reminded of, unsigned; one query."""
    live = Q(state=State.SENT)
    soon = Q(valid_until__gt=now, valid_until__lte=now + SOON)
    remind = Q(remind_at__lte=now, followed=False) & (Q(valid_until=None) | Q(valid_until__gt=now))
    unsigned = ~Q(glass_reason="") & Q(approved_by__isnull=False, countersigned_by=None)
    matters = live & (Q(started_at__gte=_midnight(now)) | soon | remind)
    followed = Broadcast.objects.filter(refers_to=OuterRef("pk"), started_at__isnull=False)
    found = _notices().annotate(
        followed=Exists(followed), corrected=Exists(followed.filter(kind="correction"))
    )
    return list(found.filter(matters | (unsigned & ~Q(state__in=OPEN))).order_by("-started_at")[:READ])


def _notices() -> QuerySet[Broadcast]:
    related = ("category", "created_by", "submitted_by")
    return Broadcast.objects.select_related(*related).defer("rendered", "fields")


class _Picker:
    """Lists out of the notices that were read."""

    def __init__(self, notices: list[Broadcast], now: datetime) -> None:
        self.notices, self.now = notices, now
        self.review = self.of(State.IN_REVIEW)

    def of(self, *states: State) -> list[Broadcast]:
        return [one for one in self.notices if one.state in states]

    def lines(
        self, found: Iterable[Broadcast], moment: Callable[[Broadcast], datetime | None] | None = None
    ) -> list[Line]:
        return [Line(one, _words(moment(one) if moment else None, self.now)) for one in list(found)[:MOST]]


def _words(moment: datetime | None, now: datetime) -> str:
    return say_when(moment, now, language()) if moment else ""


def _midnight(now: datetime, days: int = 0) -> datetime:
    local = now.astimezone(ROME) + timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _due(one: Broadcast) -> datetime | None:
    return one.due_at


def _leaves(one: Broadcast) -> datetime | None:
    """What the start last computed, or the time it was given."""
    return one.waits_until or one.due_at


def _begun(one: Broadcast) -> datetime:
    return one.started_at or one.created_at


def _ends(one: Broadcast) -> datetime:
    return one.valid_until or one.created_at


def _ends_soon(one: Broadcast, now: datetime) -> bool:
    return one.state == State.SENT and one.valid_until is not None and now < one.valid_until <= now + SOON


def _reminds(one: Broadcast, now: datetime) -> bool:
    asks = one.state == State.SENT and one.remind_at is not None and one.remind_at <= now
    over = one.valid_until is not None and one.valid_until <= now
    return asks and not over and not getattr(one, "followed", False)


def _unsigned(one: Broadcast, user: User) -> bool:
    return one.needs_countersignature and one.approved_by_id != user.pk


def _disputed(one: Broadcast) -> bool:
    return one.is_disputed and not getattr(one, "corrected", False)


def _wrote(one: Broadcast, user: User) -> bool:
    return user.pk in (one.submitted_by_id, one.last_edited_by_id)


def _mine(one: Broadcast, user: User) -> bool:
    return user.pk in (one.created_by_id, one.last_edited_by_id, one.submitted_by_id)
