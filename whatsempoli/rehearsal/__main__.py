"""`python -m whatsempoli.rehearsal`: start everything, play the chapters, judge them, stop everything.

JSON=1 prints one object a chapter, the last one the sum. CHAPTER, CITIZENS and SEED choose what is played;
BREAK=<promise> breaks one on purpose, so that the judge can be seen to catch it, BREAK=all each of them in
turn. Exit status 1 if a promise was broken, or a broken one was not caught.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from whatsempoli.engines import EngineError, engines
from whatsempoli.stack import ROOT, Stack
from whatsempoli.supervisor import Supervisor, free_port

RATE = 1_000
SIMULATOR = ("--latency-ms", "100", "--receipts-ms", "150")
REHEARSE = (sys.executable, "manage.py", "rehearse")


def main() -> int:
    """0 if every promise was kept, 1 if one was broken or the story could not be told."""
    try:
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, engines(None, durable=False) as urls:
            return _run(Path(folder), urls)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


def _run(folder: Path, urls: dict[str, str]) -> int:
    site = free_port(8100)
    stack = Stack(
        site_port=site,
        simulator_port=free_port(8190, taken=frozenset({site})),
        data=folder,
        secret="only-for-this-rehearsal-" + "x" * 40,
        logs=folder,
        throughput=RATE,
        simulator_options=SIMULATOR,
    )
    env = {"LOG_LEVEL": "WARNING", **stack.env(os.environ, urls)}
    if subprocess.run([*REHEARSE, "--prepare"], cwd=ROOT, env=env, check=False).returncode:
        return 1  # it has said why
    as_json = ["--json"] if os.environ.get("JSON", "") not in ("", "0") else []
    codes: list[int] = []

    async def story() -> None:
        await stack.answers()
        process = await asyncio.create_subprocess_exec(*REHEARSE, *as_json, cwd=ROOT, env=env)
        codes.append(await process.wait())
        supervisor.stop()

    supervisor = Supervisor(stack.children(), env, cwd=ROOT, then=story, out=sys.stderr)
    failed = supervisor.run()
    if failed or codes != [0]:
        _show_logs(folder)
    return 0 if codes == [0] and not failed else 1


def _show_logs(folder: Path) -> None:
    """The last words of every process, for whoever looks for the cause."""
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-12:]
        print(f"--- {log.stem}", *lines, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
