"""`make bench`: every figure, the table beside what it must reach; JSON=1 for one object, QUICK=1 a smoke.

ONLY plays some («cap_80,audience»). The exit status says whether it could be measured, not how well.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

from benchmarks.figures import audience, ceilings, emergency, joins, office, public, sending, statuses
from benchmarks.figures.size import QUICK, WHOLE, Size
from benchmarks.measure import Numbers
from benchmarks.rig import Rig, running

FIGURES: dict[str, Callable[[Rig, Size], Numbers]] = {
    "cap_1000": sending.cap_1000,
    "cap_80": sending.cap_80,
    "ratios": sending.ratios,
    "emergency": emergency.emergency,
    "statuses": statuses.statuses,
    "audience": audience.audience,
    "joins": joins.joins,
    "ceilings": ceilings.ceilings,
    "office": office.office,
    "public": public.public,
}
# What each must reach; the others explain them.
GOALS = {
    "cap_1000_attainment": ("at least", 0.97),
    "cap_1000_throttled": ("at most", 0),
    "cap_80_attainment": ("at least", 0.99),
    "cap_80_throttled": ("at most", 0),
    "cpu_ratio": ("at least", 10),
    "throughput_ratio": ("at least", 4),
    "emergency_first_ms": ("below", 1_000),
    "audience_1m_seconds": ("below", 10),
    "audience_1m_rss_mb": ("below", 50),
    "statuses_per_second": ("at least", 3_000),
    "optout_seconds": ("below", 1),
    "joins_answer_p99_s": ("below", 3),
    "joins_stop_max_s": ("below", 1),
    "office_page_p95_ms": ("below", 150),
    "office_page_queries": ("at most", 12),
    "public_rps": ("at least", 300),
    "public_p99_ms": ("below", 100),
    "static_rps": ("at least", 5_000),
}


def main() -> int:
    """Measure and print."""
    size = QUICK if os.environ.get("QUICK") else WHOLE
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    numbers: Numbers = {}
    began = time.monotonic()
    with running() as rig:
        for name, figure in FIGURES.items():
            if not only or name in only:
                numbers |= {key: round(value, 4) for key, value in figure(rig, size).items()}
                print(f"{time.monotonic() - began:7.1f} s  {name}", file=sys.stderr, flush=True)
    numbers |= {"runs": size.runs, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(numbers) if os.environ.get("JSON") else _table(numbers))
    return 0


def reached(name: str, value: float) -> bool:
    """Whether a figure is where it must be."""
    word, goal = GOALS[name]
    return {"at least": value >= goal, "at most": value <= goal, "below": value < goal}[word]


def _table(numbers: Numbers) -> str:
    lines = []
    for name, value in numbers.items():
        goal = GOALS.get(name)
        says = f"{goal[0]} {goal[1]:,}  {'yes' if reached(name, value) else 'NO'}" if goal else ""
        lines.append(f"{name:<28}{value:>14,.3f}  {says}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
