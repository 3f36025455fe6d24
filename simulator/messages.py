"""A request to send, read in the provider's order of validation; and what each type may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from simulator import hydrate
from simulator.content import Attachment, Button, Content, Row
from simulator.errors import ApiError
from simulator.media import MediaStore
from simulator.phones import normalise
from simulator.templates import Template, Templates

MAX_OPAQUE = 512
CACHED = 2000  # hydrated templates
TYPES = ("text", "template", "image", "document", "video", "audio", "sticker", "location", "reaction",
         "interactive", "contacts")  # fmt: skip
CAPTIONED = ("image", "document", "video")


@dataclass(frozen=True, slots=True)
class Address:
    """To whom: what the caller wrote, and the number or the user id that it means."""

    written: str
    number: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be accepted."""

    address: Address
    content: Content
    template: Template | None
    opaque: str | None
    reply_to: str


class Reader:
    """Reads requests; keeps the templates' texts so that a thousand equal ones are put together once."""

    def __init__(self, templates: Templates, media: MediaStore) -> None:
        self._templates = templates
        self._media = media
        self._hydrated: dict[tuple[str, int, int, bytes], Content] = {}

    def read(self, body: dict[str, Any], version: int, quirks: bool) -> Request:
        """Check a request's body and return what it asks; raise ApiError."""
        if body.get("messaging_product") != "whatsapp":
            raise ApiError(100, "Param messaging_product must be 'whatsapp'")
        opaque = _opaque(body.get("biz_opaque_callback_data"))
        address = _address(body, quirks)
        kind = body.get("type", "text")
        if kind not in TYPES:
            raise ApiError(131051, f"Message type {kind!r} is not supported")
        template = None
        if kind == "template":
            template = hydrate.find(self._templates, body.get("template"))
            if template.category == "AUTHENTICATION" and not address.number:
                raise ApiError(131062)
            content = self._template(template, body["template"], version)
            self._check_media(content)
        else:
            content = self._free(kind, body.get(kind))
        context = body.get("context")
        reply_to = str(context.get("message_id", "")) if isinstance(context, dict) else ""
        return Request(address, content, template, opaque, "" if kind == "reaction" else reply_to)

    def _template(self, template: Template, value: dict[str, Any], version: int) -> Content:
        key = (template.id, template.revision, version, orjson.dumps(value))
        if (known := self._hydrated.get(key)) is None:
            if len(self._hydrated) > CACHED:
                self._hydrated.clear()
            known = self._hydrated[key] = hydrate.hydrate(template, value, version)
        return known

    def _free(self, kind: str, value: Any) -> Content:
        if kind == "contacts" and isinstance(value, list) and value:
            return Content("contacts", body="[contatto]", extra={"contacts": value})
        if not isinstance(value, dict):
            raise ApiError(131008, f"Parameter '{kind}' is mandatory for type '{kind}'")
        if kind == "text":
            return Content("text", body=_string(value, "body", 4096, "text"))
        if kind == "interactive":
            return _interactive(value)
        if kind == "reaction":
            target = _string(value, "message_id", 512, "reaction")
            emoji = value.get("emoji")
            if not isinstance(emoji, str):
                raise ApiError(131008, "reaction: emoji is mandatory")
            return Content("reaction", body=emoji, target=target)
        if kind == "location":
            return _location(value)
        content = _attached(kind, value)
        self._check_media(content)
        return content

    def _check_media(self, content: Content) -> None:
        item = content.attachment
        if item and item.media_id and not self._media.knows(item.media_id):
            raise ApiError(131009, f"Media id {item.media_id} is not known or has expired")
        if item and item.link and not item.link.startswith(("http://", "https://")):
            raise ApiError(131009, "link must be a web address")


def _opaque(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_OPAQUE:
        raise ApiError(100, f"biz_opaque_callback_data must be a string of at most {MAX_OPAQUE} characters")
    return value


def _address(body: dict[str, Any], quirks: bool) -> Address:
    to, recipient = body.get("to"), body.get("recipient")
    if body.get("recipient_type") == "group":  # what a number without the groups' permission hears
        raise ApiError(131215)
    if body.get("recipient_type", "individual") != "individual":
        raise ApiError(131009, "recipient_type: only 'individual' is available for this number")
    if to:
        number = normalise(to, quirks) if isinstance(to, str) else None
        if number is None:
            raise ApiError(131009, "Parameter 'to' is not a valid phone number")
        return Address(to, number=number)
    if recipient:
        if not isinstance(recipient, str) or not _is_user_id(recipient):
            raise ApiError(131009, "Parameter 'recipient' is not a valid business-scoped user ID")
        return Address(recipient, user_id=recipient)
    raise ApiError(131008, "Parameter 'to' or 'recipient' is mandatory")


def _is_user_id(value: str) -> bool:
    country, _, rest = value.partition(".")
    return (
        len(country) == 2 and country.isupper() and 0 < len(rest) <= 128 and rest.replace(".", "").isalnum()
    )


def _string(value: dict[str, Any], key: str, limit: int, where: str, required: bool = True) -> str:
    text = value.get(key)
    if text is None and not required:
        return ""
    if not isinstance(text, str) or not text.strip():
        raise ApiError(131008, f"Parameter '{where}.{key}' is mandatory")
    if len(text) > limit:
        raise ApiError(100, f"Param {where}['{key}'] must be at most {limit} characters long.")
    return text


def _attached(kind: str, value: dict[str, Any]) -> Content:
    media_id, link = value.get("id"), value.get("link")
    if bool(media_id) == bool(link):
        raise ApiError(131008, f"{kind}: either 'id' or 'link' is mandatory")
    caption = _string(value, "caption", 1024, kind, required=False) if kind in CAPTIONED else ""
    filename = str(value.get("filename", "")) if kind == "document" else ""
    return Content(
        kind, body=caption, attachment=Attachment(kind, str(media_id or ""), str(link or ""), filename)
    )


def _location(value: dict[str, Any]) -> Content:
    if value.get("latitude") is None or value.get("longitude") is None:
        raise ApiError(131008, "location: latitude and longitude are mandatory")
    name = " ".join(filter(None, (str(value.get("name", "")), str(value.get("address", "")))))
    return Content("location", body=name or "Posizione", extra={"location": value})


def _interactive(value: dict[str, Any]) -> Content:
    kind = value.get("type")
    action = value.get("action")
    if not isinstance(action, dict):
        raise ApiError(131008, "Parameter 'interactive.action' is mandatory")
    body = value.get("body")
    text = _string(body if isinstance(body, dict) else {}, "text", 4096 if kind == "list" else 1024, "body")
    header, footer = value.get("header"), value.get("footer")
    head = str(header.get("text", ""))[:60] if isinstance(header, dict) else ""
    foot = _string(footer, "text", 60, "footer") if isinstance(footer, dict) else ""
    if isinstance(header, dict) and header.get("type") == "text":
        head = _string(header, "text", 60, "header")
    if kind == "button":
        return Content("interactive", text, head, foot, buttons=_reply_buttons(action))
    if kind == "list":
        button = _string(action, "button", 20, "action")
        return Content("interactive", text, head, foot, list_button=button, rows=_rows(action))
    if kind == "cta_url":
        parameters = action.get("parameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        label = _string(parameters, "display_text", 20, "parameters")
        url = Button("url", label, _string(parameters, "url", 2000, "parameters"))
        return Content("interactive", text, head, foot, buttons=(url,))
    if kind in ("request_contact_info", "location_request_message"):
        ask = Button("contact" if kind == "request_contact_info" else "location", "Condividi")
        return Content("interactive", text, head, foot, buttons=(ask,))
    raise ApiError(131009, f"interactive type {kind!r} is not valid")


def _reply_buttons(action: dict[str, Any]) -> tuple[Button, ...]:
    listed = action.get("buttons")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 3:
        raise ApiError(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    found = []
    for item in listed:
        reply = item.get("reply") if isinstance(item, dict) and item.get("type") == "reply" else None
        if not isinstance(reply, dict):
            raise ApiError(131009, "Each button is of type 'reply'")
        found.append(
            Button("reply", _string(reply, "title", 20, "reply"), _string(reply, "id", 256, "reply"))
        )
    if len({one.value for one in found}) < len(found) or len({one.text for one in found}) < len(found):
        raise ApiError(131009, "Buttons must have unique ids and titles")
    return tuple(found)


def _rows(action: dict[str, Any]) -> tuple[Row, ...]:
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise ApiError(131009, "A list has 1 to 10 sections")
    found = []
    for section in sections:
        if not isinstance(section, dict) or not isinstance(section.get("rows"), list):
            raise ApiError(131009, "A section needs rows")
        title = _string(section, "title", 24, "section", required=len(sections) > 1)
        for row in section["rows"]:
            if not isinstance(row, dict):
                raise ApiError(131009, "A row is an object")
            text = _string(row, "description", 72, "row", required=False) if row.get("description") else ""
            found.append(Row(_string(row, "id", 200, "row"), _string(row, "title", 24, "row"), text, title))
    if not 1 <= len(found) <= 10:
        raise ApiError(131009, f"Total row count exceed max allowed count: 10 ({len(found)})")
    if len({row.id for row in found}) < len(found):
        raise ApiError(131009, "Rows must have unique ids")
    return tuple(found)
