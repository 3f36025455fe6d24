"""The engines as the demo and the tests start them: real processes, hostile surroundings."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from whatsempoli import engines as subject
from whatsempoli.account import Account
from whatsempoli.engines import EngineError, database_folder, engines, forget

ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give PostgreSQL to another account")


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's engines are in the environment; here we start our own."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def data(open_folder: Path) -> Iterator[Path]:
    yield open_folder / "data"
    forget(open_folder / "data")


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def run_cli(data: Path, script: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "whatsempoli.engines",
        "run",
        "--data",
        str(data),
        "--",
        "sh",
        "-c",
        script,
    ]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


class TestTemporary:
    def test_they_answer_on_sockets_alone_and_leave_nothing(self) -> None:
        with engines(None, durable=False) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT current_setting('listen_addresses')") == ""
            client = redis.Redis.from_url(urls["REDIS_URL"])
            assert client.config_get("port") == {"port": "0"}
            client.close()
            sockets = Path(urls["REDIS_URL"].removeprefix("unix://")).parent
            assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert not sockets.exists()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(urls["DATABASE_URL"])

    def test_they_stop_when_the_work_fails(self) -> None:
        with pytest.raises(ZeroDivisionError), engines(None, durable=False) as urls:
            _ = 1 / 0
        with pytest.raises(redis.ConnectionError):
            redis.Redis.from_url(urls["REDIS_URL"]).ping()

    def test_two_at_once_do_not_meet(self) -> None:
        with engines(None, durable=False) as one, engines(None, durable=False) as two:
            assert one["DATABASE_URL"] != two["DATABASE_URL"]
            assert ask(one["DATABASE_URL"], "SELECT 1") == ask(two["DATABASE_URL"], "SELECT 1")

    def test_what_one_killed_outright_left_is_deleted_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        old, young, living = (Path(tempfile.mkdtemp(prefix="we-", dir="/tmp")) for _ in range(3))
        for folder in (old, young, living):
            (folder / "alive").touch()
        for folder in (old, living):
            os.utime(folder / "alive", (0, 0))
        with (living / "alive").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subject._sweep(Path("/tmp"))
        try:
            assert [folder.exists() for folder in (old, young, living)] == [False, True, True]
        finally:
            shutil.rmtree(young)
            shutil.rmtree(living)

    def test_text_is_utf8_and_lowers_accents(self) -> None:
        with engines(None, durable=False) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT lower('CITTÀ')") == "città"


class TestGiven:
    def test_servers_of_the_environment_are_used_and_nothing_starts(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = {"DATABASE_URL": "postgres://u@h/d", "REDIS_URL": "redis://h:6379/0"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with engines(data, durable=True) as urls:
            assert urls == given
        assert not data.exists()

    def test_only_the_missing_one_starts(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgres://u@h/d")
        with engines(data, durable=False) as urls:
            assert urls["DATABASE_URL"] == "postgres://u@h/d"
            assert redis.Redis.from_url(urls["REDIS_URL"]).ping()
        assert not database_folder(data).exists()


class TestKept:
    def test_a_second_start_finds_the_first_ones_data(self, data: Path) -> None:
        with engines(data, durable=True) as urls:
            ask(urls["DATABASE_URL"], "SELECT 1")
            with psycopg.connect(urls["DATABASE_URL"]) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
            redis.Redis.from_url(urls["REDIS_URL"]).set("kept", "8")
        with engines(data, durable=True) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT n FROM kept") == 7
            assert redis.Redis.from_url(urls["REDIS_URL"]).get("kept") == b"8"
            assert ask(urls["DATABASE_URL"], "SELECT current_setting('fsync')") == "on"

    def test_forgetting_begins_anew(self, data: Path) -> None:
        with engines(data, durable=False) as urls, psycopg.connect(urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        forget(data)
        with engines(data, durable=False) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT to_regclass('kept')") is None

    def test_a_lock_left_behind_with_a_strangers_number_is_cleared(self, data: Path) -> None:
        with engines(data, durable=False):
            pass
        lock = database_folder(data) / "postmaster.pid"
        lock.write_text(f"{os.getpid()}\n{lock.parent}\n")
        with engines(data, durable=False) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT 1") == 1

    def test_a_beginning_cut_short_is_begun_again(self, data: Path) -> None:
        folder = database_folder(data)
        half = folder.with_name(folder.name + ".new")
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        with engines(data, durable=False) as urls:
            assert ask(urls["DATABASE_URL"], "SELECT 1") == 1
        assert not half.exists()

    def test_data_of_another_major_version_is_one_sentence(self, data: Path) -> None:
        with engines(data, durable=False):
            pass
        (database_folder(data) / "PG_VERSION").write_text("9\n")
        with pytest.raises(EngineError, match="sono di PostgreSQL 9 e questo è PostgreSQL 18") as told:
            engines(data, durable=False).__enter__()
        assert "\n" not in str(told.value)


class TestCommandLine:
    def test_it_returns_the_commands_exit_code(self, data: Path) -> None:
        process = run_cli(data, 'test -n "$DATABASE_URL" -a -n "$REDIS_URL" && exit 7')
        assert process.wait(30) == 7

    def test_it_passes_a_signal_on_and_stops_the_engines(
        self, data: Path, is_gone: Callable[[int], bool]
    ) -> None:
        process = run_cli(data, "trap 'exit 9' TERM; echo up; read wait")
        assert line_of(process) == "up"
        postmaster = int((database_folder(data) / "postmaster.pid").read_text().split()[0])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 9
        assert is_gone(postmaster)

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
    def test_killed_outright_it_leaves_no_process(self, data: Path, is_gone: Callable[[int], bool]) -> None:
        process = run_cli(data, 'echo "$$ $REDIS_URL"; read wait')
        shell, redis_url = line_of(process).split()
        postmaster = int((database_folder(data) / "postmaster.pid").read_text().split()[0])
        valkey = int(redis.Redis.from_url(redis_url).info()["process_id"])
        process.kill()
        assert all(is_gone(pid) for pid in (int(shell), postmaster, valkey))
        with engines(data, durable=True) as urls:  # and what it kept is whole
            assert ask(urls["DATABASE_URL"], "SELECT 1") == 1

    def test_a_second_one_on_the_same_data_is_refused(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subject, "HANDOVER_SECONDS", 0.2)
        with engines(data, durable=False), pytest.raises(EngineError, match="sta usando"):
            engines(data, durable=False).__enter__()


class TestAccount:
    def test_one_closed_parent_closes_the_way(self, open_folder: Path) -> None:
        inner = open_folder / "closed" / "inner"
        inner.mkdir(parents=True)
        nobody = Account(65534)
        assert nobody.reaches(inner)
        inner.parent.chmod(0o700)
        assert not nobody.reaches(inner)
        assert not nobody.reaches(inner / "not-yet-there")
        assert Account(None).reaches(inner)

    @as_root
    def test_a_private_checkout_works_and_keeps_its_rights(self, open_folder: Path) -> None:
        closed = open_folder / "home"
        closed.mkdir(mode=0o700)
        data = closed / "checkout" / "data"
        try:
            with engines(data, durable=False) as urls:
                assert ask(urls["DATABASE_URL"], "SELECT 1") == 1
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            assert not database_folder(data).is_relative_to(closed)
            assert database_folder(data).stat().st_uid == 65534
        finally:
            forget(data)

    @as_root
    def test_programs_it_cannot_read_are_copied_once(
        self, open_folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = Account.runs
        monkeypatch.setattr(
            Account, "runs", lambda self, binary: open_folder in binary.parents and real(self, binary)
        )
        monkeypatch.setattr(subject, "private_home", lambda: open_folder)
        for _time in range(2):
            with engines(data, durable=False) as urls:
                assert ask(urls["DATABASE_URL"], "SELECT 1") == 1
        assert [path.name for path in open_folder.iterdir() if path != data] == ["postgres-18.6"]

    @as_root
    def test_a_corner_that_is_not_ours_is_refused(
        self, open_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        somebody_elses = open_folder / "corner"
        somebody_elses.mkdir()
        os.chown(somebody_elses, 65534, 65534)
        monkeypatch.setattr(subject, "private_corner", lambda: somebody_elses)
        with pytest.raises(EngineError, match="non è nostra"):
            subject.private_home()
