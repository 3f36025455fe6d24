"""When a scheduled broadcast starts, is missed, expires and ends. Beat asks every few seconds; several
beats at once are harmless, since every step is taken under the row's lock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from broadcasts import (
    audience,
    capacity,
    claims,
    lifecycle,
    media,
    overtaken,
    provider,
    spending,
    storm,
    switch,
    unreached,
    wake,
    wire,
)
from broadcasts.audience import kind_of
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from broadcasts.readiness import mark_used, template_trouble
from broadcasts.restraint import refusal_words
from broadcasts.states import FINAL, OPEN, State, again
from broadcasts.states import Delivery as D
from policy.calendar import Hours, Severity, may_leave_at
from policy.decision import Kind, effective_severity
from policy.live import live_rules
from policy.models import TownProfile
from whatsempoli import clock

log = logging.getLogger(__name__)
UNDELIVERED_GRACE = timedelta(minutes=10)


def release_due(now: datetime) -> int:
    """Start every scheduled broadcast whose time has come; returns how many started."""
    if not switch.beat(clock.real_now()):
        log.warning("All sending is off: nothing new starts")
        return 0
    if not provider.budget().available():
        log.warning("The budget is away: nothing new starts")
        return 0
    capacity.tell_budget()
    due = Broadcast.objects.filter(state=State.SCHEDULED).filter(Q(due_at=None) | Q(due_at__lte=now))
    found = due.order_by("due_at", "id").values_list("id", "severity")
    emergencies_first = sorted(found, key=lambda row: row[1] != Severity.EMERGENCY)
    started = [pk for pk, _severity in emergencies_first if _alone(_release, pk, now)]
    for pk in started:  # after the first people of each: a million must not keep an emergency waiting
        _alone(freeze_rest, pk)
    return len(started)


def _alone(step: Callable[..., bool | None], *args: object) -> bool:
    """One step of one broadcast: its defect must not keep the others, among them perhaps an emergency."""
    try:
        return bool(step(*args))
    except Exception:
        log.exception("A step of %s failed", args[0])
        return False


@transaction.atomic
def _release(broadcast_id: int, now: datetime) -> bool:
    broadcast = (
        Broadcast.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("category", "refers_to")
        .filter(pk=broadcast_id, state=State.SCHEDULED)
        .first()
    )
    if broadcast is None:  # another beat has it
        return False
    if broadcast.valid_until and broadcast.valid_until <= now:
        lifecycle.expire(broadcast, now=now, reason=_("Era già finito prima di poter partire."))
        return False
    if _too_late(broadcast, now):  # before the hours: at two o'clock a person is asked, not at three
        lifecycle.miss(broadcast, now=now)
        return False
    start_at = leaves_at(broadcast, now)
    if start_at is None or start_at > now:
        Broadcast.objects.filter(pk=broadcast.pk).update(waits_until=start_at)
        return False
    if overtaken.drop_if_overtaken(broadcast, now):
        return False
    if media.is_waited_for(broadcast):
        wake.files()
        return False
    obstacle = (
        obstacle_of(broadcast, now) or overtaken.make_way(broadcast, now) or spending.unpaid(broadcast, now)
    )
    if obstacle and _nobody_to_tell(broadcast):
        lifecycle.expire(broadcast, now=now, reason=obstacle)
        return False
    if obstacle:
        Broadcast.objects.filter(pk=broadcast.pk).update(state_reason=obstacle)
        return False
    if broadcast.refers_to_id and kind_of(broadcast) is not Kind.ORIGINAL:
        _supersede(broadcast)  # before the freeze: who is not ended here is in it
    lifecycle.start(broadcast, now=now)
    mark_used(broadcast, clock.real_now())
    complete = audience.freeze_chunk(broadcast)
    log.info(
        "Broadcast %s leaves for %s people%s",
        broadcast.code,
        broadcast.audience_count,
        "" if complete else " and more",
    )
    transaction.on_commit(lambda: wake.send(broadcast))
    return True


def _nobody_to_tell(broadcast: Broadcast) -> bool:
    """An ending of what never left and never will."""
    original = broadcast.refers_to
    never = original is not None and not original.started_at and original.state in FINAL
    return never and broadcast.kind == "ending"


def _supersede(broadcast: Broadcast) -> None:
    """End what it follows, and what followed that before it: on every phone the newest comes last."""
    going = Broadcast.objects.filter(
        refers_to=broadcast.refers_to_id, state__in=[State.SENDING, State.PAUSED]
    ).exclude(pk=broadcast.pk)
    for earlier in (broadcast.refers_to_id, *going.values_list("pk", flat=True)):
        if earlier is not None:
            claims.supersede(earlier)


def freeze_rest(broadcast_id: int) -> None:
    """Make the rows that are still missing, a chunk a transaction, while the first people are written to.

    Killed in between, the sweep goes on from the saved cursor; a second one at the same time gives way.
    """
    chunks = 0
    while _freeze_next(broadcast_id):
        chunks += 1
    if chunks:
        wake.more(Broadcast.objects.get(pk=broadcast_id))


@transaction.atomic
def _freeze_next(broadcast_id: int) -> bool:
    """One chunk; False when there is none left to make, or somebody else is at it."""
    broadcast = (
        Broadcast.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("category", "refers_to")
        .filter(pk=broadcast_id, state__in=[State.SENDING, State.PAUSED])
        .first()
    )
    if broadcast is None or broadcast.audience_complete:
        return False
    audience.freeze_chunk(broadcast)
    return True


def leaves_at(broadcast: Broadcast, now: datetime, hours: Hours | None = None) -> datetime | None:
    """The first moment from `now` (or its own time, if later) at which it may leave. `hours` are its topic's,
    for who has read them already."""
    severity = effective_severity(Severity(broadcast.severity), kind_of(broadcast))
    hours = hours or live_rules().hours_of(broadcast.category.slug)
    moment = max(now, broadcast.due_at) if broadcast.due_at else now
    return may_leave_at(severity, moment, hours, night_reason=bool(broadcast.night_reason)).at


def _too_late(broadcast: Broadcast, now: datetime) -> bool:
    """Should have left longer ago than tolerated, counting from when it was allowed to."""
    allowed = leaves_at(broadcast, max(broadcast.due_at or now, broadcast.approved_at or now))
    tolerated = timedelta(minutes=TownProfile.current().lateness_minutes)
    return broadcast.severity != Severity.EMERGENCY and allowed is not None and now > allowed + tolerated


def obstacle_of(broadcast: Broadcast, now: datetime) -> str:
    """What keeps it from starting though it is approved and due; an empty string for nothing."""
    if broadcast.fingerprint != fingerprint_of(broadcast):
        return _("Il contenuto non è quello approvato: va approvato di nuovo.")
    first = broadcast.others_of
    if first and not (first.started_at and first.audience_complete):
        return _("L'avviso per le zone non è ancora partito: questo, per gli altri, lo segue.")
    held_back = refusal_words(broadcast, live_rules().restraints, now)
    return held_back or template_trouble(broadcast)


def sweep(now: datetime) -> None:
    """Take back what dead workers held, close what is complete, expire what is over, wake the rest."""
    claims.rescue()
    if switch.is_armed():
        claims.repeat_emergencies(now)
    for broadcast in Broadcast.objects.filter(state__in=[State.SENDING, State.PAUSED]).select_related(
        "category"
    ):
        _alone(_tend, broadcast, now)
    for broadcast in Broadcast.objects.filter(state__in=[State.OVERDUE], valid_until__lte=now):
        _alone(_expire_locked, broadcast.pk, now)
    claims.close_rows()
    _mark_undelivered(now)


def _tend(broadcast: Broadcast, now: datetime) -> None:
    if broadcast.valid_until and broadcast.valid_until <= now:
        _expire_rows(broadcast, now)
        return
    if not broadcast.audience_complete:
        freeze_rest(broadcast.pk)
    if broadcast.state != State.SENDING:
        return
    if not _open_rows(broadcast).exists():
        close(broadcast.pk, now)
    elif _brake(broadcast):
        return
    elif switch.is_armed() and _open_rows(broadcast).filter(state=D.PENDING).exists():
        at = leaves_at(broadcast, now)
        if at is not None and at <= now and not _alive(broadcast):
            if media.is_waited_for(broadcast):
                wake.files()
                return
            wake.more(broadcast) if _in_doubt(broadcast) else wake.send(broadcast)


def _brake(broadcast: Broadcast) -> bool:
    """Stop a routine send whose first people fail in one way, as the receipts tell meanwhile."""
    if effective_severity(Severity(broadcast.severity), kind_of(broadcast)) is not Severity.ROUTINE:
        return False
    words = storm.storm(broadcast)
    if words:
        lifecycle.pause(broadcast.pk, by=None, reason=words)
    return bool(words)


def _alive(broadcast: Broadcast) -> bool:
    """A slice claimed or began a row within the last ten seconds: no need to call another."""
    lately = clock.real_now() - timedelta(seconds=10)
    claimed = Q(state=D.CLAIMED, lease_until__gt=lately + timedelta(seconds=claims.CLAIM_SECONDS))
    begun = Q(state=D.SENDING, lease_until__gt=lately + timedelta(seconds=claims.LEASE_SECONDS))
    return Delivery.objects.filter(claimed | begun, broadcast=broadcast).exists()


def _in_doubt(broadcast: Broadcast) -> bool:
    """The provider left a request without an answer a moment ago: one worker is enough to ask again."""
    lately = clock.real_now() - timedelta(seconds=claims.LEASE_SECONDS)
    unsure = Delivery.objects.filter(broadcast=broadcast, state=D.UNCONFIRMED)
    return unsure.filter(begun_at__gt=lately).exists()


def _open_rows(broadcast: Broadcast) -> QuerySet[Delivery]:
    """Rows whose fate our engine still has to decide; an unanswered emergency row may be repeated."""
    still = Q(state__in=OPEN)
    if broadcast.severity == Severity.EMERGENCY:
        still |= Q(state=D.UNCONFIRMED, repeated=False)
    return Delivery.objects.filter(still, broadcast=broadcast)


@transaction.atomic
def close(broadcast_id: int, now: datetime) -> bool:
    """Sending → sent, exactly once, when nothing is open."""
    broadcast = (
        Broadcast.objects.select_for_update(of=("self",)).filter(pk=broadcast_id, state=State.SENDING).first()
    )
    if broadcast is None or not broadcast.audience_complete or _open_rows(broadcast).exists():
        return False
    lifecycle.finish(broadcast, now=now)
    unreached.rest_after(broadcast_id, now)
    return True


def _expire_rows(broadcast: Broadcast, now: datetime) -> None:
    """Over while it was leaving: the rest never leaves. `expired` if nobody got it, `sent` otherwise."""
    Broadcast.objects.filter(pk=broadcast.pk).update(audience_edge=F("audience_cursor"))
    Delivery.objects.filter(broadcast=broadcast, state=D.PENDING).update(state=D.EXPIRED)
    begun = Delivery.objects.filter(broadcast=broadcast, begun_at__isnull=False).exists()
    if begun and broadcast.state == State.SENDING:
        Delivery.objects.filter(broadcast=broadcast, state=D.UNCONFIRMED).update(repeated=True)
        close(broadcast.pk, now)
    else:
        _expire_locked(broadcast.pk, now)


@transaction.atomic
def _expire_locked(broadcast_id: int, now: datetime) -> None:
    broadcast = Broadcast.objects.select_for_update(of=("self",)).get(pk=broadcast_id)
    if broadcast.state in (State.SENDING, State.PAUSED, State.OVERDUE):
        lifecycle.expire(broadcast, now=now, reason=_("È finita la validità."))


def _mark_undelivered(now: datetime) -> None:
    """The provider says nothing when a message outlives its template's time to live (WHATSAPP.md §6.3).

    An emergency that still holds goes again to those it has not reached; what it holds back never does.
    """
    recent = Broadcast.objects.filter(started_at__isnull=False).exclude(rendered={}).order_by("-id")[:50]
    for broadcast in recent.select_related("category"):
        lapsed = wire.lapsed(broadcast, clock.real_now() - UNDELIVERED_GRACE)
        if lapsed is None:
            continue
        if _holds(broadcast, now):
            _alone(_repeat_lapsed, broadcast.pk, lapsed, now)
        else:
            rows = Delivery.objects.filter(lapsed, broadcast=broadcast, state=D.ACCEPTED, receipt__lt=2)
            rows.update(state=D.UNDELIVERED)


def _holds(broadcast: Broadcast, now: datetime) -> bool:
    """An emergency that is not over, and whose going on nobody stopped."""
    going = broadcast.state in (State.SENDING, State.SENT, State.PAUSED)
    over = broadcast.valid_until is not None and broadcast.valid_until <= now
    return broadcast.severity == Severity.EMERGENCY and going and not over


@transaction.atomic
def _repeat_lapsed(broadcast_id: int, lapsed: Q, now: datetime) -> bool:
    """Send again to whom it had not reached when its time to live lapsed: once per lapse, and counted."""
    broadcast = Broadcast.objects.select_for_update(of=("self",)).get(pk=broadcast_id)
    if not switch.is_armed() or broadcast.state not in (State.SENDING, State.SENT):
        return False  # paused: when a person resumes it
    if broadcast.follow_ups.filter(started_at__isnull=False, kind__in=("correction", "update", "ending")):
        return False  # what followed tells them more
    count = Delivery.objects.filter(lapsed, broadcast=broadcast, state=D.ACCEPTED, receipt__lt=2).update(
        **again(), repeated=True
    )
    if not count:
        return False
    log.info("Broadcast %s goes again to %s people it had not reached", broadcast.code, count)
    if broadcast.state == State.SENT:
        lifecycle.reopen(broadcast, now=now)
    transaction.on_commit(lambda: wake.send(broadcast))
    return True
