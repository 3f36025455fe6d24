"""Wake-up calls to the workers. Each may be lost or repeated: the rows are the truth.

Tasks are called by name, so that the verbs do not import what imports them.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from broadcasts.models import Broadcast
from policy.models import Severity

log = logging.getLogger(__name__)

SLICE = 2_000  # people that justify one more task beside the first
MOST_SLICES = 4


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


def send(broadcast: Broadcast) -> None:
    """Some of this broadcast's rows are pending: one task for every slice of its audience."""
    for _slice in range(min(MOST_SLICES, 1 + (broadcast.audience_count or 0) // SLICE)):
        more(broadcast)


def more(broadcast: Broadcast) -> None:
    """One more slice, after one whose time was up."""
    emergency = broadcast.severity == Severity.EMERGENCY
    _call("broadcasts.send_emergency" if emergency else "broadcasts.send", broadcast.pk)


def replies() -> None:
    """An answer is waiting to leave."""
    _call("broadcasts.send_replies")


def intake() -> None:
    """The provider has told us something."""
    _call("broadcasts.take_in")
