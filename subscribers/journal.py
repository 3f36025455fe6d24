"""Stops and erasures, written a second time outside the database: a restored backup does not know them.

One file a day in `JOURNAL_DIR`, one line an act, keyed hashes only. `replay_stops` reads them back.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings

from subscribers.identity import hash_of
from subscribers.models import Subscriber

log = logging.getLogger(__name__)
STOP, ERASE = "stop", "erase"
CHANNEL = "journal"  # of an act that was read back from here, and is not written again


@dataclass(frozen=True, slots=True)
class Line:
    """One act; `who` are the keyed hashes of the phone, the user id or both."""

    act: str
    at: datetime
    who: tuple[str, ...]


def write(act: str, person: Subscriber, at: datetime) -> None:
    """Append one line, on the disk before it returns: before the caller's transaction ends, so that a stop
    that was confirmed is never missing here. One too many is harmless, since it was asked.

    A disk that refuses does not keep anybody from leaving: it is logged, and `doctor` and the office see
    that the journal stands still.
    """
    who = [hash_of(value) for value in (person.phone, person.user_id) if value]
    if not (settings.JOURNAL_DIR and who):
        return
    line = json.dumps({"act": act, "at": at.astimezone(UTC).isoformat(), "who": who}) + "\n"
    path = Path(settings.JOURNAL_DIR) / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())  # one write: lines of several processes do not mix
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        log.exception("The journal of stops could not be written: %s", type(error).__name__)


def read(since: datetime | None = None) -> Iterator[Line]:
    """Every line, oldest first; a line that a power cut left half is passed over."""
    for path in _files():
        for text in path.read_text(errors="replace").splitlines():
            line = _parsed(text)
            if line is not None and (since is None or line.at >= since):
                yield line


def drop(before: datetime) -> int:
    """Delete the files of days that were kept long enough; returns how many."""
    old = [path for path in _files() if date.fromisoformat(path.stem) < before.date()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _files() -> Iterable[Path]:
    if not settings.JOURNAL_DIR:
        return []
    return sorted(Path(settings.JOURNAL_DIR).glob("????-??-??.jsonl"))


def _parsed(text: str) -> Line | None:
    try:
        row = json.loads(text)
        return Line(str(row["act"]), datetime.fromisoformat(row["at"]), tuple(map(str, row["who"])))
    except (ValueError, KeyError, TypeError):
        return None
