"""What people do: write, tap, send a picture, change number, stop marketing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator import ids, updates
from simulator.content import Attachment, Button, Content, Inbound, Message, Row
from simulator.errors import webhook_error
from simulator.phones import VISIBLE, Phone
from simulator.updates import Update
from simulator.world import World

FILES = Path(__file__).parent / "samples"
SAMPLE = {
    "image": ("image/jpeg", (FILES / "foto.jpg").read_bytes()),
    "audio": ("audio/ogg", b"OggS" + b"\0" * 64),
    "document": ("application/pdf", (FILES / "documento.pdf").read_bytes()),
}


def say(world: World, phone: Phone, text: str, reply_to: str = "") -> Inbound:
    """The person writes a text."""
    content = Content("text", body=text)
    return _send(world, phone, content, {"type": "text", "text": {"body": text}}, reply_to)


def tap(world: World, phone: Phone, message: Message, choice: str) -> Inbound:
    """The person taps a button or a row, named by id, payload or title; raises ValueError if it has none."""
    for button in message.content.buttons:
        if choice in (button.value, button.text) and button.kind in ("reply", "quick_reply", "contact"):
            message.chosen = choice
            if button.kind == "contact":  # who shows the number keeps showing it for thirty days
                phone.visible_until = world.live.now() + VISIBLE
            return _send(world, phone, Content("text", body=button.text), _pressed(phone, button), message.id)
    for row in message.content.rows:
        if choice in (row.id, row.title):
            message.chosen = choice
            return _send(world, phone, Content("text", body=row.title), _picked(row), message.id)
    raise ValueError("choice: the message has no such button or row")


def send_other(world: World, phone: Phone, kind: str, value: dict[str, Any]) -> Inbound:
    """The person sends something that is not a text: image, audio, document, location, reaction, contacts,
    edit, revoke, or anything else as unsupported. `value` adds to or replaces the sample's fields."""
    if kind in SAMPLE:
        return _send_file(world, phone, kind, value)
    if kind == "location":
        body = {"latitude": 43.7189, "longitude": 10.9462} | value
        return _send(world, phone, Content("location", body="Posizione"), {"type": kind, kind: body})
    if kind == "reaction":
        body = {"message_id": "", "emoji": "👍"} | value
        content = Content("reaction", body=str(body["emoji"]), target=str(body["message_id"]))
        return _send(world, phone, content, {"type": kind, kind: body})
    if kind == "contacts":
        card = _card(phone, "other") | value
        return _send(world, phone, Content(kind, body="[contatto]"), {"type": kind, kind: [card]})
    if kind in ("edit", "revoke"):
        return _correct(world, phone, kind, value)
    error = webhook_error(131051)
    error["title"] = error["message"] = "Message type unknown"
    body = {"type": "unsupported", "errors": [error], "unsupported": {"type": kind}}
    return _send(world, phone, Content("unsupported", body="[messaggio non leggibile]"), body)


def _correct(world: World, phone: Phone, kind: str, value: dict[str, Any]) -> Inbound:
    """The person edits or deletes a message of theirs: an event of its own, which names the first."""
    body: dict[str, Any] = {"original_message_id": str(value.get("original_message_id", ""))}
    shown = "[messaggio eliminato]"
    if kind == "edit":
        shown = str(value.get("text", ""))
        body["message"] = {"type": "text", "text": {"body": shown}}
    old = world.inbound.get(body["original_message_id"])
    if old is not None and old.phone is phone:
        old.content = Content("text", body=shown)
    return _send(world, phone, Content(kind, body=shown), {"type": kind, kind: body}, shows=old is None)


def change_number(world: World, phone: Phone, number: str) -> None:
    """The person takes a new number: a system message from the old one, without contacts."""
    old = phone.number
    world.phones.renumber(phone, number)
    now = world.live.now()
    text = f"User {phone.name} changed from {old} to {number}"
    system = {"body": text, "wa_id": number, "user_id": phone.user_id, "type": "user_changed_number"}
    item = {"from": old, "id": ids.wamid(old, world.live.rng), "timestamp": str(int(now))}
    world.webhooks.push(Update("messages", item | {"type": "system", "system": system}))
    world.feed.everything()


def change_user_id(world: World, phone: Phone) -> None:
    """The person's business-scoped id changes: a webhook field of its own."""
    old = world.phones.new_user_id(phone)
    now = world.live.now()
    item: dict[str, Any] = {
        "detail": f"User id for {phone.name} has been updated.",
        "user_id": {"previous": old, "current": phone.user_id},
        "timestamp": str(int(now)),
    }
    visible = phone.shows_number(now)
    if visible:
        item["wa_id"] = phone.number
    world.webhooks.push(Update("user_id_update", item, updates.contact(phone, visible=visible)))


def prefer(world: World, phone: Phone, value: str) -> None:
    """The person stops or resumes marketing in the app; raises ValueError for another value."""
    if value not in ("stop", "resume"):
        raise ValueError("marketing: stop or resume")
    phone.marketing_stopped = value == "stop"
    now = world.live.now()
    visible = phone.shows_number(now)
    item: dict[str, Any] = {
        "user_id": phone.user_id,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(now),  # an integer here, a string everywhere else
    }
    if visible:
        item["wa_id"] = phone.number
    world.webhooks.push(Update("user_preferences", item, updates.contact(phone, visible=visible)))


def _send(
    world: World,
    phone: Phone,
    content: Content,
    body: dict[str, Any],
    reply_to: str = "",
    *,
    shows: bool = True,
) -> Inbound:
    """Put a message into the chat, unless it only changes another (`shows`), and into a webhook."""
    live = world.live
    now = live.now()
    made = Inbound(ids.wamid(phone.number, live.rng), now, content, phone, reply_to)
    world.limits.bucket.owe(live.settings.throughput)
    phone.wrote_at = now
    if content.type == "reaction":
        for item in phone.chat:
            if item.id == content.target:
                item.reaction = content.body
    elif shows:
        phone.remember(made, now)
    world.inbound[made.id] = made
    if len(world.inbound) > live.settings.ledger_limit:
        world.inbound.pop(next(iter(world.inbound)))
    live.counters["inbound"] += 1
    if phone.user_id not in world.blocked:
        world.webhooks.push(updates.said(made, body, live.settings))
    world.feed.changed(phone)
    return made


def _send_file(world: World, phone: Phone, kind: str, value: dict[str, Any]) -> Inbound:
    mime, content = SAMPLE[kind]
    item = world.media.add(content, mime, inbound=True)
    settings = world.live.settings
    body: dict[str, Any] = {
        "mime_type": "audio/ogg; codecs=opus" if kind == "audio" else mime,
        "sha256": item.sha256,
        "id": item.id,
        "url": f"http://{settings.host}:{settings.port}{world.media.link(item)}",
    }
    if kind == "audio":
        body["voice"] = True
    if kind == "document":
        body["filename"] = "documento.pdf"
    name = str(body.get("filename", ""))
    shown = Content(
        kind, body=str(value.get("caption", "")), attachment=Attachment(kind, item.id, filename=name)
    )
    return _send(world, phone, shown, {"type": kind, kind: body | value})


def _pressed(phone: Phone, button: Button) -> dict[str, Any]:
    if button.kind == "quick_reply":
        return {"type": "button", "button": {"payload": button.value, "text": button.text}}
    if button.kind == "contact":
        return {"type": "contacts", "contacts": [_card(phone, "contact_request")]}
    reply = {"id": button.value, "title": button.text}
    return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}


def _card(phone: Phone, origin: str) -> dict[str, Any]:
    """A contact card with the person's own number."""
    number = f"+{phone.number}"
    return {
        "origin": origin,
        "name": {"formatted_name": phone.name, "first_name": phone.name.split(" ")[0]},
        "vcard": f"BEGIN:VCARD\nVERSION:3.0\nFN:{phone.name}\nTEL;type=CELL:{number}\nEND:VCARD",
        "phones": [{"phone": number, "wa_id": phone.number, "type": "CELL"}],
    }


def _picked(row: Row) -> dict[str, Any]:
    reply = {"id": row.id, "title": row.title}
    if row.description:
        reply["description"] = row.description
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}}
