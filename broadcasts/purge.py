"""Delete what was kept for the stated days: TownProfile says how many, the privacy page prints them."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from broadcasts.models import Reply, WebhookEvent
from broadcasts.states import OPEN
from policy.models import TownProfile
from subscribers import identity
from subscribers.models import InboundMessage, Subscriber

log = logging.getLogger(__name__)
AT_LEAST = timedelta(hours=1)  # zero days still lets the goodbye leave and its receipts come back
BATCH = 5_000


def purge(now: datetime) -> dict[str, int]:
    """Delete and reduce what is old enough; `now` is real time. Returns how many of each, and logs it.

    An inbound row goes whole: its provider id holds the writer's number.
    """
    town = TownProfile.current()
    webhooks = WebhookEvent.objects.filter(received_at__lt=now - timedelta(days=town.keep_webhooks_days))
    texts = InboundMessage.objects.filter(received_at__lt=now - timedelta(days=town.keep_texts_days))
    gone = {
        "webhooks": webhooks.delete()[0],
        "texts": texts.delete()[0],
        "numbers": reduce_stopped(now - max(timedelta(days=town.keep_stopped_days), AT_LEAST)),
    }
    log.info("Purged: %s", gone)
    return gone


def reduce_stopped(before: datetime) -> int:
    """Forget the number and the id of who left before `before`; their keyed hash still honours the stop."""
    count = 0
    while batch := _reduce_batch(before):
        count += batch
    return count


@transaction.atomic
def _reduce_batch(before: datetime) -> int:
    goodbye = Reply.objects.filter(subscriber=OuterRef("pk"), state__in=OPEN)
    left = Subscriber.objects.filter(state=Subscriber.State.STOPPED, consent_at__lt=before)
    people = list(
        left.exclude(phone=None, user_id=None)
        .exclude(Exists(goodbye))
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:BATCH]
    )
    identity.bind(people)
    ids = [person.pk for person in people]
    return Subscriber.objects.filter(pk__in=ids).update(phone=None, user_id=None)
