"""(2) One row per person: who is in a broadcast's audience, frozen in the database.

`PEOPLE` is the one definition of the audience: the count before approval and the freeze share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from broadcasts import exercise_rules
from broadcasts.models import Broadcast
from broadcasts.remembered import remembered
from broadcasts.states import MAY_HAVE_RECEIVED
from policy import cap
from policy.calendar import Severity, month_of
from policy.decision import Kind, colour_rank, counts_in_month
from policy.models import TownProfile
from staff import phones

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
      AND (%(colour)s = 0 OR s.lowest_colour <= %(colour)s)
"""
# Those whom another notice, which is for some zones, does not reach: by its rows once it has some.
OTHERS = """
      AND NOT EXISTS (SELECT 1 FROM broadcasts_delivery f
                      WHERE f.broadcast_id = %(others_of)s AND f.subscriber_id = s.id)
      AND EXISTS (SELECT 1 FROM subscribers_subscriber_zones z WHERE z.subscriber_id = s.id)
      AND NOT EXISTS (SELECT 1 FROM subscribers_subscriber_zones z
                      JOIN broadcasts_broadcast_zones bz ON bz.zone_id = z.zone_id
                      WHERE z.subscriber_id = s.id AND bz.broadcast_id = %(others_of)s)
"""
# A follow-up goes to those who may have got the original, whatever their zones now.
FOLLOWERS = """
    FROM subscribers_subscriber s
    JOIN subscribers_subscription t ON t.subscriber_id = s.id AND t.category_id = %(category)s
    JOIN broadcasts_delivery o ON o.subscriber_id = s.id AND o.broadcast_id = %(original)s
    WHERE s.state = 'active' AND o.state = ANY(%(may_have)s)
"""
# An exercise reaches the office's own phones, if they have joined, until an approver opens it.
OWN_PHONES = "      AND s.phone = ANY(%(phones)s)\n"
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
PROMOTIONS_STOPPED = "SELECT count(*) {people} AND s.marketing_stopped"
CAPPED = """
    SELECT count(*) {people} AND NOT (%(marketing)s AND s.marketing_stopped) AND EXISTS (
        SELECT 1 FROM broadcasts_monthlyusage u
        WHERE u.subscriber_id = s.id AND u.month = %(month)s AND u.promise = %(promise)s
          AND u.used >= %(limit)s)
"""
EVERYBODY = """
    SELECT count(*) FILTER (WHERE s.state = 'active') AS active,
           count(*) FILTER (WHERE s.state = 'active' AND t.id IS NOT NULL) AS subscribed,
           count(*) FILTER (WHERE s.state = 'stopped') AS stopped,
           count(*) FILTER (WHERE s.state = 'unreachable') AS unreachable
    FROM subscribers_subscriber s LEFT JOIN subscribers_subscription t
      ON t.subscriber_id = s.id AND t.category_id = %(category)s
"""
LARGE = 50_000  # people: below it the answer is always fresh


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """`total` people will get it if it leaves now; `refused` says why the other active people will not."""

    total: int
    refused: dict[str, int]


def kind_of(broadcast: Broadcast) -> Kind:
    """What the broadcast is to an earlier one."""
    return Kind(broadcast.kind) if broadcast.refers_to_id and broadcast.kind in set(Kind) else Kind.ORIGINAL


def colour_of(broadcast: Broadcast) -> int:
    """The rank of the colour below which people may have asked not to be told; 0 where nobody can have:
    what is no alert, an emergency, and what follows an alert that they got."""
    if kind_of(broadcast) is not Kind.ORIGINAL or broadcast.severity == Severity.EMERGENCY:
        return 0
    risks = broadcast.fields.get("risks") if broadcast.kind == "alert" else None
    return colour_rank(str(risk.get("colour")) for risk in risks or () if isinstance(risk, dict))


def counts(broadcast: Broadcast) -> bool:
    """Whether it takes a unit of each recipient's month."""
    ordinary = not exercise_rules.is_limited(broadcast)  # a proof on one's own phone takes nothing away
    return ordinary and counts_in_month(Severity(broadcast.severity), kind_of(broadcast))


def _query(broadcast: Broadcast, chosen: Sequence[int] | None = None) -> tuple[str, dict[str, Any]]:
    original = broadcast.refers_to
    never_left = original is not None and original.started_at is None
    where = original if original and never_left else broadcast  # it goes in its place: to its people
    zones = list(chosen or ())
    if chosen is None and where.pk:
        zones = [zone.pk for zone in where.zones.all()]
    parameters = {
        "broadcast": broadcast.pk,
        "category": broadcast.category_id,
        "everywhere": not zones,
        "zones": zones,
        "colour": colour_of(broadcast),
        "original": broadcast.refers_to_id,
        "may_have": list(MAY_HAVE_RECEIVED),
    }
    parameters["others_of"] = broadcast.others_of_id
    people = PEOPLE + (OTHERS if broadcast.others_of_id else "")
    if kind_of(broadcast) is not Kind.ORIGINAL and not never_left:
        people = FOLLOWERS
    if exercise_rules.is_limited(broadcast):
        return people + OWN_PHONES, parameters | {"phones": phones.own()}
    return people, parameters


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


def count(broadcast: Broadcast, now: datetime, zones: Sequence[int] | None = None) -> AudienceCount:
    """How many would get it if it left at `now`, and of the others why not.

    `zones` stands for those of a notice that is not stored yet. Where the town is large the answer is up to
    a minute old.
    """
    people, parameters = _query(broadcast, zones)
    town, own = TownProfile.current(), broadcast.category.monthly_promise
    capping = counts(broadcast) and not broadcast.cap_override_reason
    parameters |= {
        "month": month_of(now),
        "promise": cap.counter_for(broadcast.category.slug, own),
        "limit": cap.limit_for(own, town.monthly_promise) if capping else None,
        "marketing": broadcast.category.template_class == "MARKETING",
    }
    asked = {name: value for name, value in parameters.items() if name != "may_have"}
    found = remembered(
        f"audience:{hashlib.sha256(repr(sorted(asked.items())).encode()).hexdigest()}",
        lambda: _counted(people, parameters),
        worth=lambda counted: sum(counted.values()) > LARGE,
    )
    reached, active, subscribed = found["reached"], found["active"], found["subscribed"]
    refused = {
        "stopped": found["stopped"],
        "unreachable": found["unreachable"],
        "topic": active - subscribed,
        _apart(broadcast): subscribed - reached - found["pale"],
        "colour": found["pale"],
        "marketing": found["promotions_stopped"],
        "capped": found["capped"],
    }
    if exercise_rules.is_limited(broadcast):  # who has left or chose other topics was never meant
        refused = {"exercise": subscribed - reached}
    total = reached - found["promotions_stopped"] - found["capped"]
    return AudienceCount(total, {why: n for why, n in refused.items() if n})


def _counted(people: str, parameters: dict[str, Any]) -> dict[str, int]:
    """What `count` tells apart, from the database: one statement over sets."""
    limit, none = parameters["limit"], "SELECT 0"
    asked = (
        "SELECT count(*) {people}",
        "SELECT count(*) {of_any_colour}" if parameters["colour"] else none,
        PROMOTIONS_STOPPED if parameters["marketing"] else none,
        CAPPED if limit else none,
    )
    subqueries = ", ".join(f"({one})" for one in asked).format(
        people=people, of_any_colour=people.replace("%(colour)s", "0")
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {subqueries}, e.* FROM ({EVERYBODY}) e", parameters)
        reached, coloured, promotions_stopped, capped, *everybody = cursor.fetchone()
    active, subscribed, stopped, unreachable = everybody
    return {
        "reached": reached,
        "pale": coloured - reached if parameters["colour"] else 0,
        "promotions_stopped": promotions_stopped,
        "capped": reached - promotions_stopped if limit == 0 else capped,
        "active": active,
        "subscribed": subscribed,
        "stopped": stopped,
        "unreachable": unreachable,
    }


def _apart(broadcast: Broadcast) -> str:
    """Why somebody who follows the topic is not in the audience."""
    return "zone" if kind_of(broadcast) is Kind.ORIGINAL else "original"
