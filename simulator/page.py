"""The phone page and the control page: files, the live feed, and who may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from simulator.control import reply
from simulator.settings import is_loopback
from simulator.world import WORLD

STATIC = Path(__file__).parent / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

TRAINING = (
    ("<body", "<body data-training"),
    ("<title>", "<title>PALESTRA · "),
    ("<strong>Simulatore:</strong>", '<strong class="ground">PALESTRA</strong> Qui ci si esercita:'),
)


def file(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler for one page; on a practice ground it says so."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not request.app[WORLD].live.settings.training:
            return web.FileResponse(STATIC / name, headers=HEADERS)
        text = (STATIC / name).read_text()
        for plain, marked in TRAINING:
            text = text.replace(plain, marked, 1)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    return handle


async def asset(request: web.Request) -> web.StreamResponse:
    """A style sheet or a script, by its plain name."""
    path = STATIC / Path(request.match_info["name"]).name
    if path.suffix not in (".css", ".js", ".svg") or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=HEADERS)


async def media(request: web.Request) -> web.StreamResponse:
    """A file as a person sees it in the chat."""
    item = request.app[WORLD].media.get(request.match_info["media"])
    if item is None:
        raise web.HTTPNotFound
    safe = item.mime.startswith("image/") or item.mime == "application/pdf"
    mime = item.mime if safe else "application/octet-stream"
    return web.Response(body=item.content, content_type=mime, headers=HEADERS)


async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: the numbers whose chats have changed, «*» for all."""
    feed = request.app[WORLD].feed
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
    await response.prepare(request)
    listener = feed.open()
    try:
        await response.write(b"retry: 1000\n\n")
        while not feed.over:
            numbers = await feed.next(listener)
            await response.write(b"data: " + orjson.dumps(numbers) + b"\n\n")
    except OSError:  # the page was closed
        pass
    finally:
        feed.close(listener)
    return response


@web.middleware
async def only_this_computer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse a page of another site that reaches for us: by a name that is not ours, or from its origin."""
    host = urlsplit(f"//{request.host}").hostname or ""
    origin = request.headers.get("Origin")
    if not is_loopback(host) or (origin and not is_loopback(urlsplit(origin).hostname or "")):
        return reply({"error": "only this computer may ask"}, 403)
    return await handler(request)
