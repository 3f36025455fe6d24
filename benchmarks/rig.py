"""One installation under measurement: its processes, its town, the simulator's controls.

Runs inside the environment that `benchmarks.__main__` made. Business time is moved to a Tuesday
morning in service hours, as the demo's clock bar does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count

from benchmarks.measure import cpu_seconds
from broadcasts import catalogue, lifecycle, provider, release
from broadcasts.demo.people import make_staff
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from policy.calendar import ROME
from policy.models import Category, TownProfile
from staff.models import User
from subscribers import town
from whatsempoli import clock
from whatsempoli.account import die_with_parent
from whatsempoli.stack import ROOT, Stack

MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=ROME)  # a Tuesday in service hours
UNCAPPED = 100_000  # messages a second: more than anything here can do
POPULATE = """
    WITH new AS (
        INSERT INTO subscribers_subscriber
            (phone, subject, language, state, marketing_stopped, created_at)
        SELECT '39330' || lpad((%(first)s + n)::text, 7, '0'), gen_random_uuid(), 'it', 'active', false, now()
        FROM generate_series(1, %(count)s) n RETURNING id
    )
    INSERT INTO subscribers_subscription (subscriber_id, category_id, since)
    SELECT new.id, c.id, now() - interval '1 day' FROM new, policy_category c WHERE c.slug = ANY(%(topics)s)
"""


class Late(RuntimeError):
    """Something that had to happen did not, in time."""


class Rig:
    """The processes that were started, by name, and the town they work for."""

    def __init__(self) -> None:
        self.folder = Path(os.environ["BENCH_FOLDER"])
        site, simulator = urlsplit(settings.SITE_URL).port, urlsplit(settings.SIMULATOR_URL).port
        assert site and simulator
        options = ("--receipts-ms", "3600000", "--latency-ms", "150", "--throughput", str(UNCAPPED))
        self.stack = Stack(
            site, simulator, self.folder, settings.SECRET_KEY, self.folder, simulator_options=options
        )
        self.web = requests.Session()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._people = 0

    # --- Processes

    def start(self, name: str, command: Sequence[str] = (), **environment: str) -> subprocess.Popen[bytes]:
        """Start a process of the installation, or `command` under that name."""
        if not command:
            command = next(child.command for child in self.stack.children() if child.name == name)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        self.processes[name] = process
        return process

    def stop(self, *names: str) -> None:
        """End these processes (all without names) with everything they started."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            _signal_group(process.pid, signal.SIGTERM)
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                pass
            finally:
                _signal_group(process.pid, signal.SIGKILL)
                process.wait()

    def cpu(self, name: str) -> float:
        """CPU seconds of a process that we started, its children included."""
        return cpu_seconds(self.processes[name].pid)

    def worker(self, name: str, processes: int, queues: str) -> None:
        """A Celery worker as the installation has it, with so many processes; returns when it listens."""
        command = list(next(c.command for c in self.stack.children() if c.name == "worker-routine"))
        command[command.index("-c") + 1] = str(processes)
        command[command.index("-n") + 1] = f"{name}@%h"
        command[command.index("-Q") + 1] = queues
        log = self.folder / f"{name}.log"
        seen = log.stat().st_size if log.exists() else 0
        self.start(name, command, LOG_LEVEL="INFO")
        self.until(f"{name} listens", lambda: b" ready." in log.read_bytes()[seen:], 60)

    # --- The simulator

    def post(self, path: str, body: object) -> Any:
        """Tell the simulator something."""
        answer = self.web.post(f"{self.stack.simulator_url}/__sim__/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str, **query: float) -> Any:
        """Ask the simulator something."""
        answer = self.web.get(f"{self.stack.simulator_url}/__sim__/{path}", params=query, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def entries(self, since: int) -> list[dict[str, Any]]:
        """What the phones' ledger says after this place."""
        lines: list[dict[str, Any]] = []
        while page := self.get("ledger", since=lines[-1]["seq"] if lines else since, limit=10_000)["entries"]:
            lines += page
        return lines

    def last(self) -> int:
        """The last place in the phones' ledger."""
        return int(self.get("state")["last_seq"])

    # --- The town

    def prepare(self) -> None:
        """Migrate, set the town up, start the simulator and get the templates approved."""
        call_command("migrate", verbosity=0, interactive=False)
        self.start("simulator")
        self.until("the simulator answers", self._simulator_answers, 60)
        clock.move_to(MORNING)
        town.set_up(town.read("empoli"), published_at=MORNING - timedelta(days=30))
        make_staff("benchmark")
        TownProfile.objects.update(monthly_promise=30_000)
        Category.objects.update(monthly_promise=None)
        self.post("clock", {"offset_seconds": clock.offset().total_seconds()})
        catalogue.sync()

    def _simulator_answers(self) -> bool:
        try:
            return bool(self.get("state"))
        except requests.ConnectionError:
            return False

    def populate(self, count: int, *topics: str) -> None:
        """Make so many more active people who asked for these topics, in the database itself."""
        with connection.cursor() as cursor:
            cursor.execute(POPULATE, {"first": self._people, "count": count, "topics": list(topics)})
            cursor.execute("ANALYZE subscribers_subscriber")
            cursor.execute("ANALYZE subscribers_subscription")
        self._people += count

    def clean(self) -> None:
        """Forget people and deliveries, in the database and in the simulator; nothing leaves any more."""
        Broadcast.objects.exclude(state="sent").update(state="cancelled")
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE broadcasts_delivery, broadcasts_monthlyusage, broadcasts_webhookevent,"
                " subscribers_subscription, subscribers_subscriber CASCADE"
            )
        self.post("reset", {"keep_templates": True})
        self._people = 0

    def submitted(self, topic: str = "acqua", severity: str = "routine") -> Broadcast:
        """A notice that one person wrote and a second one has to read."""
        now, anna = clock.now(), User.objects.get(username="anna")
        fields = {"title": "Lavori in piazza", "text": "Si lavora da lunedì a venerdì, dalle 8 alle 17."}
        draft = Broadcast(
            kind="notice",
            title="Lavori in piazza",
            category=Category.objects.get(slug=topic),
            severity=severity,
            fields=fields,
            valid_until=now + timedelta(days=2),
        )
        broadcast = lifecycle.save_draft(draft, by=anna, zones=None, now=now)
        return lifecycle.submit(broadcast.pk, by=anna, now=now)

    def approve(self, broadcast: Broadcast) -> Broadcast:
        """The second person agrees; the workers are called."""
        bruno = User.objects.get(username="bruno")
        seen = fingerprint_of(Broadcast.objects.get(pk=broadcast.pk))
        return lifecycle.approve(broadcast.pk, by=bruno, seen=seen, now=clock.now())

    def approved(self, topic: str = "acqua", severity: str = "routine") -> Broadcast:
        """A notice that two people agreed on, due at once."""
        return self.approve(self.submitted(topic, severity))

    def leaving(self, topic: str = "acqua", severity: str = "routine") -> Broadcast:
        """The same, started, by us or by a worker: its audience is frozen and the workers are called."""
        broadcast = self.approved(topic, severity)
        release.release_due(clock.now())
        self.until("it leaves", lambda: _state(broadcast) != "scheduled", 60)
        broadcast.refresh_from_db()
        return broadcast

    def rate(self, messages_a_second: int, *, provider_too: bool = True) -> None:
        """Set the installation's budget and what the provider allows."""
        provider.budget().set_rate(messages_a_second)
        if provider_too:
            self.post("settings", {"throughput": messages_a_second})

    def until(self, what: str, happened: Callable[[], bool], seconds: float, *, every: float = 0.05) -> None:
        """Wait until something is true; Late when time is up."""
        over = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > over:
                raise Late(f"{what}: not within {seconds:.0f} s")
            time.sleep(every)

    def tell(self) -> str:
        """The last words of every process, for whoever looks for a cause."""
        texts = (
            (log.stem, log.read_text(errors="replace")[-1500:]) for log in sorted(self.folder.glob("*.log"))
        )
        return "\n".join(f"--- {name}\n{text}" for name, text in texts if text.strip())


def _state(broadcast: Broadcast) -> str:
    return str(Broadcast.objects.values_list("state", flat=True).get(pk=broadcast.pk))


def states(broadcast: Broadcast) -> dict[str, int]:
    """How many rows stand in each state."""
    rows = Delivery.objects.filter(broadcast=broadcast).values_list("state").annotate(n=Count("id"))
    return dict(rows)


@contextmanager
def running() -> Iterator[Rig]:
    """A prepared installation, ended whatever happens; the logs are shown if something went wrong."""
    rig = Rig()
    try:
        rig.prepare()
        yield rig
    except Exception:
        print(rig.tell())
        raise
    finally:
        connection.close()
        rig.stop()


def _signal_group(group: int, by: signal.Signals) -> None:
    try:
        os.killpg(group, by)
    except ProcessLookupError:
        return
