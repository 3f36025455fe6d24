"""An emergency behind a great routine backlog: how soon it leaves, and what the rate looks like meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.figures.picture import draw
from benchmarks.figures.sending import accepted
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, medians
from benchmarks.rig import Rig

CAP = 1_000
BIN = 0.25  # seconds
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "emergency-rate.svg"


def emergency(rig: Rig, size: Size) -> Numbers:
    """From the approver's click to the first request at the provider, on the installation's own workers."""
    for name in ("worker-routine", "worker-emergency", "beat"):
        rig.start(name)
    rig.rate(CAP)
    series: list[dict[str, list[float]]] = []
    numbers = medians(lambda: _once(rig, size, series), size.runs)
    rig.stop("beat", "worker-emergency", "worker-routine")
    if size.runs > 1:
        PICTURE.write_text(draw(series[-1], BIN, "Messages a second at the provider, cap 1,000"))
    return numbers


def _once(rig: Rig, size: Size, series: list[dict[str, list[float]]]) -> Numbers:
    rig.clean()
    rig.populate(size.backlog, "acqua")
    rig.populate(size.emergency, "protezione-civile")
    since = rig.last()
    routine = rig.leaving()
    rig.until("the backlog leaves", lambda: rig.last() - since >= size.backlog // 12, 60)
    alarm = rig.submitted("protezione-civile", "emergency")
    clicked = time.time()
    rig.approve(alarm)
    rig.until("all alarmed", lambda: accepted(alarm) >= size.emergency, 90)
    time.sleep(3)
    lines = rig.entries(since)
    began = sorted(line["real_began_at"] for line in lines if _is(line, alarm.pk))
    between = sum(began[0] <= line["real_began_at"] <= began[-1] for line in lines if _is(line, routine.pk))
    series.append(_series(lines, {"routine": routine.pk, "emergency": alarm.pk}))
    return {
        "emergency_first_ms": 1000 * (began[0] - clicked),
        "emergency_all_s": began[-1] - clicked,
        "emergency_limit_s": size.emergency / CAP,
        "routine_share_meanwhile": between / (between + len(began)),
    }


def _is(line: dict[str, Any], broadcast: int) -> bool:
    return bool((line["opaque"] or "").startswith(f"d:{broadcast}:"))


def _series(lines: list[dict[str, Any]], names: dict[str, int]) -> dict[str, list[float]]:
    """Messages a second of each notice in every bin of time."""
    start = min(line["real_began_at"] for line in lines)
    bins = {
        name: Counter(int((line["real_began_at"] - start) / BIN) for line in lines if _is(line, pk))
        for name, pk in names.items()
    }
    last = max(max(each, default=0) for each in bins.values())
    return {name: [each[n] / BIN for n in range(last)] for name, each in bins.items()}
