"""The storm brake: a routine notice that fails for half of the first people, in one way, stops by itself.

Counted on the rows, so that it makes no difference how many slices and workers sent them, nor whether the
provider refused at once or said so later in a receipt. A person looks; who resumes has seen it.
"""

from __future__ import annotations

from collections import Counter

from django.db import connection
from django.utils.translation import gettext

from broadcasts.models import Broadcast, Delivery
from broadcasts.states import Delivery as D
from whatsapp.errors import classify

SAMPLE = 50  # people whose outcome is known, the first ones in the order of sending

# The unique index gives them in order; a few hundred rows at the most are read.
FIRST = """
    SELECT state, reason, error_code, count(*) FROM (
        SELECT state, reason, error_code FROM broadcasts_delivery
        WHERE broadcast_id = %s AND subscriber_id > %s
          AND state IN ('accepted', 'held', 'failed', 'unconfirmed', 'undelivered')
        ORDER BY subscriber_id LIMIT %s) AS first
    GROUP BY state, reason, error_code
"""


def storm(broadcast: Broadcast) -> str:
    """Why it should stop, in a sentence; empty if there is no storm, or not enough is known yet.

    What passes by itself is not counted: such rows are pending again.
    """
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [broadcast.pk, broadcast.brake_after, SAMPLE])
        rows = cursor.fetchall()
    seen = sum(count for *_what, count in rows)
    failures: Counter[str] = Counter()
    for state, reason, code, count in rows:
        if state == D.FAILED:
            failures[_why(reason, code)] += count
    worst, count = next(iter(failures.most_common(1)), ("", 0))
    if seen < SAMPLE or 2 * count < SAMPLE:
        return ""
    words = gettext("Dei primi %(seen)s messaggi %(count)s non sono riusciti per lo stesso motivo: %(why)s")
    return words % {"seen": seen, "count": count, "why": gettext(worst)}


def looked_at(broadcast: Broadcast) -> int:
    """The last person who has been written to: the brake counts from there once somebody has looked."""
    begun = Delivery.objects.filter(broadcast=broadcast, begun_at__isnull=False)
    return begun.order_by("-subscriber_id").values_list("subscriber_id", flat=True).first() or 0


def _why(reason: str, code: int | None) -> str:
    return "L'indirizzo della persona non si può scrivere" if reason == "address" else classify(code).reason
