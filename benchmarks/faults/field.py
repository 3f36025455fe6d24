"""The ground that every fault is played on: leave, break, mend, compare."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from multiprocessing.context import ForkServerProcess
from typing import Any

from django.db import connection
from django.db.models import Sum

from benchmarks.faults import worker
from benchmarks.faults.judge import OPEN, Arrived, Row, Verdict, judge
from benchmarks.rig import Rig
from broadcasts import claims, intake, release
from broadcasts.models import Broadcast, Delivery, MonthlyUsage, WebhookEvent
from subscribers.models import ConsentEvent, Subscriber
from whatsempoli import clock

PEOPLE = 150
RATE = 300  # messages a second: half a second for all of them, so that a fault strikes in the middle
LATENCY = 0.06  # seconds, median
TOPICS = ("acqua", "protezione-civile")
PATIENCE = 60.0
LAPSE = """
    UPDATE broadcasts_delivery SET lease_until = now() - interval '1 second'
    WHERE broadcast_id = %s AND state IN ('claimed', 'sending')
"""
AGE = """
    UPDATE broadcasts_delivery SET begun_at = begun_at - make_interval(secs => %s)
    WHERE broadcast_id = %s AND state = 'unconfirmed' AND NOT repeated
"""


class Field:
    """A prepared installation with a few people, on which one fault after the other is played."""

    def __init__(self, rig: Rig, dice: random.Random) -> None:
        self.rig, self.dice = rig, dice
        self.stops: dict[str, float] = {}
        self.since = 0
        rig.start("web")
        rig.populate(PEOPLE, *TOPICS)
        rig.rate(RATE, provider_too=False)
        self.healthy()

    def healthy(self) -> None:
        """The provider at its best again."""
        calm = {"outage": "none", "error_rate": 0.0, "receipts_ms": 30, "latency_ms": LATENCY * 1000}
        self.rig.post("settings", calm | {"throughput": 100_000, "pair_limit": False})

    def trouble(self, **settings: Any) -> None:
        """The provider as told."""
        self.rig.post("settings", settings)

    # --- Play

    def leave(self, severity: str = "routine") -> Broadcast:
        """A notice on its way, to everybody and to two newcomers who will change their mind."""
        self.rig.populate(2, *TOPICS)
        self.since = self.rig.last()
        topic = "protezione-civile" if severity == "emergency" else "acqua"
        return self.rig.leaving(topic, severity)

    def newcomers_stop(self) -> None:
        """The last two write STOP; their place is at the end of the queue."""
        last = Subscriber.objects.order_by("-id").values_list("phone", flat=True)[:2]
        self.rig.post("say", [{"phone": phone, "text": "STOP"} for phone in last])

    def arrived(self) -> int:
        """How many requests the provider took since this notice left."""
        return self.rig.last() - self.since

    def when(self, count: int, workers: Sequence[ForkServerProcess] = ()) -> None:
        """Wait for that many, or for these workers' end, should it come first."""

        def now() -> bool:
            ended = bool(workers) and not any(each.is_alive() for each in workers)
            return ended or self.arrived() >= count

        self.rig.until(f"{count} arrived", now, 15, every=0.003)

    # --- Mend

    def lapse(self, broadcast: Broadcast) -> None:
        """Let the leases of the dead run out now instead of in a minute."""
        with connection.cursor() as cursor:
            cursor.execute(LAPSE, [broadcast.pk])
        release.sweep(clock.now())

    def settle(self) -> None:
        """Take in every receipt that the provider still has to tell."""
        idle = self.rig.web.get(
            f"{self.rig.stack.simulator_url}/__sim__/wait", params={"timeout": 30}, timeout=40
        )
        assert idle.status_code == 200, "the provider still has receipts to tell"
        waiting = WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING, not_before=None)
        while waiting.exists():
            intake.take_in()

    def finish(self, broadcast: Broadcast) -> None:
        """With everything whole again: receipts settle, leases lapse, a worker does what is left."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.settle()
            self.lapse(broadcast)
            with connection.cursor() as cursor:
                cursor.execute(AGE, [claims.REPEAT_SECONDS + 1, broadcast.pk])
            release.sweep(clock.now())
            Delivery.objects.filter(broadcast=broadcast).update(not_before=None)
            broadcast.refresh_from_db()
            if broadcast.state == "paused":
                Broadcast.objects.filter(pk=broadcast.pk).update(state="sending")
            if broadcast.state == "sent":
                break
            join([worker.sends(broadcast.pk)])
        self.settle()

    # --- Compare

    def verdict(self, broadcast: Broadcast, *, may_repeat: bool = True) -> Verdict:
        """What the phones say against what the rows say."""
        found = judge(
            self.rows(broadcast),
            [
                Arrived(e["phone"], e["real_began_at"])
                for e in self.rig.entries(self.since)
                if (e["opaque"] or "").startswith(f"d:{broadcast.pk}:")
            ],
            self._stopped(),
            emergency=broadcast.severity == "emergency",
            audience=Broadcast.objects.values_list("audience_count", flat=True).get(pk=broadcast.pk) or 0,
            may_repeat=may_repeat,
        )
        found.miscounted = self._miscounted()
        return found

    def rows(self, broadcast: Broadcast) -> Iterable[Row]:
        """Every row of it with its person."""
        values = Delivery.objects.filter(broadcast=broadcast).values_list(
            "subscriber__phone", "state", "repeated", "promise_month"
        )
        return [
            Row(phone or "", state, repeated, month is not None) for phone, state, repeated, month in values
        ]

    def open_rows(self, broadcast: Broadcast) -> int:
        """How many are not decided."""
        return Delivery.objects.filter(broadcast=broadcast, state__in=OPEN).count()

    def _stopped(self) -> dict[str, float]:
        acts = ConsentEvent.objects.filter(act=ConsentEvent.Act.STOP).values_list("subject", "recorded_at")
        times = {subject: at.timestamp() for subject, at in acts}
        people = Subscriber.objects.filter(subject__in=times).values_list("phone", "subject")
        return {phone or "": times[subject] for phone, subject in people}

    def _miscounted(self) -> int:
        """Units of the month against rows that hold one; put right afterwards, so each fault pays once."""
        used = MonthlyUsage.objects.aggregate(n=Sum("used"))["n"] or 0
        held = Delivery.objects.filter(promise_month__isnull=False).count()
        MonthlyUsage.objects.all().delete()
        Delivery.objects.filter(promise_month__isnull=False).update(promise_month=None)
        return abs(used - held)


def join(processes: Iterable[ForkServerProcess], seconds: float = 30.0) -> None:
    """Wait for workers to end; one that does not is killed, and the sweep mends what it held."""
    for process in processes:
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
