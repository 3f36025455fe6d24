"""(2) One row per person: who is in a broadcast's audience, frozen in the database.

`PEOPLE` is the one definition of the audience: the count before approval and the freeze share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from broadcasts.models import Broadcast
from broadcasts.states import MAY_HAVE_RECEIVED
from policy import cap
from policy.calendar import Severity, month_of
from policy.decision import Kind, counts_in_month
from policy.models import TownProfile

CHUNK = 50_000

# An empty choice of zones means the whole town; a broadcast without zones is for everyone.
PEOPLE = """
    FROM subscribers_subscriber s
    JOIN subscribers_subscription t ON t.subscriber_id = s.id AND t.category_id = %(category)s
    WHERE s.state = 'active'
      AND (%(everywhere)s
           OR NOT EXISTS (SELECT 1 FROM subscribers_subscriber_zones z WHERE z.subscriber_id = s.id)
           OR EXISTS (SELECT 1 FROM subscribers_subscriber_zones z
                      WHERE z.subscriber_id = s.id AND z.zone_id = ANY(%(zones)s)))
"""
# A follow-up goes to those who may have got the original, whatever their zones now.
FOLLOWERS = """
    FROM subscribers_subscriber s
    JOIN subscribers_subscription t ON t.subscriber_id = s.id AND t.category_id = %(category)s
    JOIN broadcasts_delivery o ON o.subscriber_id = s.id AND o.broadcast_id = %(original)s
    WHERE s.state = 'active' AND o.state = ANY(%(may_have)s)
"""
FREEZE = """
    INSERT INTO broadcasts_delivery
        (broadcast_id, subscriber_id, state, reason, attempts, repeated, receipt)
    SELECT %(broadcast)s, s.id, 'pending', '', 0, false, 0 {people}
      AND s.id > %(after)s AND s.id <= %(upto)s
    ORDER BY s.id
    ON CONFLICT (broadcast_id, subscriber_id) DO NOTHING
"""
NEXT_EDGE = """
    SELECT max(id) FROM (SELECT id FROM subscribers_subscriber WHERE id > %s AND id <= %s
                         ORDER BY id LIMIT %s) AS chunk
"""
LAST = "SELECT COALESCE(max(id), 0) FROM subscribers_subscriber"
CAPPED = """
    SELECT count(*) {people} AND EXISTS (
        SELECT 1 FROM broadcasts_monthlyusage u
        WHERE u.subscriber_id = s.id AND u.month = %(month)s AND u.promise = %(promise)s
          AND u.used >= %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """`total` people will get it if it leaves now; `refused` says why the other active people will not."""

    total: int
    refused: dict[str, int]


def kind_of(broadcast: Broadcast) -> Kind:
    """What the broadcast is to an earlier one."""
    return Kind(broadcast.kind) if broadcast.refers_to_id and broadcast.kind in set(Kind) else Kind.ORIGINAL


def counts(broadcast: Broadcast) -> bool:
    """Whether it takes a unit of each recipient's month."""
    return counts_in_month(Severity(broadcast.severity), kind_of(broadcast))


def _query(broadcast: Broadcast) -> tuple[str, dict[str, Any]]:
    zones = list(broadcast.zones.values_list("id", flat=True))
    parameters = {
        "broadcast": broadcast.pk,
        "category": broadcast.category_id,
        "everywhere": not zones,
        "zones": zones,
        "original": broadcast.refers_to_id,
        "may_have": list(MAY_HAVE_RECEIVED),
    }
    return (PEOPLE if kind_of(broadcast) is Kind.ORIGINAL else FOLLOWERS), parameters


def freeze_chunk(broadcast: Broadcast) -> bool:
    """Make the rows of the next `CHUNK` people; True when the last one is made.

    The caller holds the broadcast's lock; the cursor is saved with the rows, so that a kill between
    two chunks loses and doubles nobody. All chunks end at the person who was the last at the first one.
    """
    people, parameters = _query(broadcast)
    with connection.cursor() as cursor:
        if broadcast.audience_edge is None:
            cursor.execute(LAST)
            broadcast.audience_edge = int(cursor.fetchone()[0])
        cursor.execute(NEXT_EDGE, [broadcast.audience_cursor, broadcast.audience_edge, CHUNK])
        upto = cursor.fetchone()[0]
        frozen = 0
        if upto is not None:
            parameters |= {"after": broadcast.audience_cursor, "upto": upto}
            cursor.execute(FREEZE.format(people=people), parameters)
            frozen = cursor.rowcount
    # Nobody is left when the last ones were erased meanwhile.
    broadcast.audience_cursor = broadcast.audience_edge if upto is None else upto
    broadcast.audience_count = (broadcast.audience_count or 0) + frozen
    broadcast.save(update_fields=["audience_count", "audience_cursor", "audience_edge"])
    return broadcast.audience_complete


def count(broadcast: Broadcast, now: datetime) -> AudienceCount:
    """How many would get it if it left at `now`, and of the others why not."""
    people, parameters = _query(broadcast)
    town = TownProfile.current()
    own = broadcast.category.monthly_promise
    parameters |= {
        "month": month_of(now),
        "promise": cap.counter_for(broadcast.category.slug, own),
        "limit": cap.limit_for(own, town.monthly_promise),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {people}", parameters)
        reached = cursor.fetchone()[0]
        capped = 0
        if counts(broadcast) and not broadcast.cap_override_reason:
            cursor.execute(CAPPED.format(people=people), parameters)
            capped = reached if parameters["limit"] == 0 else cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FILTER (WHERE s.state = 'active'),"
            " count(*) FILTER (WHERE s.state = 'active' AND t.id IS NOT NULL),"
            " count(*) FILTER (WHERE s.state = 'stopped'), count(*) FILTER (WHERE s.state = 'unreachable')"
            " FROM subscribers_subscriber s LEFT JOIN subscribers_subscription t"
            " ON t.subscriber_id = s.id AND t.category_id = %(category)s",
            parameters,
        )
        active, subscribed, stopped, unreachable = cursor.fetchone()
    refused = {
        "stopped": stopped,
        "unreachable": unreachable,
        "topic": active - subscribed,
        "zone" if kind_of(broadcast) is Kind.ORIGINAL else "original": subscribed - reached,
        "capped": capped,
    }
    return AudienceCount(reached - capped, {why: n for why, n in refused.items() if n})
