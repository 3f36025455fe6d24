"""Answers to what a person just wrote: at any hour, once per message, through the same wire."""

from __future__ import annotations

import time
import uuid
from typing import Any

import orjson
from django.db import connection

from broadcasts import provider, switch, wake
from broadcasts.outcomes import resolve
from broadcasts.states import Delivery
from whatsapp.bulk import Outgoing
from whatsapp.pacing import Lane
from whatsapp.payloads import PayloadError, Recipient

BATCH = 50
MOST_ATTEMPTS = 8
LEASE_SECONDS = 90
PAUSE_SECONDS = 30.0  # while the account or the number is in trouble

CLAIM = """
WITH picked AS (
    SELECT id FROM broadcasts_reply
    WHERE state = 'pending' AND (not_before IS NULL OR not_before <= now())
      AND NOT EXISTS (SELECT 1 FROM broadcasts_sending h WHERE NOT h.armed)
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE broadcasts_reply r SET state = 'sending', lease = %s, attempts = r.attempts + 1,
    lease_until = now() + make_interval(secs => %s)
FROM picked, subscribers_subscriber s
WHERE r.id = picked.id AND s.id = r.subscriber_id
RETURNING r.id, s.phone, s.user_id, r.payload
"""
WAITING = """
SELECT count(*) FROM (
    SELECT 1 FROM broadcasts_reply
    WHERE state = 'pending' AND (not_before IS NULL OR not_before <= now()) LIMIT %s
) AS waiting
"""
# An answer that was only put off, or never reached the provider, has cost no attempt.
RECORD = """
UPDATE broadcasts_reply r SET
    state = CASE WHEN v.state = 'pending' AND NOT COALESCE(v.spared, false) AND r.attempts >= %(most)s
                 THEN 'failed' ELSE v.state END,
    error_code = v.code, lease = NULL, lease_until = NULL,
    attempts = CASE WHEN v.spared THEN r.attempts - 1 ELSE r.attempts END,
    accepted_at = CASE WHEN v.state IN ('accepted', 'held') THEN now() END,
    not_before = CASE WHEN v.state = 'pending'
                      THEN now() + make_interval(secs => COALESCE(v.wait, %(pause)s)) END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(id bigint, state text, code int, wait float8, spared boolean)
WHERE r.id = v.id AND r.lease = %(lease)s AND r.state = 'sending'
"""
# A request that had begun may have arrived: an answer is not repeated on a guess.
RESCUE = """
UPDATE broadcasts_reply SET state = 'unconfirmed', lease = NULL, lease_until = NULL
WHERE state = 'sending' AND lease_until < now()
"""


def send_pending(*, seconds: float = 20.0) -> int:
    """Send what is waiting; returns how many requests began."""
    until, total = time.monotonic() + seconds, 0
    if not switch.is_armed():
        return 0
    while time.monotonic() < until:
        waiting = _waiting(BATCH)
        if not waiting:
            break
        # Asked for no more than there is: what this lane wants and does not get, lower lanes go without.
        grant = provider.budget().take(waiting, Lane.REPLY)
        if not grant.granted:
            time.sleep(max(grant.wait, 0.005))
            continue
        lease = uuid.uuid4()
        rows = _claim(grant.granted, lease)
        provider.budget().give_back(grant.granted - len(rows))
        if not rows:
            break
        total += len(rows)
        if not _send(rows, lease):
            break
    else:
        wake.replies()  # time is up: others get their turn, then there may be more
    return total


def _waiting(most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [most])
        count: int = cursor.fetchone()[0]
    return count


def rescue() -> int:
    """Close what a dead worker held."""
    with connection.cursor() as cursor:
        cursor.execute(RESCUE)
        return cursor.rowcount


def _claim(limit: int, lease: uuid.UUID) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [limit, lease, LEASE_SECONDS])
        return sorted(cursor.fetchall(), key=lambda row: row[0])


def _send(rows: list[tuple[Any, ...]], lease: uuid.UUID) -> bool:
    """Send one batch and record it; False if the provider seems away."""
    outgoing, broken = [], []
    for id, phone, user_id, payload in rows:
        message = orjson.loads(payload) if isinstance(payload, str) else payload
        try:
            body = message | Recipient(phone, user_id).fields() | {"biz_opaque_callback_data": f"r:{id}"}
        except PayloadError:  # merged or erased since: nobody to write to
            broken.append({"id": id, "state": Delivery.FAILED, "code": None})
        else:
            outgoing.append(Outgoing(key=id, body=orjson.dumps(body)))
    resolved = [resolve(outcome) for outcome in provider.sender().send(outgoing)]
    _record([*broken, *(row for row, _fault in resolved)], lease)
    return not any(fault is not None and (fault.away or fault.stops) for _row, fault in resolved)


def _record(rows: list[dict[str, Any]], lease: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD,
            {
                "rows": orjson.dumps(rows).decode(),
                "lease": lease,
                "most": MOST_ATTEMPTS,
                "pause": PAUSE_SECONDS,
            },
        )
