"""Read the provider's webhooks into plain values.

`parse` never raises on any JSON value, and drops nothing silently: what it does not know, or finds out
of shape, comes back as Other. Every entry, change, message and status is read: the provider batches up
to a thousand updates in one post.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

Kind = Literal["message", "status", "other"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What a person wrote or tapped. Phones are digits without plus. Their name is not kept.

    `text` is the text, a caption, or the title of what was tapped; `reply_id` the id of what was tapped.
    """

    kind: ClassVar[Kind] = "message"
    subkind: ClassVar[str] = "message"
    message_id: str
    phone: str | None
    user_id: str | None
    sent_at: datetime | None
    type: str
    text: str | None
    reply_id: str | None
    context_id: str | None
    phone_number_id: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message of ours. `opaque` is the mark that we gave it when sending."""

    kind: ClassVar[Kind] = "status"
    subkind: ClassVar[str] = "status"
    message_id: str
    status: str
    at: datetime | None
    phone: str | None
    user_id: str | None
    error_code: int | None
    error_details: str
    opaque: str | None
    pricing_category: str | None
    pricing_type: str | None
    billable: bool | None
    phone_number_id: str | None


@dataclass(frozen=True, slots=True)
class UserPreference:
    """A person used WhatsApp's own «stop marketing» switch. `value` is stop or resume."""

    kind: ClassVar[Kind] = "other"
    subkind: ClassVar[str] = "user_preference"
    phone: str | None
    user_id: str | None
    category: str | None
    value: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A person changed phone, or business-scoped user id, or both."""

    kind: ClassVar[Kind] = "other"
    subkind: ClassVar[str] = "number_change"
    old_phone: str | None
    new_phone: str | None
    old_user_id: str | None
    new_user_id: str | None
    at: datetime | None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class TemplateUpdate:
    """Something happened to a template. `language` is written with an underscore, as the API has it.

    `event` is the provider's word, or QUALITY, CATEGORY_IMPENDING, CATEGORY for the two fields without one.
    """

    kind: ClassVar[Kind] = "other"
    subkind: ClassVar[str] = "template_update"
    name: str
    language: str | None
    event: str
    category: str | None = None
    reason: str | None = None
    quality: str | None = None
    template_id: str | None = None
    details: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """Something happened to the account or the number; `details` is the provider's own object."""

    kind: ClassVar[Kind] = "other"
    subkind: ClassVar[str] = "account_update"
    field: str
    event: str
    details: Json
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """A part that is unknown or out of shape, and why. It stays readable in the stored payload."""

    kind: ClassVar[Kind] = "other"
    subkind: ClassVar[str] = "other"
    field: str | None
    why: str


Event = Message | Status | UserPreference | NumberChange | TemplateUpdate | AccountUpdate | Other


def parse(payload: object) -> list[Event]:
    """Return every event of a webhook's JSON, in its order; never raise."""
    if not isinstance(payload, dict):
        return [Other(None, "not an object")]
    events: list[Event] = []
    for entry in _each(payload, "entry", events, None):
        at = _moment(entry.get("time"))
        for change in _each(entry, "changes", events, None):
            field = _text(change.get("field"))
            value = change.get("value")
            if not isinstance(value, dict):
                events.append(Other(field, "value is not an object"))
                continue
            reader = _READERS.get(field or "")
            if reader is None:
                events.append(Other(field, "unknown field"))
            else:
                found = list(reader(field or "", value, at))
                events += found or [Other(field, "nothing known in it")]
    return events or [Other(None, "no events")]


def to_json(event: Event) -> Json:
    """Return `event` as JSON-ready values; every kind has the keys that the replay tool prints first."""
    base: Json = dict.fromkeys(("message_id", "phone", "user_id", "status", "error_code", "text"))
    own = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(event).items()
    }
    return {"kind": event.kind, "subkind": event.subkind} | base | own


def _messages(field: str, value: Json, _at: datetime | None) -> Iterator[Event]:
    problems: list[Event] = []
    number = _text(_object(value.get("metadata")).get("phone_number_id"))
    for message in _each(value, "messages", problems, field):
        yield _message(field, message, number)
    for status in _each(value, "statuses", problems, field):
        yield _status(field, status, number)
    for error in _each(value, "errors", problems, field):
        yield AccountUpdate(field, "ERROR", error)
    yield from problems


def _message(field: str, message: Json, number: str | None) -> Event:
    message_id, kind = _text(message.get("id")), _text(message.get("type"))
    if kind == "system":
        return _system(field, message)
    if message_id is None or kind is None:
        return Other(field, "message without id or type")
    phone, user_id = _digits(message.get("from")), _text(message.get("from_user_id"))
    if phone is None and user_id is None:
        return Other(field, "message from nobody")
    text, reply_id = _content(kind, message)
    return Message(
        message_id=message_id,
        phone=phone,
        user_id=user_id,
        sent_at=_moment(message.get("timestamp")),
        type=kind,
        text=text,
        reply_id=reply_id,
        context_id=_text(_object(message.get("context")).get("id")),
        phone_number_id=number,
    )


def _content(kind: str, message: Json) -> tuple[str | None, str | None]:
    """Return text and id of what was tapped."""
    body = _object(message.get(kind))
    if kind == "text":
        return _text(body.get("body")), None
    if kind == "button":
        return _text(body.get("text")), _text(body.get("payload"))
    if kind == "interactive":
        reply = _object(body.get("button_reply")) or _object(body.get("list_reply"))
        return _text(reply.get("title")), _text(reply.get("id"))
    if kind == "edit":  # what they wrote is now this
        return _text(_object(_object(body.get("message")).get("text")).get("body")), None
    return _text(body.get("caption")), None


def _calls(field: str, value: Json, at: datetime | None) -> Iterator[Event]:
    """A person rings: as a message of its own kind. The end of a call has the id of its beginning."""
    problems: list[Event] = []
    number = _text(_object(value.get("metadata")).get("phone_number_id"))
    for call in _each(value, "calls", problems, field):
        call_id, phone, user_id = (
            _text(call.get("id")),
            _digits(call.get("from")),
            _text(call.get("from_user_id")),
        )
        if call_id is None or (phone is None and user_id is None):
            yield Other(field, "a call of nobody")
        elif call.get("direction") == "BUSINESS_INITIATED":
            yield Other(field, "a call of ours")
        else:
            sent_at = _moment(call.get("timestamp"))
            yield Message(call_id, phone, user_id, sent_at or at, "call", None, None, None, number)
    yield from problems


def _system(field: str, message: Json) -> Event:
    system = _object(message.get("system"))
    old_phone, new_phone = _digits(message.get("from")), _digits(system.get("wa_id"))
    old_user, new_user = _text(message.get("from_user_id")), _text(system.get("user_id"))
    if system.get("type") not in ("user_changed_number", "user_changed_user_id"):
        return Other(field, f"unknown system message {_text(system.get('type'))}")
    if not (new_phone or new_user):
        return Other(field, "a change without the new number")
    at = _moment(message.get("timestamp"))
    return NumberChange(old_phone, new_phone, old_user, new_user, at, _text(message.get("id")))


def _status(field: str, status: Json, number: str | None) -> Event:
    message_id, word = _text(status.get("id")), _text(status.get("status"))
    if message_id is None or word is None:
        return Other(field, "status without id or status")
    pricing = _object(status.get("pricing"))
    errors = status.get("errors")
    error = _object(errors[0]) if isinstance(errors, list) and errors else {}
    billable = pricing.get("billable")
    return Status(
        message_id=message_id,
        status=word,
        at=_moment(status.get("timestamp")),
        phone=_digits(status.get("recipient_id")),
        user_id=_text(status.get("recipient_user_id")),
        error_code=_integer(error.get("code")),
        error_details=_text(_object(error.get("error_data")).get("details"))
        or _text(error.get("message"))
        or _text(error.get("title"))
        or "",
        opaque=_text(status.get("biz_opaque_callback_data")),
        pricing_category=_text(pricing.get("category")),
        pricing_type=_text(pricing.get("type")),
        billable=billable if isinstance(billable, bool) else None,
        phone_number_id=number,
    )


def _preferences(field: str, value: Json, _at: datetime | None) -> Iterator[Event]:
    problems: list[Event] = []
    for item in _each(value, "user_preferences", problems, field):
        phone, user_id, wish = (
            _digits(item.get("wa_id")),
            _text(item.get("user_id")),
            _text(item.get("value")),
        )
        if wish is None or (phone is None and user_id is None):
            yield Other(field, "a preference of nobody, or for nothing")
        else:
            category = _text(item.get("category"))
            yield UserPreference(phone, user_id, category, wish, _moment(item.get("timestamp")))
    yield from problems


def _user_ids(field: str, value: Json, _at: datetime | None) -> Iterator[Event]:
    problems: list[Event] = []
    for item in _each(value, "user_id_update", problems, field):
        ids, phone = _object(item.get("user_id")), _digits(item.get("wa_id"))
        old, new = _text(ids.get("previous")), _text(ids.get("current"))
        if new is None or (old is None and phone is None):
            yield Other(field, "a change without old and new id")
        else:
            yield NumberChange(phone, None, old, new, _moment(item.get("timestamp")))
    yield from problems


def _template(field: str, value: Json, at: datetime | None) -> Iterator[Event]:
    name = _text(value.get("message_template_name"))
    if name is None:
        yield Other(field, "a template without name")
        return
    language = _text(value.get("message_template_language"))
    more = _object(value.get("other_info")) or _object(value.get("rejection_info"))
    impending = _text(value.get("correct_category"))
    category = impending or _text(value.get("new_category")) or _text(value.get("message_template_category"))
    word = {
        "message_template_status_update": _text(value.get("event")) or "UNKNOWN",
        "message_template_quality_update": "QUALITY",
        "message_template_components_update": "COMPONENTS",
        "template_category_update": "CATEGORY_IMPENDING" if impending else "CATEGORY",
    }[field]
    template_id = value.get("message_template_id")
    yield TemplateUpdate(
        name=name,
        language=language.replace("-", "_") if language else None,
        event=word,
        category=category,
        reason=_text(value.get("reason")) or _text(more.get("reason")) or _text(more.get("title")),
        quality=_text(value.get("new_quality_score")),
        template_id=str(template_id) if isinstance(template_id, str | int) else None,
        details=_text(more.get("description")) or _text(more.get("recommendation")),
        at=at,
    )


def _account(field: str, value: Json, at: datetime | None) -> Iterator[Event]:
    alert = _text(_object(value.get("alert_info")).get("alert_type"))
    yield AccountUpdate(field, _text(value.get("event")) or alert or field.upper(), value, at)


_READERS: dict[str, Callable[[str, Json, datetime | None], Iterator[Event]]] = {
    "messages": _messages,
    "calls": _calls,
    "user_preferences": _preferences,
    "user_id_update": _user_ids,
    **dict.fromkeys(
        (
            "message_template_status_update",
            "message_template_quality_update",
            "message_template_components_update",
            "template_category_update",
        ),
        _template,
    ),
    **dict.fromkeys(
        (
            "account_alerts",
            "account_review_update",
            "account_update",
            "business_capability_update",
            "business_username_updates",
            "phone_number_name_update",
            "phone_number_quality_update",
            "security",
        ),
        _account,
    ),
}


def _each(owner: Json, key: str, problems: list[Event], field: str | None) -> Iterator[Json]:
    """Yield the objects of a list, and note what is not a list, or not an object, in `problems`."""
    if key not in owner:
        return
    items = owner[key]
    if not isinstance(items, list):
        problems.append(Other(field, f"{key} is not a list"))
        return
    for item in items:
        if isinstance(item, dict):
            yield item
        else:
            problems.append(Other(field, f"one of {key} is not an object"))


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    # PostgreSQL stores neither NUL nor a lone surrogate: a hostile one is replaced here, once.
    if not isinstance(value, str) or not value:
        return None
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _digits(value: object) -> str | None:
    phone = value.removeprefix("+") if isinstance(value, str) else ""
    return phone if phone.isascii() and phone.isdigit() and len(phone) <= 15 else None


def _integer(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 2**31 else None


def _moment(value: object) -> datetime | None:
    """Read unix seconds, a string in some fields and a number in others."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 12 else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 253_402_300_800:
        return None
    return datetime.fromtimestamp(value, UTC)
