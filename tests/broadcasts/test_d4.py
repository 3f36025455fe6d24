"""What was missing of the engine's list of tests (docs/reliability.md says where each of the others is)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from broadcasts import audience, claims, fanout, outcomes, release, tasks
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.calendar import ROME
from tests.broadcasts.simulated import Got, Provider, accepted, lapse, no_wait, states_of
from tests.broadcasts.test_killed import ROOT, database_url, slowly, worker
from tests.broadcasts.test_outcomes import status
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
CELERY = """
import sys, django
from datetime import datetime
django.setup()
from whatsempoli import clock
clock.now = lambda: datetime.fromisoformat(sys.argv[1])
from whatsempoli.celery import app
app.worker_main(["worker", "-P", "prefork", "-c", "1", "-Q", "d4", "-n", "d4@%h", "--without-gossip",
                 "--without-mingle", "-l", "WARNING"])
"""


class Killed(Exception):
    """The process dies at this statement."""


def test_d4_1_a_freeze_killed_at_every_statement_makes_each_row_once(
    meta: Provider, people: Any, write: Any, approve: Any, clock_at: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 2)
    everybody = people(5, "acqua")
    broadcast = approve(write())

    def beat_until(fatal: int) -> bool:
        """One beat that dies at its `fatal`-th statement; whether it got through instead."""
        seen = 0

        def count(execute: Any, *statement: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == fatal:
                raise Killed
            return execute(*statement)

        alone = release._alone
        monkeypatch.setattr(release, "_alone", lambda step, *args: bool(step(*args)))
        try:
            with connection.execute_wrapper(count):
                release.release_due(TUESDAY_10)
                release.sweep(TUESDAY_10)
        except Killed:
            return False
        finally:
            monkeypatch.setattr(release, "_alone", alone)
        return True

    fatal = 1
    while not beat_until(fatal):
        fatal += 1
        rows = Counter(broadcast.deliveries.values_list("subscriber_id", flat=True))
        assert set(rows.values()) <= {1}
    assert fatal > 20, "it died at many places"
    broadcast.refresh_from_db()
    assert broadcast.audience_count == broadcast.deliveries.count() == len(everybody)
    tasks._send(broadcast.pk)
    assert meta.times() == Counter({person.phone: 1 for person in everybody})


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_d4_6_a_killed_emergency_reaches_everybody_and_repeats_no_more_than_it_doubted(
    meta: Provider, people: Any, leaving: Any
) -> None:
    everybody = people(100, "protezione-civile")
    broadcast = leaving(topic="protezione-civile", severity="emergency")
    meta.answer = slowly
    process = worker(broadcast, meta)
    try:
        meta.wait_for(30)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    meta.settle()
    lapse("claimed", "sending")
    release.sweep(TUESDAY_10)
    doubted = states_of(broadcast)["unconfirmed"]
    Delivery.objects.filter(state="unconfirmed").update(begun_at=TUESDAY_10 - timedelta(days=1))
    meta.answer = accepted
    for _again in range(3):
        release.sweep(TUESDAY_10)
        tasks._send(broadcast.pk)
    times = meta.times()
    assert set(times) == {person.phone for person in everybody}
    assert max(times.values()) <= 2
    assert sum(count - 1 for count in times.values()) <= doubted
    assert broadcast.deliveries.filter(repeated=True).count() == doubted
    broadcast.refresh_from_db()
    assert broadcast.state == State.SENT


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_d4_12_a_worker_told_to_end_ends_its_batch_and_leaves_nothing_open(
    meta: Provider, people: Any, leaving: Any
) -> None:
    """SIGTERM to a real Celery worker: out within a minute, nobody in doubt, nothing in its hand."""
    people(150, "acqua")
    broadcast = leaving(severity="routine")
    meta.answer = slowly
    environment = os.environ | {
        "DATABASE_URL": database_url(connection.settings_dict),
        "REDIS_URL": settings.REDIS_URL,
        "WHATSAPP_BASE_URL": meta.url,
        "WHATSAPP_RATE": "10000",
        "WHATSAPP_CONNECTIONS": "10",
    }
    command = [sys.executable, "-c", CELERY, TUESDAY_10.isoformat()]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        tasks.send.apply_async(args=[broadcast.pk], queue="d4")
        meta.wait_for(30, seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    states = states_of(broadcast)
    assert set(states) <= {"accepted", "pending"}, "0 unconfirmed, 0 claimed"
    assert states["accepted"] == len(meta.ledger)
    assert set(meta.times().values()) == {1}


def test_d4_13_a_task_that_is_lost_is_called_again_and_one_that_comes_twice_does_nothing(
    meta: Provider, people: Any, leaving: Any, monkeypatch: Any
) -> None:
    people(5, "acqua")
    broadcast = leaving(severity="routine")  # its call went to a broker that forgot it
    woken: list[int] = []
    monkeypatch.setattr(release.wake, "send", lambda found: woken.append(found.pk))
    release.sweep(TUESDAY_10)  # every five seconds
    assert woken == [broadcast.pk]
    for _twice in woken * 2:
        tasks._send(broadcast.pk)
    assert set(meta.times().values()) == {1} and len(meta.ledger) == 5


@pytest.mark.django_db(transaction=True)
def test_d4_23_a_cancel_in_the_middle_adds_up(meta: Provider, people: Any, leaving: Any, bruno: Any) -> None:
    people(100, "acqua")
    broadcast = leaving(severity="routine")

    async def cancelled(got: Got) -> Any:
        if got.number == 10:
            await asyncio.to_thread(_cancel, broadcast.pk, bruno)
        return accepted(got)

    meta.answer = cancelled
    fanout.send_slice(broadcast.pk)
    release.sweep(TUESDAY_10)
    states = states_of(broadcast)
    assert set(states) == {"accepted", "skipped"}
    assert sum(states.values()) == 100 == Broadcast.objects.get(pk=broadcast.pk).audience_count


def _cancel(pk: int, by: Any) -> None:
    release.lifecycle.cancel(pk, by=by, reason="Basta.", now=TUESDAY_10)
    connection.close()


@pytest.mark.parametrize(
    ("due", "starts"),
    [
        # the hour that comes twice: each of the two half past two is one moment
        (datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=ROME), "2026-10-25T00:30+00:00"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ROME), "2026-10-25T01:30+00:00"),
        # the hour that does not exist
        (datetime(2027, 3, 28, 2, 30, tzinfo=ROME), "2027-03-28T01:30+00:00"),
    ],
)
def test_d4_24_at_the_change_of_the_clock_it_leaves_once(
    meta: Provider, people: Any, write: Any, approve: Any, clock_at: Any, due: datetime, starts: str
) -> None:
    people(2, "protezione-civile")
    first = datetime.fromisoformat(starts)
    draft = write(
        severity="emergency", topic="protezione-civile", due_at=due, valid_until=first + timedelta(hours=9)
    )
    broadcast = approve(draft, first - timedelta(hours=4))
    started = []
    for minutes in range(-120, 121, 15):  # beats over both hours
        now = first + timedelta(minutes=minutes)
        clock_at(now)
        if release.release_due(now):
            started.append(now)
        release.sweep(now)
        tasks._send(broadcast.pk)
    assert started == [first]
    assert set(meta.times().values()) == {1} and len(meta.ledger) == 2


def test_d4_24_a_beat_that_was_dead_over_the_due_time_sends_late_once(
    meta: Provider, people: Any, write: Any, approve: Any, clock_at: Any
) -> None:
    people(2, "acqua")
    broadcast = approve(write(due_at=TUESDAY_10 + timedelta(minutes=5)))
    for minutes in (0, 20, 20, 21):  # nobody beat at five past
        now = TUESDAY_10 + timedelta(minutes=minutes)
        clock_at(now)
        release.release_due(now)
        tasks._send(broadcast.pk) if minutes else None
    assert set(meta.times().values()) == {1} and len(meta.ledger) == 2


def test_d4_28_without_the_rank_rule_the_receipts_test_would_fail(
    people: Any, write: Any, approve: Any, monkeypatch: Any
) -> None:
    row = Delivery.objects.create(
        broadcast=approve(write()), subscriber=people(1, "acqua")[0], state="accepted"
    )
    said = [
        status("read", f"d:{row.broadcast_id}:{row.pk}"),
        status("sent", f"d:{row.broadcast_id}:{row.pk}"),
    ]
    rule = "GREATEST(d.receipt, o.receipt),"
    assert rule in outcomes.APPLY and "OR o.receipt > d.receipt" in outcomes.APPLY

    def end() -> int:
        Delivery.objects.update(receipt=0)
        for each in said:
            outcomes.apply_statuses([each])
        row.refresh_from_db()
        return row.receipt

    assert end() == 3
    broken = outcomes.APPLY.replace(rule, "o.receipt,").replace("OR o.receipt > d.receipt", "OR true")
    monkeypatch.setattr(outcomes, "APPLY", broken)
    assert end() == 1


def test_d4_28_without_the_fence_a_late_outcome_is_written(
    people: Any, leaving: Any, monkeypatch: Any
) -> None:
    people(1, "acqua")
    broadcast = leaving(severity="routine")
    t = fanout.terms_of(broadcast, TUESDAY_10)
    run = fanout.Slice(broadcast.pk, until=0)
    held, _highest = claims.claim(t, lease=run.lease, after=0, limit=1)
    claims.begin(t, [row.id for row in held], lease=run.lease)
    lapse("sending")
    claims.rescue()
    late = [{"id": held[0].id, "state": "pending", "code": None, "back": True}]
    assert claims.record(late, lease=run.lease) == 0
    fence = "d.state = 'sending' AND d.lease = %(lease)s"
    assert fence in claims.RECORD
    monkeypatch.setattr(claims, "RECORD", claims.RECORD.replace(fence, "%(lease)s::uuid IS NOT NULL"))
    assert claims.record(late, lease=run.lease) == 1
    no_wait()
