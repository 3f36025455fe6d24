"""One public page as a visitor without a cookie gets it, through every middleware and no web server."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest

MARK = "whatsempoli.for_a_file"  # no header can set it: those are HTTP_…


def visit(path: str) -> bytes | None:
    """The page's bytes; None where there is none. Raises RuntimeError for any other answer."""
    site = urlsplit(settings.SITE_URL)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": unquote(path),
        "SERVER_NAME": site.hostname or "localhost",
        "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": site.netloc,
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(),
        MARK: True,
    }
    answer = _handler().get_response(WSGIRequest(environ))
    if answer.status_code == 404:
        return None
    if answer.status_code != 200 or answer.cookies:
        raise RuntimeError(f"{path} cannot be a file: {answer.status_code}")
    return b"".join(answer)


def is_for_a_file(request: HttpRequest) -> bool:
    """Whether the page is drawn to be kept for everybody: nothing of one visitor's own belongs in it."""
    return bool(request.META.get(MARK))


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()
