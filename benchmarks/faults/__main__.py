"""`make chaos`: KILLS kills and every fault, then the table; JSON=1 prints one object.

SEED repeats the same dice, ONLY plays some («kills,broker_dies,proof»). «proof» plays engines that lack one
guard (benchmarks/faults/broken.py), and the exit status is 1 if the judge does not see it; CHAOS_BREAK takes
a guard out of the whole run.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from dataclasses import asdict

from benchmarks.faults import kills, proof
from benchmarks.faults.field import Field
from benchmarks.faults.judge import Verdict
from benchmarks.faults.scenes import SCENES
from benchmarks.rig import running


def main() -> int:
    """0 if nothing was broken."""
    seed, count = int(os.environ.get("SEED") or 7), int(os.environ.get("KILLS") or 200)
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    began, total, by_fault = time.monotonic(), Verdict(), {}
    numbers: dict[str, float] = {}
    proofs: dict[str, bool] = {}
    with running() as rig:
        field = Field(rig, random.Random(seed))
        if not only or "kills" in only:
            result = kills.play(field, count)
            numbers, by_fault["kills"] = result.numbers(), result.total
            _say("kills", result.total, began)
        for name, scene in SCENES.items():
            if not only or name in only:
                by_fault[name] = scene(field)
                _say(name, by_fault[name], began)
        for variant in proof.PLAYED if not only or "proof" in only else ():
            verdict, proofs[variant] = proof.seen(field, variant)
            print(f"{'':8} without {variant}: {verdict}", file=sys.stderr, flush=True)
    for verdict in by_fault.values():
        total.add(verdict)
    report = asdict(total) | numbers | {"seed": seed, "seconds": round(time.monotonic() - began, 1)}
    kept = total.kept and all(proofs.values())
    report |= {
        "kept": kept,
        "caught": proofs,
        "faults": {name: asdict(each) for name, each in by_fault.items()},
    }
    print(json.dumps(report) if os.environ.get("JSON") else _table(by_fault, total, numbers | proofs))
    return 0 if kept else 1


def _say(name: str, verdict: Verdict, began: float) -> None:
    mark = "kept" if verdict.kept else f"BROKEN {verdict}"
    print(f"{time.monotonic() - began:6.1f} s  {name}: {mark}", file=sys.stderr, flush=True)


def _table(by_fault: dict[str, Verdict], total: Verdict, numbers: dict[str, float]) -> str:
    names = list(asdict(total))
    lines = [" " * 22 + "".join(f"{name:>15}" for name in names)]
    for fault, verdict in [*by_fault.items(), ("all", total)]:
        lines.append(f"{fault:<22}" + "".join(f"{value:>15}" for value in asdict(verdict).values()))
    return "\n".join(lines + [f"{name:<30}{value!s:>10}" for name, value in numbers.items()])


if __name__ == "__main__":
    sys.exit(main())
