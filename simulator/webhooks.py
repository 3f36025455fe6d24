"""Deliver webhooks: the handshake, batches, signatures, retries with growing waits."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import aiohttp

from simulator import updates
from simulator.live import Live
from simulator.updates import Update

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5  # seconds before the second retry; the first is at once
LONGEST_WAIT = 30.0  # 8 hours of the provider's seven days, at the default compression
USER_AGENT = "facebookexternalua"


class Webhooks:
    """A queue in memory, a few deliveries at once. Nothing leaves before the receiver has answered GET."""

    def __init__(self, live: Live, on_taken: Callable[[Sequence[Update]], None]) -> None:
        self._live = live
        self._on_taken = on_taken
        self._queue: deque[Update] = deque()
        self._bodies: deque[bytes] = deque()  # account fields, each a webhook of its own
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession  # while `run` runs
        self._free = asyncio.Semaphore(live.settings.webhook_concurrency)
        self.shaken = False

    def push(self, update: Update) -> None:
        """Queue one update; when the queue is full the oldest is lost and counted."""
        settings = self._live.settings
        self._queue.append(update)
        if self._live.happens(settings.duplicate_rate):
            self._queue.append(update)
        while len(self._queue) > settings.webhook_queue:
            self._queue.popleft()
            self._live.counters["updates_lost"] += 1
        self._woken.set()

    def push_field(self, field: str, value: dict[str, Any]) -> None:
        """Queue a webhook of the account."""
        self._bodies.append(updates.field_body(field, value, self._live.now(), self._live.settings))
        self._woken.set()

    @property
    def waiting(self) -> int:
        """Updates and account webhooks whose delivery has not begun."""
        return len(self._queue) + len(self._bodies)

    @property
    def under_way(self) -> int:
        """Deliveries begun and not yet taken, retries included."""
        return len(self._tasks)

    async def run(self) -> None:
        """Shake hands, then deliver for ever."""
        # Untouched by proxies and cookies: the receiver is on this computer.
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=1.5),
        )
        try:
            while True:
                await self._shake()
                await self._woken.wait()
                await asyncio.sleep(self._live.settings.flush_ms / 1000)
                await self._shake()
                await self._drain()
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._session.close()

    def unshake(self) -> None:
        """Ask for the handshake again, as when address or token are edited."""
        self.shaken = False
        self._woken.set()

    def clear(self) -> None:
        """Drop what waits and what is being retried."""
        self._queue.clear()
        self._bodies.clear()
        for task in list(self._tasks):
            task.cancel()

    async def _shake(self) -> None:
        while not self.shaken:
            self.shaken = await self._handshake()
            if not self.shaken:
                await asyncio.sleep(0.5)

    async def _handshake(self) -> bool:
        settings = self._live.settings
        challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": settings.verify_token,
        }
        try:
            async with self._session.get(
                settings.webhook_url, params=query, timeout=self._timeout(), allow_redirects=False
            ) as answer:
                return answer.status == 200 and await answer.text() == challenge
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError):
            return False

    async def _drain(self) -> None:
        while self._queue or self._bodies:
            await self._free.acquire()
            if self._bodies:
                self._start([(self._bodies.popleft(), [])])
            elif self._queue:
                self._start(updates.bodies(self._take(), self._live.settings))
            else:
                self._free.release()
        self._woken.clear()

    def _take(self) -> list[Update]:
        settings = self._live.settings
        taken = [self._queue.popleft() for _ in range(min(settings.batch, len(self._queue)))]
        if self._live.happens(settings.disorder_rate):
            self._live.rng.shuffle(taken)
        return taken

    def _start(self, webhooks: list[tuple[bytes, list[Update]]]) -> None:
        self._spawn(self._deliver_all(webhooks))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_all(self, webhooks: list[tuple[bytes, list[Update]]]) -> None:
        """Try each once while holding a place; what is not taken goes on alone, the place is given back."""
        failed = []
        try:
            for body, carried in webhooks:
                if await self._post(body):
                    self._taken(carried)
                    if self._live.happens(self._live.settings.repeat_rate):
                        await self._post(body)
                else:
                    failed.append((body, carried))
        finally:
            self._free.release()
        for body, carried in failed:
            self._spawn(self._retry(body, carried))

    async def _retry(self, body: bytes, carried: list[Update]) -> None:
        """The same bytes again, at once, then ever more rarely, until the provider gives up."""
        for wait in waits(self._live.settings.webhook_give_up_s):
            await asyncio.sleep(wait)
            self._live.counters["webhooks_retried"] += 1
            async with self._free:
                if await self._post(body):
                    self._taken(carried)
                    return
        self._live.counters["webhooks_given_up"] += 1

    def _taken(self, carried: list[Update]) -> None:
        self._live.counters["webhooks"] += 1
        self._live.counters["updates"] += max(1, len(carried))
        self._on_taken(carried)

    async def _post(self, body: bytes) -> bool:
        settings = self._live.settings
        signature = hmac.new(settings.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        if self._live.happens(settings.bad_signature_rate):
            await self._post_once(body, headers | {"X-Hub-Signature-256": "sha256=" + "0" * 64})
        status = await self._post_once(body, headers)
        if status != 200:
            self._live.counters[f"webhook_answer_{status}"] += 1
        return status == 200

    async def _post_once(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            async with self._session.post(
                self._live.settings.webhook_url,
                data=body,
                headers=headers,
                timeout=self._timeout(),
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self._live.settings.webhook_timeout_s)


def waits(give_up: float) -> Iterator[float]:
    """Seconds between retries: none before the first, then ever longer, all together within `give_up`."""
    spent, wait = 0.0, 0.0
    while spent + wait < give_up:
        yield wait
        spent += wait
        wait = min(max(FIRST_WAIT, wait * 2), LONGEST_WAIT)
