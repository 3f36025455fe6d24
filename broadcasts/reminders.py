"""«Vale ancora?»: a notice without an end asks its authors when they chose, and again if they put it off."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from broadcasts import outbox
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.readiness import template_trouble
from broadcasts.states import State
from staff.models import User, audit
from whatsempoli import clock

LIVE = (State.SENDING, State.PAUSED, State.SENT)
SOON = timedelta(hours=48)
STILL = timedelta(days=14)  # one that is older was told long ago: its rows need not be looked at every time


def open_ended(now: datetime) -> QuerySet[Broadcast]:
    """What has left, is not over, and that nothing has ended since."""
    ended = Q(follow_ups__kind="ending", follow_ups__started_at__isnull=False)
    holds = Q(valid_until=None) | Q(valid_until__gt=now)
    return Broadcast.objects.filter(holds, state__in=LIVE, remind_at__isnull=False).exclude(ended)


def send_due(now: datetime) -> int:
    """One message to the authors of each notice whose moment has come; returns how many are new.

    Safe to repeat: a message is written once for a notice and a moment.
    """
    due = open_ended(now).filter(remind_at__lte=now, remind_at__gt=now - STILL)
    return sum(_ask(broadcast) for broadcast in due)


def warn_blocked(now: datetime) -> int:
    """Tell the authors, and who approved, that a notice about to leave cannot: WhatsApp does not carry its
    template any more. Once for each cause; returns how many messages are new."""
    soon = Q(due_at=None) | Q(due_at__lte=now + SOON)
    told = 0
    for broadcast in Broadcast.objects.filter(soon, state=State.SCHEDULED).select_related("category"):
        with translation.override(settings.LANGUAGE_CODE):
            trouble = template_trouble(broadcast)
            if trouble:
                cause = hashlib.sha256(trouble.encode()).hexdigest()[:16]
                told += _tell(
                    broadcast,
                    f"blocked:{broadcast.pk}:{cause}",
                    _("Così non può partire: %(title)s"),
                    trouble,
                )
    return told


def _ask(broadcast: Broadcast) -> int:
    moment = broadcast.remind_at.isoformat() if broadcast.remind_at else ""
    with translation.override(settings.LANGUAGE_CODE):
        body = _(
            "Questo avviso dice «fino a nuova comunicazione» e avevi chiesto di ricordartelo adesso.\n"
            "Se è finita, scrivi il «Cessato»; se vale ancora, di' quando chiedertelo di nuovo."
        )
        return _tell(broadcast, f"remind:{broadcast.pk}:{moment}", _("Vale ancora? %(title)s"), body)


def _tell(broadcast: Broadcast, key: str, subject: str, body: str) -> int:
    people = (
        broadcast.created_by_id,
        broadcast.last_edited_by_id,
        broadcast.submitted_by_id,
        broadcast.approved_by_id,
    )
    return outbox.queue(
        key,
        User.objects.filter(pk__in=[pk for pk in people if pk], is_active=True),
        subject % {"title": broadcast.title},
        body,
        path=outbox.page_of(broadcast),
        call=True,
    )


@transaction.atomic
def put_off(broadcast_id: int, *, by: User, until: datetime | None, now: datetime | None = None) -> Broadcast:
    """It still holds: ask again at `until`. Raises NotAllowed with a sentence for the person."""
    if not (by.is_active and by.has_perm("broadcasts.change_broadcast")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    now = now or clock.now()
    if until is None or until <= now:
        raise NotAllowed(_("Scegli un momento che deve ancora venire."))
    broadcast = Broadcast.objects.select_for_update(of=("self",)).get(pk=broadcast_id)
    if broadcast.state not in LIVE or broadcast.remind_at is None:
        raise NotAllowed(_("Per questo avviso non c'è più niente da ricordare."))
    broadcast.remind_at = until
    broadcast.save(update_fields=["remind_at"])
    audit(by, "remind_later", f"avviso {broadcast.code}", until=until.isoformat())
    return broadcast
