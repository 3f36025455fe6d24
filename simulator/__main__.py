"""`python -m simulator`: listen on this computer until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys

from simulator.app import serve
from simulator.settings import Settings, parse_arguments

try:
    import uvloop
except ImportError:  # not built for this system
    uvloop = None  # type: ignore[assignment]

log = logging.getLogger("simulator")


def main() -> int:
    """Run until SIGINT or SIGTERM; 1 and a clear sentence where the port is taken."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    settings = parse_arguments()
    # Tens of thousands of messages are kept on purpose: looking at them again and again finds no garbage.
    gc.set_threshold(50_000, 50, 50)
    factory = uvloop.new_event_loop if uvloop else None
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_until_stopped(settings))
    except OSError as error:
        log.error("cannot listen on %s:%s: %s", settings.host, settings.port, error.strerror)
        return 1
    return 0


async def _until_stopped(settings: Settings) -> None:
    task = asyncio.create_task(serve(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
