"""What a citizen's message does, and what they are to be told: a value, which broadcasts/answers words.

Each answer says whether the person is in or out once it is done (`active`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from policy.live import LiveTown, live_town
from policy.models import Category
from subscribers import consent, identity
from subscribers.acts import state_from
from subscribers.danger import sounds_dangerous
from subscribers.models import InboundMessage, Subscriber
from subscribers.understood import Command, Understood

# Kinds of message that are nobody's request: a heart on our message, a correction of what was written.
SILENT_KINDS = frozenset({"reaction", "system", "edit", "revoke", "read"})
NOISE_EVERY = timedelta(days=1)
MOST_ANSWERS_AN_HOUR = 20  # more is a robot, and two robots could talk for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`active`: the person is in, now that the message has had its effect."""

    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Answer):
    """`already`: they were in before. `topics` are the slugs they have, in the town's order."""

    already: bool
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Answer):
    """`already`: they were out before."""

    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOn(Answer):
    """`rejoined`: they were out, and came back with this topic and the core ones, which are `topics`."""

    topic: str
    rejoined: bool
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOff(Answer):
    """`topics` are the slugs that are left."""

    topic: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketingStopped(Answer):
    """No promotion any more; `topics` are the slugs that go on."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Answer):
    """What is in force about a topic, for those who are out too."""

    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Info(Answer):
    """What the service is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Answer):
    """The list of the topics; `page` counts from 0."""

    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MyData(Answer):
    """What is held about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Answer):
    """Why they receive something: topics, dates, policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(Answer):
    """Not a command, but near `wants` (None: unclear), perhaps about a topic."""

    topic: str | None
    wants: Command | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood(Answer):
    """`kind` is the provider's kind of message; `danger`: a word in it sounds like danger."""

    kind: str
    danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Answer):
    """Say nothing."""


def hear(
    subscriber: Subscriber,
    understood: Understood,
    *,
    at: datetime,
    now: datetime,
    message_id: str,
    kind: str,
    text: str | None = None,
    town: LiveTown | None = None,
) -> Answer:
    """Do what the message asks for and return what to answer. `text` is read from the stored message
    where it is not given, the town from the database."""
    if kind in SILENT_KINDS:
        return Nothing(active=_is_in(subscriber))
    told: dict[str, Any] = {
        "at": at,
        "now": now,
        "command": understood.command.value,
        "message_id": message_id,
        "town": town or live_town(now),
    }
    answer = _obey(subscriber, understood, told, kind)
    if isinstance(answer, NotUnderstood):
        answer = _noise(subscriber, answer, now, message_id, text)
    confirms_leaving = isinstance(answer, Stopped) and not answer.already
    if _is_flood(subscriber, at) and not confirms_leaving:
        return Nothing(active=answer.active)
    return answer


def _obey(subscriber: Subscriber, understood: Understood, told: dict[str, Any], kind: str) -> Answer:
    match understood.command:
        case Command.START:
            return _start(subscriber, understood, told, kind)
        case Command.STOP:
            return _stop(subscriber, told)
        case Command.MARKETING_STOP:
            consent.marketing_stop(subscriber, **told)
            return MarketingStopped(active=_is_in(subscriber), topics=_topics(subscriber))
        case Command.TOPIC_ON | Command.TOPIC_OFF | Command.ASK:
            return _topic(subscriber, understood, told, kind)
        case Command.NEAR:
            return Near(active=_is_in(subscriber), topic=understood.topic, wants=understood.near)
    simple = _SIMPLE.get(understood.command)
    if simple is not None:
        return simple(active=_is_in(subscriber))
    return NotUnderstood(active=_is_in(subscriber), kind=kind)


_SIMPLE: dict[Command, type[Info | Choose | MyData | Why]] = {
    Command.INFO: Info,
    Command.CHOOSE: Choose,
    Command.MY_DATA: MyData,
    Command.WHY: Why,
}


def _start(subscriber: Subscriber, understood: Understood, told: dict[str, Any], kind: str) -> Answer:
    joined = consent.join(subscriber, **told)
    if not joined:
        return _standing(subscriber)
    if kind == "text" and subscriber.language != understood.language:  # a tap does not say a language
        subscriber.language = understood.language
        subscriber.save(update_fields=["language"])
    return Joined(active=True, already=False, topics=_topics(subscriber))


def _stop(subscriber: Subscriber, told: dict[str, Any]) -> Answer:
    """The webhook's own transaction has applied it already: whether it changed something, the ledger
    tells."""
    before = state_from(identity.recorded(subscriber.subject, except_message=told["message_id"]))
    consent.stop(subscriber, **told)
    if _is_in(subscriber):
        return _standing(subscriber)
    return Stopped(active=False, already=not before.active)


def _standing(subscriber: Subscriber) -> Answer:
    """Nothing changed: how things stand."""
    if _is_in(subscriber):
        return Joined(active=True, already=True, topics=_topics(subscriber))
    return Stopped(active=False, already=True)


def _topic(subscriber: Subscriber, understood: Understood, told: dict[str, Any], kind: str) -> Answer:
    categories: tuple[Category, ...] = told["town"].categories
    category = next((each for each in categories if each.slug == understood.topic), None)
    if category is None:  # an old button, or somebody else's
        return NotUnderstood(active=_is_in(subscriber), kind=kind)
    if understood.command is Command.ASK:
        return Ask(active=_is_in(subscriber), topic=category.slug)
    was_in = _is_in(subscriber)
    if understood.command is Command.TOPIC_OFF:
        consent.topic_off(subscriber, category, **told)
        return TopicOff(active=_is_in(subscriber), topic=category.slug, topics=_topics(subscriber))
    consent.topic_on(subscriber, category, **told)
    held = _topics(subscriber)
    if category.slug not in held:  # they left it, or everything, after writing this
        return _standing(subscriber)
    return TopicOn(active=True, topic=category.slug, rejoined=not was_in, topics=held)


def _noise(
    subscriber: Subscriber, answer: NotUnderstood, now: datetime, message_id: str, text: str | None
) -> Answer:
    """Once a day to the same person, unless they may be in danger."""
    if text is None:
        stored = InboundMessage.objects.filter(message_id=message_id).values_list("text", flat=True)
        text = stored.first() or ""
    if sounds_dangerous(text):
        return NotUnderstood(active=answer.active, kind=answer.kind, danger=True)
    last = subscriber.noise_answered_at
    if last is not None and abs(now - last) < NOISE_EVERY:
        return Nothing(active=answer.active)
    subscriber.noise_answered_at = now
    subscriber.save(update_fields=["noise_answered_at"])
    return answer


def _is_flood(subscriber: Subscriber, at: datetime) -> bool:
    recent = InboundMessage.objects.filter(subscriber=subscriber, sent_at__gt=at - timedelta(hours=1))
    return recent.count() > MOST_ANSWERS_AN_HOUR


def _is_in(subscriber: Subscriber) -> bool:
    return subscriber.state == Subscriber.State.ACTIVE


def _topics(subscriber: Subscriber) -> tuple[str, ...]:
    held = Category.objects.filter(subscription__subscriber=subscriber).order_by("order", "name")
    return tuple(held.values_list("slug", flat=True))
