"""(5) The wire in: verify, store, dispatch.

`receive` runs inside the provider's POST: the body is stored once and a stop is applied in the same
transaction. Everything else is done by workers in batches (`take_in`), and may be repeated safely.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import orjson
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Length

from broadcasts import answers, brake, canary, capacity, outcomes, provider, template_news, unreached, wake
from broadcasts.hearing import Hearing, take_message, understood_of
from broadcasts.letters import verbs as letters
from broadcasts.models import WebhookEvent
from policy.live import live_words
from policy.models import TownProfile
from staff.models import User, audit
from subscribers import consent, identity
from subscribers.models import Subscriber
from subscribers.understood import Command
from whatsapp.errors import ErrorClass, classify
from whatsapp.webhook import (
    AccountUpdate,
    Event,
    Message,
    NumberChange,
    Status,
    TemplateUpdate,
    UserPreference,
    parse,
)
from whatsempoli import clock

log = logging.getLogger(__name__)

CAPABILITY = "business_capability_update"  # the provider's people a day have changed

BATCH = 200  # webhooks; the provider may put a thousand receipts into each
BATCH_BYTES = 4 * 1024 * 1024
BATCH_MESSAGES = 25  # people are held that long: a tenth of a second
MOST_ATTEMPTS = 3
UNKNOWN_FOR = timedelta(hours=1)  # how long a receipt may come before the row it speaks of
UNKNOWN_WAIT = timedelta(seconds=15)
MARKETING_STOPPED = 131050  # the error by which the provider says so

_MESSAGES = re.compile(rb'"messages"\s*:')  # the key: every body has the word, as the name of its field
STORE = """
INSERT INTO broadcasts_webhookevent (digest, body, received_at, state, error, attempts)
VALUES (%s, %s, %s, %s, %s, 0) ON CONFLICT (digest) DO NOTHING
"""


def receive(body: bytes) -> bool:
    """Store a verified body and apply the stops in it; False if it was here before.

    A body that is not JSON is stored aside, never refused: the provider would send it again for a week.
    """
    try:
        payload, error = _read(body), ""
    except (ValueError, RecursionError) as found:
        payload, error = None, f"JSON: {found}"
    if error or not _MESSAGES.search(body):
        new = _store(body, error)
    else:
        with transaction.atomic():
            new = _store(body, "")
            if new:
                _apply_stops(parse(payload), clock.now())
    if new and not error:
        transaction.on_commit(wake.intake)
    return new


def _store(body: bytes, error: str) -> bool:
    """Write the event in one statement; False if it was here before."""
    state = WebhookEvent.State.ASIDE if error else WebhookEvent.State.PENDING
    with connection.cursor() as cursor:
        cursor.execute(STORE, [hashlib.sha256(body).digest(), body, clock.real_now(), state, error[:500]])
        return cursor.rowcount == 1


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
    heard = [event for event in events if isinstance(event, Message) and (event.phone or event.user_id)]
    words, service = (live_words(), TownProfile.current().service_name) if heard else ({}, "")
    # In one order, so that two posts with the same people do not wait for each other.
    for message in sorted(heard, key=lambda each: (each.phone or "", each.user_id or "")):
        understood = understood_of(message, words, service)
        if understood.command is Command.STOP:
            consent.stop_by_identity(
                message.phone,
                message.user_id,
                at=message.sent_at or now,
                now=now,
                message_id=message.message_id,
                command=understood.command,
            )


def take_in(*, seconds: float = 20.0) -> int:
    """Process what was stored, oldest first, for about so long; returns how many webhooks were dealt with."""
    wake.intake_begins()
    until, total = time.monotonic() + seconds, 0
    while taken := _take_batch():
        total += taken
        if time.monotonic() >= until:
            wake.intake()  # there may be more, and other work gets its turn
            break
    return total


def _take_batch() -> int:
    """One batch in one transaction; if it fails as a whole, each webhook again by itself."""
    ids: list[int] = []
    try:
        with transaction.atomic():
            events = _next_batch()
            ids = [event.pk for event in events]
            if events:
                _process(events)
    except Exception as error:  # noqa: BLE001  one event, whatever is in it, must not stop the others
        log.warning("A batch of %s webhooks failed as a whole: %s", len(ids), type(error).__name__)
        for id in ids:
            _process_alone(id)
    return len(ids)


def _next_batch() -> list[WebhookEvent]:
    """The oldest that wait and that nobody else holds, locked; never none because the first is large.

    People stay locked until a batch ends, and a stop waits for its person: hence few messages in each.
    """
    waiting = _waiting().select_for_update(skip_locked=True).annotate(length=Length("body"))
    ids: list[int] = []
    size = messages = 0
    for pk, length in waiting.values_list("pk", "length")[:BATCH]:
        size += length
        if ids and size > BATCH_BYTES:
            break
        ids.append(pk)
    events: list[WebhookEvent] = []
    for event in WebhookEvent.objects.filter(pk__in=ids).order_by("id"):
        events.append(event)
        messages += len(_MESSAGES.findall(bytes(event.body)))
        if messages >= BATCH_MESSAGES:
            break
    return events


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
            # The database quotes the row it refused, and with it somebody's number.
            words = "" if isinstance(error, DatabaseError) else f": {error}"
            _set_aside(event, f"{type(error).__name__}{words}")
            log.error("Webhook %s put aside: %s", event_id, type(error).__name__)


def _set_aside(event: WebhookEvent, error: str) -> None:
    event.state, event.error = WebhookEvent.State.ASIDE, error[:500]
    event.save(update_fields=["state", "error"])


def _process(stored: Sequence[WebhookEvent]) -> None:
    """Apply everything in these webhooks, in the caller's transaction."""
    owner: dict[Status, WebhookEvent] = {}
    statuses: list[Status] = []
    others: list[Event] = []
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
                others.append(each)
        done.append(event)
    inbound = sum(isinstance(each, Message) for each in others)
    transaction.on_commit(lambda: provider.budget().spend(inbound))  # the number's throughput is of both ways
    _hear_and_do(others, now)
    unknown = {owner[s].pk for s in outcomes.apply_statuses(statuses) if _may_come(owner[s], s)}
    canary.arrived(statuses)
    failed = [status for status in statuses if status.status == "failed"]
    for status in failed:
        _answer_failure(status, now)
    gone = [outcomes.delivery_of(one.opaque) for one in failed if one.error_code in unreached.NOT_THERE]
    unreached.rest_failed([id for id in gone if id is not None], now)
    if failed:
        transaction.on_commit(lambda: brake.heed(failed))
    finished = [event.pk for event in done if event.pk not in unknown]
    real = clock.real_now()
    WebhookEvent.objects.filter(pk__in=finished).update(state=WebhookEvent.State.DONE, done_at=real)
    if unknown:
        WebhookEvent.objects.filter(pk__in=unknown).update(not_before=real + UNKNOWN_WAIT)


def _handled(event: Event) -> bool:
    if isinstance(event, AccountUpdate):
        return event.field == CAPABILITY or event.details.get("event") == capacity.UPGRADED
    return isinstance(event, (UserPreference, NumberChange, TemplateUpdate))


def _may_come(event: WebhookEvent, status: Status) -> bool:
    """A receipt without our reference whose row may not be written yet."""
    return status.opaque is None and event.received_at > clock.real_now() - UNKNOWN_FOR


def _hear_and_do(events: Sequence[Event], now: datetime) -> None:
    """Everything but the receipts, in its order: what is between two messages may change whose they are."""
    for are_messages, run in groupby(events, key=lambda event: isinstance(event, Message)):
        if not are_messages:
            for event in run:
                _dispatch(event, now)
            continue
        messages = [event for event in run if isinstance(event, Message)]
        hearing = Hearing.begin(messages, now)
        for message in messages:
            take_message(message, hearing)
        hearing.write()


def _dispatch(event: Event, now: datetime) -> None:
    match event:
        case UserPreference():
            subscriber = identity.find(event.phone, event.user_id, create=False)
            if subscriber is not None:
                _prefer(subscriber, event, now)
        case NumberChange():
            identity.change(event.old_phone, event.new_phone, event.old_user_id, event.new_user_id)
        case AccountUpdate() if _handled(event):
            capacity.told(event.details, real_now=clock.real_now())
        case TemplateUpdate():
            template_news.apply(event, now=clock.real_now())
        case _:
            log.info("The provider sent something that needs no action: %s", type(event).__name__)


def _prefer(subscriber: Subscriber, event: UserPreference, now: datetime) -> None:
    """WhatsApp's own switch for promotions was used."""
    at = event.at or now
    if event.value == "stop":
        _promotions_stopped(subscriber, at=at, now=now, command="user_preferences", message_id="")
    else:
        consent.marketing_resume(subscriber, at=at, now=now, command="user_preferences", message_id="")


def _answer_failure(status: Status, now: datetime) -> None:
    """What a failed message says of the person: they told WhatsApp to stop promotions."""
    info = classify(status.error_code, where="webhook")
    if info.cls is ErrorClass.PERSON_MARKETING and status.error_code == MARKETING_STOPPED:
        subscriber = identity.find(status.phone, status.user_id, create=False)
        if subscriber is not None:
            at, id = status.at or now, status.message_id
            _promotions_stopped(subscriber, at=at, now=now, command=str(MARKETING_STOPPED), message_id=id)


def _promotions_stopped(
    subscriber: Subscriber, *, at: datetime, now: datetime, command: str, message_id: str
) -> None:
    """Leave those topics alone, and tell the person once a day that the rest goes on."""
    consent.marketing_stop(subscriber, at=at, now=now, command=command, message_id=message_id)
    words = answers.promotions_stopped(subscriber, now)
    letters.tell_promotions_stopped(subscriber, now=now, real_now=clock.real_now(), payload=words)


def replay(ids: Sequence[int], *, by: User) -> int:
    """Put webhooks that were set aside back into the queue; returns how many."""
    count = WebhookEvent.objects.filter(pk__in=ids, state=WebhookEvent.State.ASIDE).update(
        state=WebhookEvent.State.PENDING, attempts=0, not_before=None, error=""
    )
    audit(by, "replay", f"{count} webhook", ids=list(ids))
    transaction.on_commit(wake.intake)
    return count
