"""The plain client: single replies, media, templates and the number's own node, over `requests`.

Nothing is repeated here, no redirect is followed, and what is raised never holds the token.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from whatsapp.answers import MAX_ANSWER, Answer, OutcomeKind, read_answer, read_refusal
from whatsapp.config import Config
from whatsapp.errors import ErrorInfo
from whatsapp.payloads import Payload
from whatsapp.payloads import mark_read as mark_read_payload

TIMEOUT = (5, 30)  # seconds: to connect, between two bytes
MEDIA_TIMEOUT = (5, 120)
MAX_LIST = 8 * 1024 * 1024  # bytes of one page of templates
NUMBER_FIELDS = (
    "verified_name,display_phone_number,quality_rating,throughput,"
    "whatsapp_business_manager_messaging_limit,name_status,status,health_status"
)
TEMPLATE_FIELDS = (
    "id,name,language,status,category,correct_category,quality_score,rejected_reason,"
    "message_send_ttl_seconds,components"
)


class ApiError(Exception):
    """The provider definitely refused. `info` says what to do about it."""

    def __init__(self, answer: Answer, http_status: int) -> None:
        super().__init__(f"WhatsApp error {answer.code} (HTTP {http_status})")
        self.code: int | None = answer.code
        self.subcode: int | None = answer.subcode
        self.http_status: int = http_status
        self.details: str = answer.details
        self.info: ErrorInfo = answer.info
        self.retry_after: float | None = answer.retry_after


class NotSent(Exception):
    """The request surely never reached the provider: it may be made again."""


class Unanswered(Exception):
    """The request may have reached the provider: a message must not be repeated on this alone."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message. It is not delivered yet; `status` may say that it is held."""

    message_id: str
    status: str | None
    wa_id: str | None
    user_id: str | None


class _Bearer(AuthBase):
    # As `auth` and not as a session header: otherwise a .netrc of the machine would replace the token.
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """One number's calls that are not a fan-out. One thread at a time, as `requests.Session` is."""

    def __init__(self, config: Config, session: requests.Session | None = None) -> None:
        """`session` is for tests and special proxies; with a local provider no proxy is ever asked."""
        self._config = config
        self._session = session or requests.Session()
        self._session.auth = _Bearer(config.token)
        if config.is_local:
            self._session.trust_env = False

    def send(self, payload: Payload) -> Accepted:
        """Send one message; raise ApiError, NotSent or Unanswered."""
        status, retry_after, body = self._exchange("POST", self._config.messages_url, json=payload)
        answer = read_answer(status, retry_after, body)
        if answer.kind is OutcomeKind.REFUSED:
            raise ApiError(answer, status)
        if answer.message_id is None:
            raise Unanswered(answer.details)
        return Accepted(answer.message_id, answer.message_status, answer.wa_id, answer.user_id)

    def mark_read(self, message_id: str, *, typing: bool = False) -> None:
        """Give a person's message its blue ticks."""
        self._json("POST", self._config.messages_url, json=mark_read_payload(message_id, typing))

    def upload_media(self, content: bytes, mime: str, filename: str) -> str:
        """Upload a file and return its id, good for 30 days."""
        answer = self._json(
            "POST",
            self._config.media_url,
            data={"messaging_product": "whatsapp", "type": mime},
            files={"file": (filename, content, mime)},
            timeout=MEDIA_TIMEOUT,
        )
        return _required(answer, "id")

    def upload_example(self, content: bytes, mime: str, filename: str) -> str:
        """Upload the example file of a template's header and return its handle. Needs the app's id."""
        about = {"file_length": str(len(content)), "file_type": mime, "file_name": filename}
        begun = self._json("POST", self._config.examples_url, params=about)
        answer = self._json(
            "POST",
            self._config.url(_required(begun, "id")),
            data=content,
            headers={"file_offset": "0", "Content-Type": mime},
            timeout=MEDIA_TIMEOUT,
        )
        return _required(answer, "h")

    def create_template(self, definition: dict[str, Any]) -> dict[str, Any]:
        """Ask for a template's approval. Keep the `category` that comes back: it may not be ours."""
        return self._json("POST", self._config.templates_url, json=definition)

    def edit_template(self, template_id: str, changes: dict[str, Any]) -> None:
        """Change an existing template, which sends it back to review."""
        self._json("POST", self._config.url(template_id), json=changes)

    def list_templates(self) -> list[dict[str, Any]]:
        """Return every template of the account, page after page."""
        found: list[dict[str, Any]] = []
        params: dict[str, str] = {"limit": "100", "fields": TEMPLATE_FIELDS}
        seen: set[str] = set()
        while True:
            page = self._json("GET", self._config.templates_url, params=params)
            found += [item for item in page.get("data") or [] if isinstance(item, dict)]
            paging = page.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after")
            # The last page still has a cursor; `next` tells, and is rebuilt so that we never leave our host.
            if not paging.get("next") or not cursor or cursor in seen:
                return found
            seen.add(cursor)
            params |= {"after": cursor}

    def delete_template(self, name: str, template_id: str | None = None) -> None:
        """Delete a template: in every language, or only the one of `template_id`."""
        params = {"name": name} | ({"hsm_id": template_id} if template_id else {})
        self._json("DELETE", self._config.templates_url, params=params)

    def phone_number(self) -> dict[str, Any]:
        """Return the number's health, quality, throughput and daily limit, as the provider names them."""
        return self._json("GET", self._config.number_url, params={"fields": NUMBER_FIELDS})

    def forget_contact(self, user_id: str) -> None:
        """Delete a person from the provider's contact book (WHATSAPP.md §4), which is kept by user id."""
        params = {"messaging_product": "whatsapp", "bsuid": user_id}
        self._json("DELETE", self._config.contact_book_url, params=params)

    def _json(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        status, retry_after, body = self._exchange(method, url, **arguments)
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            parsed = None
        if 200 <= status < 300:
            if not isinstance(parsed, dict):
                raise Unanswered("an answer that is not a JSON object")
            return parsed
        answer = read_refusal(status, retry_after, parsed if isinstance(parsed, dict) else {})
        if answer.kind is OutcomeKind.REFUSED:
            raise ApiError(answer, status)
        raise Unanswered(answer.details)

    def _exchange(self, method: str, url: str, **arguments: Any) -> tuple[int, str | None, bytes]:
        """Return status, Retry-After and body. Errors carry the class's name only: texts hold addresses."""
        arguments.setdefault("timeout", TIMEOUT)
        limit = MAX_LIST if method == "GET" else MAX_ANSWER
        try:
            with self._session.request(
                method, url, allow_redirects=False, stream=True, **arguments
            ) as response:
                return response.status_code, response.headers.get("Retry-After"), _read(response, limit)
        except requests.RequestException as error:
            failure = NotSent if _never_left(error) else Unanswered
            raise failure(type(error).__name__) from None


def _read(response: requests.Response, limit: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > limit:
            return b""
    return bytes(body)


def _never_left(error: requests.RequestException) -> bool:
    """Whether no byte of the request can have gone: no connection, or none that we trusted."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    cause = reason.args[0] if reason is not None and reason.args else None
    return isinstance(cause, ssl.SSLCertVerificationError)


def _required(answer: dict[str, Any], key: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise Unanswered(f"an answer without {key}")
    return value
