"""CPU and memory of processes from /proc, and the middle of several runs. Linux only."""

from __future__ import annotations

import gc
import os
import statistics
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
Numbers = dict[str, float]


def family(pid: int) -> set[int]:
    """A process and everything that descends from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, todo = set(), [pid]
    while todo:
        each = todo.pop()
        found.add(each)
        todo += children.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, its living descendants, and the dead ones that were waited for."""
    ticks = 0
    for each in family(pid):
        if stat := _stat(each):
            ticks += sum(int(value) for value in stat[11:15])
    return ticks / TICKS


def memory_mb(pid: int | str = "self", field: str = "VmRSS") -> float:
    """Resident memory of a process now, its highest with `VmHWM`, without shared pages with `RssAnon`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Growth:
    """How much this process (`ours`) and another one (`theirs`) grow meanwhile, at most, in MB.

    Ours is the kernel's own high-water mark, started anew (proc(5), clear_refs). Theirs is the memory that
    is its own: the mark would count the database's shared buffers, which every backend touches. It is
    looked at every few milliseconds.
    """

    EVERY = 0.005  # seconds

    def __init__(self, other: int) -> None:
        self.ours = self.theirs = 0.0
        self._other, self._over = other, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Growth:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        self._before = memory_mb()
        self._theirs_before = memory_mb(self._other, "RssAnon")
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._watch.join()
        self.ours = max(0.0, memory_mb(field="VmHWM") - self._before)

    def _look(self) -> None:
        while not self._over.wait(self.EVERY):
            grown = memory_mb(self._other, "RssAnon") - self._theirs_before
            self.theirs = max(self.theirs, grown)


def medians(run: Callable[[], Mapping[str, float]], times: int) -> Numbers:
    """Run something several times; the middle of each number it gives."""
    return middle([run() for _n in range(times)])


def middle(results: Iterable[Mapping[str, float]]) -> Numbers:
    """The median of each number over several results."""
    all_of = list(results)
    return {name: statistics.median(result[name] for result in all_of) for name in all_of[0]}


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from `state` on; None if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
