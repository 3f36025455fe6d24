"""(3) Claim, decide, send, record: one slice of one broadcast, run by a Celery worker.

A slice may be lost, repeated or late: the rows decide. Database work of one batch is done while the
network waits for the others; nothing is held open in the database during a request.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection

from broadcasts import (
    audience,
    capacity,
    claims,
    lifecycle,
    media,
    overtaken,
    provider,
    storm,
    switch,
    wire,
)
from broadcasts.claims import Claimed, Terms
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.outcomes import Fault, resolve
from broadcasts.render import DEFAULT_LANGUAGE
from broadcasts.restraint import refusal_words
from broadcasts.states import Delivery, State
from policy import cap
from policy.calendar import Severity, may_leave_at, month_of, must_stop_at
from policy.decision import effective_severity
from policy.live import live_rules
from policy.rules import Rules
from whatsapp.bulk import Outcome, OutcomeKind, Outgoing
from whatsapp.pacing import Lane
from whatsapp.payloads import PayloadError, Recipient, TemplateBody
from whatsempoli import clock

log = logging.getLogger(__name__)

CLAIM_ROWS = 200
BATCH_ROWS = 50  # at most this many requests begin between two looks at consent, pause and hours
SLICE_SECONDS = 20.0  # at most; then the task ends and calls itself again, so that no queue is blocked
GATHER_SECONDS = 0.005  # outcomes are taken as they come, but not one by one
FLUSH_ROWS = 50  # so many are written in one statement,
FLUSH_SECONDS = 0.04  # and none waits longer than this for the others: a kill would find it open
WARM_AGAIN_SECONDS = 0.5
RULES_SECONDS = 1.0  # how long the town's hours and promise are believed without asking again
DATABASE_SECONDS = 20.0  # how long outcomes are kept for a database that restarts; well within the lease
SUSPECTS = 20
# Requests in flight at the start, four times as many after every good batch. One: who asks a provider that
# is away leaves one person unconfirmed, not a batch of them.
FIRST_WINDOW = 1
WIDEN = 4

LANES = {Severity.EMERGENCY: Lane.EMERGENCY, Severity.URGENT: Lane.URGENT, Severity.ROUTINE: Lane.ROUTINE}


@dataclass(slots=True)
class Tally:
    """What one slice did: rows by outcome, and why it ended."""

    sent: int = 0
    refused: int = 0
    ended: str = ""


@dataclass(slots=True)
class Slice:
    """The state of one run. Not shared, not kept: a crash loses nothing that a row does not tell."""

    broadcast_id: int
    until: float  # time.monotonic()
    lease: uuid.UUID = field(default_factory=uuid.uuid4)
    after: int = 0
    window: int = FIRST_WINDOW
    ask_at: float = 0.0  # time.monotonic() before which the budget has nothing worth taking
    in_hand: deque[Claimed] = field(default_factory=deque)
    zones_done: bool = False  # nobody is left in the zones that go first
    more: bool = False  # the last claim was a full one: there are more rows behind what is in hand
    flying: int = 0  # requests that have begun and have no outcome yet
    answers: SimpleQueue[Outcome] = field(default_factory=SimpleQueue)
    unwritten: list[Outcome] = field(default_factory=list)
    oldest: float = 0.0  # time.monotonic() of the first of them
    bodies: dict[str, TemplateBody] = field(default_factory=dict)
    rules: Rules | None = None
    rules_at: float = 0.0
    warmed: int = 0  # the width that was told last,
    warmed_at: float = 0.0  # and when: time.monotonic()
    stop_at: datetime | None = None  # business time: the window closes or the notice is over
    suspects: int = 0
    lane: Lane = Lane.ROUTINE
    room: int | None = None  # people that the provider's 24 hours leave; None for any number
    fault: Fault | None = None
    tally: Tally = field(default_factory=Tally)


def send_slice(broadcast_id: int, *, seconds: float = SLICE_SECONDS) -> Tally:
    """Send what is pending of one broadcast until it is done, may not go on, or time is up."""
    # Slices that began together do not all end at one moment: the budget would lie idle meanwhile.
    until = time.monotonic() + seconds * random.uniform(0.7, 1)  # noqa: S311  not a secret
    run = Slice(broadcast_id, until)
    try:
        with _database_may_go(run):
            # As wide as any worker's window was a moment ago: a slice need not feel its way anew.
            run.window = max(FIRST_WINDOW, provider.budget().width())
            while not run.tally.ended:
                terms, lane, why = look(run, clock.now())
                if terms is None:
                    run.tally.ended = why
                elif time.monotonic() > run.until:
                    run.tally.ended = "time"
                else:
                    _claim(run, terms)
                    _send_in_hand(run, terms, lane)
    finally:
        try:
            _land(run)  # whatever happened: an answer that nobody wrote down is a person in doubt
        finally:
            with _database_may_go(run):  # then the sweep takes back what is in hand
                claims.release([row.id for row in run.in_hand], lease=run.lease)
    _answer_fault(run)
    return run.tally


@contextmanager
def _database_may_go(run: Slice) -> Iterator[None]:
    """A lost database ends the slice and no more: the sweep calls the next one when it is back."""
    try:
        yield
    except OperationalError as error:
        if connection.in_atomic_block:
            raise
        log.warning("Broadcast %s lost the database: %s", run.broadcast_id, type(error).__name__)
        connection.close()
        run.tally.ended = "database"


def look(run: Slice, now: datetime) -> tuple[Terms | None, Lane, str]:
    """May this broadcast go on leaving at `now`? Read afresh before every claim.

    Returns the terms of the next claim, or None and the reason: paused, changed, over, closed hours.
    """
    broadcast = Broadcast.objects.select_related("category").get(pk=run.broadcast_id)
    severity = effective_severity(Severity(broadcast.severity), audience.kind_of(broadcast))
    lane = run.lane = LANES[severity]
    if broadcast.state != State.SENDING:
        return None, lane, "state"
    if not switch.is_armed():
        return None, lane, "disarmed"
    if broadcast.fingerprint != fingerprint_of(broadcast):
        _pause(broadcast.pk, "Il contenuto non è quello approvato.")
        return None, lane, "fingerprint"
    if broadcast.valid_until and broadcast.valid_until <= now:
        return None, lane, "expired"
    rules = _rules(run)
    if stays := _stays(broadcast, rules, now):
        return None, lane, stays
    hours, night_reason = rules.hours_of(broadcast.category.slug), bool(broadcast.night_reason)
    leave = may_leave_at(severity, now, hours, night_reason=night_reason)
    if leave.at is None or leave.at > now:
        Broadcast.objects.filter(pk=broadcast.pk).update(waits_until=leave.at)
        return None, lane, "hours"
    if not _has_room(run, broadcast):
        return None, lane, "capacity"
    if broadcast.waits_until is not None:  # it goes on: nothing is waited for any more
        Broadcast.objects.filter(pk=broadcast.pk).update(waits_until=None, state_reason="")
    closes = must_stop_at(severity, now, hours, night_reason=night_reason)
    run.stop_at = min((at for at in (closes, broadcast.valid_until) if at), default=None)
    if media.is_waited_for(broadcast):  # the provider has forgotten it: the sweep has it uploaded again
        return None, lane, "file"
    run.bodies = wire.bodies(broadcast, now)
    return terms_of(broadcast, now, rules), lane, ""


def _stays(broadcast: Broadcast, rules: Rules, now: datetime) -> str:
    """Why it goes no further: the town holds it back, or its follow-up, which starts in a moment and ends
    what waits here, has overtaken it. Empty if neither."""
    held_back = refusal_words(broadcast, rules.restraints, now)
    if held_back:  # switched on, or begun, while it was leaving: a person decides
        _pause(broadcast.pk, held_back)
        return "restraint"
    waited = broadcast.waits_until is not None
    return "overtaken" if waited and overtaken.overtaken_by(broadcast, now) else ""


def _has_room(run: Slice, broadcast: Broadcast) -> bool:
    """Whether the provider's 24 hours leave room for anybody; if not, it waits and says so."""
    real_now = clock.real_now()
    left = capacity.capacity(real_now)
    run.room = left.room(emergency=run.lane is Lane.EMERGENCY)
    if run.room != 0:
        return True
    Broadcast.objects.filter(pk=broadcast.pk).update(
        waits_until=capacity.resumes_at(left, real_now),
        state_reason=capacity.waiting_words(left.limit or 0),
    )
    return False


def _rules(run: Slice) -> Rules:
    """The town's rules, at most a second old."""
    if run.rules is None or time.monotonic() > run.rules_at + RULES_SECONDS:
        run.rules, run.rules_at = live_rules(), time.monotonic()
    return run.rules


def terms_of(broadcast: Broadcast, now: datetime, rules: Rules | None = None) -> Terms:
    """What holds for every row claimed now."""
    rules = rules or live_rules()
    own = broadcast.category.monthly_promise
    return Terms(
        broadcast=broadcast.pk,
        category=broadcast.category_id,
        fingerprint=broadcast.fingerprint,
        original=broadcast.refers_to_id,
        marketing=broadcast.category.template_class == "MARKETING",
        counts=audience.counts(broadcast),
        month=month_of(now),
        promise=cap.counter_for(broadcast.category.slug, own),
        cap=cap.limit_for(own, rules.monthly_promise),
        cap_override=bool(broadcast.cap_override_reason),
        zones=_zones_first(broadcast),
        colour=audience.colour_of(broadcast),
    )


def _zones_first(broadcast: Broadcast) -> tuple[int, ...]:
    if broadcast.severity != Severity.EMERGENCY:
        return ()
    return tuple(broadcast.zones_first.values_list("id", flat=True))


def _claim(run: Slice, terms: Terms) -> None:
    """Fill the hand; end the slice when there is nothing left that could be claimed now."""
    most = CLAIM_ROWS if run.room is None else min(CLAIM_ROWS, run.room)
    if run.zones_done:
        terms = replace(terms, zones=())
    rows, highest = claims.claim(terms, lease=run.lease, after=run.after, limit=most)
    if not rows and not highest:
        if terms.zones:
            run.zones_done = True  # and now everybody else
        elif run.after == 0:
            run.tally.ended = "empty"
        run.after = 0  # rows below may have come back meanwhile: look once more from the start
    run.after = highest or run.after
    run.more = len(rows) == most
    run.in_hand.extend(rows)


def _send_in_hand(run: Slice, terms: Terms, lane: Lane) -> None:
    """Send what is in hand, batch by batch, as the budget and the window allow."""
    while run.in_hand and not run.tally.ended:
        if time.monotonic() > run.until:
            run.tally.ended = "time"
            return
        if run.stop_at and clock.now() >= run.stop_at:
            return  # the next look says why
        room = run.window - run.flying
        pause = run.ask_at - time.monotonic()
        if room <= 0 or pause > 0:
            _collect(run, at_most=None if room <= 0 else pause)
            continue
        wanted = min(room, BATCH_ROWS, len(run.in_hand))
        # All that the window could carry: while it is open, lower lanes leave the budget to this one.
        more = (room if run.more else min(room, len(run.in_hand))) - wanted
        grant = provider.budget().take(wanted, lane, more=more)
        # A little more now would cost as much in the database as half a lease in a moment.
        run.ask_at = time.monotonic() + max(grant.wait, 0.0 if grant.granted else 0.005)
        if grant.granted and not _dispatch(
            run, terms, [run.in_hand.popleft() for _n in range(grant.granted)]
        ):
            return
        _collect(run, at_most=0)


def _dispatch(run: Slice, terms: Terms, batch: list[Claimed]) -> bool:
    """Check once more, write «sending», and hand the batch to the wire; False if some may not go."""
    begun = claims.begin(terms, [row.id for row in batch], lease=run.lease)
    outgoing = _written(run, [row for row in batch if row.id in begun], begun)
    if outgoing:
        run.flying += len(outgoing)
        provider.sender().submit(outgoing, run.answers)
    refused = [row.id for row in batch if row.id not in begun]
    claims.release(refused, lease=run.lease)  # pending again: the next claim says why they may not go
    provider.budget().give_back(len(refused))
    if refused:
        run.after = 0
    return not refused


def _written(run: Slice, rows: list[Claimed], tries: dict[int, int]) -> list[Outgoing]:
    """The requests of a batch, each with its mark; an address that cannot be written fails alone."""
    outgoing, broken = [], []
    for row in rows:
        body = run.bodies.get(row.language, run.bodies[DEFAULT_LANGUAGE])
        try:
            address = Recipient(row.phone, row.user_id)
            mark = f"d:{run.broadcast_id}:{row.id}:{tries[row.id]}"
            outgoing.append(Outgoing(row.id, body.bytes_for(address, mark)))
        except PayloadError:
            broken.append({"id": row.id, "state": Delivery.FAILED, "reason": "address", "back": True})
    claims.record(broken, lease=run.lease)
    return outgoing


def _collect(run: Slice, *, at_most: float | None = None) -> None:
    """Take what came back; wait for the first answer, or `at_most` seconds. Write it when it is worth it."""
    if run.unwritten:
        due = max(0.0, run.oldest + FLUSH_SECONDS - time.monotonic())
        at_most = due if at_most is None else min(at_most, due)
    if not run.flying:
        time.sleep(at_most or 0)
    elif answers := _answers(run, at_most):
        if not run.unwritten:
            run.oldest = time.monotonic()
        run.unwritten.extend(answers)
        run.flying -= len(answers)
    worth = len(run.unwritten) >= min(FLUSH_ROWS, run.window) or not run.flying
    if run.unwritten and (worth or time.monotonic() >= run.oldest + FLUSH_SECONDS):
        outcomes, run.unwritten = run.unwritten, []
        _record(run, outcomes)


def _answers(run: Slice, at_most: float | None) -> list[Outcome]:
    """The outcomes that are there; if none is, what comes within `at_most` seconds (None: any time)."""
    answers: list[Outcome] = []
    with suppress(Empty):
        if at_most != 0 and run.answers.empty():
            answers.append(run.answers.get(timeout=at_most))
            time.sleep(min(GATHER_SECONDS, at_most or GATHER_SECONDS))  # not one by one
        while True:
            answers.append(run.answers.get_nowait())
    return answers


def _record(run: Slice, outcomes: list[Outcome]) -> None:
    resolved = [resolve(outcome) for outcome in outcomes]
    _write_down([row for row, _fault in resolved], run.lease)
    good = sum(outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.HELD) for outcome in outcomes)
    run.tally.sent += good
    run.tally.refused += len(outcomes) - good
    faults = [fault for _row, fault in resolved if fault is not None]
    for fault in faults:
        if fault.slow_down:
            provider.budget().slow_down(fault.retry_after)
    run.suspects += sum(fault.suspect for fault in faults)
    stopping = next((fault for fault in faults if fault.stops or _too_many(run, fault)), None)
    stopping = stopping or _storm(run, resolved)
    if stopping:
        run.fault, run.tally.ended = stopping, "fault"
    elif 2 * sum(fault.away for fault in faults) > len(outcomes):
        provider.budget().warm(FIRST_WINDOW)
        run.tally.ended = "away"  # the provider does not answer: the sweep tries again, gently
    elif good:
        run.window = min(WIDEN * run.window, settings.WHATSAPP_CONNECTIONS)
        _keep_warm(run)


def _keep_warm(run: Slice) -> None:
    """Tell the next slices how wide the window is, when it widens and now and then: it holds two seconds."""
    if run.window > run.warmed or time.monotonic() - run.warmed_at >= WARM_AGAIN_SECONDS:
        provider.budget().warm(run.window)
        run.warmed, run.warmed_at = run.window, time.monotonic()


def _write_down(rows: list[dict[str, Any]], lease: uuid.UUID) -> None:
    """Record, also through a restart of the database: an outcome that is lost is a person in doubt.

    Safe to repeat though the first commit may have arrived: the row's state and the lease are the fence.
    """
    until = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            claims.record(rows, lease=lease)
        except OperationalError:
            if time.monotonic() > until or connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(0.5)
        else:
            return


def _storm(run: Slice, resolved: list[tuple[dict[str, Any], Fault | None]]) -> Fault | None:
    """A routine send whose first people fail in one way: a person should look first (broadcasts/storm)."""
    if run.lane is not Lane.ROUTINE or not any(row["state"] == Delivery.FAILED for row, _fault in resolved):
        return None
    words = storm.storm(Broadcast.objects.get(pk=run.broadcast_id))
    return Fault(words, stops=True) if words else None


def _too_many(run: Slice, fault: Fault) -> bool:
    """One odd recipient is their own trouble; nothing but odd ones is ours."""
    return fault.suspect and run.suspects >= SUSPECTS and not run.tally.sent


def _land(run: Slice) -> None:
    """Wait for every request in flight and record it; the sender's own deadline bounds this."""
    ended = run.tally.ended
    while run.flying or run.unwritten:
        _collect(run)
    if run.fault is not None:
        run.tally.ended = "fault"
    elif run.tally.ended != "away":  # whoever calls the next slice should know that
        run.tally.ended = ended


def _answer_fault(run: Slice) -> None:
    """Stop the broadcast for what concerns all its recipients, keeping its place."""
    if run.fault is not None:
        _pause(run.broadcast_id, run.fault.reason)


def _pause(broadcast_id: int, reason: str) -> None:
    try:
        lifecycle.pause(broadcast_id, by=None, reason=reason)
    except lifecycle.NotAllowed:
        log.info("Broadcast %s was already stopped", broadcast_id)
