"""`python -m whatsempoli.rehearsal`: start everything, play the story, judge it, stop everything.

JSON=1 prints one object on the last line. CITIZENS and SEED change the cast; BREAK=<promise> breaks one
on purpose, so that the judge can be seen to catch it. Exit status 1 if a promise was broken.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

from whatsempoli.engines import EngineError, engines
from whatsempoli.stack import Stack
from whatsempoli.supervisor import Supervisor, free_port

RATE = 1_000
SIMULATOR = ("--latency-ms", "100", "--receipts-ms", "150")


def main() -> int:
    """0 if every promise was kept, 1 if one was broken or the story could not be told."""
    as_json = os.environ.get("JSON", "") not in ("", "0")
    began = time.monotonic()

    def say(line: str) -> None:
        print(
            f"{time.monotonic() - began:6.1f} s  {line}",
            file=sys.stderr if as_json else sys.stdout,
            flush=True,
        )

    try:
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, engines(None, durable=False) as urls:
            return _run(Path(folder), urls, say, began, as_json=as_json)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


def _run(
    folder: Path, urls: dict[str, str], say: Callable[[str], None], began: float, *, as_json: bool
) -> int:
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
    env = stack.env(os.environ, urls)
    os.environ.update(env)
    django.setup()
    from whatsempoli.rehearsal import play  # noqa: PLC0415  Django has to be set up first

    play.prepare(say)
    result: list[play.Result] = []

    async def story() -> None:
        await stack.answers()
        result.append(await asyncio.to_thread(play.perform, stack.simulator_url, say, began))
        supervisor.stop()

    supervisor = Supervisor(stack.children(), env, then=story, out=sys.stderr)
    code = supervisor.run()
    if code or not result:
        for name in ("web", "worker-routine", "worker-emergency", "simulator"):
            log = folder / f"{name}.log"
            tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
            print(f"--- {name}", *tail, sep="\n", file=sys.stderr)
        return 1
    print(json.dumps(result[0].as_dict(), ensure_ascii=False) if as_json else result[0].table())
    return 0 if result[0].kept else 1


if __name__ == "__main__":
    sys.exit(main())
