"""Runs named child processes together: starts, watches, restarts and ends them, and leaves none behind.

Each child has a session of its own, so that a signal reaches its whole group and Ctrl-C at the terminal
reaches only us, who pass it on in order. If we are killed outright, the kernel ends the children.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from whatsempoli.account import die_with_parent

MAX_RESTARTS = 5
STEADY_SECONDS = 60.0  # a child that ran this long starts counting its falls anew
FIRST_DELAY = 0.5  # doubled at each fall
GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process to run. With `log` its output goes to that file, else to the terminal with its name."""

    name: str
    command: tuple[str, ...]
    log: Path | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs the children until told to stop or until one falls too often.

    `then` runs once beside them (it waits until they answer, greets…); what it raises stops everything.
    """

    children: tuple[Child, ...]
    env: Mapping[str, str]
    cwd: Path | None = None
    then: Callable[[], Awaitable[None]] | None = None
    out: TextIO = field(default_factory=lambda: sys.stdout)
    first_delay: float = FIRST_DELAY
    grace: float = GRACE_SECONDS
    _groups: set[int] = field(default_factory=set)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _told: int = 0

    def run(self) -> int:
        """Block until the end; 0 when told to stop, 1 when something failed."""
        return asyncio.run(self._run())

    def stop(self) -> None:
        """End everything in order; for what runs beside the children."""
        self._stop.set()

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(name, self._on_signal)
        failures: list[str] = []
        keepers = {asyncio.create_task(self._guard(self._keep(child), failures)) for child in self.children}
        beside = asyncio.create_task(self._guard(self.then(), failures)) if self.then else None
        await self._stop.wait()
        if beside:
            beside.cancel()
        await self._end_all(keepers)
        for failure in failures[:1]:
            self._say(failure)
        return 1 if failures else 0

    async def _guard(self, work: Awaitable[None], failures: list[str]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the others and is told
            failures.append(str(error) or type(error).__name__)
            self._stop.set()

    def _on_signal(self) -> None:
        """The first one asks; the second one does not."""
        self._told += 1
        self._stop.set()
        if self._told > 1:
            self._signal_all(signal.SIGKILL)

    async def _keep(self, child: Child) -> None:
        """Run a child again whenever it falls. Raises RuntimeError when it falls too often."""
        falls = 0
        while not self._stop.is_set():
            began = time.monotonic()
            code = await self._run_once(child)
            if self._stop.is_set():
                return
            falls = 1 if time.monotonic() - began > STEADY_SECONDS else falls + 1
            if falls > MAX_RESTARTS:
                where = f" Il motivo è in {child.log}." if child.log else ""
                raise RuntimeError(
                    f"«{child.name}» si è fermato {falls} volte di seguito (codice {code}).{where}"
                )
            delay = self.first_delay * 2 ** (falls - 1)
            self._say(f"{child.name}: si è fermato (codice {code}), riparte fra {delay:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay)

    async def _run_once(self, child: Child) -> int:
        log = child.log.open("ab") if child.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                env=dict(self.env),
                cwd=self.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log or asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        finally:
            if log:
                log.close()
        self._groups.add(process.pid)
        if self._stop.is_set():  # told to stop while it was starting
            self._signal(process.pid, signal.SIGTERM)
        relay = asyncio.create_task(self._relay(child.name, process.stdout)) if process.stdout else None
        code = await process.wait()
        self._signal(process.pid, signal.SIGKILL)  # what it may have left in its group
        self._groups.discard(process.pid)
        if relay:
            await asyncio.wait([relay], timeout=1)  # the last lines; somebody who left the group may hold on
            relay.cancel()
        return code

    async def _relay(self, name: str, lines: asyncio.StreamReader) -> None:
        while line := await self._line(lines):
            self._say(f"{name}: {line.decode(errors='replace').rstrip()}")

    async def _line(self, lines: asyncio.StreamReader) -> bytes:
        """The next line; of one beyond the reader's limit (64 KiB) a part, so that nothing gets stuck."""
        try:
            return await lines.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial
        except asyncio.LimitOverrunError as long:
            return await lines.readexactly(long.consumed)

    async def _end_all(self, keepers: set[asyncio.Task[None]]) -> None:
        for leader in tuple(self._groups):  # it ends its own children in order; what is left is killed
            with suppress(ProcessLookupError):
                os.kill(leader, signal.SIGTERM)
        _done, left = await asyncio.wait(keepers, timeout=self.grace)
        while left:
            self._signal_all(signal.SIGKILL)
            _done, left = await asyncio.wait(left, timeout=0.1)

    def _signal_all(self, by: signal.Signals) -> None:
        for group in tuple(self._groups):
            self._signal(group, by)

    def _signal(self, group: int, by: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(group, by)

    def _say(self, line: str) -> None:
        print(line, file=self.out, flush=True)


def held_port(preferred: int) -> socket.socket:
    """The first port of 127.0.0.1 from `preferred` on where nobody listens, held by listening there until
    it is closed: whoever else starts meanwhile steps around it. Of a hundred, else OSError."""
    for port in range(preferred, preferred + 100):
        holder = socket.socket()
        # as a server binds: a port that rests after a connection (TIME_WAIT) is free
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen(1)
        except OSError:
            holder.close()
        else:
            return holder
    raise OSError(f"Nessuna porta libera fra {preferred} e {preferred + 99}.")


def free_port(preferred: int, *, taken: frozenset[int] = frozenset()) -> int:
    """The first port from `preferred` on where nobody listens and that is not `taken`."""
    with held_port(preferred) as holder:
        port: int = holder.getsockname()[1]
    return free_port(port + 1, taken=taken) if port in taken else port
