"""The verbs of consent: each locks the person, guards, changes and writes its rows in the ledger.

`at` is the provider's time of the act and orders it among the others; `now` is business time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from policy.live import LiveTown
from policy.models import Category, PolicyVersion
from subscribers import acts, identity, journal
from subscribers.models import ConsentEvent, Subscriber, Subscription
from whatsempoli import clock

State = Subscriber.State
IN = (State.ACTIVE, State.UNREACHABLE)  # who has given their consent and not taken it back
MARKETING = "MARKETING"

# All of a verb or nothing. Within a caller's transaction there is no savepoint of its own: nobody goes on
# after a verb that failed, and a batch of joins would pay for thousands.
_whole = transaction.atomic(savepoint=False)


@_whole
def join(
    subscriber: Subscriber,
    *,
    at: datetime,
    now: datetime,
    command: str = "",
    message_id: str = "",
    town: LiveTown | None = None,
    topics: Sequence[Category] | None = None,
    channel: str = "whatsapp",
) -> bool:
    """Put a person in, with the core topics and `topics` (None: those that are preselected).

    True if they were not in. Who is in already keeps their topics as they are; who left later stays out.
    """
    at = _lock(subscriber, at, now)
    if not _counts(subscriber, acts.JOIN, at):
        return False
    was_active = subscriber.state == State.ACTIVE
    rows: list[tuple[str, Category | None]] = [(acts.JOIN, None)]
    if not was_active:
        held = set(Subscription.objects.filter(subscriber=subscriber).values_list("category_id", flat=True))
        wanted = _wanted(town.categories if town else Category.objects.all(), topics)
        rows += [(acts.TOPIC_ON, category) for category in wanted if category.pk not in held]
        _add(subscriber, (category for _act, category in rows if category), at)
    subscriber.state, subscriber.consent_at, subscriber.unreachable_since = State.ACTIVE, at, None
    subscriber.save(update_fields=["state", "consent_at", "unreachable_since", "marketing_stopped"])
    _record(subscriber, rows, at, now, command, message_id, town, channel)
    return not was_active


@_whole
def stop(
    subscriber: Subscriber,
    *,
    at: datetime,
    now: datetime,
    command: str = "",
    message_id: str = "",
    town: LiveTown | None = None,
    channel: str = "whatsapp",
) -> bool:
    """Put a person out, with all their topics. True if they were in; who joined later stays in."""
    at = _lock(subscriber, at, now)
    if not _counts(subscriber, acts.STOP, at):
        return False
    if subscriber.state == State.STOPPED and at == subscriber.consent_at:
        return False  # the same message again
    if channel != journal.CHANNEL:
        journal.write(journal.STOP, subscriber, at)
    return _put_out(subscriber, acts.STOP, at, now, command, message_id, town, channel)


@_whole
def lapse(subscriber: Subscriber, *, at: datetime, now: datetime) -> bool:
    """Put out who was asked again and did not say yes in time. True if they were in; who joined later
    stays in."""
    at = _lock(subscriber, at, now)
    if subscriber.state not in IN or not _counts(subscriber, acts.LAPSE, at):
        return False
    journal.write(journal.STOP, subscriber, at)
    return _put_out(subscriber, acts.LAPSE, at, now, "reconsent", "", None, "service")


@_whole
def confirm(subscriber: Subscriber, *, at: datetime, now: datetime, message_id: str) -> bool:
    """A person who was asked again says yes. True if they are in, and it is written; who is out stays out."""
    at = _lock(subscriber, at, now)
    if subscriber.state not in IN:
        return False
    _record(subscriber, [(acts.CONFIRM, None)], at, now, "confirm", message_id)
    return True


def _put_out(
    subscriber: Subscriber,
    act: str,
    at: datetime,
    now: datetime,
    command: str,
    message_id: str,
    town: LiveTown | None,
    channel: str,
) -> bool:
    was_in = subscriber.state in IN
    Subscription.objects.filter(subscriber=subscriber).delete()
    subscriber.state, subscriber.consent_at = State.STOPPED, at
    subscriber.save(update_fields=["state", "consent_at"])
    _record(subscriber, [(act, None)], at, now, command, message_id, town, channel)
    return was_in


@_whole
def stop_by_identity(
    phone: str | None, user_id: str | None, *, at: datetime, now: datetime, message_id: str, command: str
) -> bool:
    """A stop in the webhook's own transaction, of somebody we do not know too: it must hold if an older
    «attiva» comes after it. True if they were in."""
    subscriber = identity.find(phone, user_id, create=True)
    if subscriber is None:
        return False
    return stop(subscriber, at=at, now=now, command=command, message_id=message_id)


@_whole
def topic_on(
    subscriber: Subscriber,
    category: Category,
    *,
    at: datetime,
    now: datetime,
    command: str = "",
    message_id: str = "",
    town: LiveTown | None = None,
    channel: str = "whatsapp",
) -> bool:
    """Add one topic. Who is out comes back in with it and the core topics. True if anything changed."""
    at = _lock(subscriber, at, now)
    if subscriber.state != State.ACTIVE:
        return join(
            subscriber,
            at=at,
            now=now,
            command=command,
            message_id=message_id,
            town=town,
            topics=[category],
            channel=channel,
        )
    if _holds(subscriber, category) or not _topic_counts(subscriber, acts.TOPIC_ON, category, at):
        return False
    _add(subscriber, [category], at)
    subscriber.save(update_fields=["marketing_stopped"])
    _record(subscriber, [(acts.TOPIC_ON, category)], at, now, command, message_id, town, channel)
    return True


@_whole
def topic_off(
    subscriber: Subscriber,
    category: Category,
    *,
    at: datetime,
    now: datetime,
    command: str = "",
    message_id: str = "",
    town: LiveTown | None = None,
    channel: str = "whatsapp",
) -> bool:
    """Leave one topic, a core one too. True if they had it."""
    at = _lock(subscriber, at, now)
    if not _holds(subscriber, category) or not _topic_counts(subscriber, acts.TOPIC_OFF, category, at):
        return False
    Subscription.objects.filter(subscriber=subscriber, category=category).delete()
    _record(subscriber, [(acts.TOPIC_OFF, category)], at, now, command, message_id, town, channel)
    return True


@_whole
def marketing_stop(
    subscriber: Subscriber,
    *,
    at: datetime,
    now: datetime,
    command: str = "",
    message_id: str = "",
    town: LiveTown | None = None,
) -> bool:
    """Leave the topics that are marketing to the provider, and no other. True if they had one."""
    _lock(subscriber, at, now)
    subscriber.marketing_stopped = True
    subscriber.save(update_fields=["marketing_stopped"])
    held = Category.objects.filter(template_class=MARKETING, subscription__subscriber=subscriber)
    left = [
        topic_off(subscriber, category, at=at, now=now, command=command, message_id=message_id, town=town)
        for category in held
    ]
    return any(left)


@_whole
def marketing_resume(
    subscriber: Subscriber, *, at: datetime, now: datetime, command: str = "", message_id: str = ""
) -> bool:
    """The person lets the provider deliver promotions again: no topic comes back by itself.

    True if it counts; an older one than the last time they left such a topic does not.
    """
    at = _lock(subscriber, at, now)
    left = ConsentEvent.objects.filter(
        subject=subscriber.subject, act=acts.TOPIC_OFF, category__template_class=MARKETING, at__gte=at
    )
    if not subscriber.marketing_stopped or left.exists():
        return False
    subscriber.marketing_stopped = False
    subscriber.save(update_fields=["marketing_stopped"])
    return True


@_whole
def seen(subscriber: Subscriber) -> bool:
    """A person who had been put to rest has written: they are there. True if it changes anything."""
    if subscriber.state != State.UNREACHABLE:
        return False
    subscriber.state, subscriber.unreachable_since = State.ACTIVE, None
    subscriber.save(update_fields=["state", "unreachable_since"])
    return True


def _lock(subscriber: Subscriber, at: datetime, now: datetime) -> datetime:
    """Read the row again under lock; returns `at`, never in the future.

    Where the demo's clock was moved back, what was done by the later clock came first all the same.
    """
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    at = acts.not_future(at, now=now, real=clock.real_now())
    if not settings.DEMO:
        return at
    ahead = ConsentEvent.objects.filter(subject=subscriber.subject, at__gt=now).order_by("at").last()
    return max(at, ahead.at + timedelta(microseconds=1)) if ahead else at


def _counts(subscriber: Subscriber, act: str, at: datetime) -> bool:
    last = acts.STOP if subscriber.state in (State.STOPPED, State.ERASED) else acts.JOIN
    return acts.supersedes(act, at, last, subscriber.consent_at)


def _topic_counts(subscriber: Subscriber, act: str, category: Category, at: datetime) -> bool:
    """Whether a topic's act is later than the last on that topic; a stop is about every topic."""
    last = (
        ConsentEvent.objects.filter(Q(category=category) | Q(act__in=acts.ENDING), subject=subscriber.subject)
        .order_by("at", "id")
        .values_list("act", "at")
        .last()
    )
    return acts.supersedes(act, at, *(last or (None, None)))


def _holds(subscriber: Subscriber, category: Category) -> bool:
    return Subscription.objects.filter(subscriber=subscriber, category=category).exists()


def _wanted(categories: Iterable[Category], topics: Sequence[Category] | None) -> list[Category]:
    """What joining subscribes to: the core ones, and those that were named or else are preselected."""
    named = None if topics is None else {category.pk for category in topics}
    return [c for c in categories if c.core or (c.preselected if named is None else c.pk in named)]


def _add(subscriber: Subscriber, categories: Iterable[Category], at: datetime) -> None:
    """Subscribe; asking for a promotional topic by name is also to want promotions again."""
    chosen = list(categories)
    Subscription.objects.bulk_create(
        Subscription(subscriber=subscriber, category=category, since=at) for category in chosen
    )
    if any(category.template_class == MARKETING for category in chosen):
        subscriber.marketing_stopped = False


def _record(
    subscriber: Subscriber,
    rows: Iterable[tuple[str, Category | None]],
    at: datetime,
    now: datetime,
    command: str,
    message_id: str,
    town: LiveTown | None = None,
    channel: str = "whatsapp",
) -> None:
    """Append to the ledger, with the policy that is in force."""
    version = town.policy if town else PolicyVersion.in_force(PolicyVersion.Kind.POLICY, now)
    hashed = identity.message_hash(message_id)
    identity.bind([subscriber])
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            subject=subscriber.subject,
            act=act,
            category=category,
            at=at,
            channel=channel,
            command=command[:40],
            wording=acts.WORDINGS[act],
            policy_version=version,
            message_hash=hashed,
        )
        for act, category in rows
    )
