"""The whole simulator, in a thread of the test: templates, files and phones as the provider has them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.app import make_app
from simulator.settings import Settings
from simulator.world import WORLD, World


class WholeProvider:
    """On a port of this machine; `world` may be looked at and changed through `do`."""

    def __init__(self, **changes: Any) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        quick: dict[str, Any] = {"latency_ms": 0.0, "receipts_ms": 0.0, "webhook_url": "http://127.0.0.1:9/"}
        self._app = make_app(Settings(port=0, **(quick | changes)))
        self.port = 0
        self._runner = self._run(self._start())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def world(self) -> World:
        return self._app[WORLD]

    def do(self, change: Callable[[World], Any]) -> Any:
        """Call `change(world)` in the simulator's own thread and return its answer."""

        async def call() -> Any:
            return change(self.world)

        return self._run(call())

    def close(self) -> None:
        self._run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self) -> web.AppRunner:
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner
