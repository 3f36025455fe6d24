"""What is published, written out as files that any web server serves, whatever becomes of us.

Each page has a stamp of the rows it is drawn from. A pass reads the stamps (a few queries, no text), draws
only what has another one than the file, and puts each file in its place whole. Addresses that ask something
(a search, a filter, a later page of the archive) and what is posted stay the application's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

from broadcasts.written_plan import Address, addresses
from policy.as_visitor import visit
from policy.page_cache import PAGES

RECORD = ".written.json"
LOCK = ".lock"
ASSET = re.compile(rb"""(?:href|src)=["']([^"'#?]+)""")
IN_STYLE = re.compile(rb"""url\(["']?([^"')#?]+)""")


class NotOurs(Exception):
    """The folder holds something else."""


@dataclass(slots=True)
class Pass:
    """What one pass did; `left` pages wait for the next one."""

    written: int = 0
    removed: int = 0
    left: int = 0
    assets: set[str] = field(default_factory=set)


def write(folder: Path, now: datetime, *, seconds: float = float("inf"), anew: bool = False) -> Pass | None:
    """Bring the folder up to what is published; `anew` draws everything. Stops drawing after `seconds`, the
    most important first. None if another process is writing. Raises NotOurs for a folder of somebody else."""
    until = time.monotonic() + seconds
    with _alone(folder) as mine:
        if not mine:
            return None
        PAGES.clear()  # a page kept from before its stamp was read may be older than the stamp says
        record, done, wanted = _read(folder), Pass(), addresses(now)
        stale = [each for each in wanted if anew or record.get(each.path) != each.stamp]
        for n, each in enumerate(stale):
            if time.monotonic() > until:
                done.left = len(stale) - n
                break
            _draw(folder, each, done)
            record[each.path] = each.stamp
        gone = _remove(folder, record, {each.path for each in wanted}, done)
        if stale or gone:
            _replace(folder / RECORD, json.dumps(record, indent=0).encode())
        return done


def file_of(path: str) -> str:
    """Where an address lies: «/a/k7/» is «a/k7/index.html»."""
    return path.lstrip("/") + ("index.html" if path.endswith("/") else "")


def _draw(folder: Path, each: Address, done: Pass) -> None:
    answer = visit(each.path)
    target = folder / file_of(each.path)
    if answer is None:  # nothing there today: figures that are off, a text not published yet
        done.removed += _unlink(folder, target)
        return
    if _replace(target, answer):
        done.written += 1
    if target.suffix == ".html":
        for asset in ASSET.findall(answer):
            _copy(folder, asset.decode(), done)


def _copy(folder: Path, address: str, done: Pass) -> None:
    """A style sheet, font or picture that a page asks for, and what it asks for in turn."""
    if not address.startswith(settings.STATIC_URL) or address in done.assets:
        return
    done.assets.add(address)
    body = _asset(address.removeprefix(settings.STATIC_URL))
    if body is None:
        return
    _replace(folder / address.lstrip("/"), body)
    if address.endswith(".css"):
        for inner in IN_STYLE.findall(body):
            _copy(folder, os.path.normpath(f"{os.path.dirname(address)}/{inner.decode()}"), done)


def _asset(name: str) -> bytes | None:
    if settings.STATIC_ROOT and staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as kept:
            return bytes(kept.read())
    found = finders.find(name)
    return Path(found).read_bytes() if found else None


def _remove(folder: Path, record: dict[str, str], wanted: set[str], done: Pass) -> bool:
    gone = record.keys() - wanted
    for path in gone:
        done.removed += _unlink(folder, folder / file_of(path))
        del record[path]
    return bool(gone)


def _unlink(folder: Path, target: Path) -> int:
    if not target.exists():
        return 0
    target.unlink()
    for parent in target.parents:
        if parent == folder or any(parent.iterdir()):
            break
        parent.rmdir()
    return 1


def _replace(target: Path, body: bytes) -> bool:
    """Whole or not at all; a file that says the same is left alone, with its date and its ETag."""
    if target.exists() and _digest(target.read_bytes()) == _digest(body):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.write_bytes(body)
    new.chmod(0o644)
    os.replace(new, target)
    return True


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _read(folder: Path) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads((folder / RECORD).read_bytes())
        return kept
    except (FileNotFoundError, ValueError):
        return {}


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """The folder's lock, which ends with the process; False if another one holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    if _foreign(folder.iterdir()):
        raise NotOurs(str(folder))
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _foreign(inside: Iterable[Path]) -> bool:
    names = {each.name for each in inside}
    return bool(names) and not names & {RECORD, LOCK}
