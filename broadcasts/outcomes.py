"""(6) What became of each message: the sender's answers and the provider's receipts.

`resolve` is pure; `apply_statuses` moves rows forward only, in whatever order the receipts come.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from broadcasts import claims
from broadcasts.states import Delivery, Receipt
from subscribers.identity import message_hash
from whatsapp.bulk import Outcome, OutcomeKind
from whatsapp.errors import ErrorClass, classify
from whatsapp.webhook import Status

STOPS = frozenset({ErrorClass.TEMPLATE, ErrorClass.NUMBER, ErrorClass.AUTH})
_WAITS = frozenset({ErrorClass.RETRY, ErrorClass.THROTTLE, ErrorClass.PAIR})
PAIR_SECONDS = 8.0
RETRY_SECONDS = 5.0
MOST_ATTEMPTS = 20  # of one person, each answered with a passing error: a quarter of an hour at the least


@dataclass(frozen=True, slots=True)
class Fault:
    """What an outcome says about more than its own recipient."""

    reason: str
    stops: bool = False
    suspect: bool = False  # perhaps our own mistake: harmless for one person, not for all
    away: bool = False
    slow_down: bool = False
    retry_after: float | None = None


def resolve(outcome: Outcome) -> tuple[dict[str, Any], Fault | None]:
    """The row to record for one outcome, and the fault that concerns the whole send, if any.

    `back` gives the month's unit back: only when the message surely did not go. `most` and `spared` say
    which repetitions are counted (claims.RECORD).
    """
    row: dict[str, Any] = {"id": outcome.key, "code": outcome.code, "back": False}
    match outcome.kind:
        case OutcomeKind.ACCEPTED | OutcomeKind.HELD:
            state = Delivery.ACCEPTED if outcome.kind is OutcomeKind.ACCEPTED else Delivery.HELD
            hashed = message_hash(outcome.message_id) if outcome.message_id else None
            return row | {"state": state, "hash": hashed}, None
        case OutcomeKind.UNCONFIRMED:
            return row | {"state": Delivery.UNCONFIRMED}, Fault("WhatsApp non risponde.", away=True)
        case OutcomeKind.NOT_SENT:
            row |= {"state": Delivery.PENDING, "back": True, "spared": True}
            return row | {"wait": _jittered(RETRY_SECONDS)}, Fault("WhatsApp non è raggiungibile.", away=True)
        case OutcomeKind.REFUSED:
            return _refused(row, outcome)


def _refused(row: dict[str, Any], outcome: Outcome) -> tuple[dict[str, Any], Fault | None]:
    info = classify(outcome.code)
    row["back"] = True
    if info.cls in _WAITS:
        wait = outcome.retry_after or (PAIR_SECONDS if info.cls is ErrorClass.PAIR else RETRY_SECONDS)
        fault = None
        if info.cls is not ErrorClass.PAIR:
            throttled = info.cls is ErrorClass.THROTTLE
            fault = Fault(
                info.reason, away=not throttled, slow_down=throttled, retry_after=outcome.retry_after
            )
        counted = {"most": MOST_ATTEMPTS} if info.cls is ErrorClass.RETRY else {"spared": True}
        return row | counted | {"state": Delivery.PENDING, "wait": _jittered(wait)}, fault
    if info.cls in STOPS:
        row |= {"state": Delivery.PENDING, "spared": True}
        return row, Fault(info.reason, stops=True)
    fault = Fault(info.reason, suspect=True) if info.cls is ErrorClass.REQUEST else None
    return row | {"state": Delivery.FAILED}, fault


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.4)  # noqa: S311  not a secret


# A receipt proves that the message went, whatever the engine believed. `failed` wins over `sent` and
# loses against any sign of arrival, also within one batch. Rows are found by our own id, which the provider
# echoes (the hash is the fallback), and locked in the order in which outcomes are recorded. A receipt of an
# earlier try says only what cannot be undone: that it arrived. Whether that try failed is history.
APPLY = f"""
WITH v AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS v(broadcast bigint, delivery bigint, try int, receipt int, failed int,
             delivered float8, read float8)
), o AS (
    SELECT d.id, d.promise_month, CASE WHEN c.monthly_promise IS NULL THEN '' ELSE c.slug END AS promise,
        CASE WHEN v.receipt >= 2 OR v.try >= d.tries THEN v.receipt ELSE 0 END AS receipt,
        v.failed IS NOT NULL AND v.try >= d.tries AND GREATEST(d.receipt, v.receipt) < 2
            AND d.state IN ('sending', 'accepted', 'held', 'unconfirmed') AS fails
    FROM v JOIN broadcasts_delivery d ON d.id = v.delivery AND d.broadcast_id = v.broadcast
    JOIN broadcasts_broadcast b ON b.id = d.broadcast_id JOIN policy_category c ON c.id = b.category_id
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE broadcasts_delivery d SET
        receipt = GREATEST(d.receipt, o.receipt),
        delivered_at = COALESCE(LEAST(d.delivered_at, to_timestamp(v.delivered)), d.delivered_at),
        read_at = COALESCE(LEAST(d.read_at, to_timestamp(v.read)), d.read_at),
        accepted_at = CASE WHEN o.receipt > 0 THEN COALESCE(d.accepted_at, now()) ELSE d.accepted_at END,
        state = CASE WHEN o.fails THEN 'failed'
                     WHEN o.receipt >= 2 OR (o.receipt > 0 AND d.state <> 'failed') THEN 'accepted'
                     ELSE d.state END,
        error_code = CASE WHEN o.fails THEN v.failed WHEN o.receipt >= 2 THEN NULL ELSE d.error_code END,
        promise_month = CASE WHEN o.fails THEN NULL ELSE d.promise_month END,
        lease = CASE WHEN o.receipt > 0 OR o.fails THEN NULL ELSE d.lease END,
        lease_until = CASE WHEN o.receipt > 0 OR o.fails THEN NULL ELSE d.lease_until END
    FROM v JOIN o ON o.id = v.delivery
    WHERE d.id = o.id
      AND (o.fails OR o.receipt > d.receipt
           OR to_timestamp(v.delivered) < COALESCE(d.delivered_at, 'infinity')
           OR to_timestamp(v.read) < COALESCE(d.read_at, 'infinity')
           OR (o.receipt > 0 AND d.state NOT IN ('accepted', 'failed', 'skipped', 'expired')))
    RETURNING d.id, d.subscriber_id, CASE WHEN o.fails THEN o.promise_month END AS promise_month, o.promise
), back AS ({claims.GIVE_BACK.format(rows="moved")})
SELECT count(*) FROM moved
"""  # noqa: S608  put together from constants
FIND = "SELECT message_hash, broadcast_id, id FROM broadcasts_delivery WHERE message_hash = ANY(%s)"
APPLY_REPLIES = """
UPDATE broadcasts_reply r SET
    receipt = GREATEST(r.receipt, v.receipt),
    state = CASE WHEN v.failed IS NOT NULL AND GREATEST(r.receipt, v.receipt) < 2 THEN 'failed'
                 WHEN v.receipt >= 2 OR (v.receipt > 0 AND r.state <> 'failed') THEN 'accepted'
                 ELSE r.state END,
    error_code = CASE WHEN GREATEST(r.receipt, v.receipt) >= 2 THEN NULL
                      ELSE COALESCE(v.failed, r.error_code) END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(reply bigint, receipt int, failed int)
WHERE r.id = v.reply
"""

CURRENT = 32_000  # no row counts further: the number of whatever try is the current one
_RANKS = {"sent": Receipt.SENT, "delivered": Receipt.DELIVERED, "read": Receipt.READ, "played": Receipt.READ}


Row = dict[str, Any]


def merged(
    statuses: Sequence[Status], known: Mapping[str, tuple[int, int]] | None = None
) -> tuple[list[Row], list[Row], list[Status]]:
    """Fold a batch into one row per delivery and per reply; the rest is about nothing that we know.

    `known` leads from a message id to (broadcast, delivery), for what came without our reference. Pure:
    the result does not depend on the order of `statuses`. Of several tries the last one counts, and of the
    earlier ones what proves an arrival.
    """
    tries: dict[tuple[int, int], dict[int, Row]] = {}
    replies: dict[int, Row] = {}
    others: list[Status] = []
    for status in statuses:
        match _reference(status, known or {}):
            case ("d", broadcast, delivery, number):
                same = tries.setdefault((broadcast, delivery), {})
                empty = {"broadcast": broadcast, "delivery": delivery, "try": number, "receipt": 0}
                _fold(same.setdefault(number, empty), status)
            case ("r", reply, *_nothing):
                _fold(replies.setdefault(reply, {"reply": reply, "receipt": 0}), status)
            case _:
                others.append(status)
    deliveries = [_last_try(tries[key]) for key in sorted(tries)]
    return deliveries, [replies[key] for key in sorted(replies)], others


def _reference(status: Status, known: Mapping[str, tuple[int, int]]) -> tuple[str, int, int, int] | None:
    """What a receipt is about; a message that was found by its id belongs to the row's current try."""
    reference = reference_of(status.opaque)
    if reference is None and status.opaque is None and status.message_id in known:
        return ("d", *known[status.message_id], CURRENT)
    return reference


def reference_of(opaque: str | None) -> tuple[str, int, int, int] | None:
    """Our own reference: d:<broadcast>:<delivery>:<try> or r:<reply>; None for anything else.

    Before tries were numbered the last part was missing: that is the first.
    """
    parts = (opaque or "").split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
        return None
    if parts[0] == "d" and len(parts) in (3, 4):
        number = int(parts[3]) if len(parts) == 4 else 1
        return ("d", int(parts[1]), int(parts[2]), number) if number <= CURRENT else None
    if parts[0] == "r" and len(parts) == 2:
        return "r", int(parts[1]), 0, 0
    return None


def delivery_of(opaque: str | None) -> int | None:
    """The delivery that our own reference names, if it names one."""
    ours = reference_of(opaque)
    return ours[2] if ours and ours[0] == "d" else None


def _last_try(rows: dict[int, Row]) -> Row:
    """One row of the receipts of one delivery: the last try's, and any earlier arrival."""
    last = rows.pop(max(rows))
    for row in rows.values():
        if row["receipt"] >= Receipt.DELIVERED:
            last["receipt"] = max(last["receipt"], row["receipt"])
            for name in ("delivered", "read"):
                if name in row:
                    last[name] = min(last.get(name, row[name]), row[name])
    return last


def _fold(row: dict[str, Any], status: Status) -> None:
    at = status.at.timestamp() if status.at else None
    if status.status == "failed":
        row["failed"] = max(row.get("failed", 0), status.error_code or 0)
        return
    rank = _RANKS.get(status.status, Receipt.NONE)
    row["receipt"] = max(row["receipt"], int(rank))
    for name, least in (("delivered", Receipt.DELIVERED), ("read", Receipt.READ)):
        if at is not None and rank >= least:
            row[name] = min(row.get(name, at), at)


def apply_statuses(statuses: Sequence[Status]) -> list[Status]:
    """Apply a batch of receipts in two statements; returns those whose message we do not know (yet)."""
    deliveries, replies, unknown = merged(statuses, _find_by_hash(statuses))
    with connection.cursor() as cursor:
        if deliveries:
            cursor.execute(APPLY, {"rows": orjson.dumps(deliveries).decode()})
        if replies:
            cursor.execute(APPLY_REPLIES, {"rows": orjson.dumps(replies).decode()})
    return unknown


def _find_by_hash(statuses: Sequence[Status]) -> dict[str, tuple[int, int]]:
    """message id → (broadcast, delivery), for receipts that came without our reference."""
    by_hash = {
        message_hash(s.message_id): s.message_id for s in statuses if s.message_id and s.opaque is None
    }
    if not by_hash:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FIND, [list(by_hash)])
        return {by_hash[hashed]: (broadcast, delivery) for hashed, broadcast, delivery in cursor.fetchall()}
