"""A template and the parameters of one send: checked in the provider's order, then put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulator.content import Attachment, Button, Content
from simulator.errors import ApiError
from simulator.templates import VARIABLE, Template, Templates

MAX_BODY = 1024
NAMED_SINCE = 23  # API version from which a bad parameter text is 132018
_FORBIDDEN = re.compile(r"[\n\r\t]| {5,}")
_TEXTUAL = ("text", "currency", "date_time")
_SENDABLE = ("APPROVED", "FLAGGED")
Given = dict[str, list[dict[str, Any]]]


def find(templates: Templates, value: Any) -> Template:
    """The template that a send names; raises 131008, 132001, 132015 or 132016."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        raise ApiError(131008, "Parameter 'template.name' is mandatory for type 'template'")
    language = value.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not isinstance(code, str) or not code:
        raise ApiError(131008, "Parameter 'template.language.code' is mandatory")
    found = templates.get(value["name"], code)
    if found is not None and found.status == "PAUSED":
        raise ApiError(132015)
    if found is not None and found.status == "DISABLED":
        raise ApiError(132016)
    if found is None or found.status not in _SENDABLE:
        raise ApiError(132001, f"template name ({value['name']}) does not exist in {code}")
    return found


def hydrate(template: Template, value: dict[str, Any], version: int) -> Content:
    """The content of one send: counts first, then formats, then length."""
    given, buttons = _given(value.get("components"))
    header, body = template.part("HEADER"), template.part("BODY")
    spec = template.part("BUTTONS").get("buttons", [])
    header_text = str(header.get("text", "")) if str(header.get("format", "")).upper() == "TEXT" else ""
    _count("header", header_text, given.get("header", []), bool(header) and not header_text)
    _count("body", str(body["text"]), given.get("body", []))
    named = template.format == "NAMED"
    head = _values("header", header_text, given.get("header", []), named, version) if header_text else {}
    inner = _values("body", str(body["text"]), given.get("body", []), named, version)
    attachment = _attachment(header, given.get("header", []))
    filled = _fill(str(body["text"]), inner)
    if len(filled) > MAX_BODY:
        raise ApiError(132005, f"Translated text is too long: {len(filled)} > {MAX_BODY}")
    return Content(
        "template",
        body=filled,
        header=_fill(header_text, head),
        footer=str(template.part("FOOTER").get("text", "")),
        buttons=tuple(_button(item, index, buttons.get(index)) for index, item in enumerate(spec)),
        attachment=attachment,
        template=template.name,
        language=template.language,
        parameters=(*head.items(), *inner.items()),
        category=template.category.lower(),
        ttl=template.ttl_seconds,
    )


def _given(components: Any) -> tuple[Given, dict[int, dict[str, Any]]]:
    """Parameters by component, and the one of each button by its index."""
    parts: Given = {}
    buttons: dict[int, dict[str, Any]] = {}
    for item in components if isinstance(components, list) else []:
        if not isinstance(item, dict):
            raise ApiError(132012, "components: an object expected")
        kind = str(item.get("type", "")).lower()
        listed = item.get("parameters") or []
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise ApiError(132012, f"{kind}: parameters must be an array of objects")
        if kind == "button":
            buttons[_index(item.get("index"))] = {"sub_type": item.get("sub_type"), "parameters": listed}
        elif kind in ("header", "body"):
            parts[kind] = listed
        elif kind not in ("footer", "carousel", "limited_time_offer"):
            raise ApiError(131009, f"component type {kind!r} is not known")
    return parts, buttons


def _index(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit():
        raise ApiError(131009, "button index must be a number")
    return int(value)


def _count(where: str, text: str, given: Sequence[dict[str, Any]], media: bool = False) -> None:
    wanted = 1 if media else len(dict.fromkeys(VARIABLE.findall(text)))
    if len(given) != wanted and not media:
        raise ApiError(
            132000,
            f"{where}: number of localizable_params ({len(given)}) does not match "
            f"the expected number of params ({wanted})",
        )


def _values(
    where: str, text: str, given: Sequence[dict[str, Any]], named: bool, version: int
) -> dict[str, str]:
    """Value by variable name; raises 132012 where the form differs, 132018 for what a value may not hold."""
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    values: dict[str, str] = {}
    for position, item in enumerate(given):
        if item.get("type") not in _TEXTUAL:
            raise ApiError(132012, f"{where}: Format mismatch, expected TEXT, received {item.get('type')}")
        name = item.get("parameter_name")
        if named != (name is not None):
            raise ApiError(
                132012, f"{where}: Parameter name is {'missing or empty' if named else 'not expected'}"
            )
        key = str(name) if named else str(position + 1)
        if key not in names or key in values:
            raise ApiError(132012, f"{where}: Parameter name {key} is not expected")
        values[key] = _text(where, item, version)
    return values


def _text(where: str, item: dict[str, Any], version: int) -> str:
    if item["type"] != "text":
        inner = item.get(item["type"])
        return str(inner.get("fallback_value", "")) if isinstance(inner, dict) else ""
    value = item.get("text")
    if not isinstance(value, str) or not value.strip():
        raise ApiError(131008, f"{where}: Parameter of type text is missing text value")
    if _FORBIDDEN.search(value):
        raise ApiError(132018 if version >= NAMED_SINCE else 132012, _FORBIDDEN_TEXT)
    return value


_FORBIDDEN_TEXT = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"


def _fill(text: str, values: dict[str, str]) -> str:
    if not values:
        return text
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _attachment(header: dict[str, Any], given: Sequence[dict[str, Any]]) -> Attachment | None:
    kind = str(header.get("format", "TEXT")).lower()
    if not header or kind == "text":
        return None
    received = given[0].get("type") if given else "UNKNOWN"
    value = given[0].get(kind) if given else None
    if received != kind or not isinstance(value, dict):
        raise ApiError(132012, f"header: Format mismatch, expected {kind.upper()}, received {received}")
    if kind == "location":
        return Attachment("location", filename=str(value.get("name", "")))
    if bool(value.get("id")) == bool(value.get("link")):
        raise ApiError(131008, f"header: {kind} needs either id or link")
    return Attachment(
        kind, str(value.get("id", "")), str(value.get("link", "")), str(value.get("filename", ""))
    )


def _button(spec: dict[str, Any], index: int, given: dict[str, Any] | None) -> Button:
    kind, text = str(spec.get("type", "")).upper(), str(spec.get("text", ""))
    parameter = given["parameters"][0] if given and given["parameters"] else {}
    if given and str(given["sub_type"]).upper() not in (kind, "COPY_CODE" if kind == "OTP" else kind):
        raise ApiError(132012, f"buttons: button at index {index} is not of type {given['sub_type']}")
    if kind == "QUICK_REPLY":
        return Button("quick_reply", text, str(parameter.get("payload", text)))
    if kind == "URL":
        return Button("url", text, _link(str(spec.get("url", "")), parameter, index))
    if kind == "PHONE_NUMBER":
        return Button("phone", text, str(spec.get("phone_number", "")))
    if kind == "REQUEST_CONTACT_INFO":
        return Button("contact", text or "Condividi il numero")
    if kind == "COPY_CODE":
        return Button("copy", text or "Copia il codice", str(parameter.get("coupon_code", "")))
    return Button(kind.lower(), text)


def _link(url: str, parameter: dict[str, Any], index: int) -> str:
    if not VARIABLE.search(url):
        if parameter:
            raise ApiError(132000, f"buttons: button at index {index} does not take a parameter")
        return url
    value = parameter.get("text")
    if not isinstance(value, str) or not value:
        raise ApiError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
    return VARIABLE.sub(lambda _match: value, url)
