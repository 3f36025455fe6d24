"""Rendered public pages, kept for two seconds in the memory of each web process.

When ten thousand phones get a link in one minute, the database sees one request for it every two seconds.
A page that is due again is drawn by one thread while the others still get the last one; and while it
cannot be drawn (the database is away), the last one goes on being shown for a while.

Nothing here is shared: a copy is two seconds old at most, whichever process answers, so there is nothing
to invalidate and nothing that can be lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.http import HttpResponse

log = logging.getLogger(__name__)

FRESH_SECONDS = 2.0  # with what proxies keep (policy/page), a correction shows within five
PATIENCE_SECONDS = 300.0  # how old a page may be that is shown because no newer one can be drawn
MOST_PAGES = 500
LARGEST = 512 * 1024  # bytes; a larger answer is not kept


@dataclass(slots=True)
class Kept:
    """One answer as it was, and since when."""

    body: bytes
    headers: dict[str, str]
    at: float  # time.monotonic()
    drawing: threading.Lock = field(default_factory=threading.Lock)

    def again(self) -> HttpResponse:
        """The same answer anew: what is on the way may change it without changing ours."""
        response = HttpResponse(self.body, headers=self.headers)
        response.kept = True  # type: ignore[attr-defined]  # as the first was
        return response


class PageCache:
    """The pages of one process, by address. Safe between threads."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def answer(
        self,
        address: str,
        draw: Callable[[], HttpResponse],
        *,
        keep: Callable[[HttpResponse], bool] = lambda response: response.status_code == 200,
    ) -> HttpResponse:
        """The page of this address, drawn by `draw` when there is none that is fresh, and kept where `keep`
        says so: by default whatever was found."""
        kept = self._get(address)
        if kept is None:
            return self._drawn(address, draw, keep)
        if time.monotonic() - kept.at < FRESH_SECONDS or not kept.drawing.acquire(blocking=False):
            return kept.again()
        try:
            return self._drawn(address, draw, keep)
        except DatabaseError as error:
            if time.monotonic() - kept.at > PATIENCE_SECONDS:
                raise
            log.warning("A public page is shown as it was: %s", type(error).__name__)
            return kept.again()
        finally:
            kept.drawing.release()

    def clear(self) -> None:
        """Forget every page."""
        with self._lock:
            self._pages.clear()

    def _get(self, address: str) -> Kept | None:
        with self._lock:
            kept = self._pages.get(address)
            if kept is not None:
                self._pages.move_to_end(address)
            return kept

    def _drawn(
        self, address: str, draw: Callable[[], HttpResponse], keep: Callable[[HttpResponse], bool]
    ) -> HttpResponse:
        response = draw()
        with self._lock:
            if not keep(response) or len(response.content) > LARGEST:
                self._pages.pop(address, None)
                return response
            self._pages[address] = Kept(response.content, dict(response.items()), time.monotonic())
            self._pages.move_to_end(address)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        return response


PAGES = PageCache()
