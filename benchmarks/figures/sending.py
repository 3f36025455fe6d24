"""How fast messages leave: at the provider's caps, uncapped, and beside the naive way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from django.db import connection

from benchmarks import naive
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, cpu_seconds, medians, middle
from benchmarks.rig import UNCAPPED, Rig, states
from broadcasts.models import Broadcast, Delivery

QUEUES = "routine"


def cap_1000(rig: Rig, size: Size) -> Numbers:
    """At the provider's highest cap, with it refusing what is above."""
    at = _at_cap(rig, 1_000, size.cap_1000, size.runs)
    shares = {name: value for name, value in at.items() if name.startswith("share_")}
    return shares | {
        "cap_1000_attainment": at["attainment"],
        "cap_1000_throttled": at["throttled"],
        "cap_1000_cpu_ms": at["cpu_ms"],
    }


def cap_80(rig: Rig, size: Size) -> Numbers:
    """At the cap of a number as the provider gives it."""
    at = _at_cap(rig, 80, size.cap_80, size.runs)
    return {"cap_80_attainment": at["attainment"], "cap_80_throttled": at["throttled"]}


def _at_cap(rig: Rig, cap: int, count: int, runs: int) -> Numbers:
    rig.worker("worker", 2, QUEUES)
    rig.start("beat")
    numbers = medians(lambda: _capped(rig, cap, count), runs)
    rig.stop("beat", "worker")
    return numbers


def ratios(rig: Rig, size: Size) -> Numbers:
    """Ours with one and two processes, uncapped, against the naive way at its best."""
    rig.rate(UNCAPPED)
    numbers: dict[int, Numbers] = {}
    for processes in (1, 2):
        rig.worker("worker", processes, QUEUES)
        numbers[processes] = medians(lambda: _ours(rig, size.uncapped), size.runs)
        rig.stop("worker")
    best, leanest, settings = _naive_at_its_best(rig, size)
    print(f"  the naive way is fastest with {settings}", file=sys.stderr)
    ours = max(each["rate"] for each in numbers.values())
    return {
        "cpu_ratio": leanest / numbers[1]["cpu_ms"],
        "throughput_ratio": ours / best,
        "two_workers": numbers[2]["rate"] / numbers[1]["rate"],
        "ours_rate": numbers[1]["rate"],
        "ours_two_rate": numbers[2]["rate"],
        "ours_cpu_ms": numbers[1]["cpu_ms"],
        "simulator_cpu_ms": numbers[1]["simulator_cpu_ms"],
        "database_cpu_ms": numbers[1]["database_cpu_ms"],
        "naive_rate": best,
        "naive_cpu_ms": leanest,
    }


def database_cpu() -> float:
    """CPU seconds of the whole PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with open(f"/proc/{backend}/stat") as stat:
        postmaster = int(stat.read().rsplit(")", 1)[1].split()[1])
    return cpu_seconds(postmaster)


def fresh(rig: Rig, count: int, *topics: str) -> int:
    """So many people and nothing else; returns the ledger's place."""
    rig.clean()
    rig.populate(count, *(topics or ("acqua",)))
    return rig.last()


def accepted(broadcast: Broadcast) -> int:
    """How many the provider took."""
    return states(broadcast).get("accepted", 0)


def seconds_between(rig: Rig, since: int, until: int) -> float:
    """Real time from the first to the last request of this stretch of the ledger."""
    first = rig.get("ledger", since=since, limit=1)["entries"][0]
    last = rig.get("ledger", since=until - 1, limit=1)["entries"][0]
    return float(last["real_at"] - first["real_at"])


def _refused(rig: Rig) -> int:
    counts: dict[str, int] = rig.get("requests")
    return sum(count for name, count in counts.items() if name != "ok")


def _capped(rig: Rig, cap: int, count: int) -> Numbers:
    since = fresh(rig, count)
    rig.rate(cap)
    time.sleep(1.2)  # the provider's bucket starts full at the new rate
    refused = _refused(rig)
    before, began = _cpu(rig, "worker"), time.monotonic()
    broadcast = rig.leaving()
    rig.until("all accepted", lambda: accepted(broadcast) >= count, 30 + 2 * count / cap, every=0.25)
    used, lasted = _cpu(rig, "worker"), time.monotonic() - began
    seconds = seconds_between(rig, since, rig.last())
    share = {f"share_{name}": (used[name] - before[name]) / lasted for name in used}
    per_message = 1000 * (used["workers"] - before["workers"]) / count
    # n messages have n - 1 steps between them
    attainment = (count - 1) / seconds / cap
    return share | {"attainment": attainment, "throttled": _refused(rig) - refused, "cpu_ms": per_message}


def _ours(rig: Rig, count: int) -> Numbers:
    since = fresh(rig, count)
    before = _cpu(rig, "worker")
    broadcast = rig.leaving()
    rig.until("all accepted", lambda: accepted(broadcast) >= count, 120, every=0.1)
    used = _cpu(rig, "worker")
    return {
        "rate": count / seconds_between(rig, since, rig.last()),
        "cpu_ms": 1000 * (used["workers"] - before["workers"]) / count,
        "simulator_cpu_ms": 1000 * (used["simulator"] - before["simulator"]) / count,
        "database_cpu_ms": 1000 * (used["database"] - before["database"]) / count,
    }


def _cpu(rig: Rig, worker: str) -> Numbers:
    return {"workers": rig.cpu(worker), "simulator": rig.cpu("simulator"), "database": database_cpu()}


# --- The naive way


def _ways(size: Size) -> Iterable[tuple[str, int]]:
    """Pools and their sizes; PostgreSQL allows 100 connections, so that more than 80 is not for it."""
    ways = [(pool, n) for pool in ("prefork", "threads") for n in size.naive_sizes]
    return [*ways, ("gevent", size.naive_sizes[-1])]


def _naive_at_its_best(rig: Rig, size: Size) -> tuple[float, float, str]:
    """Its best rate, its lowest CPU per message (ms) over all ways, and which way was fastest."""
    found = {way: _naive(rig, size.naive, *way) for way in _ways(size)}
    way = max(found, key=lambda each: found[each]["rate"])
    again = [_naive(rig, size.naive, *way) for _n in range(size.runs - 1)]
    best = middle([found[way], *again])["rate"]
    return best, min(each["cpu_ms"] for each in found.values()), f"{way[0]} {way[1]}"


def _naive(rig: Rig, count: int, pool: str, size: int) -> Numbers:
    since = fresh(rig, count)
    broadcast = rig.approved()
    rows = _rows(broadcast)
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "benchmarks.naive",
        "worker",
        "-P",
        pool,
        "-c",
        str(size),
    ]
    rig.start("naive", [*command, "-l", "WARNING", "--without-gossip", "--without-mingle", "-n", "naive@%h"])
    naive.send_one.delay(rows[0])  # it is there when this one has arrived
    rig.until("the naive worker works", lambda: rig.last() > since, 60)
    since, before = rig.last(), rig.cpu("naive")
    for row in rows[1:]:
        naive.send_one.delay(row)
    rig.until("all sent", lambda: rig.last() >= since + count - 1, 300, every=0.1)
    numbers = {
        "rate": (count - 1) / seconds_between(rig, since, rig.last()),
        "cpu_ms": 1000 * (rig.cpu("naive") - before) / (count - 1),
    }
    rig.stop("naive")
    return numbers


def _rows(broadcast: Broadcast) -> list[int]:
    """Its rows, made by hand: no worker of ours is called."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO broadcasts_delivery (broadcast_id, subscriber_id, state, reason, attempts, repeated,"
            " receipt) SELECT %s, id, 'pending', '', 0, false, 0 FROM subscribers_subscriber",
            [broadcast.pk],
        )
    return list(Delivery.objects.filter(broadcast=broadcast).values_list("pk", flat=True))
