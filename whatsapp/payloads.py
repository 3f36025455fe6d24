"""Request bodies, built and held to the provider's limits before anything is sent.

Limits: WhatsApp Cloud API reference and its SDKs, as of 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import orjson

Payload = dict[str, Any]

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TEMPLATE_BODY = 1024  # of the whole text once the parameters are in
MAX_BUTTON_BODY = 1024
MAX_LIST_BODY = 4096
MAX_EDGE = 60  # header, footer
MAX_TITLE = 20  # reply button, list button, link button
MAX_OPAQUE = 512

_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORBIDDEN_IN_PARAMETER = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]| {5,}")
_FOLDED = re.compile(r"\s*[\n\r\t\v\f\x85\u2028\u2029]\s*| {4,}")
_URL_SUFFIX_SAFE = "/?&=%-._~"


class PayloadError(ValueError):
    """The provider would refuse this body; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A phone (digits with country code; a leading + is dropped), a business-scoped user id, or both."""

    phone: str | None = None
    user_id: str | None = None

    def fields(self) -> dict[str, str]:
        """Return the address as the provider names it. With both, the phone wins, as it does there."""
        if self.phone:
            digits = self.phone.removeprefix("+")
            if not (digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 15):
                raise PayloadError("recipient: the phone is not an international number")
            return {"to": digits}
        if self.user_id:
            return {"recipient": self.user_id}
        raise PayloadError("recipient: neither phone nor user id")


def clean_parameter(value: str) -> str:
    """Return `value` with line ends, tabs and runs of four spaces folded into one space (error 132018)."""
    return _FOLDED.sub(" ", value).strip()


def text(
    to: Recipient | None,
    body: str,
    *,
    preview_url: bool = False,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """A free text, allowed within 24 hours of what the person wrote."""
    content = {"body": _within("text", body, MAX_TEXT), "preview_url": preview_url}
    return _message(to, "text", content, reply_to, opaque)


def template(  # noqa: PLR0913 — as many parts as the provider lets a template vary
    to: Recipient | None,
    name: str,
    language: str,
    parameters: Mapping[str, str] | None = None,
    *,
    url_suffix: str | None = None,
    url_index: int = 0,
    quick_replies: Mapping[int, str] | None = None,
    header_parameters: Mapping[str, str] | None = None,
    header_media: tuple[Literal["image", "document", "video"], str] | None = None,
    header_filename: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """A template with named parameters.

    `url_suffix` completes the link of button `url_index` and is percent-encoded here; `quick_replies` gives
    payloads by button index; `header_media` is a kind and the id of an uploaded file.
    """
    if not _TEMPLATE_NAME.fullmatch(name):
        raise PayloadError(f"template name: {name!r} is not lower case letters, digits and underscores")
    components = _header(header_parameters, header_media, header_filename)
    if parameters:
        components.append({"type": "body", "parameters": _named(parameters)})
    if url_suffix is not None:
        suffix = quote(_within("url suffix", url_suffix, 2000), safe=_URL_SUFFIX_SAFE)
        components.append(_button("url", url_index, {"type": "text", "text": suffix}))
    for index, payload in sorted((quick_replies or {}).items()):
        reply = {"type": "payload", "payload": _within("quick reply payload", payload, 256)}
        components.append(_button("quick_reply", index, reply))
    content: Payload = {"name": name, "language": {"code": language, "policy": "deterministic"}}
    if components:
        content["components"] = components
    return _message(to, "template", content, None, opaque)


def image(
    to: Recipient | None,
    media_id: str,
    *,
    caption: str | None = None,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """An uploaded picture, by its id."""
    return _message(to, "image", _media(media_id, caption), reply_to, opaque)


def document(
    to: Recipient | None,
    media_id: str,
    filename: str,
    *,
    caption: str | None = None,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """An uploaded document, by its id, under the name that the person sees."""
    content = {**_media(media_id, caption), "filename": _within("filename", filename, 240)}
    return _message(to, "document", content, reply_to, opaque)


def buttons(
    to: Recipient | None,
    body: str,
    choices: Sequence[tuple[str, str]],
    *,
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """A text with one to three reply buttons, each an (id, title)."""
    if not 1 <= len(choices) <= 3:
        raise PayloadError(f"buttons: {len(choices)} given, one to three allowed")
    _distinct("button ids", [key for key, _title in choices])
    _distinct("button titles", [title for _key, title in choices])
    replies = [
        {
            "type": "reply",
            "reply": {
                "id": _within("button id", key, 256),
                "title": _within("button title", title, MAX_TITLE),
            },
        }
        for key, title in choices
    ]
    content = _interactive("button", _within("body", body, MAX_BUTTON_BODY), header, footer)
    return _message(to, "interactive", {**content, "action": {"buttons": replies}}, reply_to, opaque)


def list_menu(  # noqa: PLR0913 — as many parts as the provider lets a list have
    to: Recipient | None,
    body: str,
    button: str,
    rows: Sequence[tuple[str, str, str]],
    *,
    section: str = "",
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """A text with a menu of one to ten rows, each (id, title, description or "")."""
    if not 1 <= len(rows) <= 10:
        raise PayloadError(f"list: {len(rows)} rows given, one to ten allowed")
    _distinct("row ids", [key for key, _title, _description in rows])
    lines = []
    for key, title, description in rows:
        line = {"id": _within("row id", key, 200), "title": _within("row title", title, 24)}
        if description:
            line["description"] = _within("row description", description, 72)
        lines.append(line)
    part: Payload = {"rows": lines}
    if section:
        part["title"] = _within("section title", section, 24)
    action = {"button": _within("list button", button, MAX_TITLE), "sections": [part]}
    content = _interactive("list", _within("body", body, MAX_LIST_BODY), header, footer)
    return _message(to, "interactive", {**content, "action": action}, reply_to, opaque)


def cta_url(
    to: Recipient | None,
    body: str,
    label: str,
    url: str,
    *,
    header: str | None = None,
    footer: str | None = None,
    reply_to: str | None = None,
    opaque: str | None = None,
) -> Payload:
    """A text with one button that opens a web page."""
    if not url.startswith(("https://", "http://")):
        raise PayloadError("link button: the address is not a web address")
    parameters = {
        "display_text": _within("link label", label, MAX_TITLE),
        "url": _within("link address", url, 2000),
    }
    action = {"name": "cta_url", "parameters": parameters}
    content = _interactive("cta_url", _within("body", body, MAX_BUTTON_BODY), header, footer)
    return _message(to, "interactive", {**content, "action": action}, reply_to, opaque)


def mark_read(message_id: str, typing: bool = False) -> Payload:
    """The two blue ticks for what a person wrote, and if wished the sign that an answer is coming."""
    payload: Payload = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    if typing:
        payload["typing_indicator"] = {"type": "text"}
    return payload


class TemplateBody:
    """A body rendered to JSON once, of which only the recipient and our own mark change per person."""

    __slots__ = ("_head",)

    def __init__(self, payload: Mapping[str, Any]) -> None:
        """Take what a builder of this module returned; its recipient and mark, if any, are dropped."""
        personal = ("to", "recipient", "biz_opaque_callback_data")
        shared = {key: value for key, value in payload.items() if key not in personal}
        if "type" not in shared:
            raise PayloadError("body: not a message")
        self._head = orjson.dumps(shared)[:-1] + b","

    def bytes_for(self, recipient: Recipient, opaque: str) -> bytes:
        """Return the request's bytes for one person; `opaque` comes back in every status of the message."""
        tail: dict[str, str] = recipient.fields()
        tail["biz_opaque_callback_data"] = _within("opaque", opaque, MAX_OPAQUE)
        return self._head + orjson.dumps(tail)[1:]


def _message(
    to: Recipient | None, kind: str, content: Payload, reply_to: str | None, opaque: str | None
) -> Payload:
    payload: Payload = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    if to is not None:
        payload |= to.fields()
    payload |= {"type": kind, kind: content}
    if reply_to:
        payload["context"] = {"message_id": reply_to}
    if opaque is not None:
        payload["biz_opaque_callback_data"] = _within("opaque", opaque, MAX_OPAQUE)
    return payload


def _within(what: str, value: str, limit: int) -> str:
    if not value.strip():
        raise PayloadError(f"{what}: empty")
    if len(value) > limit:
        raise PayloadError(f"{what}: {len(value)} characters, at most {limit} allowed")
    return value


def _distinct(what: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise PayloadError(f"{what}: two are the same")


def _named(parameters: Mapping[str, str]) -> list[Payload]:
    listed = []
    for name, value in parameters.items():
        if not _PARAMETER_NAME.fullmatch(name):
            raise PayloadError(f"parameter name: {name!r} is not lower case letters, digits and underscores")
        _within(f"parameter {name}", value, MAX_TEMPLATE_BODY)
        if _FORBIDDEN_IN_PARAMETER.search(value):
            raise PayloadError(f"parameter {name}: a line end, a tab or more than four spaces in a row")
        listed.append({"type": "text", "parameter_name": name, "text": value})
    return listed


def _header(
    parameters: Mapping[str, str] | None, media: tuple[str, str] | None, filename: str | None
) -> list[Payload]:
    if parameters and media:
        raise PayloadError("header: text and media together")
    if parameters:
        if len(parameters) > 1:
            raise PayloadError("header: more than one parameter")
        return [{"type": "header", "parameters": _named(parameters)}]
    if media:
        kind, media_id = media
        if kind not in ("image", "document", "video"):
            raise PayloadError(f"header: {kind!r} is not image, document or video")
        content = {"id": _within("media id", media_id, 256)}
        if filename and kind == "document":
            content["filename"] = filename
        return [{"type": "header", "parameters": [{"type": kind, kind: content}]}]
    return []


def _button(kind: str, index: int, parameter: Payload) -> Payload:
    return {"type": "button", "sub_type": kind, "index": str(index), "parameters": [parameter]}


def _media(media_id: str, caption: str | None) -> Payload:
    content = {"id": _within("media id", media_id, 256)}
    if caption:
        content["caption"] = _within("caption", caption, MAX_CAPTION)
    return content


def _interactive(kind: str, body: str, header: str | None, footer: str | None) -> Payload:
    content: Payload = {"type": kind, "body": {"text": body}}
    if header:
        content["header"] = {"type": "text", "text": _within("header", header, MAX_EDGE)}
    if footer:
        content["footer"] = {"text": _within("footer", footer, MAX_EDGE)}
    return content
