"""Everything falls: workers, beat and web killed outright, the broker emptied; it all goes on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from datetime import timedelta

import redis
from django.conf import settings
from django.db.models.functions import Now

from broadcasts.models import Delivery
from whatsempoli.rehearsal.scene import Say, Scene, notice, rome

SLOW = 60  # messages a second
NAMES = ("worker", "beat", "gunicorn")


def restart(scene: Scene, say: Say) -> None:
    """SIGKILL in the middle of a send for everything but the database and the provider, and a broker that
    remembers nothing: nobody is forgotten, nobody gets it twice."""
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    broadcast = scene.publish(notice("Ponte chiuso", rome(24, 10)))
    scene.stage.accepted(broadcast, 40)
    killed = kill_the_others()
    empty_the_broker()
    say(f"{killed} processi uccisi, broker vuoto")
    held = Delivery.objects.filter(broadcast=broadcast, state__in=["claimed", "sending"])
    say(f"{held.count()} messaggi erano in mano a chi non c'è più")
    if scene.broken == "duplicates":  # it forgets what was done
        Delivery.objects.filter(broadcast=broadcast).update(state="pending", lease=None, lease_until=None)
    # A dead worker's leases last a minute of real time, which the rehearsal does not wait for.
    held.update(lease_until=Now() - timedelta(seconds=1))
    scene.finish(broadcast)
    scene.finish(scene.publish(notice("Ponte riaperto", rome(24, 11))))


def kill_the_others() -> int:
    """SIGKILL for the workers, beat and web of this installation, with all their processes; how many fell.

    They are the children of our own parent, each the head of a session of its own.
    """
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    heads = []
    for line in shown.stdout.splitlines():
        pid, parent, command = line.split(None, 2)
        if int(parent) == os.getppid() and int(pid) != os.getpid() and any(n in command for n in NAMES):
            heads.append(int(pid))
    for head in heads:
        with suppress(ProcessLookupError):
            os.killpg(head, signal.SIGKILL)
    return len(heads)


def empty_the_broker() -> None:
    """Forget every queue and every budget, and cut every connection, as a restart would. The business
    clock, which lives there in a rehearsal only, is kept."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        forget = [key for key in broker.scan_iter(count=1000) if b"business-clock" not in key]
        if forget:
            broker.delete(*forget)
        broker.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        broker.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
