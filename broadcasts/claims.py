"""The set-based statements that move delivery rows through the engine. All raw SQL of the sender is here.

pending → claimed (lease, month's unit reserved) → sending (just before the request) → an outcome.
Every statement is fenced by the state it expects and by the lease, so that a late or repeated worker
changes nothing. Leases use the database's clock, which is real time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

LEASE_SECONDS = 60  # twice the sender's own deadline: a live worker never outlasts its lease
# A claim whose request has not begun goes back sooner: longer than a slice, so that a live worker keeps it,
# and short enough that all goes on within a minute of a worker's death.
CLAIM_SECONDS = 30
ORIGINAL_WAIT_SECONDS = 60
REPEAT_SECONDS = 120

# Not awaited on the disk: BEGIN is, and what it writes comes after in the log. A claim that a crash of the
# database loses is of a row whose request had not begun.
CLAIM = """
WITH picked AS (
    SELECT d.id, d.subscriber_id FROM broadcasts_delivery d
    WHERE d.broadcast_id = %(broadcast)s AND d.state = 'pending' AND d.id > %(after)s
      AND (d.not_before IS NULL OR d.not_before <= now())
      AND (%(zones)s::bigint[] IS NULL OR EXISTS (
            SELECT 1 FROM subscribers_subscriber_zones z
            WHERE z.subscriber_id = d.subscriber_id AND z.zone_id = ANY(%(zones)s::bigint[])))
      AND (%(original)s::bigint IS NULL OR NOT EXISTS (
            SELECT 1 FROM broadcasts_delivery o
            WHERE o.subscriber_id = d.subscriber_id AND o.broadcast_id IN (
                  SELECT e.id FROM broadcasts_broadcast e
                  WHERE e.id = %(original)s OR e.refers_to_id = %(original)s AND e.id <> d.broadcast_id)
              AND o.state IN ('claimed', 'sending')
              AND COALESCE(o.begun_at, now()) > now() - make_interval(secs => %(original_wait)s)))
    ORDER BY d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
), judged AS (
    SELECT p.id, p.subscriber_id, s.phone, s.user_id, s.language,
        CASE WHEN s.state = 'unreachable' THEN 'unreachable'
             WHEN s.state IS DISTINCT FROM 'active' THEN 'stopped'
             WHEN t.id IS NULL THEN 'topic'
             WHEN %(colour)s < s.lowest_colour AND %(colour)s > 0 THEN 'colour'
             WHEN %(marketing)s AND s.marketing_stopped THEN 'marketing'
             WHEN s.phone IS NULL AND s.user_id IS NULL THEN 'stopped'
             WHEN EXISTS (SELECT 1 FROM broadcasts_broadcast f
                          WHERE f.started_at IS NOT NULL AND f.kind IN ('correction', 'update', 'ending')
                            AND (f.refers_to_id = %(broadcast)s
                                 OR f.refers_to_id = %(original)s AND (f.started_at, f.id) >
                                    (SELECT m.started_at, m.id FROM broadcasts_broadcast m
                                     WHERE m.id = %(broadcast)s))) THEN 'superseded'
        END AS refusal
    FROM picked p
    LEFT JOIN subscribers_subscriber s ON s.id = p.subscriber_id
    LEFT JOIN subscribers_subscription t ON t.subscriber_id = p.subscriber_id AND t.category_id = %(category)s
), reserved AS (
    INSERT INTO broadcasts_monthlyusage AS u (subscriber_id, month, promise, used)
    SELECT subscriber_id, %(month)s, %(promise)s, 1 FROM judged
    WHERE refusal IS NULL AND %(counts)s AND (%(cap)s > 0 OR %(cap_override)s)
    ORDER BY subscriber_id
    ON CONFLICT (subscriber_id, month, promise) DO UPDATE SET used = u.used + 1
        WHERE u.used < %(cap)s OR %(cap_override)s
    RETURNING subscriber_id
), verdict AS (
    SELECT j.*, r.subscriber_id IS NOT NULL AS reserved,
        COALESCE(j.refusal, CASE WHEN %(counts)s AND r.subscriber_id IS NULL THEN 'capped' ELSE '' END) AS why
    FROM judged j LEFT JOIN reserved r USING (subscriber_id)
)
UPDATE broadcasts_delivery d SET
    state = CASE WHEN v.why = '' THEN 'claimed' ELSE 'skipped' END,
    reason = v.why,
    lease = CASE WHEN v.why = '' THEN %(lease)s::uuid END,
    lease_until = CASE WHEN v.why = '' THEN now() + make_interval(secs => %(lease_seconds)s) END,
    promise_month = CASE WHEN v.reserved THEN %(month)s::date END,
    not_before = NULL
FROM verdict v WHERE d.id = v.id
RETURNING d.id, d.state = 'claimed', v.phone, v.user_id, v.language,
    set_config('synchronous_commit', 'off', true)
"""

BEGIN = """
UPDATE broadcasts_delivery d SET state = 'sending', begun_at = now(),
    attempts = LEAST(d.attempts + 1, 32000), tries = LEAST(d.tries + 1, 32000),
    lease_until = now() + make_interval(secs => %(seconds)s)
FROM broadcasts_broadcast b, subscribers_subscriber s
WHERE d.id = ANY(%(ids)s) AND d.state = 'claimed' AND d.lease = %(lease)s
  AND b.id = d.broadcast_id AND b.state = 'sending' AND b.fingerprint = %(fingerprint)s
  AND s.id = d.subscriber_id AND s.state = 'active' AND NOT (%(marketing)s AND s.marketing_stopped)
  AND EXISTS (SELECT 1 FROM subscribers_subscription t
              WHERE t.subscriber_id = s.id AND t.category_id = b.category_id)
  AND NOT EXISTS (SELECT 1 FROM broadcasts_sending h WHERE NOT h.armed)
RETURNING d.id, d.tries
"""

# A unit of the month goes back only when the message surely did not go. The accounts are locked in the
# order in which CLAIM takes them, since a deadlock would cost a batch its outcomes.
GIVE_BACK = """
    UPDATE broadcasts_monthlyusage u SET used = GREATEST(u.used - g.units, 0)
    FROM (SELECT m.id, r.units FROM broadcasts_monthlyusage m
          JOIN (SELECT subscriber_id, promise_month AS month, promise, count(*) AS units FROM {rows}
                WHERE promise_month IS NOT NULL GROUP BY 1, 2, 3) r USING (subscriber_id, month, promise)
          ORDER BY m.subscriber_id FOR UPDATE OF m) g
    WHERE u.id = g.id
"""

RELEASE = f"""
WITH freed AS (
    UPDATE broadcasts_delivery d
    SET state = 'pending', lease = NULL, lease_until = NULL, promise_month = NULL
    FROM broadcasts_delivery o
    JOIN broadcasts_broadcast b ON b.id = o.broadcast_id JOIN policy_category c ON c.id = b.category_id
    WHERE o.id = d.id AND d.id = ANY(%(ids)s) AND d.state = 'claimed' AND d.lease = %(lease)s
    RETURNING d.id, d.subscriber_id, o.promise_month,
        CASE WHEN c.monthly_promise IS NULL THEN '' ELSE c.slug END AS promise
), back AS ({GIVE_BACK.format(rows="freed")})
SELECT count(*) FROM freed
"""

# `most` bounds how often a passing error is repeated, at growing intervals; what was only put off, or
# never reached the provider, is `spared` and counts as no attempt. Rows are locked in the order of the
# receipts' statement (outcomes.APPLY), which may want the same ones at the same moment.
# `lazy` does not await the disk. Only for what the provider took: a crash of the database that loses it
# leaves the row in `sending`, it becomes unconfirmed, and the receipt settles it. What goes back to pending
# is awaited: nothing would come to settle it.
RECORD = f"""
WITH v AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id bigint, state text, reason text, code int,
        hash text, wait float8, back boolean, spared boolean, most int)
), o AS (
    SELECT d.id, d.promise_month, v.state = 'pending' AND d.attempts >= v.most AS over,
        CASE WHEN c.monthly_promise IS NULL THEN '' ELSE c.slug END AS promise
    FROM v JOIN broadcasts_delivery d ON d.id = v.id
    JOIN broadcasts_broadcast b ON b.id = d.broadcast_id JOIN policy_category c ON c.id = b.category_id
    WHERE d.state = 'sending' AND d.lease = %(lease)s
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE broadcasts_delivery d SET
        state = CASE WHEN o.over THEN 'failed' ELSE v.state END,
        reason = COALESCE(v.reason, ''), error_code = v.code,
        message_hash = COALESCE(v.hash, d.message_hash),
        accepted_at = CASE WHEN v.state IN ('accepted', 'held') THEN now() ELSE d.accepted_at END,
        not_before = CASE WHEN v.wait IS NULL OR o.over THEN NULL ELSE now() + make_interval(
            secs => v.wait * CASE WHEN v.most IS NULL THEN 1 ELSE LEAST(2 ^ (d.attempts - 1), 12) END) END,
        attempts = CASE WHEN v.spared THEN GREATEST(d.attempts - 1, 0) ELSE d.attempts END,
        promise_month = CASE WHEN v.back THEN NULL ELSE d.promise_month END,
        lease = NULL, lease_until = NULL
    FROM v JOIN o USING (id)
    WHERE d.id = v.id
    RETURNING d.id, d.subscriber_id, CASE WHEN v.back THEN o.promise_month END AS promise_month, o.promise
), back AS ({GIVE_BACK.format(rows="moved")})
SELECT count(*), CASE WHEN %(lazy)s THEN set_config('synchronous_commit', 'off', true) END FROM moved
"""
_TAKEN = ("accepted", "held")

# Nobody's row waits in a broadcast that will not leave: what a worker held comes back after its end.
CLOSE = """
UPDATE broadcasts_delivery d SET
    state = CASE WHEN b.state = 'cancelled' THEN 'skipped' ELSE 'expired' END,
    reason = CASE WHEN b.state = 'cancelled' THEN 'cancelled' ELSE '' END
FROM broadcasts_broadcast b
WHERE d.broadcast_id = b.id AND d.state = 'pending' AND b.state IN ('cancelled', 'expired')
"""

# A follow-up has started: whoever has not got the original yet will not. Rows in a worker's hand too: their
# request has not begun, and the fence of BEGIN keeps it from beginning.
SUPERSEDE = f"""
WITH o AS (
    SELECT d.id, d.promise_month, CASE WHEN c.monthly_promise IS NULL THEN '' ELSE c.slug END AS promise
    FROM broadcasts_delivery d
    JOIN broadcasts_broadcast b ON b.id = d.broadcast_id JOIN policy_category c ON c.id = b.category_id
    WHERE d.broadcast_id = %(broadcast)s AND d.state IN ('pending', 'claimed')
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE broadcasts_delivery d SET state = 'skipped', reason = 'superseded',
        lease = NULL, lease_until = NULL, promise_month = NULL
    FROM o WHERE d.id = o.id
    RETURNING d.id, d.subscriber_id, o.promise_month, o.promise
), back AS ({GIVE_BACK.format(rows="moved")})
SELECT count(*) FROM moved
"""

# What a dead worker held: a claim goes back, a request that had begun may have arrived.
RESCUE = f"""
WITH lost AS (
    SELECT id FROM broadcasts_delivery WHERE state IN ('claimed', 'sending') AND lease_until < now()
    ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE broadcasts_delivery d SET
        state = CASE WHEN d.state = 'claimed' THEN 'pending' ELSE 'unconfirmed' END,
        promise_month = CASE WHEN d.state = 'claimed' THEN NULL ELSE d.promise_month END,
        lease = NULL, lease_until = NULL
    FROM lost, broadcasts_delivery o
    JOIN broadcasts_broadcast b ON b.id = o.broadcast_id JOIN policy_category c ON c.id = b.category_id
    WHERE d.id = lost.id AND o.id = lost.id
    RETURNING d.id, d.subscriber_id, CASE WHEN o.state = 'claimed' THEN o.promise_month END AS promise_month,
        CASE WHEN c.monthly_promise IS NULL THEN '' ELSE c.slug END AS promise
), back AS ({GIVE_BACK.format(rows="moved")})
SELECT count(*) FROM moved
"""

# An emergency whose answer never came is repeated once, and counted; nothing else ever is.
REPEAT = """
UPDATE broadcasts_delivery d SET state = 'pending', repeated = true, not_before = NULL
FROM broadcasts_broadcast b
WHERE d.broadcast_id = b.id AND b.severity = 'emergency' AND b.state = 'sending'
  AND (b.valid_until IS NULL OR b.valid_until > %(now)s)
  AND d.state = 'unconfirmed' AND NOT d.repeated
  AND d.begun_at < now() - make_interval(secs => %(seconds)s)
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every row of one claim: the month's account and what the message is."""

    broadcast: int
    category: int
    fingerprint: str
    original: int | None
    marketing: bool
    counts: bool
    month: date
    promise: str
    cap: int
    cap_override: bool
    zones: tuple[int, ...] = ()  # only who chose one of these; none for everybody
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """One row in our hands, with the address it is to be sent to (never logged)."""

    id: int
    phone: str | None
    user_id: str | None
    language: str


def claim(terms: Terms, *, lease: UUID, after: int, limit: int) -> tuple[list[Claimed], int]:
    """Take up to `limit` pending rows with an id above `after`, judging each person anew.

    Returns the rows to send and the highest id seen (0 when there was none): who may not receive it
    now has become `skipped` with the reason.
    """
    parameters: dict[str, Any] = {
        name: getattr(terms, name) for name in Terms.__slots__ if name not in ("fingerprint", "zones")
    } | {
        "zones": list(terms.zones) or None,
        "lease": lease,
        "after": after,
        "limit": limit,
        "lease_seconds": CLAIM_SECONDS,
        "original_wait": ORIGINAL_WAIT_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        rows = cursor.fetchall()
    taken = [
        Claimed(id, phone, user_id, language) for id, ours, phone, user_id, language, _set in rows if ours
    ]
    return sorted(taken, key=lambda row: row.id), max((row[0] for row in rows), default=0)


def begin(terms: Terms, ids: Sequence[int], *, lease: UUID) -> dict[int, int]:
    """Write that these requests are about to begin; returns those that still may, and which try it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            BEGIN,
            {
                "ids": list(ids),
                "lease": lease,
                "fingerprint": terms.fingerprint,
                "marketing": terms.marketing,
                "seconds": LEASE_SECONDS,
            },
        )
        return dict(cursor.fetchall())


def release(ids: Sequence[int], *, lease: UUID) -> int:
    """Put claimed rows back, with the month's unit."""
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, {"ids": list(ids), "lease": lease})
        count: int = cursor.fetchone()[0]
    return count


def record(rows: Sequence[dict[str, Any]], *, lease: UUID) -> int:
    """Write outcomes in one statement; rows that moved on meanwhile are left alone."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        lazy = all(row["state"] in _TAKEN for row in rows)
        cursor.execute(RECORD, {"rows": orjson.dumps(list(rows)).decode(), "lease": lease, "lazy": lazy})
        count: int = cursor.fetchone()[0]
    return count


def rescue() -> int:
    """Take back what dead workers held; returns how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(RESCUE)
        count: int = cursor.fetchone()[0]
    return count


def close_rows() -> int:
    """End the pending rows of broadcasts that were cancelled or are over; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE)
        return cursor.rowcount


def supersede(broadcast_id: int) -> int:
    """End the rows of the original that have not begun to leave, with their month's unit; how many."""
    with connection.cursor() as cursor:
        cursor.execute(SUPERSEDE, {"broadcast": broadcast_id})
        count: int = cursor.fetchone()[0]
    return count


def repeat_emergencies(now: Any) -> int:
    """Make unanswered emergency rows pending once more; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(REPEAT, {"now": now, "seconds": REPEAT_SECONDS})
        return cursor.rowcount
