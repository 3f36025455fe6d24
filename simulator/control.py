"""The control API under /__sim__/: people, settings, clock, ledger. JSON, for this computer only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from simulator import account, inbound, life, people
from simulator.chat import chat, listed
from simulator.phones import PERSONAS, Phone, normalise
from simulator.world import WORLD, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
POLL = 0.02  # seconds
MAX_LEDGER = 100_000  # entries in one answer


def reply(body: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def control(handler: Callable[[World, web.Request], Awaitable[Any]]) -> Handler:
    """Make a handler of a function that returns the answer's body; ValueError is a 400, KeyError a 404."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            answer = await handler(request.app[WORLD], request)
        except ValueError as error:
            return reply({"error": str(error)}, 400)
        except LookupError as error:
            return reply({"error": f"{error} is not known"}, 404)
        return answer if isinstance(answer, web.StreamResponse) else reply(answer)

    return handle


async def state(world: World, _request: web.Request) -> Any:
    """Counters, settings, handshake, queue lengths, clock."""
    return {
        "handshake": world.webhooks.shaken,
        "now": world.live.now(),
        "offset_seconds": world.live.offset,
        "phones": len(world.phones),
        "messages": len(world.ledger),
        "last_seq": world.ledger.last,
        "templates": len(world.templates),
        "reached_today": world.limits.reached_today(),
        "queues": {
            "steps": world.pipeline.due,
            "held": world.pipeline.held,
            "updates": world.webhooks.waiting,
            "webhooks": world.webhooks.under_way,
        },
        "counters": dict(world.live.counters),
        "requests": dict(world.live.requests),
        "personas": PERSONAS,
        "settings": world.live.settings.public(),
    }


async def requests(world: World, _request: web.Request) -> Any:
    """Answers to callers, by «ok» or error code."""
    return dict(world.live.requests)


async def phones(world: World, request: web.Request) -> Any:
    """Find people, or make known one or many: [{phone, name, persona}]."""
    if request.method == "GET":
        limit = int(request.query.get("limit", "100"))
        found = world.phones.search(request.query.get("query", ""), limit)
        return {"now": world.live.now(), "phones": [listed(p) for p in found]}
    body = await _body(request)
    people = [_register(world, item) for item in (body if isinstance(body, list) else [body])]
    world.feed.everything()
    if not isinstance(body, list):
        return listed(people[0])
    return {"phones": [{"phone": p.number, "user_id": p.user_id} for p in people]}


async def phone(world: World, request: web.Request) -> Any:
    """See one person, or change name, persona, online (with offline_seconds), marketing, number, user id."""
    person = _person(world, request.match_info["phone"])
    if request.method == "POST":
        body = await _object(request)
        _change(world, person, body)
        world.feed.changed(person)
    return listed(person)


async def read_chat(world: World, request: web.Request) -> Any:
    """Everything in one chat. With `open=1` the person looks at it."""
    person = _person(world, request.match_info["phone"])
    if request.query.get("open") == "1":
        world.pipeline.open_chat(person)
    return chat(person, world.live)


async def say(world: World, request: web.Request) -> Any:
    """One person writes a text."""
    person = _person(world, request.match_info["phone"])
    body = await _object(request)
    said = inbound.say(world, person, _text(body), str(body.get("reply_to", "")))
    return {"message_id": said.id, "at": said.at}


async def say_many(world: World, request: web.Request) -> Any:
    """Many people write: [{phone, text}]. The ids come back in the same order."""
    body = await _body(request)
    if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
        raise ValueError("a list of {phone, text} is expected")
    made = [inbound.say(world, _person(world, str(item.get("phone", ""))), _text(item)) for item in body]
    return {"said": len(made), "message_ids": [item.id for item in made]}


async def tap(world: World, request: web.Request) -> Any:
    """A person taps a button (by id, payload or title) or a row."""
    person = _person(world, request.match_info["phone"])
    body = await _object(request)
    message = world.ledger.get(str(body.get("message_id", "")))
    if message is None or message.phone is not person:
        raise LookupError("message_id")
    choice = str(body.get("button_id") or body.get("row_id") or "")
    return {"message_id": inbound.tap(world, person, message, choice).id}


async def send(world: World, request: web.Request) -> Any:
    """A person sends what is not a text: {type, …fields of that type}."""
    person = _person(world, request.match_info["phone"])
    body = await _object(request)
    kind = str(body.pop("type", ""))
    return {"message_id": inbound.send_other(world, person, kind, body).id}


async def ledger(world: World, request: web.Request) -> Any:
    """What became of every accepted message after `since`; `format=jsonl` for one a line."""
    since = int(request.query.get("since", "0"))
    limit = min(int(request.query.get("limit", str(MAX_LEDGER))), MAX_LEDGER)
    entries = list(world.ledger.since(since, limit))
    if request.query.get("format") == "jsonl":
        lines = b"\n".join(orjson.dumps(entry) for entry in entries)
        return web.Response(body=lines + b"\n" if lines else b"", content_type="application/x-ndjson")
    return {"entries": entries, "next": entries[-1]["seq"] if entries else since, "last": world.ledger.last}


async def settings(world: World, request: web.Request) -> Any:
    """Change settings while running."""
    world.change(await _object(request))
    return world.live.settings.public()


async def clock(world: World, request: web.Request) -> Any:
    """Move the provider's clock to `offset_seconds` from the computer's."""
    body = await _object(request)
    offset = body.get("offset_seconds")
    if isinstance(offset, bool) or not isinstance(offset, int | float):
        raise ValueError("offset_seconds: a number")
    world.live.offset = float(offset)
    life.tick(world)
    world.feed.everything()
    return {"now": world.live.now(), "offset_seconds": world.live.offset}


async def template(world: World, request: web.Request) -> Any:
    """What reviewers and the quality machine do: {status, reason}, {quality}, {category} or
    {correct_category}; `language` for one language only. The webhooks follow."""
    body = await _object(request)
    found = [
        item
        for item in world.templates.named(request.match_info["name"])
        if body.get("language", item.language) == item.language
    ]
    if not found:
        raise LookupError("template")
    for item in found:
        if body.get("status"):
            world.templates.set_status(item, str(body["status"]), str(body.get("reason", "NONE")))
        if body.get("quality"):
            account.drift(world, item, str(body["quality"]))
        if body.get("correct_category"):
            account.warn_category(world, item, str(body["correct_category"]))
        if body.get("category"):
            account.flip_category(world, item, str(body["category"]))
    return {"templates": [item.as_json() for item in found]}


async def field(world: World, request: web.Request) -> Any:
    """Send any account webhook: {field, value}, such as account_update or account_alerts."""
    body = await _object(request)
    if not isinstance(body.get("value"), dict) or not body.get("field"):
        raise ValueError("field: a name; value: an object")
    world.webhooks.push_field(str(body["field"]), body["value"])
    return {"queued": True}


async def upgrade(world: World, request: web.Request) -> Any:
    """Raise the throughput as the provider does: {throughput, seconds} of 131057, then a webhook."""
    body = await _object(request)
    seconds = float(body.get("seconds", 60))
    account.upgrade(world, int(body.get("throughput", 1000)), seconds)
    return {"until": world.live.settings.maintenance_until}


async def held(world: World, request: web.Request) -> Any:
    """Release or drop what pacing holds: {action: release|drop}. A drop pauses the templates that were held;
    with {suspend: true} the account is blocked too, as after portfolio pacing."""
    body = await _object(request)
    if body.get("action") not in ("release", "drop"):
        raise ValueError("action: release or drop")
    if body["action"] == "release":
        return {"messages": world.pipeline.release()}
    return {"messages": account.drop_held(world, suspend=body.get("suspend") is True)}


async def population(world: World, request: web.Request) -> Any:
    """See, start or stop the people that act by themselves: {size, mix, join_s, words} or {size: 0}."""
    if request.method == "POST":
        body = await _object(request)
        if body.get("size") == 0:
            world.people.stop()
        else:
            life.populate(world, people.plan(body))
        world.feed.everything()
    return world.people.as_json()


async def reset(world: World, request: web.Request) -> Any:
    """Forget people, messages, templates and files; {keep_templates: true} keeps the templates."""
    body = await _object(request) if request.can_read_body else {}
    world.reset(keep_templates=body.get("keep_templates") is True)
    return {"reset": True}


async def wait(world: World, request: web.Request) -> Any:
    """Answer once every status was delivered, 504 if that takes longer than `timeout` seconds."""
    until = time.monotonic() + float(request.query.get("timeout", "30"))
    while world.pipeline.due or world.webhooks.waiting or world.webhooks.under_way:
        if time.monotonic() > until:
            return reply({"idle": False}, 504)
        await asyncio.sleep(POLL)
    return {"idle": True}


def _register(world: World, item: Any) -> Phone:
    if not isinstance(item, dict):
        raise ValueError("a person is {phone, name, persona}")
    person = _person(world, str(item.get("phone", "")))
    _change(world, person, {key: value for key, value in item.items() if key != "phone"})
    return person


def _change(world: World, person: Phone, body: dict[str, Any]) -> None:
    if body.get("name"):
        person.name = str(body["name"])[:80]
    if body.get("persona"):
        world.phones.dress(person, str(body["persona"]))
        if person.online and person.waiting:
            world.pipeline.connect(person, online=True)
    if "online" in body:
        seconds = body.get("offline_seconds")
        world.pipeline.connect(person, bool(body["online"]), float(seconds) if seconds else None)
    if "marketing" in body:
        inbound.prefer(world, person, str(body["marketing"]))
    if body.get("new_number"):
        number = normalise(str(body["new_number"]))
        if number is None:
            raise ValueError("new_number: not an international number")
        inbound.change_number(world, person, number)
    if body.get("new_user_id"):
        inbound.change_user_id(world, person)


def _person(world: World, key: str) -> Phone:
    """The person with this number or user id; a number that nobody has yet gets somebody."""
    known = world.phones.find(key)
    if known:
        return known
    number = normalise(key, quirks=False)
    if number is None:
        raise LookupError("phone")
    return world.phones.ensure(number)


async def _body(request: web.Request) -> Any:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise ValueError("the body is not JSON") from None


async def _object(request: web.Request) -> dict[str, Any]:
    body = await _body(request)
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")
    return body


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 4096:
        raise ValueError("text: 1 to 4096 characters")
    return text
