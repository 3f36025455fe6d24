"""POST /messages: outages, token, validation, limits, then the answer after a believable while."""

from __future__ import annotations

import asyncio
import hmac
import math
import socket
import struct
import time
from typing import Any

import orjson
from aiohttp import web

from simulator import ids
from simulator.content import Message
from simulator.errors import ApiError, envelope, status_of
from simulator.limits import take_pair
from simulator.messages import Request
from simulator.phones import VISIBLE, Phone
from simulator.scenarios import refuse_message
from simulator.world import WORLD, World

HANG = 120.0  # seconds
_BEFORE = frozenset({"http_500", "http_503", "html_502", "reset_before", "hang"})


async def post_messages(request: web.Request) -> web.StreamResponse:
    """Send a message, or mark one as read."""
    world = request.app[WORLD]
    began = world.live.now()
    if world.live.settings.outage == "refuse":
        return reset(request, world)
    raw = await request.read()
    at = world.live.now()
    outage = world.live.settings.outage
    if outage in _BEFORE:
        return await out_of_order(request, world, outage)
    try:
        answer = _answer(world, request, raw, began, at)
    except ApiError as error:
        await _pause(world)
        return refusal(world, error)
    world.live.requests["ok"] += 1
    if outage == "reset_after":
        return reset(request, world)
    if outage == "hang_after":
        await asyncio.sleep(HANG)
    await _pause(world)
    for told in answer.get("messages", ()):
        message = world.ledger.get(told["id"])
        if message is not None:
            message.answered_at = world.live.now()
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


def authorise(world: World, request: web.Request) -> None:
    """Raise 190 unless the caller shows the token."""
    settings = world.live.settings
    if settings.token_expired or settings.scenario == "token":
        raise ApiError(190, "Error validating access token: Session has expired.", subcode=463)
    shown = request.headers.get("Authorization", "")
    token = shown[7:] if shown[:7].lower() == "bearer " else request.query.get("access_token", "")
    if not hmac.compare_digest(token.encode(), settings.token.encode()):
        raise ApiError(190)


def know_node(world: World, node: str) -> None:
    """Raise 100, subcode 33, unless `node` is our number."""
    if node != world.live.settings.phone_number_id:
        raise no_such_object(node)


def no_such_object(node: str) -> ApiError:
    """The answer to an id that is nothing of ours."""
    return ApiError(
        100,
        f"Unsupported post request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        subcode=33,
    )


def parse_json(raw: bytes) -> dict[str, Any]:
    """The body as an object; raises 100."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError(100, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(100, "The request body must be a JSON object.")
    return body


def refusal(world: World, error: ApiError) -> web.Response:
    """Count an error and put it into its envelope."""
    world.live.requests[str(error.code)] += 1
    status = status_of(error.code, world.live.settings.throttle_429)
    body = orjson.dumps(envelope(error, ids.trace_id(world.live.rng)))
    return web.Response(body=body, status=status, content_type="application/json")


async def out_of_order(request: web.Request, world: World, outage: str) -> web.StreamResponse:
    """Play an outage in which nothing is accepted."""
    if outage == "reset_before":
        return reset(request, world)
    if outage == "hang":
        world.live.requests["hang"] += 1
        await asyncio.sleep(HANG)
        return web.Response(status=504)
    if outage == "html_502":
        world.live.requests["html_502"] += 1
        page = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(text=page, status=502, content_type="text/html")
    await _pause(world)
    return refusal(world, ApiError(2 if outage == "http_503" else 131016))


def reset(request: web.Request, world: World) -> web.Response:
    """Cut the connection with a TCP reset."""
    world.live.requests["reset"] += 1
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=499)


def _answer(world: World, request: web.Request, raw: bytes, began: float, at: float) -> dict[str, Any]:
    live = world.live
    settings = live.settings
    authorise(world, request)
    know_node(world, request.match_info["node"])
    body = parse_json(raw)
    if body.get("status") == "read":
        return _mark_read(world, body)
    if live.now() < settings.maintenance_until:
        raise ApiError(131057)
    refuse_message(settings.scenario)
    if live.happens(settings.error_rate):
        raise ApiError(settings.error_code)
    asked = world.reader.read(body, api_version(request), settings.quirks)
    phone = _person(world, asked)
    if asked.address.number == settings.display_number:
        raise ApiError(131021)
    if not world.limits.bucket.take(settings.throughput):
        raise ApiError(130429)
    if settings.pair_limit and not take_pair(phone, live.now()):
        raise ApiError(131056)
    _check_reach(world, asked, phone, at)
    return _accept(world, asked, phone, began, at)


def _person(world: World, asked: Request) -> Phone:
    address = asked.address
    if address.number:
        return world.phones.ensure(address.number)
    return world.phones.find(address.user_id) or world.phones.stranger(address.user_id)


def _check_reach(world: World, asked: Request, phone: Phone, at: float) -> None:
    if asked.content.type != "template":
        if world.live.settings.window_sync and not phone.window_open(at):
            raise ApiError(131047)
    elif not world.limits.reach(phone, at):
        raise ApiError(131048)


def _accept(world: World, asked: Request, phone: Phone, began: float, at: float) -> dict[str, Any]:
    live = world.live
    address = asked.address
    if address.number:  # a number that we wrote to is ours to see for thirty days
        phone.visible_until = at + VISIBLE
    message = Message(
        ids.wamid(phone.number or "0", live.rng),
        world.ledger.next_seq(),
        phone,
        asked.content,
        began,
        at,
        live.offset,
        asked.opaque,
        asked.reply_to,
        by_user_id=not address.number,
    )
    world.ledger.add(message)
    phone.typing_until = 0.0
    world.pipeline.accept(message)
    contact = {"input": address.written}
    contact |= {"wa_id": phone.number} if address.number else {"user_id": phone.user_id}
    sent = {"id": message.id}
    if asked.template is not None:
        asked.template.sent += 1
        held = message.outcome == "held"
        sent["message_status"] = "held_for_quality_assessment" if held else "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}


def _mark_read(world: World, body: dict[str, Any]) -> dict[str, Any]:
    if body.get("messaging_product") != "whatsapp":
        raise ApiError(100, "Param messaging_product must be 'whatsapp'")
    inbound = world.inbound.get(str(body.get("message_id", "")))
    if inbound is None:
        raise ApiError(131009, "Parameter 'message_id' is not a message that was received")
    for item in inbound.phone.chat:
        if getattr(item, "state", None) is not None and item.at <= inbound.at:
            item.state = "read"
    if isinstance(body.get("typing_indicator"), dict):
        inbound.phone.typing_until = time.time() + 25
    world.feed.changed(inbound.phone)
    return {"success": True}


def api_version(request: web.Request) -> int:
    """The major version in the address; the newest where it has none."""
    text = request.match_info.get("version", "v25.0")
    return int(text[1:].split(".")[0])


async def _pause(world: World) -> None:
    median = world.live.settings.latency_ms / 1000
    if median > 0:
        await asyncio.sleep(median * math.exp(world.live.rng.gauss(0.0, 0.25)))
