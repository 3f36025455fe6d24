"""What a citizen's message does, and what they are to be told: a value, which broadcasts/answers words.

Each answer says whether the person is in or out once it is done (`active`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from policy.live import LiveTown, live_town
from policy.models import Category
from subscribers import choices, consent, identity
from subscribers.acts import state_from
from subscribers.danger import sounds_dangerous
from subscribers.models import InboundMessage, Subscriber, Zone
from subscribers.spelling import normalise, tokens_of
from subscribers.understood import Command, Understood
from subscribers.words_around import every

# Kinds of message that are nobody's request: a heart on our message, what was taken back. A message that was
# edited into a command is one; edited into anything else it is passed over.
SILENT_KINDS = frozenset({"reaction", "system", "revoke", "read"})
NOISE_EVERY = timedelta(days=1)
MOST_ANSWERS_AN_HOUR = 20  # more is a robot, and two robots could talk for ever
MOST_ANSWERS_A_DAY = 60
SAME_AGAIN = timedelta(seconds=10)  # a nervous finger, or a message sent twice: one answer
ZONES_A_PAGE = 8  # of the ten rows of a list: the others are «altre zone» and «tutto il Comune»
# How a person answers an invitation in plain words.
INVITATION_YES = every("si yes ok okay va bene volentieri certo accetto confermo d accordo grazie")
INVITATION_NO = every("no non mi interessa not interested grazie thanks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`active`: the person is in, now that the message has had its effect. `danger`: a word that
    they wrote sounds like it."""

    active: bool
    danger: bool = False


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
    """What the service is, and three things to begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class More(Answer):
    """Everything that one may ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Answer):
    """The list of the topics; `page` counts from 0."""

    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones(Answer):
    """The list of the zones; `changed`: they have just chosen one or left it."""

    page: int = 0
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Languages(Answer):
    """The two languages; `changed`: they have just chosen one."""

    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours(Answer):
    """The list of alert colours; `changed`: they have just chosen one."""

    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Enough(Answer):
    """They were asked whether they want more, and do not."""


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
    """`kind` is the provider's kind of message."""

    kind: str


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
    if kind in SILENT_KINDS or (kind == "edit" and understood.command in (Command.NONE, Command.NEAR)):
        return Nothing(active=_is_in(subscriber))
    if text is None:
        stored = InboundMessage.objects.filter(message_id=message_id).values_list("text", flat=True)
        text = stored.first() or ""
    if subscriber.state == Subscriber.State.INVITED:
        understood = _to_the_invitation(understood, text)
    told: dict[str, Any] = {
        "at": at,
        "now": now,
        "command": understood.command.value,
        "message_id": message_id,
        "town": town or live_town(now),
    }
    answer = _obey(subscriber, understood, told, kind)
    danger = not isinstance(answer, Info) and sounds_dangerous(text)  # «aiuto» alone asks for the menu
    if isinstance(answer, NotUnderstood) and not danger and not _first_noise_today(subscriber, now):
        answer = Nothing(active=answer.active)
    changed = not getattr(answer, "already", True) or getattr(answer, "rejoined", False)
    if not changed and _is_too_much(subscriber, understood, at, message_id):
        answer = Nothing(active=answer.active)
    return replace(answer, danger=True) if danger and not isinstance(answer, Nothing) else answer


def _to_the_invitation(understood: Understood, text: str) -> Understood:
    """A plain «no» leaves whoever was only invited; a plain «sì» is offered the thing in one tap."""
    said = frozenset(tokens_of(normalise(text[:100])))
    if understood.command not in (Command.NONE, Command.NEAR) or not said:
        return understood
    if said <= INVITATION_YES:
        return Understood(Command.NEAR, language=understood.language, near=Command.START)
    return Understood(Command.STOP, language=understood.language) if said <= INVITATION_NO else understood


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
        case Command.CHOOSE:
            return Choose(active=_is_in(subscriber), page=int(understood.topic or 0))
    if understood.command in _CHOICES:
        return _choice(subscriber, understood)
    simple = _SIMPLE.get(understood.command)
    if simple is not None:
        return simple(active=_is_in(subscriber))
    return NotUnderstood(active=_is_in(subscriber), kind=kind)


_SIMPLE: dict[Command, type[Info | More | MyData | Why | Enough]] = {
    Command.INFO: Info,
    Command.MORE: More,
    Command.MY_DATA: MyData,
    Command.WHY: Why,
    Command.ENOUGH: Enough,
}
_CHOICES = frozenset(
    {
        *(Command.ZONES, Command.ZONE_ON, Command.ZONE_OFF, Command.WHOLE_TOWN),
        *(Command.LANGUAGES, Command.SPEAK, Command.COLOURS, Command.COLOUR),
    }
)


def _choice(subscriber: Subscriber, understood: Understood) -> Answer:
    """Zones, language, alert colour: a list, with what was just chosen. Only the language is chosen by
    somebody who is out."""
    active, value = _is_in(subscriber), understood.topic or ""
    match understood.command:
        case Command.LANGUAGES | Command.SPEAK:
            changed = understood.command is Command.SPEAK and choices.speak(subscriber, value)
            return Languages(active=active, changed=changed)
        case _ if not active:
            return _standing(subscriber)
        case Command.COLOURS | Command.COLOUR:
            changed = understood.command is Command.COLOUR and choices.want_colour(subscriber, value)
            return Colours(active=active, changed=changed)
        case Command.ZONES:
            return Zones(active=active, page=int(value or 0))
        case Command.WHOLE_TOWN:
            choices.whole_town(subscriber)
            return Zones(active=active, changed=True)
        case _:
            return _zone(subscriber, understood)


def _zone(subscriber: Subscriber, understood: Understood) -> Answer:
    zones = list(Zone.objects.all())
    place = next((n for n, zone in enumerate(zones) if zone.slug == understood.topic), None)
    if place is None:  # an old list
        return Zones(active=True)
    verb = choices.add_zone if understood.command is Command.ZONE_ON else choices.remove_zone
    verb(subscriber, zones[place])
    return Zones(active=True, page=place // ZONES_A_PAGE, changed=True)


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


def _first_noise_today(subscriber: Subscriber, now: datetime) -> bool:
    """What is no request is answered once a day to the same person."""
    last = subscriber.noise_answered_at
    if last is not None and abs(now - last) < NOISE_EVERY:
        return False
    subscriber.noise_answered_at = now
    subscriber.save(update_fields=["noise_answered_at"])
    return True


def _is_too_much(subscriber: Subscriber, understood: Understood, at: datetime, message_id: str) -> bool:
    """The same again within seconds, or more than a person writes: two robots must not talk for ever."""
    same = Q(sent_at__gt=at - SAME_AGAIN, command=understood.command, topic=understood.topic or "")
    counts = (
        InboundMessage.objects.filter(
            subscriber=subscriber, sent_at__gt=at - timedelta(days=1), sent_at__lte=at
        )
        .exclude(message_id=message_id)
        .aggregate(
            same=Count("pk", filter=same),
            hour=Count("pk", filter=Q(sent_at__gt=at - timedelta(hours=1))),
            day=Count("pk"),
        )
    )
    asked_again = counts["same"] > 0 and understood.command is not Command.NONE
    return asked_again or counts["hour"] >= MOST_ANSWERS_AN_HOUR or counts["day"] >= MOST_ANSWERS_A_DAY


def _is_in(subscriber: Subscriber) -> bool:
    return subscriber.state == Subscriber.State.ACTIVE


def _topics(subscriber: Subscriber) -> tuple[str, ...]:
    held = Category.objects.filter(subscription__subscriber=subscriber).order_by("order", "name")
    return tuple(held.values_list("slug", flat=True))
