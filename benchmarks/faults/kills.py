"""SIGKILL at a random point of small broadcasts, and what it leaves open."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from benchmarks.faults import worker
from benchmarks.faults.field import PEOPLE, Field
from benchmarks.faults.field import RATE as FIELD_RATE
from benchmarks.faults.judge import Verdict
from broadcasts.models import Delivery

RATE = 1_000  # messages a second, the provider's highest


@dataclass(slots=True)
class Kills:
    """Sums over all kills. `open_rows`: requests begun whose fate the kill leaves open, until the receipt.
    `in_flight`: those that the provider had taken and not answered (rate × latency), which nobody can close
    sooner."""

    kills: int = 0
    open_rows: int = 0
    in_flight: int = 0
    total: Verdict = field(default_factory=Verdict)

    def numbers(self) -> dict[str, float]:
        """For the report."""
        each, floor = self.open_rows / max(1, self.kills), self.in_flight / max(1, self.kills)
        return {
            "kills": self.kills,
            "unconfirmed_per_kill": round(each, 2),
            "unconfirmed_floor": round(floor, 2),
            "unconfirmed_over_floor": round(each / floor, 2) if floor else 0.0,
        }


def play(field: Field, count: int) -> Kills:
    """So many kills, every fourth of an emergency."""
    result = Kills()
    field.rig.rate(RATE, provider_too=False)
    while result.kills < count:
        severity = "emergency" if result.kills % 4 == 3 else "routine"
        kill(field, result, severity, field.dice.randrange(1, PEOPLE))
    field.rig.rate(FIELD_RATE, provider_too=False)
    return result


def kill(field: Field, result: Kills, severity: str, moment: int) -> None:
    """One kill of both workers when that many requests have arrived."""
    broadcast = field.leave(severity)
    workers = [worker.sends(broadcast.pk) for _n in range(2)]
    field.newcomers_stop()
    field.when(moment, workers)
    for each in workers:
        each.kill()
    killed_at = time.time()
    for each in workers:
        each.join()
    begun = Delivery.objects.filter(broadcast=broadcast, state="sending").count()
    taken = [e for e in field.rig.entries(field.since) if e["real_at"] <= killed_at]
    flying = [e for e in taken if e["real_answered_at"] is None or e["real_answered_at"] > killed_at]
    result.kills += 1
    result.open_rows += begun
    result.in_flight += len(flying)
    field.finish(broadcast)
    result.total.add(field.verdict(broadcast))
