"""A worker that is killed in the middle: a real process, a real SIGKILL, a provider that counts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from broadcasts import claims, intake, release, tasks
from broadcasts.models import Broadcast, MonthlyUsage
from broadcasts.states import State
from tests.broadcasts.simulated import Got, Provider, accepted, envelope, lapse, receipt, states_of
from tests.conftest import TUESDAY_10

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import sys, django
from datetime import datetime
django.setup()
from whatsempoli import clock
clock.now = lambda: datetime.fromisoformat(sys.argv[2])
from broadcasts import fanout
fanout.send_slice(int(sys.argv[1]))
"""


def worker(broadcast: Broadcast, meta: Provider) -> subprocess.Popen[bytes]:
    """A process that sends this broadcast as a Celery worker does, on the tests' database."""
    at = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": database_url(at),
        "WHATSAPP_BASE_URL": meta.url,
        "WHATSAPP_RATE": "10000",
        "WHATSAPP_CONNECTIONS": "20",
    }
    command = [sys.executable, "-c", WORKER, str(broadcast.pk), TUESDAY_10.isoformat()]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def database_url(at: dict[str, Any]) -> str:
    host = str(at["HOST"]).replace("/", "%2F")
    user = at["USER"] + (f":{at['PASSWORD']}" if at["PASSWORD"] else "")
    port = f":{at['PORT']}" if at["PORT"] else ""
    return f"postgres://{user}@{host}{port}/{at['NAME']}"


@pytest.mark.parametrize("after", [1, 30, 75])
def test_nobody_is_lost_and_nobody_gets_it_twice(meta, people, leaving, after: int):
    everybody = people(120, "acqua")
    broadcast = leaving(severity="routine")
    meta.answer = lambda got: slowly(got)
    process = worker(broadcast, meta)
    try:
        meta.wait_for(after)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert process.returncode == -signal.SIGKILL
    meta.settle()
    reached = meta.times()
    assert after <= len(reached) < 120, "it was killed in the middle"
    held = states_of(broadcast)
    assert held["claimed"] + held["sending"] > 0, "it held something"

    lapse("claimed", "sending")
    release.sweep(TUESDAY_10)
    states = states_of(broadcast)
    assert set(states) <= {"pending", "accepted", "unconfirmed"}
    assert states["unconfirmed"] == held["sending"]
    meta.answer = accepted
    tasks._send(broadcast.pk)

    again = meta.times()
    unsure = set(broadcast.deliveries.filter(state="unconfirmed").values_list("subscriber__phone", flat=True))
    missed = {person.phone for person in everybody} - set(again)
    assert set(again.values()) == {1}, "nobody twice"
    assert missed <= unsure, "whoever did not get it is shown as in doubt"
    broadcast.refresh_from_db()
    assert broadcast.state == State.SENT
    assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 120

    intake.receive(receipts_of(broadcast, meta))
    intake.take_in()
    settled = states_of(broadcast)
    assert settled == {"accepted": 120 - len(missed)} | ({"unconfirmed": len(missed)} if missed else {})


def test_a_worker_that_is_stopped_and_wakes_up_late_writes_to_nobody_again(meta, people, leaving):
    """SIGSTOP past its lease, then SIGCONT: what it held has gone to another, and its fence holds."""
    people(120, "acqua")
    broadcast = leaving(severity="routine")
    meta.answer = lambda got: slowly(got)
    process = worker(broadcast, meta)
    try:
        meta.wait_for(30)
        os.kill(process.pid, signal.SIGSTOP)
        meta.settle()
        lapse("claimed", "sending")
        claims.rescue()
        meta.answer = accepted
        tasks._send(broadcast.pk)
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
    assert max(meta.times().values()) == 1
    assert set(states_of(broadcast)) <= {"accepted", "unconfirmed"}
    assert sum(states_of(broadcast).values()) == 120
    assert sum(MonthlyUsage.objects.values_list("used", flat=True)) == 120


async def slowly(got: Got) -> Any:
    await asyncio.sleep(0.03)
    return accepted(got)


def receipts_of(broadcast: Broadcast, meta: Provider) -> bytes:
    """What the provider tells of everything it took."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    assert Counter(got.opaque for got in meta.ledger).most_common(1)[0][1] == 1
    return envelope(
        statuses=[receipt("delivered", got.opaque, at=at, id=got.message_id) for got in meta.ledger]
    )
