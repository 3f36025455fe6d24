"""What a power cut takes: nothing that was committed on durable engines, the last moments on throwaway ones.

The engine rests on one thing: what says «this request is about to begin» is on the disk before it begins.
Faults are therefore played on durable engines; on throwaway ones a fall of the database forgets such marks,
the rows look untouched, and people get a message twice through no fault of the engine's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from whatsempoli import engines as subject
from whatsempoli.account import Account
from whatsempoli.engines import engines

FALLS = 3  # a promise needs more than one; each takes a second or two


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def fall_and_rise(url: str, folder: Path) -> subprocess.Popen[bytes]:
    """An immediate shutdown, as in a power cut, and a start with the same settings."""
    pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    os.kill(pid, signal.SIGQUIT)
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < until, "it does not fall"
        time.sleep(0.01)
    log = folder.parent / "again.log"
    server = Account.fitting().start(command, log, signal.SIGINT)
    subject._when_ready("PostgreSQL", server, log, lambda: psycopg.connect(url).close())
    return server


def lost(*, durable: bool, open_folder: Path, falls: int) -> int:
    """How many of the marks that were committed just before a fall are gone after it."""
    missing = 0
    data = open_folder / f"durable-{durable}"
    with engines(data, durable=durable) as urls:
        url, folder = urls["DATABASE_URL"], subject.database_folder(data)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE mark (id int PRIMARY KEY, state text)")
            connection.execute("INSERT INTO mark SELECT n, 'claimed' FROM generate_series(1, 400) n")
            connection.execute("CHECKPOINT")
        for fall in range(falls):
            with psycopg.connect(url, autocommit=True) as connection:
                for batch in range(0, 400, 50):
                    connection.execute(
                        "UPDATE mark SET state = %s WHERE id > %s AND id <= %s",
                        [f"sending {fall}", batch, batch + 50],
                    )
                server = fall_and_rise(url, folder)
            with psycopg.connect(url) as connection:
                kept = connection.execute(
                    "SELECT count(*) FROM mark WHERE state = %s", [f"sending {fall}"]
                ).fetchone()
                assert kept is not None
                missing += 400 - kept[0]
        subject._stop(server, signal.SIGINT)
    subject.forget(data)
    return missing


def test_durable_engines_keep_every_mark_through_every_fall(open_folder: Path) -> None:
    assert lost(durable=True, open_folder=open_folder, falls=FALLS) == 0


def test_throwaway_engines_forget_marks_so_that_no_fault_may_be_judged_on_them(open_folder: Path) -> None:
    assert lost(durable=False, open_folder=open_folder, falls=FALLS) > 0
