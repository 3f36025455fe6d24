"""What one look at a page needs twice it reads once: kept for that look, never while something changes."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")
T = TypeVar("T")
_kept: ContextVar[dict[Any, Any] | None] = ContextVar("kept", default=None)


def once(read: Callable[P, T]) -> Callable[P, T]:
    """Asks the database once in a look; outside of one, and in whatever changes something, each time."""

    @wraps(read)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        found = _kept.get()
        if found is None:
            return read(*args, **kwargs)
        key = (read.__qualname__, args, *sorted(kwargs.items()))
        if key not in found:
            found[key] = read(*args, **kwargs)
        answer: T = found[key]
        return answer

    return kept


class LookMiddleware:
    """A look is a GET or a HEAD."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        token = _kept.set({})
        try:
            return self.get_response(request)
        finally:
            _kept.reset(token)
