"""The office's side of a conversation, in a town that has people for it (`TownProfile.inbox_open`).

Within 24 hours of what the person wrote a free text may go to them; after that only a template, which asks
them to write, and what was written for them waits until they do. Nothing counts as sent that WhatsApp has
not taken.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import wake
from broadcasts.bulletins.service import ANSWER_READY
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import MessageTemplate, OfficeAnswer, Reply
from broadcasts.render import town_of
from broadcasts.states import OPEN
from policy.calendar import Severity, may_leave_at
from policy.live import live_rules
from policy.models import TownProfile
from staff.models import User, audit
from subscribers.models import Conversation, InboundMessage, Note, Subscriber
from subscribers.understood import Command
from whatsapp import payloads
from whatsempoli import clock

WINDOW = timedelta(hours=24)
LEAST_LEFT = timedelta(minutes=1)  # a text that begins later may arrive too late
MAX_TEXT = 2_000
PERMISSION = "subscribers.answer_conversation"
WAITS = frozenset({Command.NONE, Command.NEAR})  # what our own answers do not settle
SILENT = frozenset({"reaction", "system", "edit", "revoke", "read"})


def window_ends(person: Subscriber) -> datetime | None:
    """Until when a free text may go to them; None if they never wrote."""
    return person.last_inbound_at + WINDOW if person.last_inbound_at else None


def window_is_open(person: Subscriber, now: datetime) -> bool:
    """Whether a free text may still begin."""
    ends = window_ends(person)
    return ends is not None and now < ends - LEAST_LEFT


def heard(inbound: InboundMessage, person: Subscriber, command: Command, town: TownProfile) -> bool:
    """A message has come, in the caller's transaction: what waited for it may leave, and what only a person
    can answer waits for one. True if it does."""
    if not town.inbox_open or inbound.kind in SILENT:
        return False
    released = _release(person, inbound.sent_at)
    open_one = Conversation.objects.filter(subscriber=person, closed_at=None).order_by("-id").first()
    waits = command in WAITS and not released
    if open_one is None:
        if waits:
            Conversation.objects.create(
                subscriber=person,
                opened_at=inbound.sent_at,
                touched_at=inbound.sent_at,
                waiting_since=inbound.sent_at,
            )
        return waits
    open_one.touched_at = max(open_one.touched_at, inbound.sent_at)
    if waits and open_one.waiting_since is None:
        open_one.waiting_since = inbound.sent_at
    open_one.save(update_fields=["touched_at", "waiting_since"])
    return waits


def _release(person: Subscriber, at: datetime) -> int:
    """The answers that waited until they wrote leave now."""
    held = OfficeAnswer.objects.filter(conversation__subscriber=person, reply=None, ask__isnull=False)
    count = 0
    for answer in held.order_by("id"):
        answer.reply, answer.at = _reply(person, answer.text), at
        answer.save(update_fields=["reply", "at"])
        count += 1
    return count


def _reply(person: Subscriber, text: str) -> Reply:
    transaction.on_commit(wake.replies)
    return Reply.objects.create(
        subscriber=person, wording="office", payload=payloads.text(None, text, preview_url=False)
    )


@transaction.atomic
def answer(conversation_id: int, *, by: User, text: str, now: datetime) -> OfficeAnswer:
    """Answer a person. Raises NotAllowed with a sentence; the text is then still in the form."""
    conversation = _locked(conversation_id, by)
    person = conversation.subscriber
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise NotAllowed(_("Scrivi la risposta."))
    if len(text) > MAX_TEXT:
        raise NotAllowed(_("La risposta è troppo lunga: al massimo %(most)s caratteri.") % {"most": MAX_TEXT})
    if not (person.phone or person.user_id):
        raise NotAllowed(_("Il numero di questa persona è stato cancellato: non le si può più scrivere."))
    reply = ask = None
    if window_is_open(person, now):
        reply = _reply(person, text)
    else:
        ask = _ask(conversation, now)
    conversation.waiting_since, conversation.touched_at = None, now
    conversation.assigned_to = conversation.assigned_to or by
    conversation.save(update_fields=["waiting_since", "touched_at", "assigned_to"])
    audit(by, "answer", f"conversazione {conversation}")
    return OfficeAnswer.objects.create(
        conversation=conversation, by=by, at=now, text=text, reply=reply, ask=ask
    )


def _ask(conversation: Conversation, now: datetime) -> Reply:
    """One template that asks them to write, in service hours: nobody waits for it at night."""
    person = conversation.subscriber
    if person.state not in (Subscriber.State.ACTIVE, Subscriber.State.UNREACHABLE):
        raise NotAllowed(_("Sono passate 24 ore e questa persona si è disiscritta: non le si può scrivere."))
    waiting = Reply.objects.filter(asks_for__conversation=conversation, state__in=OPEN)
    if waiting.exists():
        raise NotAllowed(_("Un'altra risposta aspetta già che questa persona scriva."))
    template, town = ANSWER_READY, town_of(TownProfile.current())
    language = person.language
    ready = MessageTemplate.objects.filter(
        name=template.name_for(town), language=language, status=MessageTemplate.Status.APPROVED
    )
    if not ready.exists():
        raise NotAllowed(
            _("Sono passate 24 ore, e WhatsApp non ha ancora approvato il modello per avvisarla.")
        )
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": "template"}
    leaves = may_leave_at(Severity.ROUTINE, now, live_rules().hours)
    transaction.on_commit(wake.replies)
    return Reply.objects.create(
        subscriber=person,
        wording="answer-ready-1",
        payload=body | {"template": template.send_dict(language, town, {})},
        # waiting times are real, and the business clock may stand elsewhere
        not_before=clock.real_now() + (leaves.at - now) if leaves.at and leaves.at > now else None,
    )


@transaction.atomic
def note(conversation_id: int, *, by: User, text: str, now: datetime) -> None:
    """Words for colleagues."""
    conversation = _locked(conversation_id, by)
    if not text.strip():
        raise NotAllowed(_("Scrivi la nota."))
    Note.objects.create(conversation=conversation, by=by, at=now, text=text.strip()[:500])


@transaction.atomic
def assign(conversation_id: int, *, by: User, to: User | None) -> None:
    """Somebody takes care of it, or nobody does any more."""
    conversation = _locked(conversation_id, by)
    if to is not None and not (to.is_active and to.has_perm(PERMISSION)):
        raise NotAllowed(_("Questa persona non può rispondere ai cittadini."))
    conversation.assigned_to = to
    conversation.save(update_fields=["assigned_to"])
    audit(by, "assign", f"conversazione {conversation}", to=str(to or ""))


@transaction.atomic
def close(conversation_id: int, *, by: User, now: datetime) -> None:
    """Nothing more to do; a new message opens a new one. What waits for the person to write is given up."""
    conversation = _locked(conversation_id, by)
    OfficeAnswer.objects.filter(conversation=conversation, reply=None).update(ask=None)
    conversation.closed_at, conversation.waiting_since = now, None
    conversation.save(update_fields=["closed_at", "waiting_since"])
    audit(by, "close", f"conversazione {conversation}")


def _locked(conversation_id: int, by: User) -> Conversation:
    if not (by.is_active and by.has_perm(PERMISSION)):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    if not TownProfile.current().inbox_open:
        raise NotAllowed(_("L'ufficio non risponde ai messaggi: lo dice la policy."))
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("subscriber")
    conversation = rows.filter(pk=conversation_id).first()
    if conversation is None or conversation.closed_at is not None:
        raise NotAllowed(_("Questa conversazione è chiusa."))
    return conversation
