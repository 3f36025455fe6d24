"""Delete what was kept for the stated days (policy/TownProfile says how many)."""

from __future__ import annotations

from datetime import datetime, timedelta

from broadcasts.models import WebhookEvent
from policy.models import TownProfile
from subscribers.models import InboundMessage


def purge(now: datetime) -> dict[str, int]:
    """Delete raw webhooks and blank inbound texts that are old enough; returns how many of each."""
    town = TownProfile.current()
    old_webhooks = WebhookEvent.objects.filter(received_at__lt=now - timedelta(days=town.keep_webhooks_days))
    old_texts = InboundMessage.objects.filter(
        received_at__lt=now - timedelta(days=town.keep_texts_days)
    ).exclude(text="")
    return {"webhooks": old_webhooks.delete()[0], "texts": old_texts.update(text="")}
