"""`python -m benchmarks figures|faults`: engines of their own, a simulator, then the measuring itself.

The engines are always ours and thrown away: the faults restart them, and no figure may come from a
database that somebody uses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from whatsempoli.engines import EngineError, engines
from whatsempoli.stack import ROOT, Stack
from whatsempoli.supervisor import free_port


def main(what: str) -> int:
    """The exit status of the measuring process; 1 if the engines do not start."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        with tempfile.TemporaryDirectory(prefix="we-bench-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # PostgreSQL runs as nobody when we are root, and must walk through
            # durable: without it a fall of the database forgets what was committed, and figures flatter it
            with engines(folder / "data", durable=True) as urls:
                return _measure(what, folder, urls)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


def _measure(what: str, folder: Path, urls: dict[str, str]) -> int:
    site = free_port(8300)
    simulator = free_port(8400, taken=frozenset({site}))
    stack = Stack(site, simulator, folder, "only-for-measuring-" + "x" * 40, logs=folder)
    env = stack.env(os.environ, urls) | {"LOG_LEVEL": "WARNING", "BENCH_FOLDER": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{what}"], cwd=ROOT, env=env, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
