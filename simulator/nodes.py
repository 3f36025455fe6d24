"""The rest of the Graph API: templates, media, the number's node, the account, blocked people, QR codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from simulator import ids
from simulator.errors import ApiError
from simulator.media import described
from simulator.scenarios import SCENARIOS, refuse_call
from simulator.send import authorise, know_node, no_such_object, out_of_order, parse_json, refusal
from simulator.templates import Template, refused
from simulator.world import WORLD, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SUCCESS = {"success": True}
_DOWN = frozenset({"http_500", "http_503", "html_502", "refuse", "reset_before", "hang"})


def graph(handler: Callable[[World, web.Request], Awaitable[Any]]) -> Handler:
    """Make a handler of a function that returns the answer's body or raises ApiError."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        outage = world.live.settings.outage
        if outage in _DOWN:
            return await out_of_order(request, world, "reset_before" if outage == "refuse" else outage)
        try:
            authorise(world, request)
            refuse_call(world.live.settings.scenario)
            answer = await handler(world, request)
        except ApiError as error:
            return refusal(world, error)
        if isinstance(answer, web.StreamResponse):
            return answer
        usage = {"X-App-Usage": '{"call_count":1,"total_cputime":1,"total_time":1}'}
        return web.Response(body=orjson.dumps(answer), content_type="application/json", headers=usage)

    return handle


async def templates(world: World, request: web.Request) -> Any:
    """List, create or delete templates."""
    _know_account(world, request)
    if request.method == "GET":
        address = f"http://{request.host}{request.path}"
        return world.templates.page(dict(request.query), address)
    if request.method == "POST":
        made = world.templates.create(parse_json(await request.read()))
        return {"id": made.id, "status": made.status, "category": made.category}
    name = request.query.get("name", "")
    if not name:
        raise ApiError(100, "name is mandatory.")
    world.templates.delete(name, request.query.get("hsm_id", ""))
    return SUCCESS


async def subscribed_apps(world: World, request: web.Request) -> Any:
    """Subscribe the app; an override of the webhook's address stays on this computer."""
    _know_account(world, request)
    if request.method == "GET":
        app = {"id": world.live.settings.app_id, "name": "Simulatore", "link": "http://localhost/"}
        return {"data": [{"whatsapp_business_api_data": app}]}
    raw = await request.read()
    body = parse_json(raw) if raw.strip().startswith(b"{") else {}
    if body.get("override_callback_uri"):
        change = {"webhook_url": body["override_callback_uri"], "verify_token": body.get("verify_token", "")}
        try:
            world.change(change)
        except ValueError as error:
            raise ApiError(100, str(error)) from None
    return SUCCESS


async def upload(world: World, request: web.Request) -> Any:
    """Take a file for a message."""
    know_node(world, request.match_info["node"])
    if not request.content_type.startswith("multipart/"):
        raise ApiError(100, "A multipart/form-data body is expected.")
    form = await request.post()
    if form.get("messaging_product") != "whatsapp":
        raise ApiError(100, "Param messaging_product must be 'whatsapp'")
    part = form.get("file")
    if not isinstance(part, web.FileField):
        raise ApiError(100, "Param file must be a file.")
    mime = part.content_type
    if mime in ("", "application/octet-stream"):
        mime = str(form.get("type", mime))
    return {"id": world.media.add(part.file.read(), mime).id}


async def download(world: World, request: web.Request) -> Any:
    """The bytes of a file, while its address holds."""
    item = world.media.linked(request.match_info["key"])
    if item is None:
        return web.Response(status=404)
    return web.Response(body=item.content, content_type=item.mime)


async def node(world: World, request: web.Request) -> Any:
    """Whatever has an id: the number, the account, a template, a file."""
    key = request.match_info["node"]
    settings = world.live.settings
    if key == settings.phone_number_id:
        return _fields(_number(world), request) if request.method == "GET" else SUCCESS
    if key == settings.business_account_id and request.method == "GET":
        return {"id": key, "name": settings.verified_name, "timezone_id": "1", "currency": "EUR"}
    if template := world.templates.by_id(key):
        return await _template(world, request, template)
    return _file(world, request, key)


async def start_upload(world: World, request: web.Request) -> Any:
    """Begin a resumable upload of an example file."""
    if request.match_info["node"] not in (world.live.settings.app_id, "app"):
        raise no_such_object(request.match_info["node"])
    return {"id": world.media.start_upload(request.query.get("file_type", "image/jpeg"))}


async def continue_upload(world: World, request: web.Request) -> Any:
    """Take the bytes of a resumable upload."""
    return {"h": world.media.finish_upload(request.match_info["upload"], await request.read())}


async def profile(world: World, request: web.Request) -> Any:
    """The business profile that people see."""
    know_node(world, request.match_info["node"])
    if request.method == "GET":
        return {"data": [world.profile]}
    world.profile |= parse_json(await request.read())
    return SUCCESS


async def block_users(world: World, request: web.Request) -> Any:
    """Block or unblock people, or list them."""
    know_node(world, request.match_info["node"])
    if request.method == "GET":
        people = [world.phones.find(key) for key in sorted(world.blocked)]
        return {
            "data": [
                {"messaging_product": "whatsapp", "wa_id": p.number, "user_id": p.user_id}
                for p in people
                if p
            ]
        }
    done, failed = [], []
    for one in parse_json(await request.read()).get("block_users", []):
        written = str(one.get("user") or one.get("user_id") or "") if isinstance(one, dict) else ""
        person = world.phones.find(written.lstrip("+"))
        if person is None:
            failed.append({"input": written, "errors": [{"code": 139100, "message": "User not found"}]})
            continue
        (world.blocked.add if request.method == "POST" else world.blocked.discard)(person.user_id)
        done.append({"input": written, "wa_id": person.number, "user_id": person.user_id})
    word = "added_users" if request.method == "POST" else "removed_users"
    return {"messaging_product": "whatsapp", "block_users": {word: done, "failed_users": failed}}


async def qr_codes(world: World, request: web.Request) -> Any:
    """Links that open the chat with a text ready."""
    know_node(world, request.match_info["node"])
    code = request.match_info.get("code", "")
    if request.method == "GET":
        found = [world.qr_codes[code]] if code in world.qr_codes else []
        return {"data": found if code else list(world.qr_codes.values())}
    if request.method == "DELETE":
        world.qr_codes.pop(code, None)
        return SUCCESS
    body = parse_json(await request.read())
    text = body.get("prefilled_message")
    if not isinstance(text, str) or not 1 <= len(text) <= 140:
        raise ApiError(100, "prefilled_message: 1 to 140 characters.")
    key = str(body.get("code") or ids.object_id(world.live.rng)[:14])
    made = {"code": key, "prefilled_message": text, "deep_link_url": f"http://{request.host}/?text={text}"}
    world.qr_codes[key] = made
    return made


async def automation(world: World, request: web.Request) -> Any:
    """Ice-breakers and commands offered in an empty chat."""
    know_node(world, request.match_info["node"])
    world.automation = parse_json(await request.read())
    return SUCCESS


async def succeed(world: World, request: web.Request) -> Any:
    """Calls that change nothing here: register, contact book."""
    know_node(world, request.match_info["node"])
    answer: dict[str, Any] = dict(SUCCESS)
    if request.path.endswith("/contact_book"):
        answer = {"messaging_product": "whatsapp", "success": True, "deleted": True}
    return answer


async def unknown(_world: World, request: web.Request) -> Any:
    """Any other address."""
    raise no_such_object(request.path.rsplit("/", 1)[-1])


async def _template(world: World, request: web.Request, template: Template) -> Any:
    if request.method == "GET":
        return template.as_json()
    if request.method == "DELETE":
        world.templates.delete(template.name, template.id)
    elif request.match_info.get("action") == "unpause":
        if template.status != "PAUSED":
            raise refused(2388028, "Template is not paused", "Only a paused template can be unpaused.")
        world.templates.set_status(template, "APPROVED")
    else:
        world.templates.edit(template, parse_json(await request.read()))
    return SUCCESS


def _file(world: World, request: web.Request, key: str) -> Any:
    item = world.media.get(key)
    if item is None or request.method == "POST":
        raise no_such_object(key)
    if request.method == "DELETE":
        world.media.delete(key)
        return SUCCESS
    return described(item, f"http://{request.host}{world.media.link(item)}")


def _number(world: World) -> dict[str, Any]:
    settings = world.live.settings
    high = settings.throughput >= 1000
    return {
        "verified_name": settings.verified_name,
        "display_phone_number": f"+{settings.display_number}",
        "quality_rating": "RED" if settings.scenario == "spam" else "GREEN",
        "throughput": {"level": "HIGH" if high else "STANDARD"},
        "whatsapp_business_manager_messaging_limit": settings.tier,
        "messaging_limit_tier": settings.tier,
        "name_status": "APPROVED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "status": "CONNECTED",
        "health_status": _health(world),
        "conversational_automation": world.automation,
        "id": settings.phone_number_id,
    }


def _health(world: World) -> dict[str, Any]:
    settings = world.live.settings
    blocked = settings.error_rate >= 1 and settings.error_code in (368, 131031, 131042)
    word = "BLOCKED" if blocked else SCENARIOS[settings.scenario].health
    number = {"entity_type": "PHONE_NUMBER", "id": settings.phone_number_id, "can_send_message": word}
    account = {"entity_type": "WABA", "id": settings.business_account_id, "can_send_message": word}
    return {"can_send_message": word, "entities": [number, account]}


def _fields(values: dict[str, Any], request: web.Request) -> dict[str, Any]:
    asked = [name.strip() for name in request.query.get("fields", "").split(",") if name.strip()]
    wanted = [*asked, "id"] if asked else ["verified_name", "display_phone_number", "quality_rating", "id"]
    return {name: values[name] for name in wanted if name in values}


def _know_account(world: World, request: web.Request) -> None:
    if request.match_info["node"] != world.live.settings.business_account_id:
        raise no_such_object(request.match_info["node"])
