"""An emergency behind a great routine backlog: how soon it leaves, and what the rate looks like meanwhile."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures.picture import draw
from benchmarks.figures.sending import accepted
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, medians
from benchmarks.rig import Rig

CAP = 1_000
BIN = 0.25  # seconds
WHOLE = 0.9  # from this share of what leaves in a bin on, the budget is somebody's
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
    until = rig.last()
    lines = [line for line in rig.entries(since) if line["seq"] <= until]
    alarms = _moments(lines, alarm.pk)
    others = _moments(lines, routine.pk)
    series.append(_series({"routine": others, "emergency": alarms}))
    taken = _whole_from(alarms, others, alarms[0])
    between = _count(others, alarms[0], alarms[-1])
    after = _count(others, taken, alarms[-1])
    return {
        "emergency_first_ms": 1000 * (alarms[0] - clicked),
        "emergency_budget_ms": 1000 * (taken - clicked),
        "emergency_all_s": alarms[-1] - clicked,
        "emergency_limit_s": size.emergency / CAP,
        "routine_share_meanwhile": between / (between + len(alarms)),
        "routine_share_once_taken": after / (after + _count(alarms, taken, alarms[-1]) or 1),
        "routine_back_ms": 1000 * (_rate_from(others, alarms[-1]) - alarms[-1]),
    }


def _moments(lines: list[dict[str, Any]], broadcast: int) -> list[float]:
    """When this notice's requests began at the provider."""
    ours = (line for line in lines if (line["opaque"] or "").startswith(f"d:{broadcast}:"))
    return sorted(line["real_began_at"] for line in ours)


def _count(moments: Sequence[float], start: float, end: float) -> int:
    return bisect_left(moments, end) - bisect_left(moments, start)


def _whole_from(ours: Sequence[float], others: Sequence[float], start: float) -> float:
    """The first of our requests from which, for a bin's time, nearly all that leaves is ours."""
    for at in ours[bisect_left(ours, start) :]:
        mine = _count(ours, at, at + BIN)
        if mine >= WHOLE * (mine + _count(others, at, at + BIN)):
            return at
    return ours[-1]


def _rate_from(moments: Sequence[float], start: float) -> float:
    """The first request from which, for a bin's time, the cap is nearly reached."""
    for at in moments[bisect_left(moments, start) :]:
        if _count(moments, at, at + BIN) >= WHOLE * CAP * BIN:
            return at
    return moments[-1]


def _series(notices: dict[str, list[float]]) -> dict[str, list[float]]:
    """Messages a second of each notice in every bin of time."""
    start = min(moments[0] for moments in notices.values())
    bins = {name: Counter(int((at - start) / BIN) for at in moments) for name, moments in notices.items()}
    last = max(max(each, default=0) for each in bins.values())
    return {name: [each[n] / BIN for n in range(last)] for name, each in bins.items()}
