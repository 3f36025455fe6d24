"""Who an engine runs as, and how a child is made to end with us."""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Account:
    """Who PostgreSQL runs as: ourselves (uid None) or, when we are root, nobody."""

    uid: int | None

    @property
    def _popen(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}

    @classmethod
    def fitting(cls) -> Account:
        return cls(NOBODY if os.geteuid() == 0 else None)

    def reaches(self, folder: Path) -> bool:
        """Whether the account may walk to the folder: every parent open to all, or we are ourselves."""
        if self.uid is None:
            return True
        found = [p.stat() for p in (folder, *folder.parents) if p.exists()]
        return all(f.st_mode & stat.S_IXOTH or f.st_uid == self.uid for f in found)

    def give(self, folder: Path) -> None:
        """Hand over a folder that we have just created."""
        folder.chmod(0o700)
        if self.uid is not None:
            os.chown(folder, self.uid, self.uid)

    def runs(self, binary: Path) -> bool:
        try:
            return self.run([str(binary), "--version"]).returncode == 0
        except PermissionError:
            return False

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **self._popen)

    def start(self, command: list[str], log: Path, dies_by: signal.Signals) -> subprocess.Popen[bytes]:
        """A child in a session of its own (Ctrl-C is ours to pass on) that does not outlive us."""
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(dies_by),
                **self._popen,
            )


def die_with_parent(by: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel ends it with us. Linux only, else None.

    The signal comes when the thread that started the child ends: start children from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def set_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # we were killed between the fork and the line above
            os._exit(1)

    return set_signal
