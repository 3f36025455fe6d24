"""What an HTTP answer to a message proves. One pure rule for the bulk sender and the plain client."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import orjson

from whatsapp.errors import ErrorInfo, classify

MAX_ANSWER = 256 * 1024  # bytes read of an answer to one message; real ones have under 2 kB
RATE_LIMIT = 130429


class OutcomeKind(StrEnum):
    """What is known of one request.

    ACCEPTED: taken by the provider, not yet delivered. HELD: taken and kept for the provider's own
    pacing. REFUSED: a definite no, the code says why. NOT_SENT: it surely never reached the provider.
    UNCONFIRMED: it may have arrived.
    """

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one message. `code` is the provider's, or the HTTP status of a refusal without one."""

    kind: OutcomeKind
    message_id: str | None = None
    message_status: str | None = None
    code: int | None = None
    subcode: int | None = None
    retry_after: float | None = None
    details: str = ""
    user_id: str | None = None
    wa_id: str | None = None

    @property
    def info(self) -> ErrorInfo:
        """The meaning of `code`; for template creation the subcode is the more precise of the two."""
        return classify(self.subcode if self.code == 100 and self.subcode else self.code)


def read_answer(status: int, retry_after: str | None, body: bytes) -> Answer:
    """Say what a complete answer to a message means.

    A 5xx without the provider's own JSON error comes from something between us: the request may have
    passed. A redirect is never followed: it is a wrong address.
    """
    parsed = _json_object(body)
    if 200 <= status < 300:
        return _accepted(parsed)
    return read_refusal(status, retry_after, parsed)


def read_refusal(status: int, retry_after: str | None, parsed: dict[str, Any]) -> Answer:
    """Say what an answer that is no success means."""
    error = _object(parsed.get("error"))
    code = _integer(error.get("code"))
    if code is None and status >= 500:
        return Answer(OutcomeKind.UNCONFIRMED, details=f"HTTP {status}")
    if code is None:
        code = RATE_LIMIT if status == 429 else status
    details = _text(_object(error.get("error_data")).get("details")) or _text(error.get("message"))
    answer = Answer(
        OutcomeKind.REFUSED,
        code=code,
        subcode=_integer(error.get("error_subcode")),
        retry_after=parse_retry_after(retry_after),
        details=(details or f"HTTP {status}")[:500],
    )
    return answer


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or an HTTP date), never negative."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 86_400))
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _accepted(parsed: dict[str, Any]) -> Answer:
    message = _first(parsed.get("messages"))
    message_id = _text(message.get("id"))
    if not message_id:
        return Answer(OutcomeKind.UNCONFIRMED, details="accepted without a message id")
    status = _text(message.get("message_status"))
    contact = _first(parsed.get("contacts"))
    return Answer(
        OutcomeKind.HELD if status in ("held_for_quality_assessment", "paused") else OutcomeKind.ACCEPTED,
        message_id=message_id,
        message_status=status,
        user_id=_text(contact.get("user_id")),
        wa_id=_text(contact.get("wa_id")),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        return _object(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: object) -> dict[str, Any]:
    return _object(value[0]) if isinstance(value, list) and value else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
