"""Wake-up calls to the workers. Each may be lost or repeated: the rows are the truth.

Tasks are called by name, so that the verbs do not import what imports them.
"""

from __future__ import annotations

import logging
from functools import cache

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from broadcasts.models import Broadcast
from policy.models import Severity
from whatsapp import pacing

log = logging.getLogger(__name__)

SLICE = 2_000  # people that justify one more task beside the first
MOST_SLICES = 4
MOST_EMERGENCY_SLICES = 2  # enough for the provider's highest cap, and one of their processes stays free
FILES_CALLED = "wa:files-called"
FILES_CALLED_SECONDS = 20
INTAKE_CALLED = "wa:intake-called"
INTAKE_CALLED_SECONDS = 5  # if the call is lost; the sweep calls as often


def _call(name: str, *args: int) -> None:
    if not settings.REDIS_URL:
        return
    try:
        current_app.send_task(name, args=args, retry=False)
    except (OperationalError, OSError) as error:
        # The sweep finds the work in the database within seconds.
        log.warning("The broker is away, %s waits for the sweep: %s", name, type(error).__name__)


def release() -> None:
    """Something may be due."""
    _call("broadcasts.release")


def templates(by: int) -> None:
    """A person wants the missing templates submitted."""
    _call("broadcasts.submit_templates", by)


def files() -> None:
    """Something about to leave has a picture or a PDF that the provider does not hold. One call at a time."""
    if not settings.REDIS_URL:
        return
    try:
        first = _notes(settings.REDIS_URL).set(FILES_CALLED, 1, nx=True, ex=FILES_CALLED_SECONDS)
    except RedisError as error:
        log.warning("The cache is away, the files wait for the next release: %s", type(error).__name__)
        return
    if first:
        _call("broadcasts.hand_over_files")


def send(broadcast: Broadcast) -> None:
    """Some of this broadcast's rows are pending: one task for every slice of its audience."""
    most = MOST_EMERGENCY_SLICES if broadcast.severity == Severity.EMERGENCY else MOST_SLICES
    for _slice in range(min(most, 1 + (broadcast.audience_count or 0) // SLICE)):
        more(broadcast)


def more(broadcast: Broadcast) -> None:
    """One more slice, after one whose time was up."""
    emergency = broadcast.severity == Severity.EMERGENCY
    _call("broadcasts.send_emergency" if emergency else "broadcasts.send", broadcast.pk)


def staff() -> None:
    """A message to a colleague is waiting to leave."""
    _call("broadcasts.tell_staff")


def replies() -> None:
    """An answer is waiting to leave."""
    _call("broadcasts.send_replies")


def erasures() -> None:
    """Somebody asked to be forgotten, elsewhere too."""
    _call("broadcasts.erase_elsewhere")


def intake() -> None:
    """The provider has told us something.

    One call waits at a time, however many posts come: who takes it says so and then looks at the rows, so
    that what was stored before is seen, and what is stored later calls again. While the cache is away the
    broker is too, and asking it takes seconds that the next stop would wait: the sweep calls instead.
    """
    if not settings.REDIS_URL:
        return
    try:
        first = _notes(settings.REDIS_URL).set(INTAKE_CALLED, 1, nx=True, ex=INTAKE_CALLED_SECONDS)
    except RedisError as error:
        log.warning("The cache is away, the intake waits for the sweep: %s", type(error).__name__)
        return
    if first:
        _call("broadcasts.take_in")


def intake_begins() -> None:
    """A worker is about to look at what the provider has told us."""
    if not settings.REDIS_URL:
        return
    try:
        _notes(settings.REDIS_URL).delete(INTAKE_CALLED)
    except RedisError as error:
        log.warning("The cache is away: %s", type(error).__name__)


@cache
def _notes(url: str) -> Redis:
    """A kept client: Django's cache makes a new one for every call, a sixth of what storing a POST takes."""
    return pacing.connect(url)
