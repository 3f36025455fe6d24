"""(5) The wire in: verify, store, dispatch.

`receive` runs inside the provider's POST: the body is stored once and a stop is applied in the same
transaction. Everything else is done by workers in batches (`take_in`), and may be repeated safely.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from broadcasts import answers, outcomes, wake
from broadcasts.models import MessageTemplate, Reply, WebhookEvent
from policy.live import live_rules
from policy.models import TownProfile
from policy.rules import topic_words
from staff.models import User, audit
from subscribers import consent, conversation, identity
from subscribers.commands import Command, Understood, from_reply_id, understand
from subscribers.models import InboundMessage
from whatsapp.errors import ErrorClass, classify
from whatsapp.webhook import Event, Message, NumberChange, Status, TemplateUpdate, UserPreference, parse
from whatsempoli import clock

log = logging.getLogger(__name__)

BATCH = 100  # webhooks; the provider may put a thousand receipts into each
MOST_ATTEMPTS = 3
UNKNOWN_FOR = timedelta(hours=1)  # how long a receipt may come before the row it speaks of
UNKNOWN_WAIT = timedelta(seconds=15)
MARKETING_STOPPED = 131050  # the error by which the provider says so


def receive(body: bytes) -> bool:
    """Store a verified body and apply the stops in it; False if it was here before.

    A body that is not JSON is stored aside, never refused: the provider would send it again for a week.
    """
    with transaction.atomic():
        event, new = WebhookEvent.objects.get_or_create(
            digest=hashlib.sha256(body).digest(), defaults={"body": body}
        )
        if not new:
            return False
        try:
            payload = _read(body)
        except (ValueError, RecursionError) as error:
            _set_aside(event, f"JSON: {error}")
            return True
        if b'"messages"' in body:
            _apply_stops(parse(payload), clock.now())
        transaction.on_commit(wake.intake)
    return True


def _read(body: bytes) -> object:
    """The JSON of a body; raises ValueError or RecursionError.

    Half an emoji, as a text that was cut has it, must not cost the others of its batch: the quick reader
    refuses it, the other one does not.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _apply_stops(events: Iterable[Event], now: datetime) -> None:
    for event in events:
        if isinstance(event, Message) and (event.phone or event.user_id):
            understood = understood_of(event)
            if understood.command is Command.STOP:
                consent.stop_by_identity(
                    event.phone,
                    event.user_id,
                    at=event.sent_at or now,
                    now=now,
                    message_id=event.message_id,
                    command=understood.command,
                )


def understood_of(message: Message) -> Understood:
    """What a message asks for: a tapped button says it exactly, a text is interpreted."""
    if message.reply_id:
        tapped = from_reply_id(message.reply_id)
        if tapped.command is not Command.NONE:
            return tapped
    return understand(message.text or "", topics=topic_words(live_rules()))


def take_in(*, batches: int = 50) -> int:
    """Process what was stored, oldest first; returns how many webhooks were dealt with."""
    total = 0
    for _batch in range(batches):
        taken = _take_batch()
        total += taken
        if taken < BATCH:
            break
    return total


def _take_batch() -> int:
    """One batch in one transaction; if it fails as a whole, each webhook again by itself."""
    ids: list[int] = []
    try:
        with transaction.atomic():
            events = list(_waiting().select_for_update(skip_locked=True)[:BATCH])
            ids = [event.pk for event in events]
            _process(events)
    except Exception as error:  # noqa: BLE001  one event, whatever is in it, must not stop the others
        log.warning("A batch of %s webhooks failed as a whole: %s", len(ids), type(error).__name__)
        for id in ids:
            _process_alone(id)
    if ids:
        wake.replies()
    return len(ids)


def _waiting() -> QuerySet[WebhookEvent]:
    ready = Q(not_before=None) | Q(not_before__lte=clock.real_now())
    return WebhookEvent.objects.filter(ready, state=WebhookEvent.State.PENDING).order_by("id")


def _process_alone(event_id: int) -> None:
    try:
        with transaction.atomic():
            _process(list(_waiting().select_for_update(skip_locked=True).filter(pk=event_id)))
    except Exception as error:  # noqa: BLE001  it is put aside with its name, for a person to see
        event = WebhookEvent.objects.get(pk=event_id)
        event.attempts = F("attempts") + 1
        event.not_before = clock.real_now() + UNKNOWN_WAIT
        event.save(update_fields=["attempts", "not_before"])
        event.refresh_from_db()
        if event.attempts >= MOST_ATTEMPTS:
            _set_aside(event, f"{type(error).__name__}: {error}")
            log.error("Webhook %s put aside: %s", event_id, type(error).__name__)


def _set_aside(event: WebhookEvent, error: str) -> None:
    event.state, event.error = WebhookEvent.State.ASIDE, error[:500]
    event.save(update_fields=["state", "error"])


def _process(stored: Sequence[WebhookEvent]) -> None:
    """Apply everything in these webhooks, in the caller's transaction."""
    statuses: list[Status] = []
    owner: dict[Status, WebhookEvent] = {}
    done, now = [], clock.now()
    for event in stored:
        parsed = parse(_read(bytes(event.body)))
        if parsed and all(each.kind == "other" and not _handled(each) for each in parsed):
            _set_aside(event, "; ".join(sorted({f"{type(each).__name__}" for each in parsed})))
            continue
        for each in parsed:
            if isinstance(each, Status):
                statuses.append(each)
                owner[each] = event
            else:
                _dispatch(each, now)
        done.append(event)
    unknown = {owner[s].pk for s in outcomes.apply_statuses(statuses) if _may_come(owner[s], s)}
    for status in statuses:
        if status.status == "failed":
            _answer_failure(status, now)
    finished = [event.pk for event in done if event.pk not in unknown]
    real = clock.real_now()
    WebhookEvent.objects.filter(pk__in=finished).update(state=WebhookEvent.State.DONE, done_at=real)
    WebhookEvent.objects.filter(pk__in=unknown).update(not_before=real + UNKNOWN_WAIT)


def _handled(event: Event) -> bool:
    return isinstance(event, (UserPreference, NumberChange, TemplateUpdate))


def _may_come(event: WebhookEvent, status: Status) -> bool:
    """A receipt without our reference whose row may not be written yet."""
    return status.opaque is None and event.received_at > clock.real_now() - UNKNOWN_FOR


def _dispatch(event: Event, now: datetime) -> None:
    match event:
        case Message():
            take_message(event, now)
        case UserPreference():
            subscriber = identity.find(event.phone, event.user_id, create=False)
            if subscriber is not None:
                verb = consent.marketing_stop if event.value == "stop" else consent.marketing_resume
                verb(subscriber, at=event.at or now, now=now, command="user_preferences", message_id="")
        case NumberChange():
            identity.change(event.old_phone, event.new_phone, event.old_user_id, event.new_user_id)
        case TemplateUpdate():
            _update_template(event)
        case _:
            log.info("The provider sent something that needs no action: %s", type(event).__name__)


def take_message(message: Message, now: datetime) -> Reply | None:
    """Hear one message, once per provider id, and write the answer it gets."""
    if not message.message_id or not (message.phone or message.user_id):
        return None
    understood = understood_of(message)
    at = message.sent_at or now
    inbound, new = InboundMessage.objects.get_or_create(
        message_id=message.message_id,
        defaults={
            "sent_at": at,
            "kind": message.type[:20],
            "text": (message.text or "")[:4096].replace("\x00", ""),
            "command": understood.command,
            "topic": understood.topic or "",
        },
    )
    if not new:
        return None
    subscriber = identity.find(message.phone, message.user_id, create=True)
    if subscriber is None:
        return None
    inbound.subscriber = subscriber
    inbound.save(update_fields=["subscriber"])
    if subscriber.last_inbound_at is None or at > subscriber.last_inbound_at:
        subscriber.last_inbound_at = at
        subscriber.save(update_fields=["last_inbound_at"])
    answer = conversation.hear(
        subscriber, understood, at=at, now=now, message_id=message.message_id, kind=message.type
    )
    content = answers.compose(
        answer, subscriber=subscriber, town=TownProfile.current(), now=now, site_url=settings.SITE_URL
    )
    if content is None:
        return None
    return Reply.objects.create(
        inbound=inbound, subscriber=subscriber, wording=content.wording, payload=content.payload
    )


def _answer_failure(status: Status, now: datetime) -> None:
    """What a failed message says of the person: they told WhatsApp to stop promotions."""
    info = classify(status.error_code, where="webhook")
    if info.cls is ErrorClass.PERSON_MARKETING and status.error_code == MARKETING_STOPPED:
        subscriber = identity.find(status.phone, status.user_id, create=False)
        if subscriber is not None:
            consent.marketing_stop(
                subscriber, at=status.at or now, now=now, command="131050", message_id=status.message_id
            )


def _update_template(event: TemplateUpdate) -> None:
    changes: dict[str, object] = {"synced_at": clock.real_now(), "reason": (event.reason or "")[:200]}
    if event.event in MessageTemplate.Status.values:
        changes["status"] = event.event
    if event.category and event.event != "CATEGORY_IMPENDING":  # that one is a warning of days
        changes["category"] = event.category
    MessageTemplate.objects.filter(name=event.name, language=(event.language or "").replace("-", "_")).update(
        **changes
    )


def replay(ids: Sequence[int], *, by: User) -> int:
    """Put webhooks that were set aside back into the queue; returns how many."""
    count = WebhookEvent.objects.filter(pk__in=ids, state=WebhookEvent.State.ASIDE).update(
        state=WebhookEvent.State.PENDING, attempts=0, not_before=None, error=""
    )
    audit(by, "replay", f"{count} webhook", ids=list(ids))
    transaction.on_commit(wake.intake)
    return count
