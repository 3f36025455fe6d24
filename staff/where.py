"""From where somebody is working, for the log: the address of the request that is being answered.

Behind a proxy that ends TLS the proxy itself appends the address it saw; what stands before it in the
header was written by the visitor and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_PLACE: ContextVar[str] = ContextVar("place", default="")
LONGEST = 45  # an IPv6 address in words


def current() -> str:
    """The address, "" outside a request: a command or a worker on the server itself."""
    return _PLACE.get()


def place_of(request: HttpRequest) -> str:
    """Where this request comes from."""
    if settings.BEHIND_TLS_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:LONGEST]
    return str(request.META.get("REMOTE_ADDR") or "")[:LONGEST]


class Whereabouts:
    """Middleware: remembers it while the request lasts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _PLACE.set(place_of(request))
        try:
            return self.get_response(request)
        finally:
            _PLACE.reset(token)
