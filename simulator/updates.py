"""What webhooks carry: one update each, and how many of them make one body."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.content import Inbound, Message
from simulator.errors import webhook_error
from simulator.phones import Phone
from simulator.settings import Settings

MAX_BODY = 3 * 1024 * 1024  # bytes of one webhook, as the provider states


@dataclass(frozen=True, slots=True)
class Update:
    """One status, message or preference (`kind` is its key in the webhook), and the person's contact block.

    `inbound` is what its delivery gives the second tick.
    """

    kind: str
    item: dict[str, Any]
    contact: dict[str, Any] | None = None
    inbound: Inbound | None = None


def status(message: Message, name: str, at: float, settings: Settings, *, priced: bool = False) -> Update:
    """One status of a message. `recipient_id` and the number are left out where the provider hides them."""
    phone = message.phone
    visible = bool(phone.number) and (not message.by_user_id or phone.shows_number(at))
    item: dict[str, Any] = {"id": message.id, "status": name, "timestamp": str(int(at))}
    if visible:
        item["recipient_id"] = phone.number
    if message.by_user_id or name != "failed":
        item["recipient_user_id"] = phone.user_id
    if message.opaque is not None:
        item["biz_opaque_callback_data"] = message.opaque
    if name == "failed":
        item["errors"] = [webhook_error(message.code)]
        named = settings.failed_contacts and visible
        return Update("statuses", item, {"wa_id": phone.number} if named else None)
    if settings.webhook_version <= 23:
        item["conversation"] = _conversation(message, at, name)
    if priced:
        item["pricing"] = {
            "billable": not message.free,
            "pricing_model": "PMP",
            "type": "free_customer_service" if message.free else "regular",
            "category": message.content.category,
        }
    return Update("statuses", item, contact(phone, visible=visible, username=name != "sent"))


def contact(phone: Phone, *, visible: bool, username: bool = True) -> dict[str, Any]:
    """Who a message is from or to. A hidden number is a key left out, never an empty one."""
    profile = {"name": phone.name}
    if phone.username and username:
        profile["username"] = phone.username
    block: dict[str, Any] = {"profile": profile}
    if visible:
        block["wa_id"] = phone.number
    return block | {"user_id": phone.user_id}


def said(inbound: Inbound, body: dict[str, Any], settings: Settings) -> Update:
    """What a person wrote; `body` is the part that its type asks for."""
    phone = inbound.phone
    visible = phone.shows_number(inbound.at)
    item: dict[str, Any] = {}
    if inbound.reply_to:
        item["context"] = {"from": settings.display_number, "id": inbound.reply_to}
    if visible:
        item["from"] = phone.number
    item |= {"from_user_id": phone.user_id, "id": inbound.id, "timestamp": str(int(inbound.at))} | body
    return Update("messages", item, contact(phone, visible=visible), inbound)


def bodies(updates: Sequence[Update], settings: Settings) -> list[tuple[bytes, list[Update]]]:
    """The webhooks that carry these updates, each within the provider's size."""
    body = encode({"object": "whatsapp_business_account", "entry": [_entry(updates, settings)]})
    if len(body) <= MAX_BODY or len(updates) == 1:
        return [(body, list(updates))]
    half = len(updates) // 2
    return bodies(updates[:half], settings) + bodies(updates[half:], settings)


def field_body(field: str, value: dict[str, Any], at: float, settings: Settings) -> bytes:
    """A webhook of the account: no metadata, and an integer time."""
    entry = {
        "id": settings.business_account_id,
        "time": int(at),
        "changes": [{"value": value, "field": field}],
    }
    return encode({"object": "whatsapp_business_account", "entry": [entry]})


def encode(body: dict[str, Any]) -> bytes:
    """Compact JSON as the provider writes it: ASCII only, slashes escaped."""
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"), check_circular=False)
    return text.replace("/", "\\/").encode("ascii")


def _entry(updates: Sequence[Update], settings: Settings) -> dict[str, Any]:
    changes = []
    groups: dict[tuple[str, bool], list[Update]] = {}
    for update in updates:
        groups.setdefault((update.kind, update.contact is None), []).append(update)
    for (kind, bare), group in groups.items():
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": settings.display_number,
                "phone_number_id": settings.phone_number_id,
            },
        }
        if not bare:
            value["contacts"] = _contacts(group)
        value[kind] = [update.item for update in group]
        field = kind if kind in ("user_preferences", "user_id_update") else "messages"
        changes.append({"value": value, "field": field})
    return {"id": settings.business_account_id, "changes": changes}


def _contacts(group: Sequence[Update]) -> list[dict[str, Any]]:
    """Each person once."""
    blocks = {str(update.contact.get("user_id") or update.contact.get("wa_id")): update.contact
              for update in group if update.contact}  # fmt: skip
    return list(blocks.values())


def _conversation(message: Message, at: float, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {"id": message.id[-32:], "origin": {"type": message.content.category}}
    if name == "sent":
        body["expiration_timestamp"] = str(int(at) + 86_400)
    return body
