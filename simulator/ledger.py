"""What really became of every message that was accepted: the judge of a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.content import Message
from simulator.live import Live


class Ledger:
    """Messages by rising `seq`, from 1. Beyond the limit the oldest are forgotten."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._messages: list[Message] = []
        self._by_id: dict[str, Message] = {}
        self.last = 0

    def __len__(self) -> int:
        return len(self._messages)

    def next_seq(self) -> int:
        """The number of the message that is about to be added."""
        return self.last + 1

    def add(self, message: Message) -> None:
        """Keep a message."""
        self.last = message.seq
        self._messages.append(message)
        self._by_id[message.id] = message
        limit = self._live.settings.ledger_limit
        if len(self._messages) > limit:
            for gone in self._messages[: max(1, limit // 10)]:
                self._by_id.pop(gone.id, None)
            del self._messages[: max(1, limit // 10)]

    def get(self, message_id: str) -> Message | None:
        """The message with this id."""
        return self._by_id.get(message_id)

    def since(self, seq: int, limit: int) -> Iterator[dict[str, Any]]:
        """Up to `limit` entries after `seq`."""
        first = self._messages[0].seq if self._messages else 1
        start = max(0, seq + 1 - first)
        now = self._live.now()
        for message in self._messages[start : start + limit]:
            yield entry(message, now)

    def clear(self) -> None:
        """Forget every message; numbers go on, so that a reader's place stays good."""
        self._messages.clear()
        self._by_id.clear()


def entry(message: Message, now: float) -> dict[str, Any]:
    """One line of the ledger. `at` and `began_at` are by the provider's clock, `real_…` by the computer's."""
    content = message.content
    outcome = message.outcome_at(now)
    return {
        "seq": message.seq,
        "phone": message.phone.number,
        "user_id": message.phone.user_id,
        "began_at": message.began_at,
        "at": message.at,
        "real_began_at": message.began_at - message.offset,
        "real_at": message.at - message.offset,
        "real_answered_at": None if message.answered_at is None else message.answered_at - message.offset,
        "type": content.type,
        "template": content.template,
        "language": content.language,
        "parameters": dict(content.parameters),
        "category": content.category,
        "text": content.text,
        "header": content.header,
        "body": content.body,
        "footer": content.footer,
        "buttons": [button.text for button in content.buttons],
        "opaque": message.opaque,
        "message_id": message.id,
        "reply_to": message.reply_to,
        "outcome": outcome,
        "code": message.code or None,
        "received": message.delivered_at is not None,
        "sent_at": message.sent_at,
        "delivered_at": message.delivered_at,
        "read_at": message.read_at,
        "expires_at": message.expires_at,
    }
