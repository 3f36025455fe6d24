"""A million people frozen into a notice, beside the same through Python."""

from __future__ import annotations

import time

from django.db import connection

from benchmarks.figures.size import Size
from benchmarks.measure import Growth, Numbers, medians
from benchmarks.rig import Rig
from broadcasts import audience as engine
from broadcasts import lifecycle
from broadcasts.models import Delivery
from subscribers.models import Subscriber
from whatsempoli import clock

MILLION = 1_000_000
NAIVE = 20_000  # people; the rest is proportional


def audience(rig: Rig, size: Size) -> Numbers:
    """Seconds, and how much the memory of both ends grows; in a smoke the seconds are in proportion.

    Each run adds to the same table, so that the later ones find it full. The naive way is measured by the
    same instrument: if that does not see its rows grow, nothing it says is worth anything.
    """
    rig.clean()
    rig.populate(size.audience, "acqua")
    numbers = medians(lambda: _freeze(rig, size.audience), size.runs)
    naive = _through_python(rig)
    assert naive["audience_naive_rss_mb"] > 1, "the instrument is blind"
    return numbers | naive


def _freeze(rig: Rig, people: int) -> Numbers:
    broadcast = rig.approved()
    lifecycle.start(broadcast, now=clock.now())
    connection.close()  # a backend that has done nothing yet: an old one has room left from what it did
    began = time.monotonic()
    with Growth(_backend()) as growth:
        while not engine.freeze_chunk(broadcast):
            pass
        seconds = time.monotonic() - began
    made = Delivery.objects.filter(broadcast=broadcast).count()
    assert made == people, f"{made} rows for {people} people"
    type(broadcast).objects.filter(pk=broadcast.pk).update(state="cancelled")
    return {
        "audience_1m_seconds": seconds * MILLION / people,
        "audience_1m_rss_mb": growth.ours + growth.theirs,
        "audience_1m_rss_python_mb": growth.ours,
        "audience_1m_rss_database_mb": growth.theirs,
    }


def _through_python(rig: Rig) -> Numbers:
    """The same with the ORM: read the people, make a row for each, `bulk_create` by thousands."""
    broadcast, began = rig.approved(), time.monotonic()
    with Growth(_backend()) as growth:
        people = Subscriber.objects.filter(state="active", subscription__category=broadcast.category_id)
        rows = [Delivery(broadcast=broadcast, subscriber=person) for person in people[:NAIVE]]
        Delivery.objects.bulk_create(rows, batch_size=1_000)
        seconds = time.monotonic() - began
    type(broadcast).objects.filter(pk=broadcast.pk).update(state="cancelled")
    return {
        "audience_naive_seconds": seconds * MILLION / len(rows),
        "audience_naive_rss_mb": growth.ours + growth.theirs,
    }


def _backend() -> int:
    """The database's process that serves us."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
