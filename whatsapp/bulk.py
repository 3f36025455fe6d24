"""The bulk sender: many messages at once over a few hundred kept connections.

One event loop in a daemon thread per process, started at the first use and started anew in a forked
child. A request is made once: nothing here repeats one.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import SimpleNamespace

import aiohttp

from whatsapp.answers import MAX_ANSWER, OutcomeKind, read_answer
from whatsapp.config import Config
from whatsapp.errors import ErrorInfo, classify

try:
    import uvloop
except ImportError:  # not built for this system
    uvloop = None  # type: ignore[assignment]

__all__ = ["BulkSender", "Outcome", "OutcomeKind", "Outgoing", "get_sender"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request's bytes, and the caller's key for it."""

    key: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request. `retry_after` is in seconds; `details` never holds a phone of ours."""

    key: int
    kind: OutcomeKind
    message_id: str | None = None
    code: int | None = None
    http_status: int | None = None
    retry_after: float | None = None
    details: str = ""
    user_id: str | None = None
    wa_id: str | None = None

    @property
    def info(self) -> ErrorInfo:
        """What `code` means; only of use for REFUSED."""
        return classify(self.code)


class BulkSender:
    """Sends batches for one number. Safe to share between threads."""

    def __init__(
        self, config: Config, *, connections: int = 300, connect_timeout: float = 5, deadline: float = 30.0
    ) -> None:
        """`deadline` (seconds) covers a whole request, the wait for a free connection included."""
        self._config = config
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=deadline, sock_connect=connect_timeout)
        self._forget()
        _senders.add(self)

    def _forget(self) -> None:
        # After a fork the loop's thread is not here and its lock may be held for ever: start from nothing.
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._requests: set[asyncio.Task[Outcome]] = set()
        self._batches: set[asyncio.Task[None]] = set()
        self._closed = False

    def submit(
        self, batch: Sequence[Outgoing], told: SimpleQueue[Outcome] | None = None
    ) -> Future[list[Outcome]]:
        """Start a batch; the future gives one outcome per request, in order. `told` gets each at once.

        It never raises for what the network does, and cannot be cancelled: what has begun has an outcome.
        """
        told = SimpleQueue() if told is None else told
        future: Future[list[Outcome]] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed:
                _nothing_left(batch, "closed", future, told)
            else:
                self._running_loop().call_soon_threadsafe(self._begin, list(batch), future, told)
        return future

    def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Send a batch and wait for its outcomes."""
        return self.submit(batch).result()

    def close(self) -> None:
        """Stop at once: what is under way ends as NOT_SENT or UNCONFIRMED. Later batches are NOT_SENT."""
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._shut(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = uvloop.new_event_loop() if uvloop else asyncio.new_event_loop()
            threading.Thread(target=_run, args=(self._loop,), name="whatsapp-bulk", daemon=True).start()
        return self._loop

    def _begin(
        self, batch: list[Outgoing], future: Future[list[Outcome]], told: SimpleQueue[Outcome]
    ) -> None:
        task = asyncio.get_running_loop().create_task(self._send_batch(batch, future, told))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _send_batch(
        self, batch: list[Outgoing], future: Future[list[Outcome]], told: SimpleQueue[Outcome]
    ) -> None:
        try:
            session = self._open_session()
        except Exception as error:  # noqa: BLE001 — the caller is owed its outcomes whatever went wrong
            _nothing_left(batch, type(error).__name__, future, told)
            return
        tasks = [asyncio.create_task(self._send_one(session, out)) for out in batch]
        for task, out in zip(tasks, batch, strict=True):
            task.add_done_callback(partial(_tell, told, out))
        self._requests.update(tasks)
        done = await asyncio.gather(*tasks, return_exceptions=True)
        self._requests.difference_update(tasks)
        future.set_result([_settled(out, result) for out, result in zip(batch, done, strict=True)])

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_sent)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, limit_per_host=0, keepalive_timeout=15, ttl_dns_cache=300
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                headers={
                    "Authorization": f"Bearer {self._config.token}",
                    "Content-Type": "application/json",
                },
                trace_configs=[trace],
                trust_env=not self._config.is_local,
            )
        return self._session

    async def _send_one(self, session: aiohttp.ClientSession, out: Outgoing) -> Outcome:
        flight = SimpleNamespace(sent=False)
        status: int | None = None
        try:
            async with session.post(
                self._config.messages_url, data=out.body, allow_redirects=False, trace_request_ctx=flight
            ) as response:
                status = response.status
                body = await _read(response.content)
                answer = read_answer(status, response.headers.get("Retry-After"), body)
        except _INTERRUPTIONS as error:
            return _interrupted(out, error, sent=flight.sent, status=status)
        return Outcome(
            out.key,
            answer.kind,
            answer.message_id,
            answer.code,
            status,
            answer.retry_after,
            answer.details,
            answer.user_id,
            answer.wa_id,
        )

    async def _shut(self) -> None:
        while self._batches:  # a batch that was queued a moment ago may only now make its requests
            for task in list(self._requests):
                task.cancel()
            await asyncio.wait(list(self._batches), timeout=0.05)
        if self._session is not None:
            await self._session.close()


# ValueError and RuntimeError too: an unusable token or address, a session that was closed meanwhile.
_INTERRUPTIONS = (
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    ValueError,
    RuntimeError,
    asyncio.CancelledError,
)

_senders: weakref.WeakSet[BulkSender] = weakref.WeakSet()
_shared: dict[Config, BulkSender] = {}
_shared_lock = threading.Lock()


def get_sender(config: Config, *, connections: int = 300) -> BulkSender:
    """Return this process's sender for `config`; `connections` counts at the first call only."""
    with _shared_lock:
        if config not in _shared:
            _shared[config] = BulkSender(config, connections=connections)
        return _shared[config]


def _after_fork() -> None:
    global _shared_lock
    _shared_lock = threading.Lock()
    for sender in list(_senders):
        sender._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _note_sent(_session: object, context: SimpleNamespace, _params: object) -> None:
    # Called just before the first byte is written, so «not sent» is certain and «sent» is only possible.
    context.trace_request_ctx.sent = True


async def _read(stream: aiohttp.StreamReader) -> bytes:
    """Read an answer up to MAX_ANSWER bytes; what is longer is nobody's answer to a message."""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_ANSWER and (chunk := await stream.readany()):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks) if size <= MAX_ANSWER else b""


def _interrupted(out: Outgoing, error: BaseException, *, sent: bool, status: int | None) -> Outcome:
    # The class alone does not tell (a time-out is the same before and after sending); the flag does.
    name = type(error).__name__
    if status is not None and 300 <= status < 500:  # the status line was a no; only its reason is lost
        answer = read_answer(status, None, b"")
        return Outcome(out.key, answer.kind, code=answer.code, http_status=status, details=name)
    kind = OutcomeKind.UNCONFIRMED if sent else OutcomeKind.NOT_SENT
    return Outcome(out.key, kind, http_status=status, details=name)


def _not_sent(out: Outgoing, why: str) -> Outcome:
    return Outcome(out.key, OutcomeKind.NOT_SENT, details=why)


def _nothing_left(
    batch: Sequence[Outgoing], why: str, future: Future[list[Outcome]], told: SimpleQueue[Outcome]
) -> None:
    outcomes = [_not_sent(out, why) for out in batch]
    for outcome in outcomes:
        told.put(outcome)
    future.set_result(outcomes)


def _tell(told: SimpleQueue[Outcome], out: Outgoing, task: asyncio.Task[Outcome]) -> None:
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    told.put(_settled(out, error or task.result()))


def _settled(out: Outgoing, result: Outcome | BaseException) -> Outcome:
    if isinstance(result, Outcome):
        return result
    if isinstance(result, asyncio.CancelledError):  # cancelled before its first line ran
        return _not_sent(out, "cancelled")
    return Outcome(out.key, OutcomeKind.UNCONFIRMED, details=type(result).__name__)
