"""The daily proof: one message to a test phone of the office, over the road that every notice takes.

It leaves once a day, whatever crashes; the provider's receipt comes back through the webhook. When it does
not, `checkup` says so. Like everybody's, the phone receives nothing unless it has joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from broadcasts import provider, render, switch
from broadcasts.bulletins import staff_template
from broadcasts.models import Canary
from policy.calendar import ROME
from policy.models import TownProfile
from subscribers import identity
from subscribers.models import Subscriber
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsapp.payloads import Recipient
from whatsapp.webhook import Status
from whatsempoli import clock

MARK = "c:"  # of our reference, which the receipt brings back
ARRIVED = ("delivered", "read")


def send_due(now: datetime) -> bool:
    """Send today's if its hour has come and nobody has; `now` is real time."""
    local = now.astimezone(ROME)
    if not settings.CANARY_PHONE or local.hour < settings.CANARY_HOUR or not switch.is_armed():
        return False
    phone = settings.CANARY_PHONE.lstrip("+")
    person = identity.find(phone, None, create=False)
    if person is None or person.state != Subscriber.State.ACTIVE:
        return False
    row, new = Canary.objects.get_or_create(day=local.date())
    if not new:  # another process has it, or had it: never twice a day
        return False
    payload = staff_template.payload(
        render.town_of(TownProfile.current()),
        what=_("Prova quotidiana del %(day)s: non c'è niente da fare") % {"day": f"{local:%d/%m}"},
        address=f"{settings.SITE_URL}{reverse('admin:index')}",
    )
    try:
        provider.client().send(
            payload | Recipient(phone).fields() | {"biz_opaque_callback_data": f"{MARK}{row.pk}"}
        )
        row.sent_at = now
    except (ApiError, NotSent, Unanswered) as error:
        row.error = str(error.info.reason if isinstance(error, ApiError) else type(error).__name__)[:120]
        row.sent_at = now if isinstance(error, Unanswered) else None
    row.save(update_fields=["sent_at", "error"])
    return not row.error


def arrived(statuses: Sequence[Status]) -> int:
    """Write which days' proofs these receipts are about; returns how many rows changed."""
    ids = {
        int(status.opaque.removeprefix(MARK))
        for status in statuses
        if status.status in ARRIVED
        and status.opaque
        and status.opaque.startswith(MARK)
        and status.opaque.removeprefix(MARK).isdecimal()
        and len(status.opaque) < 18
    }
    if not ids:
        return 0
    return Canary.objects.filter(pk__in=ids, arrived_at=None).update(arrived_at=clock.real_now(), error="")
