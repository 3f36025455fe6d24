"""Counts of a notice's rows, kept so that no page counts a million of them. No phone leaves here.

A small notice is counted when somebody looks, exactly. Of a large one the page shows what a worker counted
a few seconds ago, and says when. Long after the end the last count stays, whatever is deleted later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q

from broadcasts.models import Broadcast, Delivery, Tally
from broadcasts.states import State

log = logging.getLogger(__name__)

SMALL = 20_000  # rows that a page may count by itself: about 15 ms
RATE_WINDOW = timedelta(seconds=10)
MOST = 0.95  # of those entrusted: what «quasi tutti» means in the report
AT_LEAST_EVERY = timedelta(seconds=5)  # while it leaves; ten times what counting takes, if that is longer
FIRST_HOUR, FIRST_DAYS, KEPT = timedelta(minutes=1), timedelta(minutes=15), timedelta(days=7)

Row = tuple[str, int, str, int | None, int]  # state, receipt, reason, code, how many

# Steps of the picture: fine in the first minute, coarse afterwards, so that one notice to fifty people and
# one to a million both show their shape.
STEPS = (
    *(5, 10, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400),
    *(7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 64_800, 86_400, 129_600, 172_800),
)
# Arrivals are told in the provider's time, which is business time; the rest is ours, which is real.
OVER_TIME = """
    WITH d AS (
        SELECT extract(epoch FROM accepted_at - %(began)s)::float8 AS taken,
               extract(epoch FROM delivered_at - %(started)s)::float8 AS came,
               extract(epoch FROM read_at - %(started)s)::float8 AS seen
        FROM broadcasts_delivery WHERE broadcast_id = %(broadcast)s AND accepted_at IS NOT NULL
    )
    SELECT width_bucket(taken, %(steps)s::float8[]), width_bucket(came, %(steps)s::float8[]),
           width_bucket(seen, %(steps)s::float8[]), count(*)
    FROM d GROUP BY 1, 2, 3
"""
NTH_ARRIVAL = """
    SELECT extract(epoch FROM delivered_at - %(started)s)::float8 FROM broadcasts_delivery
    WHERE broadcast_id = %(broadcast)s AND delivered_at IS NOT NULL
    ORDER BY delivered_at OFFSET %(before)s LIMIT 1
"""
# Who left the service, or this topic, within a day of getting it.
STOPS = """
    SELECT count(DISTINCT s.id) FROM subscribers_consentevent e
    JOIN subscribers_subscriber s ON s.subject = e.subject
    JOIN broadcasts_delivery d ON d.subscriber_id = s.id AND d.broadcast_id = %(broadcast)s
    WHERE e.at >= %(started)s AND e.at < %(until)s AND d.accepted_at IS NOT NULL
      AND (e.act = 'stop' OR (e.act = 'topic_off' AND e.category_id = %(category)s))
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of one notice by what became of them. `rate` is messages a second over the last ten seconds
    at most; `again` rows wait for another try; `at` is None for an exact count, else when it was kept."""

    rows: tuple[Row, ...]
    rate: float = 0.0
    again: int = 0
    last: datetime | None = None  # when the provider last took one
    at: datetime | None = None


def counted(broadcast: Broadcast, real_now: datetime) -> Counted:
    """How its rows stand: exact where that is quick, else as last kept. One query at most."""
    if broadcast.started_at is None:
        return Counted(())
    if broadcast.sums is not None or (broadcast.audience_count or 0) <= SMALL:
        return count(broadcast, real_now)
    kept = Tally.objects.filter(pk=broadcast.pk).first()
    if kept is None:  # it has only just begun
        return Counted((("pending", 0, "", None, broadcast.audience_count or 0),), at=real_now)
    return Counted(as_rows(kept.rows), kept.rate, kept.waiting_again, kept.last_accepted, kept.counted_at)


def as_rows(stored: Iterable[list[str | int | None]]) -> tuple[Row, ...]:
    """The stored form of a count, as it was."""
    return tuple(tuple(row) for row in stored)  # type: ignore[misc]  # five values, as `refresh` wrote them


def count(broadcast: Broadcast, real_now: datetime) -> Counted:
    """Count now: one query over all its rows. `real_now` is real time: outcomes are stamped with it."""
    if broadcast.sums is not None:  # the rows themselves were kept for their days
        return Counted(as_rows(broadcast.sums))
    fresh, again = Q(accepted_at__gte=real_now - RATE_WINDOW), Q(state="pending", not_before__gt=real_now)
    found = (
        Delivery.objects.filter(broadcast=broadcast)
        .values_list("state", "receipt", "reason", "error_code")
        .order_by()
        .annotate(n=Count("id"), fresh=Count("id", filter=fresh), oldest=Min("accepted_at", filter=fresh))
        .annotate(again=Count("id", filter=again), last=Max("accepted_at"))
    )
    rows: list[Row] = []
    recent, later, since = 0, 0, real_now
    latest: datetime | None = None
    for *row, lately, oldest, waits, last in found:
        rows.append(tuple(row))
        recent, later = recent + lately, later + waits
        since = min(since, oldest or since)
        latest = max(latest or last, last) if last else latest
    seconds = max((real_now - since).total_seconds(), 1.0)  # a send that just began has a shorter window
    return Counted(tuple(rows), recent / seconds, later, latest)


def refresh_due(real_now: datetime) -> int:
    """Count again every notice whose count is too old; returns how many. For a worker, every few seconds."""
    left = Broadcast.objects.filter(started_at__isnull=False).exclude(tally__closed=True)
    due = [one.pk for one in left.select_related("tally").order_by("-id") if is_due(one, real_now)]
    return sum(refresh(pk, real_now) for pk in due)


def is_due(broadcast: Broadcast, real_now: datetime) -> bool:
    """Whether its kept count is too old; reads `broadcast.tally`."""
    kept = getattr(broadcast, "tally", None)
    return kept is None or real_now - kept.counted_at >= _interval(broadcast, kept, real_now)


def _interval(broadcast: Broadcast, kept: Tally, real_now: datetime) -> timedelta:
    """How old a count may get: receipts come fast at first, then for days."""
    if broadcast.state in (State.SENDING, State.PAUSED) or broadcast.finished_at is None:
        return max(AT_LEAST_EVERY, timedelta(seconds=10 * kept.seconds))
    lately = real_now - broadcast.finished_at < timedelta(hours=1)
    return FIRST_HOUR if lately else FIRST_DAYS


@transaction.atomic
def refresh(broadcast_id: int, real_now: datetime) -> bool:
    """Count one notice and keep it; False where another worker is at it."""
    broadcast = Broadcast.objects.select_related("category").get(pk=broadcast_id)
    Tally.objects.bulk_create(
        [Tally(broadcast=broadcast, counted_at=real_now, seconds=0)], ignore_conflicts=True
    )
    kept = Tally.objects.select_for_update(skip_locked=True).filter(pk=broadcast_id).first()
    if kept is None:
        return False
    began = time.monotonic()
    found = count(broadcast, real_now)
    kept.rows, kept.rate = [list(row) for row in found.rows], found.rate
    kept.waiting_again, kept.last_accepted = found.again, found.last
    over = broadcast.finished_at is not None
    if broadcast.sums is None and (over or sum(row[4] for row in found.rows) <= SMALL):
        _count_times(broadcast, kept)
    kept.seconds, kept.counted_at = time.monotonic() - began, real_now
    kept.closed = over and real_now - (broadcast.finished_at or real_now) > KEPT
    kept.save()
    return True


def _count_times(broadcast: Broadcast, kept: Tally) -> None:
    """When its messages were taken, came and were read, and who left because of it."""
    started = broadcast.started_at
    began = Delivery.objects.filter(broadcast=broadcast).aggregate(first=Min("begun_at"))["first"]
    if started is None:
        return
    parameters = {
        "broadcast": broadcast.pk,
        "category": broadcast.category_id,
        "started": started,
        "began": began or started,
        "until": (broadcast.finished_at or started) + timedelta(days=1),
        "steps": list(STEPS),
    }
    with connection.cursor() as cursor:
        cursor.execute(OVER_TIME, parameters)
        kept.over_time = cumulated(cursor.fetchall())
        last = kept.over_time[-1] if kept.over_time else [0, 0, 0, 0]
        most = -int(-last[1] * MOST // 1)  # the smallest number of people that is at least so many
        cursor.execute(NTH_ARRIVAL, parameters | {"before": max(0, most - 1)})
        row = cursor.fetchone()
        kept.most_seconds = max(0, round(row[0])) if row and most else None
        cursor.execute(STOPS, parameters)
        kept.stops = cursor.fetchone()[0]


def cumulated(found: Iterable[tuple[int | None, int | None, int | None, int]]) -> list[list[int]]:
    """[seconds, entrusted, arrived, read] up to each step that changes something, and at the last (pure).

    `found` holds the step's number of each (None where it did not happen) and how many have these three.
    """
    sums = [[0, 0, 0] for _step in range(len(STEPS) + 1)]
    for *steps, number in found:
        for column, step in enumerate(steps):
            if step is not None:
                sums[step][column] += number
    lines: list[list[int]] = []
    total = [0, 0, 0]
    for step, numbers in enumerate(sums):
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        seconds = STEPS[step] if step < len(STEPS) else 2 * STEPS[-1]
        if any(numbers):
            lines.append([seconds, *total])
    return lines
