"""Chats as the phone page draws them."""

from __future__ import annotations

import re
import time
from typing import Any

from simulator.content import Inbound, Message
from simulator.live import Live
from simulator.phones import Phone


def listed(phone: Phone) -> dict[str, Any]:
    """One line of the list of people."""
    last = phone.chat[-1] if phone.chat else None
    return {
        "phone": phone.number,
        "user_id": phone.user_id,
        "name": phone.name,
        "username": phone.username,
        "persona": phone.persona,
        "online": phone.online,
        "unread": phone.unread,
        "last": re.sub(r"[*_\n]+", " ", last.content.text)[:80] if last else "",
        "last_at": phone.last_at,
        "last_state": last.state if isinstance(last, Inbound) else "",
    }


def chat(phone: Phone, live: Live) -> dict[str, Any]:
    """One person's chat, oldest message first."""
    return {
        **listed(phone),
        "now": live.now(),
        "offset_seconds": live.offset,
        "typing": phone.typing_until > time.time(),
        "waiting": len(phone.waiting),
        "marketing_stopped": phone.marketing_stopped,
        "messages": [_bubble(item) for item in phone.chat],
    }


def _bubble(item: Message | Inbound) -> dict[str, Any]:
    mine = isinstance(item, Inbound)
    return {
        "id": item.id,
        "mine": mine,
        "at": item.at if isinstance(item, Inbound) else item.delivered_at,
        "state": item.state if isinstance(item, Inbound) else item.outcome,
        "reply_to": item.reply_to,
        "reaction": item.reaction,
        "chosen": "" if isinstance(item, Inbound) else item.chosen,
        **item.content.as_json(),
    }
