"""One function a fault: it breaks something under a broadcast that is leaving, and returns the verdict."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection, connections

from benchmarks.faults import worker
from benchmarks.faults.field import PEOPLE, RATE, Field, join
from benchmarks.faults.judge import Verdict
from benchmarks.rig import MORNING
from broadcasts import provider
from broadcasts.models import Broadcast, Delivery
from whatsempoli import clock
from whatsempoli.account import Account

OUTAGES = ("http_500", "http_503", "html_502", "refuse", "reset_before", "reset_after", "hang", "hang_after")
AFTER = 40  # requests that arrived when the fault strikes
HOLD = "SELECT id FROM broadcasts_delivery WHERE broadcast_id = %s ORDER BY id LIMIT 1 FOR UPDATE"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%WITH picked AS%' AND pid <> pg_backend_pid()
"""


def provider_fails(outage: str, field: Field) -> Verdict:
    """The provider falls ill for a second in the middle, and gets well."""
    broadcast = field.leave()
    sender = worker.sends(broadcast.pk)
    field.newcomers_stop()
    field.when(AFTER)
    field.trouble(outage=outage)
    time.sleep(1.0)
    field.healthy()
    join([sender])
    field.finish(broadcast)
    return field.verdict(broadcast)


def provider_throttles(field: Field) -> Verdict:
    """It allows less than we believe: what it refuses waits, and arrives once."""
    broadcast = field.leave()
    field.trouble(throughput=100)
    sender = worker.sends(broadcast.pk)
    time.sleep(2.0)
    field.healthy()
    join([sender])
    provider.budget()._redis.delete("wa:budget")
    field.rig.rate(RATE, provider_too=False)
    field.finish(broadcast)
    return field.verdict(broadcast)


def late_answers(field: Field) -> Verdict:
    """A worker sleeps past its lease with refusals in its ears; another sends in its place meanwhile.

    The provider never took the first requests, so that nobody may get the emergency twice.
    """
    broadcast = field.leave("emergency")
    sleeper = worker.sends(broadcast.pk)
    field.when(AFTER)
    refused = _refused(field)
    field.trouble(error_rate=1.0, error_code=131000, latency_ms=1_500)
    taken = field.arrived()  # from here on it takes nothing
    field.rig.until("what it took is written down", lambda: _accepted(broadcast) >= taken, 5, every=0.01)
    os.kill(sleeper.pid or 0, signal.SIGSTOP)
    try:
        field.rig.until("refusals", lambda: _refused(field) > refused, 5)
        field.healthy()
        field.finish(broadcast)
    finally:
        os.kill(sleeper.pid or 0, signal.SIGCONT)
    join([sleeper])
    if field.open_rows(broadcast):  # wrongly open again: the office tries again with who is left
        Broadcast.objects.filter(pk=broadcast.pk).update(state="sending")
        field.finish(broadcast)
    return field.verdict(broadcast, may_repeat=False)


def two_workers_at_once(field: Field) -> Verdict:
    """Four workers reach for the same rows in the same instant, again and again."""
    total = Verdict()
    for _round in range(2):
        broadcast = field.leave()
        join([worker.sends(broadcast.pk) for _n in range(4)])
        field.finish(broadcast)
        total.add(field.verdict(broadcast))
    return total


def a_row_is_held(field: Field) -> Verdict:
    """Somebody stands still with one row locked; two workers go round it and the others do not wait."""
    broadcast = field.leave()
    others = field.open_rows(broadcast) - 1
    holder = connections.create_connection("default")
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute(HOLD, [broadcast.pk])
        workers = [worker.sends(broadcast.pk) for _n in range(2)]
        field.rig.until("all but one, or both wait", lambda: field.arrived() >= others or _both_wait(), 20)
        reached = field.arrived()
    finally:
        holder.close()
    join(workers)
    field.finish(broadcast)
    verdict = field.verdict(broadcast)
    verdict.blocked = max(0, others - reached)
    return verdict


def two_beats(field: Field) -> Verdict:
    """Three beats start, sweep and close the same notice at one time."""
    field.rig.populate(2, "acqua")
    field.since = field.rig.last()
    broadcast = field.rig.approved()
    join([worker.beats() for _n in range(3)])
    senders = [worker.sends(broadcast.pk) for _n in range(2)]
    join([worker.beats() for _n in range(3)])
    join(senders)
    field.finish(broadcast)
    return field.verdict(broadcast)


def window_closes(field: Field) -> Verdict:
    """Service hours end at one in the middle: the rest leaves at three, and nothing between."""
    closing = MORNING.replace(hour=13)
    broadcast = field.leave()
    field.rig.rate(PEOPLE, provider_too=False)  # a second for all of them: it closes in the middle
    clock.move_to(closing - timedelta(seconds=0.5))
    offset = clock.offset().total_seconds()
    join([worker.sends(broadcast.pk)])
    early = field.rig.entries(field.since)
    stayed = field.open_rows(broadcast)
    clock.move_to(closing + timedelta(minutes=1))
    join([worker.sends(broadcast.pk)])
    between = field.arrived() - len(early)
    clock.move_to(MORNING.replace(hour=15, minute=1))
    field.rig.rate(RATE, provider_too=False)
    field.finish(broadcast)
    clock.move_to(MORNING)
    verdict = field.verdict(broadcast)
    beyond = [e for e in early if e["real_began_at"] + offset > closing.timestamp() + 0.25]
    verdict.out_of_hours = len(beyond) + between + (stayed == 0)  # nobody stayed: the fault never struck
    return verdict


def database_read_only(field: Field) -> Verdict:
    """The disk is full, as PostgreSQL shows it: for a while nothing can be written."""
    broadcast = field.leave()
    sender = worker.sends(broadcast.pk)
    field.when(AFTER)
    with _read_only():
        time.sleep(1.0)
    join([sender])
    field.finish(broadcast)
    return field.verdict(broadcast)


def database_restarts(field: Field) -> Verdict:
    """PostgreSQL falls as in a power cut (immediate shutdown) and comes back."""
    broadcast = field.leave()
    sender = worker.sends(broadcast.pk)
    field.when(AFTER)
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    connection.close()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    _again(field, pid, signal.SIGQUIT, Account.fitting(), command)
    field.rig.until("PostgreSQL is back", _database_answers, 30)
    join([sender])
    field.finish(broadcast)
    return field.verdict(broadcast)


def broker_dies(field: Field) -> Verdict:
    """Valkey is killed and comes back empty: queue, budget and clock are gone. Real Celery and beat."""
    field.rig.worker("worker-routine", 2, "routine")
    field.rig.start("beat")
    broadcast = field.leave()
    field.when(AFTER)
    server = redis.Redis.from_url(settings.REDIS_URL)
    pid = int(server.info("server")["process_id"])
    _again(field, pid, signal.SIGKILL, Account(None), _valkey(pid, server))
    field.rig.until("Valkey is back", partial(_pings, server), 10)
    clock.move_to(MORNING)  # the demo's clock stood there
    field.rig.rate(RATE, provider_too=False)

    def sent() -> bool:
        for name in ("worker-routine", "beat"):  # as the supervisor does with who falls
            if field.rig.processes[name].poll() is not None:
                field.rig.start(name)
        return not field.open_rows(broadcast)

    field.rig.until("sent", sent, 90, every=0.2)
    field.rig.stop("beat", "worker-routine")
    field.finish(broadcast)
    return field.verdict(broadcast)


SCENES: dict[str, Callable[[Field], Verdict]] = {
    **{f"provider_{outage}": partial(provider_fails, outage) for outage in OUTAGES},
    "provider_throttles": provider_throttles,
    "late_answers": late_answers,
    "workers_at_once": two_workers_at_once,
    "a_row_is_held": a_row_is_held,
    "two_beats": two_beats,
    "window_closes": window_closes,
    "database_read_only": database_read_only,
    "database_restarts": database_restarts,
    "broker_dies": broker_dies,
}


def _both_wait() -> bool:
    """Two claims wait for a lock, and not only for a moment."""
    for _look in range(3):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0] < 2:
                return False
        time.sleep(0.1)
    return True


def _accepted(broadcast: Broadcast) -> int:
    return Delivery.objects.filter(broadcast=broadcast, state="accepted").count()


def _refused(field: Field) -> int:
    counts: dict[str, int] = field.rig.get("requests")
    return sum(count for name, count in counts.items() if name != "ok")


@contextmanager
def _read_only() -> Iterator[None]:
    """Every session of every process, until the end of the block."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        cursor.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute("ALTER SYSTEM RESET default_transaction_read_only")
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("RESET default_transaction_read_only")


def _valkey(pid: int, server: redis.Redis) -> list[str]:
    """The command that starts this server again; it has written over its own arguments."""
    command = [os.readlink(f"/proc/{pid}/exe")]
    for name in ("port", "unixsocket", "unixsocketperm", "dir", "save", "appendonly", "maxmemory-policy"):
        command += [f"--{name}", str(server.config_get(name)[name])]
    return command


def _again(field: Field, pid: int, by: signal.Signals, account: Account, command: list[str]) -> None:
    """End a server and start it anew."""
    os.kill(pid, by)
    field.rig.until("it is gone", lambda: not _runs(pid), 20)
    name = Path(command[0]).name
    field.rig.processes[name] = account.start(command, field.rig.folder / f"{name}.log", signal.SIGINT)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _database_answers() -> bool:
    try:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever it says, it is not ready
        return False
    return True


def _pings(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.RedisError:
        return False
