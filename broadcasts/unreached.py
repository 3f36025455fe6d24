"""Numbers that are not on WhatsApp: after some failures in a row they rest, until they write.

The provider has no way to ask whether a number is there (WHATSAPP.md §9): the failures themselves tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from broadcasts.models import Delivery
from broadcasts.states import Delivery as D
from policy.models import TownProfile

# The receiver cannot get it: not on WhatsApp, an app too old, terms not accepted.
NOT_THERE = (131026,)

# Only what is known counts, newest first and since they last wrote: a message without news neither proves
# nor breaks the row.
REST = """
UPDATE subscribers_subscriber s SET state = 'unreachable', unreachable_since = %(now)s
WHERE s.id = ANY(%(people)s) AND s.state = 'active' AND %(least)s <= (
    SELECT count(*) FILTER (WHERE NOT arrived) - 100000 * count(*) FILTER (WHERE arrived) FROM (
        SELECT d.receipt >= 2 AS arrived FROM broadcasts_delivery d
        WHERE d.subscriber_id = s.id
          AND (d.receipt >= 2 OR (d.state = 'failed' AND d.error_code = ANY(%(codes)s)))
          AND COALESCE(d.accepted_at, d.begun_at) >= COALESCE(s.last_inbound_at, '-infinity')
        ORDER BY d.id DESC LIMIT %(least)s) AS last)
"""


def rest_failed(deliveries: Iterable[int], now: datetime) -> int:
    """After receipts: whoever of these rows has failed often enough rests. Returns how many do now."""
    failed = Delivery.objects.filter(pk__in=list(deliveries), state=D.FAILED, error_code__in=NOT_THERE)
    return _rest(list(failed.values_list("subscriber_id", flat=True)), now)


def rest_after(broadcast_id: int, now: datetime) -> int:
    """After a broadcast: those whom the provider refused at once. Returns how many rest now."""
    failed = Delivery.objects.filter(broadcast=broadcast_id, state=D.FAILED, error_code__in=NOT_THERE)
    return _rest(list(failed.values_list("subscriber_id", flat=True)), now)


def _rest(people: Sequence[int], now: datetime) -> int:
    if not people:
        return 0
    least = TownProfile.current().unreachable_after
    with connection.cursor() as cursor:
        cursor.execute(REST, {"people": sorted(people), "now": now, "least": least, "codes": list(NOT_THERE)})
        return cursor.rowcount
