"""What a message holds and how a person sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.phones import Phone


@dataclass(frozen=True, slots=True)
class Button:
    """`kind` is reply, quick_reply, url, phone, copy, contact or flow; `value` its id, payload or link."""

    kind: str
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list that opens on a tap."""

    id: str
    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or document, by media id or by link."""

    kind: str
    media_id: str = ""
    link: str = ""
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """One content, shared by everybody who receives the same. `category` is the price's."""

    type: str
    body: str = ""
    header: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    list_button: str = ""
    rows: tuple[Row, ...] = ()
    attachment: Attachment | None = None
    template: str = ""
    language: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    category: str = "service"
    ttl: int | None = None  # seconds, of a template that sets it
    target: str = ""  # the message that a reaction is to
    extra: dict[str, Any] = field(default_factory=dict)  # location, contacts

    @property
    def text(self) -> str:
        """Everything that the person reads, top to bottom."""
        parts = [self.header, self.body, self.footer]
        if self.attachment:
            parts.insert(0, f"[{self.attachment.kind}] {self.attachment.filename}".strip())
        parts += [f"[{button.text}]" for button in self.buttons]
        if self.list_button:
            parts.append(f"[{self.list_button}]")
        parts += [f"• {row.title}" for row in self.rows]
        return "\n".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        """What the phone page draws."""
        return {
            "type": self.type,
            "header": self.header,
            "body": self.body,
            "footer": self.footer,
            "buttons": [{"kind": b.kind, "text": b.text, "value": b.value} for b in self.buttons],
            "list_button": self.list_button,
            "rows": [
                {"id": r.id, "title": r.title, "description": r.description, "section": r.section}
                for r in self.rows
            ],
            "attachment": _attachment(self.attachment),
            **self.extra,
        }


@dataclass(slots=True, eq=False)
class Message:
    """One message to one person. Times are unix, on the provider's clock; `real_…` on the computer's.

    `outcome` goes accepted or held → sent → delivered → read; or waiting (for a phone that is off),
    expired, dropped (blocked us; nobody is told), failed (with `code`).
    """

    id: str
    seq: int
    phone: Phone
    content: Content
    began_at: float
    at: float
    offset: float
    opaque: str | None = None
    reply_to: str = ""
    by_user_id: bool = False
    outcome: str = "accepted"
    code: int = 0
    expires_at: float = 0.0
    sent_at: float | None = None
    delivered_at: float | None = None
    answered_at: float | None = None  # when the sender's request was answered; it may have hung up before
    read_at: float | None = None
    reaction: str = ""
    price: str = "regular"
    free: bool = False
    chosen: str = ""  # the button or row that was tapped last

    def outcome_at(self, now: float) -> str:
        """The outcome, with what waits beyond its time to live counted as expired."""
        return "expired" if self.outcome == "waiting" and now >= self.expires_at else self.outcome


@dataclass(slots=True, eq=False)
class Inbound:
    """One message from a person. `state` is what its ticks show: sent, delivered (webhook taken), read."""

    id: str
    at: float
    content: Content
    phone: Phone
    reply_to: str = ""
    state: str = "sent"
    reaction: str = ""


def _attachment(item: Attachment | None) -> dict[str, str] | None:
    if item is None:
        return None
    return {"kind": item.kind, "media_id": item.media_id, "link": item.link, "filename": item.filename}
