"""The supervisor with small children that behave badly."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from whatsempoli.supervisor import MAX_RESTARTS, Child, Supervisor, free_port

ROOT = Path(__file__).resolve().parent.parent.parent

STAY = "import time; print('up', flush=True); time.sleep(600)"
DEAF = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork();"
    "os.write(1, b'pid %d\\n' % os.getpid()); time.sleep(600)"  # at one stroke: two write here
)
POLITE = (
    "import signal, sys, time\n"
    "def leave(*_): print('bye', flush=True); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, leave); print('up', flush=True); time.sleep(600)"
)


class Heard(io.StringIO):
    """A terminal that tells when something was written on it."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        self._more.set()
        return written

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while self.getvalue().count(text) < times:
                self._more.clear()
                await self._more.wait()

    def pids(self) -> list[int]:
        return [int(line.split()[-1]) for line in self.getvalue().splitlines() if ": pid " in line]


def python(name: str, code: str, log: Path | None = None) -> Child:
    return Child(name, (sys.executable, "-c", code), log)


def supervise(*children: Child, out: Heard, **more: object) -> Supervisor:
    return Supervisor(children, os.environ, out=out, first_delay=0.01, **more)  # type: ignore[arg-type]


def tell_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_what_children_say_is_told_with_their_name() -> None:
    out = Heard()

    async def then() -> None:
        await out.until("one: up")
        await out.until("two: up")
        tell_to_stop()

    assert supervise(python("one", STAY), python("two", STAY), out=out, then=then).run() == 0


def test_a_log_keeps_it_off_the_terminal(tmp_path: Path) -> None:
    out, log = Heard(), tmp_path / "one.log"

    async def then() -> None:
        await out.until("two: up")
        tell_to_stop()

    quiet = python("one", "print('secret', flush=True); import time; time.sleep(600)", log)
    starts_later = python("two", f"import os, time\nwhile not os.path.getsize({str(log)!r}): pass\n{STAY}")
    assert supervise(quiet, starts_later, out=out, then=then).run() == 0
    assert log.read_text() == "secret\n"
    assert "secret" not in out.getvalue()


def test_one_that_falls_is_started_again() -> None:
    out = Heard()

    async def then() -> None:
        await out.until("one: here", times=3)
        tell_to_stop()

    assert supervise(python("one", "print('here'); raise SystemExit(3)"), out=out, then=then).run() == 0
    assert "one: si è fermato (codice 3), riparte" in out.getvalue()


def test_one_that_always_falls_stops_the_others_with_one_sentence(is_gone: Callable[[int], bool]) -> None:
    out = Heard()
    falling = python("one", "print('here'); raise SystemExit(3)")
    steady = python("two", "import os; print('pid', os.getpid(), flush=True); " + STAY)
    assert supervise(falling, steady, out=out).run() == 1
    assert out.getvalue().count("one: here") == MAX_RESTARTS + 1
    assert out.getvalue().splitlines()[-1] == "«one» si è fermato 6 volte di seguito (codice 3)."
    assert all(is_gone(pid) for pid in out.pids())


def test_a_program_that_does_not_exist_is_a_sentence() -> None:
    out = Heard()
    assert supervise(Child("one", ("no-such-program",)), python("two", STAY), out=out).run() == 1
    assert "no-such-program" in out.getvalue().splitlines()[-1]


def test_what_fails_beside_them_stops_them() -> None:
    out = Heard()

    async def then() -> None:
        await out.until("one: up")
        raise RuntimeError("Il sito non risponde.")

    assert supervise(python("one", STAY), out=out, then=then).run() == 1
    assert out.getvalue().splitlines()[-1] == "Il sito non risponde."


def test_they_are_asked_to_leave_first() -> None:
    out = Heard()

    async def then() -> None:
        await out.until("one: up")
        tell_to_stop()

    assert supervise(python("one", POLITE), out=out, then=then).run() == 0
    assert "one: bye" in out.getvalue()


def test_one_that_will_not_leave_is_ended_with_its_whole_group(is_gone: Callable[[int], bool]) -> None:
    out = Heard()

    async def then() -> None:
        await out.until("pid", times=2)
        tell_to_stop()

    assert supervise(python("one", DEAF), out=out, then=then, grace=0.2).run() == 0
    assert len(out.pids()) == 2
    assert all(is_gone(pid) for pid in out.pids())


def test_a_second_signal_does_not_wait() -> None:
    out = Heard()
    began = time.monotonic()

    async def then() -> None:
        await out.until("pid", times=2)
        tell_to_stop()
        tell_to_stop()  # two at once may be one to the kernel
        asyncio.get_running_loop().call_later(0.2, tell_to_stop)

    assert supervise(python("one", DEAF), out=out, then=then, grace=60).run() == 0
    assert time.monotonic() - began < 30


def test_a_line_without_end_holds_nothing_up() -> None:
    out = Heard()

    async def then() -> None:
        await out.until("after")
        tell_to_stop()

    long = python("one", "print('x' * 300_000); print('after', flush=True); import time; time.sleep(600)")
    assert supervise(long, out=out, then=then).run() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_killed_outright_it_leaves_no_child(is_gone: Callable[[int], bool]) -> None:
    script = (
        "import os, sys; from whatsempoli.supervisor import Child, Supervisor\n"
        f"code = 'import os; print(\"pid\", os.getpid(), flush=True); ' + {STAY!r}\n"
        "Supervisor((Child('one', (sys.executable, '-c', code)),), os.environ).run()"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline().split()[-1])
    process.kill()
    process.wait()
    assert is_gone(child)


class TestFreePort:
    def test_the_preferred_one_when_nobody_listens(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        assert free_port(port) == port

    def test_a_taken_one_is_stepped_around(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert port < free_port(port) < port + 100

    def test_one_promised_to_somebody_else_is_too(self) -> None:
        port = free_port(20_000)
        assert free_port(port, taken=frozenset({port})) > port
