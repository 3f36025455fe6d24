"""Asking people again after a change of the policy that matters: who does not say yes in time is out.

One person proposes, another approves. The question leaves in service hours, some hundreds a minute, behind
the answers to who writes. Who joins after it was begun has read the new policy, and is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from broadcasts import wake
from broadcasts.answer_words import STANDING
from broadcasts.answers import Content
from broadcasts.bulletins.service import RECONSENT
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import MessageTemplate, Reconsent, ReconsentAsk, Reply
from broadcasts.render import town_of
from broadcasts.states import Delivery as D
from policy.calendar import ROME, is_open, say_day
from policy.live import live_rules
from policy.models import PolicyVersion, TownProfile
from staff.models import User, audit
from subscribers import consent
from subscribers.models import Subscriber
from whatsapp import payloads

ASKED, CONFIRMED = "reconsent-1", "confirmed-1"  # the wordings that the ledger names
LEAST_NOTICE = timedelta(days=14)  # between the approval and the deadline
AT_ONCE = 300  # people asked by one run, of which there is one a minute
LAPSES = 500
YES, NO, LAPSED = "yes", "no", "lapsed"
WORDS = {
    "it": "Grazie: resti iscritto, con gli argomenti che avevi. Le regole nuove: {policy}",
    "en": "Thank you: you stay subscribed, with the topics you had. The new rules: {policy}",
}
OUT = {
    "it": "Il tempo per confermare è passato, o eri già uscito. Per tornare tocca qui sotto.",
    "en": "The time to confirm is over, or you had already left. To come back, tap below.",
}
BACK = {"it": "Attiva iscrizione", "en": "Subscribe"}
CHOOSE = {"it": "Scegli argomenti", "en": "Choose topics"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a question is, in people."""

    asked: int
    yes: int
    out: int
    lapsed: int
    failed: int

    @property
    def silent(self) -> int:
        return self.asked - self.yes - self.out - self.lapsed - self.failed


@transaction.atomic
def propose(*, change: str, deadline: datetime, by: User, now: datetime) -> Reconsent:
    """Write the question about the policy in force; it leaves when another person approves it."""
    if not (by.is_active and by.has_perm("broadcasts.add_reconsent")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    policy = PolicyVersion.in_force(PolicyVersion.Kind.POLICY, now)
    if policy is None:
        raise NotAllowed(_("Prima pubblica la policy nuova."))
    if deadline < now + LEAST_NOTICE:
        raise NotAllowed(_("Lascia almeno %(days)s giorni per rispondere.") % {"days": LEAST_NOTICE.days})
    if Reconsent.objects.filter(closed_at=None).exists():
        raise NotAllowed(_("C'è già una richiesta di conferma aperta."))
    made = Reconsent.objects.create(policy=policy, change=change, asked_from=now, deadline=deadline, by=by)
    audit(by, "propose_reconsent", made, change=change)
    return made


@transaction.atomic
def approve(reconsent_id: int, *, by: User, now: datetime) -> Reconsent:
    """A second person lets it leave."""
    if not (by.is_active and by.has_perm("broadcasts.approve_reconsent")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    row = Reconsent.objects.select_for_update().get(pk=reconsent_id)
    if row.confirmed_by_id or row.closed_at:
        raise NotAllowed(_("Questa richiesta è già stata approvata o chiusa."))
    if row.by_id == by.pk:
        raise NotAllowed(_("Deve approvarla un'altra persona."))
    if row.deadline < now + LEAST_NOTICE:
        raise NotAllowed(_("Lascia almeno %(days)s giorni per rispondere.") % {"days": LEAST_NOTICE.days})
    if not _template_is_ready():
        raise NotAllowed(_("WhatsApp non ha ancora approvato il modello della richiesta."))
    row.confirmed_by, row.asked_from = by, now
    row.save(update_fields=["confirmed_by", "asked_from"])
    audit(by, "approve_reconsent", row)
    return row


@transaction.atomic
def give_up(reconsent_id: int, *, by: User, now: datetime) -> None:
    """Ask nobody else, and put nobody out for not having answered."""
    if not (by.is_active and by.has_perm("broadcasts.add_reconsent")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    row = Reconsent.objects.select_for_update().get(pk=reconsent_id)
    if row.closed_at:
        raise NotAllowed(_("Questa richiesta è già chiusa."))
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    audit(by, "give_up_reconsent", row)


def _template_is_ready() -> bool:
    name = RECONSENT.name_for(town_of(TownProfile.current()))
    approved = MessageTemplate.objects.filter(name=name, status=MessageTemplate.Status.APPROVED)
    return set(approved.values_list("language", flat=True)) >= {"it", "en"}


def run(now: datetime) -> int:
    """What the open question has to do now; returns how many people it concerned. Safe to repeat."""
    with transaction.atomic():
        row = (
            Reconsent.objects.select_for_update(skip_locked=True)
            .filter(closed_at=None, confirmed_by__isnull=False)
            .first()
        )
        if row is None:
            return 0
        if now >= row.deadline:
            return _lapse(row, now)
        return _ask(row, now) if is_open(now, live_rules().hours) else 0


def _ask(row: Reconsent, now: datetime) -> int:
    """The next people: in, and since before the question was begun."""
    people = list(
        Subscriber.objects.filter(
            pk__gt=row.cursor, state=Subscriber.State.ACTIVE, consent_at__lt=row.asked_from
        ).order_by("pk")[:AT_ONCE]
    )
    if not people:
        return 0
    town = town_of(TownProfile.current())
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": "template"}
    sends = {
        language: body
        | {
            "template": RECONSENT.send_dict(
                language, town, {"change": row.change, "deadline": deadline_words(row, language)}
            )
        }
        for language in ("it", "en")
    }
    replies = Reply.objects.bulk_create(
        Reply(subscriber=person, wording=ASKED, payload=sends[person.language]) for person in people
    )
    ReconsentAsk.objects.bulk_create(
        (
            ReconsentAsk(reconsent=row, subscriber=person, reply=reply)
            for person, reply in zip(people, replies, strict=True)
        ),
        ignore_conflicts=True,
    )
    row.cursor = people[-1].pk
    row.save(update_fields=["cursor"])
    transaction.on_commit(wake.replies)
    return len(people)


def deadline_words(row: Reconsent, language: str) -> str:
    """«domenica 20 dicembre 2026»."""
    return say_day(row.deadline.astimezone(ROME).date(), language, with_year=True)


def _lapse(row: Reconsent, now: datetime) -> int:
    """Put out who was asked and said nothing. A question that never left asked nobody."""
    silent = row.asks.filter(answer="").exclude(reply__state__in=(D.FAILED, D.PENDING))
    asks = list(silent.select_related("subscriber").order_by("pk")[:LAPSES])
    for ask in asks:
        ask.answer = _settled(ask.subscriber, row, now)
        ask.save(update_fields=["answer"])
    if not asks:
        row.closed_at = now
        row.save(update_fields=["closed_at"])
        audit(None, "close_reconsent", row)
    return len(asks)


def _settled(person: Subscriber, row: Reconsent, now: datetime) -> str:
    if person.state not in consent.IN:
        return NO
    if person.consent_at is not None and person.consent_at >= row.asked_from:
        return YES  # they joined again meanwhile, under the new policy
    consent.lapse(person, at=now, now=now)
    return LAPSED


def heard(person: Subscriber, *, at: datetime, now: datetime, message_id: str, policy_url: str) -> Content:
    """A person taps «Resto iscritto», in the caller's transaction; what they are told."""
    stays = consent.confirm(person, at=at, now=now, message_id=message_id)
    ReconsentAsk.objects.filter(subscriber=person, reconsent__closed_at=None).update(
        answer=YES if stays else NO
    )
    language = person.language if person.language in WORDS else "it"
    first = STANDING[stays][language].format(service=TownProfile.current().service_name)
    button = ("cmd:choose", CHOOSE[language]) if stays else ("cmd:start", BACK[language])
    text = WORDS[language].format(policy=policy_url) if stays else OUT[language]
    return Content(CONFIRMED, payloads.buttons(None, f"{first}\n\n{text}", [button]))


def standing(row: Reconsent) -> Standing:
    """The numbers of one question, in one query. Who left by themselves counts as out at once."""
    failed = Q(reply__state=D.FAILED, answer="")
    left = ~Q(subscriber__state__in=consent.IN) & Q(answer="") & ~Q(reply__state=D.FAILED)
    found = _asks(row).aggregate(
        asked=Count("pk"),
        yes=Count("pk", filter=Q(answer=YES)),
        out=Count("pk", filter=Q(answer=NO) | left),
        lapsed=Count("pk", filter=Q(answer=LAPSED)),
        failed=Count("pk", filter=failed),
    )
    return Standing(**found)


def _asks(row: Reconsent) -> QuerySet[ReconsentAsk]:
    return ReconsentAsk.objects.filter(reconsent=row)
