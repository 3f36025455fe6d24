"""A worker process that can be killed at any instant: what a Celery child does, without Celery.

Forked from a server that has everything imported, so that one costs milliseconds and not a second.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks.faults import broken
from broadcasts import provider, release, tasks
from whatsapp.bulk import BulkSender
from whatsempoli import clock

DEADLINE = 2.0  # seconds a request may take here; the product's 30 would only make the faults slower
CONNECTIONS = 100

_sender = BulkSender(provider.config(), connections=CONNECTIONS, deadline=DEADLINE)
provider.sender = lambda: _sender
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])
_without = os.environ.get("CHAOS_BREAK", "")


@contextmanager
def broken_by(variant: str) -> Iterator[None]:
    """Workers that start within the block lack one guard (benchmarks/faults/broken.py)."""
    global _without
    whole, _without = _without, variant
    try:
        yield
    finally:
        _without = whole


def sends(broadcast_id: int) -> ForkServerProcess:
    """Start a process that sends this broadcast as long as it may."""
    return _start(_send, _without, broadcast_id)


def beats() -> ForkServerProcess:
    """Start a process that does once what beat asks for."""
    return _start(_beat)


def _start(target: object, *args: str | int) -> ForkServerProcess:
    process = _context.Process(target=target, args=args, daemon=True)  # type: ignore[arg-type]
    process.start()
    return process


def _send(without: str, broadcast_id: int) -> None:
    _whisper()
    broken.apply(without)
    tasks._send(broadcast_id)


def _beat() -> None:
    _whisper()
    release.release_due(clock.now())
    release.sweep(clock.now())


def _whisper() -> None:
    """What a dying worker says goes to its log: it is told to fail, and the table is what counts."""
    log = os.open(Path(os.environ["BENCH_FOLDER"]) / "killed.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
