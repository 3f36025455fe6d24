"""Put the parts together: routes, background tasks, server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from simulator import control, life, nodes, page, send
from simulator.settings import Settings
from simulator.world import WORLD, World

MAX_UPLOAD = 105 * 1024 * 1024  # bytes


def make_app(settings: Settings) -> web.Application:
    """The whole simulator as one aiohttp application; its world is `app[WORLD]`."""
    app = web.Application(client_max_size=MAX_UPLOAD, middlewares=[page.only_this_computer])
    app[WORLD] = World(settings)
    app.cleanup_ctx.append(_background)
    app.on_shutdown.append(_end_feed)
    _add_pages(app.router)
    _add_control(app.router)
    for prefix in (r"/{version:v\d+\.\d+}", ""):  # the provider takes addresses without a version too
        _add_graph(app.router, prefix)
    return app


async def serve(settings: Settings) -> None:
    """Listen until cancelled."""
    # An open feed or a hanging request must not hold up the end.
    runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=0.5, keepalive_timeout=75)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _background(app: web.Application) -> AsyncIterator[None]:
    world = app[WORLD]
    runs = (world.webhooks.run(), world.pipeline.run(), life.run(world))
    tasks = [asyncio.create_task(run) for run in runs]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _end_feed(app: web.Application) -> None:
    app[WORLD].feed.end()


def _add_pages(router: web.UrlDispatcher) -> None:
    router.add_get("/", page.file("index.html"))
    router.add_get("/pannello", page.file("pannello.html"))
    router.add_get("/static/{name}", page.asset)
    router.add_get("/media/{media}", page.media)


def _add_control(router: web.UrlDispatcher) -> None:
    get = {
        "state": control.state,
        "requests": control.requests,
        "phones": control.phones,
        "phones/{phone}": control.phone,
        "phones/{phone}/chat": control.read_chat,
        "ledger": control.ledger,
        "wait": control.wait,
        "population": control.population,
    }
    post = {
        "phones": control.phones,
        "phones/{phone}": control.phone,
        "phones/{phone}/say": control.say,
        "phones/{phone}/tap": control.tap,
        "phones/{phone}/send": control.send,
        "say": control.say_many,
        "settings": control.settings,
        "clock": control.clock,
        "templates/{name}/status": control.template,
        "templates/{name}": control.template,
        "field": control.field,
        "upgrade": control.upgrade,
        "held": control.held,
        "population": control.population,
        "reset": control.reset,
    }
    for path, handler in get.items():
        router.add_get(f"/__sim__/{path}", control.control(handler))
    for path, handler in post.items():
        router.add_post(f"/__sim__/{path}", control.control(handler))
    router.add_get("/__sim__/events", page.events)


def _add_graph(router: web.UrlDispatcher, prefix: str) -> None:
    graph = nodes.graph
    one = prefix + r"/{node:\d+}"
    router.add_post(f"{one}/messages", send.post_messages)
    router.add_post(f"{one}/marketing_messages", send.post_messages)
    router.add_post(f"{one}/media", graph(nodes.upload))
    for method in ("GET", "POST", "DELETE"):
        router.add_route(method, f"{one}/message_templates", graph(nodes.templates))
        router.add_route(method, f"{one}/block_users", graph(nodes.block_users))
        router.add_route(method, f"{one}/message_qrdls", graph(nodes.qr_codes))
        router.add_route(method, f"{one}/message_qrdls/{{code}}", graph(nodes.qr_codes))
        router.add_route(method, one, graph(nodes.node))
    for method in ("GET", "POST"):
        router.add_route(method, f"{one}/subscribed_apps", graph(nodes.subscribed_apps))
        router.add_route(method, f"{one}/whatsapp_business_profile", graph(nodes.profile))
    router.add_post(f"{one}/conversational_automation", graph(nodes.automation))
    router.add_post(f"{one}/register", graph(nodes.succeed))
    router.add_delete(f"{one}/contact_book", graph(nodes.succeed))
    router.add_post(f"{one}/{{action:unpause}}", graph(nodes.node))
    router.add_post(f"{one}/uploads", graph(nodes.start_upload))
    router.add_post(prefix + r"/{upload:upload:\d+}", graph(nodes.continue_upload))
    if not prefix:
        router.add_get("/whatsapp_business/attachments/{key}", graph(nodes.download))
        return
    router.add_route("*", prefix + "/{rest:.*}", graph(nodes.unknown))
