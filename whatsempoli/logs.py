"""Log lines: no telephone number in any of them (promise 8), and one JSON object each for a machine."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from celery import current_task
from django.http import HttpRequest, HttpResponse

_REQUEST: ContextVar[str] = ContextVar("request", default="")
_BROADCAST = re.compile(r"\b[Bb]roadcast (\w+)")  # as our own log lines name one

# Nine digits or more in a row, alone or after a plus: a phone, or something that looks like one.
# A wamid holds the phone in base64, so it is masked whole.
# The last two are a phone as people write it, in groups: 333 111 2222, 0571 757940.
_NUMBER = re.compile(r"\+?\d{9,}|wamid\.[\w+/=-]+|\b3\d\d[ .-]?\d{3}[ .-]?\d{3,4}\b|\b0\d{2,3}[ .-]\d{5,8}\b")


def masked(text: str) -> str:
    """Return `text` with everything that looks like a telephone number or a wamid masked."""
    return _NUMBER.sub("[…]", text)


class NoNumbers(logging.Filter):
    """Mask numbers in the finished message; the record's own arguments are dropped."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = masked(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        # also what another handler has written there before us
        record.exc_text = masked(record.exc_text) if record.exc_text else None
        record.stack_info = masked(record.stack_info) if record.stack_info else None
        return True


class AsJson(logging.Formatter):
    """One object a line: when, how bad, who says it, what, the request or the task it belongs to, the
    broadcast it is about. It stands after NoNumbers, which has masked the words."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        about = _BROADCAST.search(message)
        parts = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "request": _REQUEST.get(),
            "task": str(current_task.request.id or "") if current_task else "",
            "broadcast": about[1] if about else "",
            "error": record.exc_text or "",
        }
        return json.dumps({name: value for name, value in parts.items() if value}, ensure_ascii=False)


class RequestIds:
    """Middleware, the first one: gives each request an id, which its log lines and its answer carry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _REQUEST.set(secrets.token_hex(8))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = _REQUEST.get()
            return response
        finally:
            _REQUEST.reset(token)
