"""What a worker does with letters: one at a time, within the agreed hours, through the same budget.

A row is locked while its letter leaves, so that two workers send it once; one whose answer never came counts
as sent, since it is written once.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from broadcasts import provider, render, switch
from broadcasts.letters.models import Letter
from broadcasts.letters.templates import LETTERS
from policy.calendar import Severity, may_leave_at
from policy.live import live_rules
from policy.models import TownProfile
from subscribers.models import Subscriber
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsapp.errors import ErrorClass
from whatsapp.pacing import Lane
from whatsapp.payloads import PayloadError, Recipient

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 8
SECONDS = 15.0
ANSWERS = (Letter.Kind.PROMOTIONS,)  # to what a person just did: at any hour
WANTED = {
    Letter.Kind.INVITATION: Subscriber.State.INVITED,
    Letter.Kind.MORE: Subscriber.State.ACTIVE,
    Letter.Kind.PROMOTIONS: Subscriber.State.ACTIVE,
}


def send_pending(now: datetime, real_now: datetime) -> int:
    """Send what may leave at `now` (business time), for a while; returns how many left."""
    if not switch.is_armed():
        return 0
    due = Q(not_before=None) | Q(not_before__lte=real_now)
    waiting = Letter.objects.filter(due, state=Letter.State.PENDING).order_by("id")
    leave = may_leave_at(Severity.ROUTINE, now, live_rules().hours).at
    if leave is None or leave > now:
        waiting = waiting.filter(kind__in=ANSWERS)
    until, sent = time.monotonic() + SECONDS, 0
    for pk in list(waiting.values_list("pk", flat=True)[:500]):
        if time.monotonic() > until:
            break
        grant = provider.budget().take(1, Lane.ROUTINE)
        if not grant.granted:
            time.sleep(min(max(grant.wait, 0.005), 0.5))
            continue
        sent += _send_one(pk, real_now)
    return sent


@transaction.atomic
def _send_one(pk: int, real_now: datetime) -> bool:
    rows = Letter.objects.select_for_update(skip_locked=True, of=("self",)).select_related("subscriber")
    letter = rows.filter(pk=pk, state=Letter.State.PENDING).first()
    if letter is None:  # another worker has it
        return False
    person = letter.subscriber
    if person.state != WANTED[Letter.Kind(letter.kind)]:
        return _settle(letter, Letter.State.SKIPPED, real_now)
    letter.attempts += 1
    try:
        town = render.town_of(TownProfile.current())
        message = letter.payload or LETTERS[letter.kind].message(person.language, town)
        address = Recipient(person.phone, person.user_id).fields()
        provider.client().send(message | address | {"biz_opaque_callback_data": f"l:{letter.pk}"})
    except Unanswered:
        return _settle(
            letter, Letter.State.SENT, real_now, _("WhatsApp non ha risposto: potrebbe essere arrivata")
        )
    except NotSent as error:
        return _later(letter, type(error).__name__, real_now)
    except PayloadError:
        return _settle(letter, Letter.State.FAILED, real_now, _("il numero non è valido"))
    except ApiError as error:
        if error.info.cls in (ErrorClass.PERSON, ErrorClass.PERSON_MARKETING, ErrorClass.REQUEST):
            return _settle(letter, Letter.State.FAILED, real_now, str(error.info.reason))
        return _later(letter, str(error.info.reason), real_now)
    return _settle(letter, Letter.State.SENT, real_now)


def _settle(letter: Letter, state: Letter.State, real_now: datetime, error: str = "") -> bool:
    letter.state, letter.error = state, error[:200]
    letter.sent_at = real_now if state is Letter.State.SENT else None
    letter.save(update_fields=["state", "error", "sent_at", "attempts"])
    return state is Letter.State.SENT


def _later(letter: Letter, error: str, real_now: datetime) -> bool:
    """Again in a while: the template may not be approved yet, or the provider is away."""
    if letter.attempts >= MOST_ATTEMPTS:
        return _settle(letter, Letter.State.FAILED, real_now, error)
    letter.error = error[:200]
    letter.not_before = real_now + timedelta(minutes=min(2 ** (letter.attempts - 1), 60))
    letter.save(update_fields=["error", "not_before", "attempts"])
    log.warning("A letter waits: %s", error)
    return False
