"""What citizens wrote, a batch at a time: who they are, what they are answered.

What every message needs is read or locked once for the batch, and what nobody reads within it is written
once in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from broadcasts import answers, office, office_words, reconsent, wake
from broadcasts.bulletins.service import ANSWER_READY, STAY
from broadcasts.models import Reply
from policy.live import LiveTown, Words, live_town
from subscribers import consent, conversation, identity
from subscribers.commands import understand
from subscribers.conversation import NotUnderstood
from subscribers.models import InboundMessage, Subscriber
from subscribers.understood import Command, Understood, from_reply_id
from whatsapp.webhook import Message

WROTE = """
UPDATE subscribers_subscriber s SET last_inbound_at = GREATEST(s.last_inbound_at, v.at)
FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at) WHERE s.id = v.id
"""


@dataclass(slots=True)
class Hearing:
    """What the messages of one batch share, in the caller's transaction."""

    now: datetime
    town: LiveTown
    people: dict[identity.Pair, Subscriber]  # locked
    heard: set[str]  # ids of messages that need no answer again
    replies: list[Reply] = field(default_factory=list)
    wrote: dict[int, datetime] = field(default_factory=dict)  # subscriber → their last message

    @classmethod
    def begin(cls, messages: Sequence[Message], now: datetime) -> Hearing:
        """Lock the people and see which messages were here before."""
        people = identity.find_all((message.phone, message.user_id) for message in messages)
        known = InboundMessage.objects.filter(message_id__in=[message.message_id for message in messages])
        return cls(now, live_town(now), people, set(known.values_list("message_id", flat=True)))

    def person(self, message: Message) -> Subscriber | None:
        """Who wrote it; None if it is nobody."""
        found = self.people.get((message.phone, message.user_id))
        if found is None:
            self.write()  # this may make two people one
            found = identity.find(message.phone, message.user_id, create=True)
        return found

    def write(self) -> None:
        """Write what was put off, and trust nothing that was read of the people."""
        if self.replies:
            Reply.objects.bulk_create(self.replies)
            transaction.on_commit(wake.replies)
        if self.wrote:
            with connection.cursor() as cursor:
                cursor.execute(WROTE, [list(self.wrote), list(self.wrote.values())])
        self.replies, self.wrote, self.people = [], {}, {}


def understood_of(message: Message, words: Words, service: str) -> Understood:
    """What a message asks for: a tapped button says it exactly, a text is interpreted. `service` is the
    service's own name."""
    if message.reply_id:
        tapped = from_reply_id(message.reply_id)
        if tapped.command is not Command.NONE:
            return tapped
    return understand(message.text or "", topics=words, service=service)


def take_message(message: Message, hearing: Hearing) -> None:
    """Hear one message, once per provider id, and put the answer it gets among the replies.

    Two workers with one id cannot both write it: the second one's batch fails, and is read again.
    """
    if message.message_id in hearing.heard or not (message.phone or message.user_id):
        return
    understood = understood_of(message, hearing.town.words, hearing.town.profile.service_name)
    at = message.sent_at or hearing.now
    subscriber = hearing.person(message)
    inbound = InboundMessage.objects.create(
        message_id=message.message_id,
        subscriber=subscriber,
        sent_at=at,
        kind=message.type[:20],
        text=(message.text or "")[:4096].replace("\x00", ""),
        command=understood.command,
        topic=understood.topic or "",
    )
    hearing.heard.add(message.message_id)
    if subscriber is None:
        return
    hearing.wrote[subscriber.pk] = max(at, hearing.wrote.get(subscriber.pk, at))
    consent.seen(subscriber)
    content = _answer_to(message, inbound, subscriber, understood, hearing)
    if content is not None:
        hearing.replies.append(
            Reply(inbound=inbound, subscriber=subscriber, wording=content.wording, payload=content.payload)
        )


def _answer_to(
    message: Message,
    inbound: InboundMessage,
    subscriber: Subscriber,
    understood: Understood,
    hearing: Hearing,
) -> answers.Content | None:
    """What they are told; None if nothing. Buttons of the service's own questions come before commands."""
    profile, at = hearing.town.profile, inbound.sent_at
    waits = office.heard(inbound, subscriber, understood.command, profile)
    if message.reply_id == STAY:
        policy = settings.SITE_URL + reverse("policy")
        return reconsent.heard(
            subscriber, at=at, now=hearing.now, message_id=message.message_id, policy_url=policy
        )
    if message.reply_id == ANSWER_READY.buttons[0].payload:
        return None  # what they tapped for is on its way
    answer = conversation.hear(
        subscriber,
        understood,
        at=at,
        now=hearing.now,
        message_id=message.message_id,
        kind=message.type,
        text=inbound.text,
        town=hearing.town,
    )
    if waits and isinstance(answer, NotUnderstood):
        return office_words.received(answer, subscriber, profile)
    return answers.compose(
        answer, subscriber=subscriber, town=hearing.town, now=hearing.now, site_url=settings.SITE_URL
    )
