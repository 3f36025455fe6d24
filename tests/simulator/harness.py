"""A simulator and a webhook receiver in one event loop, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer, unused_port

from simulator.app import make_app
from simulator.settings import Settings
from simulator.world import WORLD, World

TOKEN, SECRET, VERIFY = "t0ken", "s3cret", "v3rify"
PHONE_ID, ACCOUNT_ID = "106540352242922", "102290129340398"
ANNA = "393331234567"

ALERT = {
    "name": "allerta",
    "language": "it",
    "category": "UTILITY",
    "parameter_format": "NAMED",
    "message_send_ttl_seconds": 21600,
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Protezione civile"},
        {"type": "BODY", "text": "Allerta {{livello}} per {{fenomeno}} in tutto il territorio del Comune."},
        {"type": "FOOTER", "text": "Per uscire: DISATTIVA ISCRIZIONE"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Perché ricevo questo?"},
                {"type": "URL", "text": "Leggi", "url": "http://127.0.0.1:8000/avvisi/{{1}}"},
            ],
        },
    ],
}


class Receiver:
    """The webhook's other end. `answers` holds the statuses of the next posts; then 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.handshakes: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.verify = VERIFY
        self.news = asyncio.Condition()

    async def get(self, request: web.Request) -> web.Response:
        self.handshakes.append(dict(request.query))
        async with self.news:
            self.news.notify_all()
        if request.query["hub.verify_token"] != self.verify:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def post(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.requests.append((dict(request.headers), raw))
        async with self.news:
            self.news.notify_all()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for _headers, raw in self.requests]

    def values(self, field: str = "messages") -> list[dict[str, Any]]:
        changes = [c for body in self.bodies for entry in body["entry"] for c in entry["changes"]]
        return [c["value"] for c in changes if c["field"] == field]

    def statuses(self, name: str | None = None) -> list[dict[str, Any]]:
        found = [s for value in self.values() for s in value.get("statuses", [])]
        return [s for s in found if name in (None, s["status"])]

    def messages(self) -> list[dict[str, Any]]:
        return [m for value in self.values() for m in value.get("messages", [])]

    async def until(self, done: Callable[[], bool], timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout), self.news:
            await self.news.wait_for(done)


class Sim:
    """A running simulator and its receiver."""

    def __init__(
        self, server: BaseTestServer, world: World, session: ClientSession, receiver: Receiver
    ) -> None:
        self.url = str(server.make_url("")).rstrip("/")
        self.world = world
        self.session = session
        self.receiver = receiver

    async def call(
        self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **arguments: Any
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            arguments["json"] = body
        async with self.session.request(method, self.url + path, headers=headers, **arguments) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(raw) if is_json else raw

    async def post(self, body: Any, **arguments: Any) -> tuple[int, Any]:
        return await self.call("POST", f"/v25.0/{PHONE_ID}/messages", body, **arguments)

    async def control(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        status, answer = await self.call(method, f"/__sim__/{path}", body)
        assert status == 200, answer
        return answer

    async def template(self, **changes: Any) -> Any:
        return await self.call("POST", f"/v25.0/{ACCOUNT_ID}/message_templates", {**ALERT, **changes})

    async def idle(self) -> None:
        assert (await self.control("wait?idle=1&timeout=10"))["idle"]

    async def ledger(self) -> list[dict[str, Any]]:
        return (await self.control("ledger"))["entries"]


@contextlib.asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[Sim]:
    receiver = Receiver()
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_get("/hook/", receiver.get)
    app.router.add_post("/hook/", receiver.post)
    base: dict[str, Any] = {
        "token": TOKEN,
        "app_secret": SECRET,
        "verify_token": VERIFY,
        "latency_ms": 0.0,
        "receipts_ms": 0.0,
        "flush_ms": 5.0,
        "read_share": 1.0,
    }
    async with TestServer(app) as hook:
        base["webhook_url"] = str(hook.make_url("/hook/"))
        port = unused_port()
        simulator = make_app(Settings(**{**base, "port": port, **changes}))
        async with TestServer(simulator, port=port) as server, ClientSession() as session:
            yield Sim(server, simulator[WORLD], session, receiver)


def text(body: str = "Ciao", to: str = ANNA, **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}, **more}


def alert(to: str = ANNA, values: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    named = values if values is not None else {"livello": "ARANCIONE", "fenomeno": "pioggia"}
    parameters = [{"type": "text", "parameter_name": name, "text": value} for name, value in named.items()]
    url = {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "12"}]}
    template = {
        "name": "allerta",
        "language": {"code": "it", "policy": "deterministic"},
        "components": [{"type": "body", "parameters": parameters}, url],
    }
    return {"messaging_product": "whatsapp", "to": to, "type": "template", "template": template, **more}
