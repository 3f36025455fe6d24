"""A receipt may tell what an answer did not: the account is blocked, the template is paused (WHATSAPP.md §2).

Then the notice stops where it is and keeps its place, as it does for such an answer (broadcasts/fanout).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db.models import F

from broadcasts import lifecycle
from broadcasts.models import Broadcast, Delivery
from broadcasts.outcomes import STOPS, reference_of
from broadcasts.states import Delivery as D
from broadcasts.states import State
from whatsapp.errors import classify
from whatsapp.webhook import Status

log = logging.getLogger(__name__)


def heed(statuses: Iterable[Status]) -> None:
    """Stop the notices that these receipts condemn. They have been applied, and their rows are committed.

    One that is about a try before a person looked and resumed says nothing new.
    """
    reasons: dict[int, str] = {}
    for status in statuses:
        info = classify(status.error_code, where="webhook")
        ours = reference_of(status.opaque) if status.status == "failed" and info.cls in STOPS else None
        if ours is None or ours[0] != "d" or ours[1] in reasons:
            continue
        _kind, broadcast, delivery, _number = ours
        condemned = Delivery.objects.filter(
            pk=delivery,
            broadcast=broadcast,
            state=D.FAILED,
            error_code=status.error_code,
            broadcast__state=State.SENDING,
            subscriber_id__gt=F("broadcast__brake_after"),
        )
        if condemned.exists():
            reasons[broadcast] = info.reason
    for pk, reason in reasons.items():
        try:
            lifecycle.pause(pk, by=None, reason=reason)
        except (lifecycle.NotAllowed, Broadcast.DoesNotExist):
            log.info("Broadcast %s was already stopped", pk)
