"""Forgetting a person who asks for it, and what is left of them afterwards: in which form, until when.

`erase` does at once all that is ours; `finish` does what may fail and be tried again, at the provider and
in the raw webhooks, and only then lets go of the identity itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from broadcasts import provider, wake
from broadcasts.models import MonthlyUsage, Reply, WebhookEvent
from policy.calendar import ROME
from policy.models import TownProfile
from subscribers import consent, journal
from subscribers.models import Conversation, DataLink, Erasure, InboundMessage, Subscriber
from whatsapp.client import ApiError, NotSent, Unanswered

log = logging.getLogger(__name__)
State = Subscriber.State
EVENTS_AT_ONCE = 1_000  # webhooks looked through in one statement
# The digest stays: the same webhook, posted again, is still known.
BLANK = """
UPDATE broadcasts_webhookevent SET body = ''::bytea, error = '', state = 'done'
WHERE id > %s AND id <= %s AND state <> 'pending' AND (
    position(%s::bytea IN body) > 0 OR position(%s::bytea IN body) > 0)
"""


@dataclass(frozen=True, slots=True)
class Remainder:
    """One thing that is left after an erasure: what, in which form, until when (None: it goes at once)."""

    what: str
    form: str
    until: date | None


@transaction.atomic
def erase(person_id: int, now: datetime, *, channel: str = "web") -> bool:
    """Forget this person: everything of theirs that is ours, and what is elsewhere as soon as it can be.

    They are out first, with an act in the ledger, so that an older «attiva» that comes late does not bring
    them back. False if they were erased already.
    """
    person = Subscriber.objects.select_for_update().get(pk=person_id)
    if person.state == State.ERASED:
        return False
    if person.state != State.STOPPED:
        consent.stop(person, at=now, now=now, command="erase", channel=channel)
        person.refresh_from_db()
    if channel != journal.CHANNEL:
        journal.write(journal.ERASE, person, now)
    Erasure.objects.create(subject=person.subject, asked_at=now, phone=person.phone, user_id=person.user_id)
    InboundMessage.objects.filter(subscriber=person).delete()  # with the answers to each
    Reply.objects.filter(subscriber=person).delete()  # what the office answered and the service asked
    Conversation.objects.filter(subscriber=person).delete()
    MonthlyUsage.objects.filter(subscriber=person).delete()
    DataLink.objects.filter(subscriber=person).delete()
    person.zones.clear()
    Subscriber.objects.filter(pk=person.pk).update(
        phone=None,
        user_id=None,
        state=State.ERASED,
        consent_at=max(filter(None, (person.consent_at, now))),
        last_inbound_at=None,
        noise_answered_at=None,
        unreachable_since=None,
        language="it",
        marketing_stopped=False,
    )
    transaction.on_commit(wake.erasures)
    return True


def remainders(town: TownProfile, now: datetime) -> list[Remainder]:
    """What an erasure at `now` leaves, from the same numbers that the jobs obey."""

    def until(days: int) -> date:
        return (now + timedelta(days=days)).astimezone(ROME).date()

    return [
        Remainder(
            _("Il tuo numero"),
            _("un'impronta fatta con una chiave segreta, dalla quale non si legge: serve a non iscriverti "
              "di nuovo per un messaggio arrivato in ritardo"),
            until(town.keep_erased_days),
        ),
        Remainder(
            _("Le tue iscrizioni e uscite"),
            _("date e argomenti sotto un codice a caso, che dopo la data qui sopra non porta più a nessuno"),
            until(town.keep_ledger_days),
        ),
        Remainder(
            _("I messaggi che ti abbiamo mandato"),
            _("una riga senza numero, per i conteggi di ogni avviso; poi soltanto le somme"),
            until(town.keep_deliveries_days),
        ),
        Remainder(
            _("La richiesta di uscita o di cancellazione"),
            _("la stessa impronta in un diario separato, per ripeterla se si dovesse tornare a una copia di "
              "sicurezza"),
            until(town.keep_journal_days),
        ),
        Remainder(
            _("I dati tecnici di WhatsApp e la rubrica del Comune presso WhatsApp"),
            _("si cancellano entro pochi minuti; se WhatsApp non risponde si riprova ogni ora"),
            until(town.keep_webhooks_days),
        ),
    ]  # fmt: skip


def finish(real_now: datetime) -> int:
    """Do what open erasures still ask for elsewhere; returns how many are done now. Safe to repeat."""
    waiting = Erasure.objects.exclude(phone=None, user_id=None).order_by("id").values_list("pk", flat=True)
    return sum(_finish_one(pk, real_now) for pk in list(waiting))


def _finish_one(pk: int, real_now: datetime) -> bool:
    one = Erasure.objects.get(pk=pk)
    if one.blanked_at is None:
        _blank(one)
        one.blanked_at = real_now
        one.save(update_fields=["blanked_at"])
    if one.provider_at is None and _forgotten_there(one):
        one.provider_at = real_now
        one.save(update_fields=["provider_at"])
    if one.provider_at is None:
        Erasure.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
        given_up = one.asked_at < real_now - timedelta(days=TownProfile.current().keep_webhooks_days)
        if not given_up:
            return False
        log.error("An erasure could not be completed at the provider; its identity is let go.")
    Erasure.objects.filter(pk=pk).update(phone=None, user_id=None)
    return True


def _forgotten_there(one: Erasure) -> bool:
    """The provider has no such person any more; by user id, the one key its contact book is deleted by."""
    if not one.user_id:
        return True
    try:
        provider.client().forget_contact(one.user_id)
    except ApiError as error:
        log.warning("The provider refused to delete a contact: %s", error.code)
        return False
    except (NotSent, Unanswered) as error:
        log.warning("The provider did not delete a contact: %s", type(error).__name__)
        return False
    return True


def _blank(one: Erasure) -> None:
    """Empty the processed webhooks that name them, a stretch of ids at a time."""
    phone, user_id = (value or "\x01" for value in (one.phone, one.user_id))
    for low, high in _stretches():
        with connection.cursor() as cursor:
            cursor.execute(BLANK, [low, high, phone.encode(), user_id.encode()])


def _stretches() -> Iterator[tuple[int, int]]:
    last = WebhookEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    first = WebhookEvent.objects.order_by("pk").values_list("pk", flat=True).first() or 1
    for low in range(first - 1, last, EVENTS_AT_ONCE):
        yield low, low + EVENTS_AT_ONCE
