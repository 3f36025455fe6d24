"""The drill: back up, destroy, restore, verify the ledger, replay who left since, stay disarmed, arm.

On a database of its own, with the commands that a technician types. `make drill` prints its report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from broadcasts import backup
from tests.deploy.compose import ROOT

KEY = "a-key-for-the-drill-and-for-nothing-else"
Manage = Callable[..., str]
JOIN = """
from django.utils import timezone
from subscribers import consent, town
from subscribers.identity import find
from subscribers.models import Subscriber
town.set_up(town.read("empoli"), published_at=timezone.now())
for phone in ("393330000001", "393330000002"):
    consent.join(find(phone, None, create=True), at=timezone.now(), now=timezone.now(), command="join")
"""
LEAVE = """
from django.utils import timezone
from subscribers import consent
from subscribers.identity import find
consent.stop(find("393330000001", None, create=False), at=timezone.now(), now=timezone.now(), command="stop")
"""
STATES = """
import json
from subscribers.models import Subscriber
print(json.dumps(sorted(Subscriber.objects.values_list("state", flat=True))))
"""


@pytest.fixture
def manage(tmp_path: Path) -> Iterator[Manage]:
    """`manage("backup")` returns what it printed; `fails=True` what it complained of."""
    name = f"drill_{os.getpid()}"
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    env = {
        **os.environ,
        "DATABASE_URL": own,
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_KEY": KEY,
        "JOURNAL_DIR": str(tmp_path / "journal"),
    }

    def run(*words: str, fails: bool = False, **changes: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=env | changes, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout.strip()

    yield run
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.slow
def test_the_drill(manage: Manage) -> None:
    report = []

    def step(words: str, said: str) -> str:
        report.append(f"  ✓ {words}: {said.splitlines()[-1] if said else 'fatto'}")
        return said

    manage("migrate", "--verbosity", "0")
    manage("shell", "--no-imports", "-c", JOIN)
    path = step("copia di riserva", manage("backup"))
    assert b"393330000001" not in Path(path).read_bytes()
    manage("shell", "--no-imports", "-c", LEAVE)  # after the backup: only the journal knows
    manage("flush", "--noinput")  # the disaster
    assert json.loads(manage("shell", "--no-imports", "-c", STATES)) == []
    assert "--yes" in manage("restore", path, fails=True)
    assert "BACKUP_KEY" in manage(
        "restore", path, "--yes", fails=True, BACKUP_KEY="another-key-of-enough-length"
    )
    said = step("ripristino", manage("restore", "--yes"))
    assert "1 uscite" in said and "concordano" in said
    assert json.loads(manage("shell", "--no-imports", "-c", STATES)) == ["active", "stopped"]
    assert manage("sending").startswith("off")
    summary = json.loads(step("registro dei consensi", manage("check_ledger")))
    assert summary["differences"] == 0
    assert step("riattivati gli invii", manage("sending", "on", "--reason", "Esercitazione")) == "on"
    print("\n".join(["", "Esercitazione di ripristino", *report]))


class TestEnvelope:
    def sealed(self, tmp_path: Path, *chunks: bytes, key: str = KEY) -> Path:
        path = tmp_path / "sealed"
        with path.open("wb") as file:
            backup.seal(iter(chunks), file, key)
        return path

    def opened(self, path: Path, key: str = KEY) -> list[bytes]:
        with path.open("rb") as file:
            return list(backup.unseal(file, key))

    def test_what_went_in_comes_out(self, tmp_path: Path) -> None:
        whole = b"a" * backup.CHUNK
        assert self.opened(self.sealed(tmp_path, whole, whole, b"end")) == [whole, whole, b"end"]
        assert self.opened(self.sealed(tmp_path)) == [b""]

    @pytest.mark.parametrize("harm", ["cut", "flip", "swap", "foreign"])
    def test_what_was_harmed_is_refused(self, tmp_path: Path, harm: str) -> None:
        path = self.sealed(tmp_path, b"a" * backup.CHUNK, b"b" * backup.CHUNK, b"end")
        data = bytearray(path.read_bytes())
        head, size = len(backup.MARK) + 23, backup.CHUNK + 16
        if harm == "cut":
            del data[head + 2 * size :]
        elif harm == "flip":
            data[-1] ^= 1
        elif harm == "swap":
            data[head : head + 2 * size] = data[head + size : head + 2 * size] + data[head : head + size]
        else:
            data[0:3] = b"ZIP"
        path.write_bytes(data)
        with pytest.raises(backup.BackupError):
            self.opened(path)

    def test_a_weak_or_wrong_key(self, tmp_path: Path) -> None:
        with pytest.raises(backup.BackupError, match="BACKUP_KEY"):
            self.sealed(tmp_path, b"x", key="short")
        with pytest.raises(backup.BackupError):
            self.opened(self.sealed(tmp_path, b"x"), key="another-key-of-enough-length")
