"""A sample of `make chaos` on engines of its own, and the proof that it sees what is broken on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def chaos(only: str, *, kills: int = 2, broken: str = "") -> dict[str, Any]:
    """What it reports; its exit status must say the same."""
    told = {"JSON": "1", "ONLY": only, "KILLS": str(kills), "SEED": "7", "CHAOS_BREAK": broken}
    command = [sys.executable, "-m", "benchmarks", "faults"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == (0 if report["kept"] else 1)
    return report


def test_the_promises_hold_through_kills_an_outage_and_a_fallen_database():
    report = chaos("kills,provider_reset_after,database_restarts")
    assert report["kept"], report
    assert report["kills"] == 2
    assert set(report["faults"]) == {"kills", "provider_reset_after", "database_restarts"}


@pytest.mark.parametrize(
    ("broken", "fault", "seen"),
    [
        ("checkpoint_first", "kills", ("lost",)),
        ("no_fence", "late_answers", ("doubled", "unsettled", "lost")),
    ],
)
def test_an_engine_without_a_guard_is_caught(broken: str, fault: str, seen: tuple[str, ...]):
    report = chaos(fault, broken=broken)
    assert not report["kept"], f"without its guard nothing was seen: {report}"
    assert any(report[name] for name in seen), report
