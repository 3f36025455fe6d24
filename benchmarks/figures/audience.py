"""A million people frozen into a notice, beside the same through Python."""

from __future__ import annotations

import time

from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, forget_highest, medians, memory_mb
from benchmarks.rig import Rig
from broadcasts import audience as engine
from broadcasts import lifecycle
from broadcasts.models import Delivery
from subscribers.models import Subscriber
from whatsempoli import clock

MILLION = 1_000_000
NAIVE = 20_000  # people; the rest is proportional


def audience(rig: Rig, size: Size) -> Numbers:
    """Seconds and the growth of this process's memory; in a smoke, of fewer people, in proportion."""
    rig.clean()
    rig.populate(size.audience, "acqua")
    numbers = medians(lambda: _freeze(rig, size.audience), size.runs)
    return numbers | {"audience_naive_seconds": _through_python(rig)}


def _freeze(rig: Rig, people: int) -> Numbers:
    broadcast = rig.approved()
    lifecycle.start(broadcast, now=clock.now())
    forget_highest()
    before, began = memory_mb(), time.monotonic()
    while not engine.freeze_chunk(broadcast):
        pass
    seconds = time.monotonic() - began
    grown = memory_mb(field="VmHWM") - before
    made = Delivery.objects.filter(broadcast=broadcast).count()
    assert made == people, f"{made} rows for {people} people"
    type(broadcast).objects.filter(pk=broadcast.pk).update(state="cancelled")
    return {"audience_1m_seconds": seconds * MILLION / people, "audience_1m_rss_mb": max(0.0, grown)}


def _through_python(rig: Rig) -> float:
    """The same with the ORM: read the people, make a row for each, `bulk_create` by thousands."""
    broadcast, began = rig.approved(), time.monotonic()
    people = Subscriber.objects.filter(state="active", subscription__category=broadcast.category_id)[:NAIVE]
    rows = [Delivery(broadcast=broadcast, subscriber=person) for person in people]
    Delivery.objects.bulk_create(rows, batch_size=1_000)
    type(broadcast).objects.filter(pk=broadcast.pk).update(state="cancelled")
    return (time.monotonic() - began) * MILLION / len(rows)
