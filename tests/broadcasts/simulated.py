"""A provider on a real socket that keeps a ledger and answers as told, and what the engine's tests build."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aiohttp import web
from django.db import connection, connections

from broadcasts import claims
from broadcasts.claims import Terms
from broadcasts.models import Broadcast, Delivery

Answer = Callable[["Got"], "tuple[int, Any] | Awaitable[tuple[int, Any]]"]
HTML = "<html><body>502 Bad Gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Got:
    """One request that reached the provider: its place in the ledger from 1, and what it said."""

    number: int
    body: dict[str, Any]

    @property
    def phone(self) -> str:
        return str(self.body.get("to", ""))

    @property
    def opaque(self) -> str:
        return str(self.body.get("biz_opaque_callback_data", ""))

    @property
    def message_id(self) -> str:
        return f"wamid.{self.number}"


def accepted(got: Got) -> tuple[int, Any]:
    return 200, {
        "messaging_product": "whatsapp",
        "contacts": [{"input": got.phone, "wa_id": got.phone}],
        "messages": [{"id": got.message_id}],
    }


def refused(code: int, status: int = 400) -> Answer:
    return lambda _got: (status, {"error": {"code": code, "message": f"(#{code}) no"}})


class Provider:
    """Stands on one port of this machine; `stop` refuses connections, `start` comes back on the same."""

    def __init__(self) -> None:
        self.ledger: list[Got] = []
        self.answer: Answer = accepted
        self.port = 0
        self._seen = threading.Condition()
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def stop(self) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
            self._runner = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def wait_for(self, count: int, seconds: float = 20.0) -> None:
        """Until `count` requests have arrived."""
        with self._seen:
            assert self._seen.wait_for(lambda: len(self.ledger) >= count, seconds), len(self.ledger)

    def settle(self, seconds: float = 10.0) -> None:
        """Until every request that arrived has been answered, or its sender is gone."""
        with self._seen:
            assert self._seen.wait_for(lambda: self._open == 0, seconds), self._open

    def times(self) -> Counter[str]:
        """How often each phone was written to."""
        return Counter(got.phone for got in self.ledger)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=500, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _take(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        with self._seen:
            got = Got(len(self.ledger) + 1, body)
            self.ledger.append(got)
            self._open += 1
            self._seen.notify_all()
        try:
            answer = self.answer(got)
            status, content = await answer if isinstance(answer, Awaitable) else answer
        finally:
            with self._seen:
                self._open -= 1
                self._seen.notify_all()
        if isinstance(content, str):
            return web.Response(status=status, text=content, content_type="text/html")
        return web.json_response(content, status=status)


def states_of(broadcast: Broadcast) -> Counter[str]:
    """How many rows stand in each state."""
    return Counter(broadcast.deliveries.values_list("state", flat=True))


def reasons_of(broadcast: Broadcast) -> Counter[str]:
    """How many rows give each reason."""
    return Counter(broadcast.deliveries.exclude(reason="").values_list("reason", flat=True))


def terms(broadcast: Broadcast, **changes: Any) -> Terms:
    """What a claim needs to know of a broadcast, told by hand."""
    values: dict[str, Any] = {
        "broadcast": broadcast.pk,
        "category": broadcast.category_id,
        "fingerprint": broadcast.fingerprint,
        "original": broadcast.refers_to_id,
        "marketing": False,
        "counts": True,
        "month": date(2026, 11, 1),
        "promise": "",
        "cap": 5,
        "cap_override": False,
    }
    return Terms(**(values | changes))


def rows_for(broadcast: Broadcast, people: Iterable[Any], **fields: Any) -> list[Delivery]:
    """One row for each person, without going through the freeze."""
    return Delivery.objects.bulk_create(
        Delivery(broadcast=broadcast, subscriber=person, **fields) for person in people
    )


def claim_all(broadcast: Broadcast, **changes: Any) -> tuple[uuid.UUID, list[int]]:
    """Claim everything under a new lease."""
    lease = uuid.uuid4()
    taken, _highest = claims.claim(terms(broadcast, **changes), lease=lease, after=0, limit=100_000)
    return lease, [row.id for row in taken]


def lapse(*states: str) -> None:
    """Let the leases in these states be over, as if their worker had died a while ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE broadcasts_delivery SET lease_until = now() - interval '1 second' WHERE state = ANY(%s)",
            [list(states)],
        )


def no_wait() -> None:
    """Let every time to wait be over."""
    Delivery.objects.update(not_before=None)


def envelope(field: str = "messages", **value: Any) -> bytes:
    """A webhook's body around one change."""
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "106540352242922"}} | value
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def said(text: str, *, phone: str = "393331112233", at: datetime, id: str = "wamid.1", **more: Any) -> Any:
    """A text of a citizen, as the provider has it in `messages`."""
    return {
        "from": phone,
        "id": id,
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
    } | more


def receipt(word: str, opaque: str | None, *, at: datetime, id: str = "wamid.out", **more: Any) -> Any:
    """A receipt, as the provider has it in `statuses`."""
    mark = {} if opaque is None else {"biz_opaque_callback_data": opaque}
    moment = str(int(at.timestamp()))
    return {"id": id, "status": word, "timestamp": moment, "recipient_id": "39333"} | mark | more


def in_threads(*calls: Callable[[], Any], seconds: float = 60.0) -> list[Any]:
    """Run the calls at one time, each with a connection of its own; raise what any of them raised."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            results[place] = call()
        except BaseException as error:  # noqa: BLE001  it is raised again in the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]
    return results


def moment(text: str, day: datetime) -> datetime:
    """`moment("13:00", day)` is one o'clock of that day in its zone."""
    hour, minute = text.split(":")
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
