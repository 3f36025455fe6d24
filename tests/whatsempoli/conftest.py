from __future__ import annotations

import os
import select
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can walk to, as a checkout usually is (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="we-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def is_gone() -> Callable[[int], bool]:
    """Whether a process ends within ten seconds: waited for as an event, not polled."""

    def wait(pid: int, seconds: float = 10) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    return wait
