"""What happens by itself as the provider's clock goes on: reviews, pauses that end, tiers, people who act."""

from __future__ import annotations

import asyncio

from simulator import account, inbound
from simulator.content import Message
from simulator.people import Act, Plan
from simulator.world import World

TICK = 0.1  # seconds
AT_ONCE = 200  # acts in one tick, so that a clock moved by a week does not stop the answers


def populate(world: World, plan: Plan) -> None:
    """Put the people of a plan behind their phones; they begin to join at once."""
    for person in world.people.start(plan, world.live.settings.seed, world.live.now()):
        phone = world.phones.ensure(person.number)
        world.phones.dress(phone, person.persona)


async def run(world: World) -> None:
    """Let time pass, for ever."""
    while True:
        tick(world)
        await asyncio.sleep(TICK)


def tick(world: World) -> None:
    """Do what is due by the provider's clock."""
    now = world.live.now()
    world.templates.review()
    if tier := world.limits.grown(now):
        world.change({"tier": tier})
    for act in world.people.due(now, AT_ONCE):
        _act(world, act)


def _act(world: World, act: Act) -> None:
    phone = world.phones.find(act.number)
    if phone is None:
        return
    world.live.counters[f"act_{act.name}"] += 1
    if act.name == "say":
        inbound.say(world, phone, act.text)
    elif act.name == "tap":
        _tap(world, act)
    elif act.name in ("off", "on"):
        world.pipeline.connect(phone, online=act.name == "on")
    elif act.name == "block":
        _block(world, act)
    elif act.name == "new_number" and world.phones.find(act.text) is None:
        inbound.change_number(world, phone, act.text)
    elif act.name == "new_id":
        inbound.change_user_id(world, phone)


def _tap(world: World, act: Act) -> None:
    message = _message(world, act)
    if message is None:
        return
    for button in message.content.buttons:
        if button.kind in ("reply", "quick_reply"):
            inbound.tap(world, message.phone, message, button.value or button.text)
            return


def _block(world: World, act: Act) -> None:
    message = _message(world, act)
    if message is None:
        return
    world.phones.dress(message.phone, "blocked_us")
    template = world.templates.get(message.content.template, message.content.language)
    if template is not None:
        account.complain(world, template)


def _message(world: World, act: Act) -> Message | None:
    return world.ledger.get(act.message_id)
