"""SIGKILL at a random point of small broadcasts, and what it leaves open."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median

from benchmarks.faults import worker
from benchmarks.faults.field import RATE as FIELD_RATE
from benchmarks.faults.field import Field
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
    lasts = median(unharmed(field) for _n in range(3))
    while result.kills < count:
        severity = "emergency" if result.kills % 4 == 3 else "routine"
        kill(field, result, severity, field.dice.uniform(0, lasts))
    field.rig.rate(FIELD_RATE, provider_too=False)
    return result


def unharmed(field: Field) -> float:
    """Seconds from the first request of a small notice to its last, when nobody is killed."""
    broadcast = field.leave("routine")
    workers = [worker.sends(broadcast.pk) for _n in range(2)]
    for each in workers:
        each.join()
    times = [e["real_at"] for e in field.rig.entries(field.since)]
    field.finish(broadcast)
    return float(max(times) - min(times))


def kill(field: Field, result: Kills, severity: str, moment: float) -> None:
    """One kill of both workers so many seconds after the first request arrived.

    By the clock and not by a count of requests: those come in bursts, and a count would always strike
    within one, when most is open, though power is cut at any time alike.
    """
    broadcast = field.leave(severity)
    workers = [worker.sends(broadcast.pk) for _n in range(2)]
    field.when(1, workers)
    field.newcomers_stop()
    time.sleep(moment)  # the fault itself, not a wait for something
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
