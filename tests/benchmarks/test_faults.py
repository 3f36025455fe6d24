"""A sample of `make chaos` on engines of its own, and the proof that it sees what is broken on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.broken import VARIANTS

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


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    """One installation, a few faults, then engines that lack a guard each."""
    return chaos("kills,provider_reset_after,a_row_is_held,database_restarts,proof")


def test_the_promises_hold_through_kills_an_outage_and_a_fallen_database(sample: dict[str, Any]):
    assert sample["kept"], sample
    assert sample["kills"] == 2
    assert set(sample["faults"]) == {"kills", "provider_reset_after", "a_row_is_held", "database_restarts"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_engine_without_a_guard_is_caught(sample: dict[str, Any], variant: str):
    assert sample["caught"][variant], "without its guard nothing was seen"


def test_a_broken_promise_is_the_exit_status():
    report = chaos("a_row_is_held", broken="no_lock")
    assert not report["kept"] and report["miscounted"]
