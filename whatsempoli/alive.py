"""Whether one process lives: `python -m whatsempoli.alive web|beat|WORKER|pulse:FILE`.

For the health checks of docker-compose.yml and for whoever asks at a terminal. Says one line and exits with 1
when it does not. A worker is asked by name (routine, emergency, replies, intake), on this host.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import django
from django.apps import apps
from django.conf import settings

from whatsempoli.celery import app

SECONDS = 10.0
PULSE_SECONDS = 180.0


def web() -> str:
    """The site's own process, past the redirect to https and the check of the host."""
    port = os.environ.get("WEB_BIND", "0.0.0.0:8000").rpartition(":")[2]
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    request = Request(
        f"http://127.0.0.1:{port}/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return "" if answer.status == 200 else f"it answers {answer.status}"


def beat() -> str:
    """The heartbeat in the database: beat, broker, worker and database together."""
    at = apps.get_model("broadcasts", "Sending").objects.values_list("heartbeat", flat=True).first()
    return "" if at is not None and time.time() - at.timestamp() < 60 else "no heartbeat for a minute"


def worker(name: str) -> str:
    """A Celery worker of that name answers a ping."""
    node = f"{name}@{socket.gethostname()}"
    answers = app.control.inspect([node], timeout=SECONDS / 2).ping() or {}
    return "" if node in answers else f"{node} does not answer"


def pulse(file: str) -> str:
    """A process that touches a file at each round."""
    path = Path(file)
    fresh = path.exists() and time.time() - path.stat().st_mtime < PULSE_SECONDS
    return "" if fresh else f"{file} was not touched for three minutes"


def main(arguments: list[str]) -> int:
    """0 when it lives."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsempoli.settings")
    django.setup()
    what, _colon, rest = arguments[0].partition(":")
    try:
        fault = {"web": web, "beat": beat}.get(what, lambda: pulse(rest) if rest else worker(what))()
    except Exception as error:  # noqa: BLE001 - whatever it is, it does not answer
        fault = f"{type(error).__name__}: {error}"
    print(fault or "alive")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
