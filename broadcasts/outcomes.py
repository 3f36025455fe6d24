"""(6) What became of each message: the sender's answers and the provider's receipts.

`resolve` is pure; `apply_statuses` moves rows forward only, in whatever order the receipts come.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from broadcasts.states import Delivery, Receipt
from subscribers.identity import message_hash
from whatsapp.bulk import Outcome, OutcomeKind
from whatsapp.errors import ErrorClass, classify
from whatsapp.webhook import Status

_STOPS = frozenset({ErrorClass.TEMPLATE, ErrorClass.NUMBER, ErrorClass.AUTH})
_WAITS = frozenset({ErrorClass.RETRY, ErrorClass.THROTTLE, ErrorClass.PAIR})
PAIR_SECONDS = 8.0
RETRY_SECONDS = 5.0


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

    `back` gives the month's unit back: only when the message surely did not go.
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
            row |= {"state": Delivery.PENDING, "back": True, "wait": _jittered(RETRY_SECONDS)}
            return row, Fault("WhatsApp non è raggiungibile.", away=True)
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
        return row | {"state": Delivery.PENDING, "wait": _jittered(wait)}, fault
    if info.cls in _STOPS:
        return row | {"state": Delivery.PENDING, "wait": None}, Fault(info.reason, stops=True)
    fault = Fault(info.reason, suspect=True) if info.cls is ErrorClass.REQUEST else None
    return row | {"state": Delivery.FAILED}, fault


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.4)  # noqa: S311  not a secret


# A receipt proves that the message went, whatever the engine believed. `failed` loses against any
# sign of arrival. Rows are found by our own id, which the provider echoes; the hash is the fallback.
APPLY = """
WITH v AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS v(broadcast bigint, delivery bigint, receipt int, failed int, delivered float8, read float8)
)
UPDATE broadcasts_delivery d SET
    receipt = GREATEST(d.receipt, v.receipt),
    delivered_at = COALESCE(LEAST(d.delivered_at, to_timestamp(v.delivered)), d.delivered_at),
    read_at = COALESCE(LEAST(d.read_at, to_timestamp(v.read)), d.read_at),
    accepted_at = CASE WHEN v.receipt > 0 THEN COALESCE(d.accepted_at, now()) ELSE d.accepted_at END,
    state = CASE
        WHEN v.receipt > 0 AND (d.state <> 'failed' OR v.receipt >= 2) THEN 'accepted'
        WHEN v.receipt = 0 AND v.failed IS NOT NULL AND d.receipt < 2
             AND d.state IN ('claimed', 'sending', 'accepted', 'held', 'unconfirmed') THEN 'failed'
        ELSE d.state END,
    error_code = CASE WHEN v.receipt = 0 AND d.receipt < 2 THEN v.failed
                      WHEN v.receipt >= 2 THEN NULL ELSE d.error_code END,
    lease = CASE WHEN v.receipt > 0 OR v.failed IS NOT NULL THEN NULL ELSE d.lease END,
    lease_until = CASE WHEN v.receipt > 0 OR v.failed IS NOT NULL THEN NULL ELSE d.lease_until END
FROM v
WHERE d.id = v.delivery AND d.broadcast_id = v.broadcast
  AND (v.receipt > d.receipt OR (v.failed IS NOT NULL AND d.receipt < 2 AND d.state <> 'failed')
       OR (v.delivered IS NOT NULL AND d.delivered_at IS NULL) OR (v.read IS NOT NULL AND d.read_at IS NULL)
       OR (v.receipt > 0 AND d.state NOT IN ('accepted', 'failed', 'skipped', 'expired')))
"""
FIND = "SELECT message_hash, broadcast_id, id FROM broadcasts_delivery WHERE message_hash = ANY(%s)"
APPLY_REPLIES = """
UPDATE broadcasts_reply r SET
    receipt = GREATEST(r.receipt, v.receipt),
    state = CASE WHEN v.receipt > 0 THEN 'accepted'
                 WHEN v.failed IS NOT NULL AND r.receipt < 2 THEN 'failed' ELSE r.state END,
    error_code = COALESCE(v.failed, r.error_code)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(reply bigint, receipt int, failed int)
WHERE r.id = v.reply
"""

_RANKS = {"sent": Receipt.SENT, "delivered": Receipt.DELIVERED, "read": Receipt.READ, "played": Receipt.READ}


def merged(statuses: Sequence[Status]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Status]]:
    """Fold a batch into one row per delivery and per reply; the rest carries none of our ids.

    Pure: the result does not depend on the order of `statuses`.
    """
    deliveries: dict[tuple[int, int], dict[str, Any]] = {}
    replies: dict[int, dict[str, Any]] = {}
    others: list[Status] = []
    for status in statuses:
        match _ours(status.opaque):
            case ("d", broadcast, delivery):
                row = deliveries.setdefault(
                    (broadcast, delivery), {"broadcast": broadcast, "delivery": delivery, "receipt": 0}
                )
                _fold(row, status)
            case ("r", reply, _zero):
                _fold(replies.setdefault(reply, {"reply": reply, "receipt": 0}), status)
            case _:
                others.append(status)
    return [deliveries[key] for key in sorted(deliveries)], [replies[key] for key in sorted(replies)], others


def _ours(opaque: str | None) -> tuple[str, int, int] | None:
    """Our own reference: d:<broadcast>:<delivery> or r:<reply>; None for anything else."""
    parts = (opaque or "").split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
        return None
    if parts[0] == "d" and len(parts) == 3:
        return "d", int(parts[1]), int(parts[2])
    if parts[0] == "r" and len(parts) == 2:
        return "r", int(parts[1]), 0
    return None


def _fold(row: dict[str, Any], status: Status) -> None:
    at = status.at.timestamp() if status.at else None
    if status.status == "failed":
        row["failed"] = status.error_code or 0
        return
    rank = _RANKS.get(status.status, Receipt.NONE)
    row["receipt"] = max(row["receipt"], int(rank))
    for name, least in (("delivered", Receipt.DELIVERED), ("read", Receipt.READ)):
        if at is not None and rank >= least:
            row[name] = min(row.get(name) or at, at)


def apply_statuses(statuses: Sequence[Status]) -> list[Status]:
    """Apply a batch of receipts in two statements; returns those whose message we do not know (yet)."""
    deliveries, replies, others = merged(statuses)
    found = _find_by_hash(others)
    unknown = [status for status in others if status.message_id not in found]
    if found:
        more = [(found[s.message_id], s) for s in others if s.message_id in found]
        extra: dict[tuple[int, int], dict[str, Any]] = {}
        for (broadcast, delivery), status in more:
            row = extra.setdefault(
                (broadcast, delivery), {"broadcast": broadcast, "delivery": delivery, "receipt": 0}
            )
            _fold(row, status)
        deliveries += list(extra.values())
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
