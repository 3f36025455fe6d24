"""What the provider does to an account by itself: quality, categories, limits, throughput."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.templates import CATEGORIES, Template
from simulator.world import World

QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
PAUSES = {1: 3 * 3600.0, 2: 6 * 3600.0}  # seconds of the first and second pause; the third disables

JUDGED_FROM = 50  # messages of a template before complaints count; ours, the provider tells no figure
YELLOW_SHARE, RED_SHARE = 0.02, 0.05


def drift(world: World, template: Template, quality: str) -> None:
    """Change a template's quality; red pauses it for 3 hours, then 6, then disables it."""
    if quality not in QUALITIES:
        raise ValueError(f"quality: one of {', '.join(QUALITIES)}")
    old, template.quality = template.quality, quality
    value = {"previous_quality_score": old, "new_quality_score": quality, **_named(template)}
    world.webhooks.push_field("message_template_quality_update", value)
    if quality != "RED":
        return
    if template.pauses >= len(PAUSES):
        world.templates.set_status(template, "DISABLED")
        return
    world.templates.pause(template, PAUSES[template.pauses + 1])


def warn_category(world: World, template: Template, correct: str) -> None:
    """Announce that a template will be re-classed in 24 hours. `new_category` is still the present one."""
    _check(correct)
    value: dict[str, Any] = {
        "new_category": template.category,
        "correct_category": correct,
        "category_update_timestamp": int(world.live.now() + 24 * 3600),
        **_named(template),
    }
    world.webhooks.push_field("template_category_update", value)


def flip_category(world: World, template: Template, category: str) -> None:
    """Re-class a template. Its time to live is lost, which makes it thirty days."""
    _check(category)
    old, template.category, template.ttl = template.category, category, None
    template.revision += 1
    value = {"previous_category": old, "new_category": category, **_named(template)}
    world.webhooks.push_field("template_category_update", value)


def upgrade(world: World, throughput: int, seconds: float) -> None:
    """Close the account for `seconds`, raise its throughput, say so."""
    world.change({"maintenance_until": world.live.now() + seconds})

    def done() -> None:
        world.change({"throughput": throughput, "maintenance_until": 0.0})
        value = {"display_phone_number": world.live.settings.display_number, "event": "THROUGHPUT_UPGRADE"}
        world.webhooks.push_field("phone_number_quality_update", value)

    asyncio.get_running_loop().call_later(seconds, done)


def drop_held(world: World, *, suspend: bool) -> int:
    """Drop what pacing holds after bad signs; returns how many messages. Template pacing pauses the templates
    until somebody unpauses them; `suspend` blocks the account as well."""
    names = world.pipeline.held_templates()
    count = world.pipeline.release(drop=True)
    if world.live.settings.pacing == "template":
        for template in world.templates.all():
            if template.name in names and template.status == "APPROVED":
                world.templates.set_status(template, "PAUSED")
    if suspend:
        world.change({"scenario": "blocked"})
    return count


def complain(world: World, template: Template) -> None:
    """Somebody blocked us after this template: its quality falls once enough did."""
    template.complaints += 1
    if template.sent < JUDGED_FROM:
        return
    share = template.complaints / template.sent
    worse = "RED" if share > RED_SHARE else "YELLOW" if share > YELLOW_SHARE else template.quality
    if worse != template.quality and template.quality != "RED":
        drift(world, template, worse)


def _check(category: str) -> None:
    if category not in CATEGORIES:
        raise ValueError(f"category: one of {', '.join(CATEGORIES)}")


def _named(template: Template) -> dict[str, Any]:
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language.replace("_", "-"),
    }
