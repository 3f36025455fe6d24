"""What would bound more machines than one: the database's part of a message, and the budget's server."""

from __future__ import annotations

import time
import uuid

from benchmarks.figures.sending import database_cpu, fresh
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, medians
from benchmarks.rig import UNCAPPED, Rig
from broadcasts import claims, fanout, provider
from whatsapp.pacing import Lane
from whatsempoli import clock

TAKES = 2_000


def ceilings(rig: Rig, size: Size) -> Numbers:
    """Rows a second through all of a message's statements with nothing sent, and grants of the budget."""
    rig.rate(UNCAPPED)
    return medians(lambda: _rows(rig, size.uncapped) | _takes(), size.runs)


def _rows(rig: Rig, count: int) -> Numbers:
    """Claimed, begun and recorded by one connection, in the batches of a slice."""
    fresh(rig, count)
    broadcast = rig.leaving()
    terms, lease, after, done = fanout.terms_of(broadcast, clock.now()), uuid.uuid4(), 0, 0
    before, began = database_cpu(), time.monotonic()
    while done < count:
        rows, after = claims.claim(terms, lease=lease, after=after, limit=fanout.CLAIM_ROWS)
        ids = [row.id for row in rows]
        for start in range(0, len(ids), fanout.BATCH_ROWS):
            batch = ids[start : start + fanout.BATCH_ROWS]
            claims.begin(terms, batch, lease=lease)
            outcomes = [{"id": id, "state": "accepted", "hash": uuid.uuid4().hex} for id in batch]
            done += claims.record(outcomes, lease=lease)
    seconds = time.monotonic() - began
    type(broadcast).objects.filter(pk=broadcast.pk).update(state="cancelled")
    return {
        "rows_per_second": count / seconds,
        "rows_database_cpu_ms": 1000 * (database_cpu() - before) / count,
    }


def _takes() -> Numbers:
    """How often a second one process can ask for leave; a slice asks about once for fifty messages."""
    budget, began = provider.budget(), time.monotonic()
    for _n in range(TAKES):
        budget.take(1, Lane.ROUTINE)
    return {"takes_per_second": TAKES / (time.monotonic() - began)}
