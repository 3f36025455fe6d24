"""The link by which a person sees, corrects and erases what is held about them.

It is sent to their own number, is good for minutes, and belongs to the first device that opens it. Looking
at it does nothing, since robots that make previews look too: opening is a tap of its own.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from subscribers.identity import hash_of
from subscribers.models import DataLink, Subscriber

TO_OPEN = timedelta(minutes=15)  # from the answer to the first tap
TO_USE = timedelta(minutes=30)  # from the first tap


def link_for(subscriber: Subscriber, now: datetime) -> str:
    """A new address for this person's data, in the language that is active; opened within `TO_OPEN`."""
    token = secrets.token_urlsafe(24)
    DataLink.objects.create(token_hash=_hash(token), subscriber=subscriber, expires_at=now + TO_OPEN)
    return settings.SITE_URL + reverse("my-data-open", args=[token])


@transaction.atomic
def open_link(token: str, device: str | None, now: datetime) -> str | None:
    """Bind the link to this device, whose secret is returned; None if it is over or another device's."""
    link = DataLink.objects.select_for_update().filter(token_hash=_hash(token), expires_at__gt=now).first()
    if link is None:
        return None
    if link.device_hash:
        return device if device and link.device_hash == _hash(device) else None
    device = secrets.token_urlsafe(24)
    link.device_hash, link.expires_at = _hash(device), now + TO_USE
    link.save(update_fields=["device_hash", "expires_at"])
    return device


def person_of(device: str | None, now: datetime) -> Subscriber | None:
    """Whose data this device has opened; None if nobody's, or if the time is over."""
    if not device:
        return None
    links = DataLink.objects.select_related("subscriber")
    link = links.filter(device_hash=_hash(device), expires_at__gt=now).first()
    return link.subscriber if link else None


def close(device: str | None) -> None:
    """This device is done."""
    if device:
        DataLink.objects.filter(device_hash=_hash(device)).delete()


def _hash(secret: str) -> str:
    return hash_of(f"link:{secret}")
