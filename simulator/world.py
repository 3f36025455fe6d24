"""Everything that one simulated account is made of, wired together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from simulator.content import Inbound
from simulator.feed import Feed
from simulator.ledger import Ledger
from simulator.limits import Limits
from simulator.live import Live
from simulator.media import MediaStore
from simulator.messages import Reader
from simulator.people import People
from simulator.phones import Phones
from simulator.pipeline import Pipeline
from simulator.scenarios import account_update
from simulator.settings import Settings
from simulator.templates import Template, Templates
from simulator.updates import Update
from simulator.webhooks import Webhooks

_PROFILE = {
    "about": "",
    "address": "",
    "description": "",
    "email": "",
    "profile_picture_url": "",
    "websites": [],
    "vertical": "GOVT",
    "messaging_product": "whatsapp",
}
_PAUSES = {1: "FIRST_PAUSE", 2: "SECOND_PAUSE"}


class World:
    """One account, its number, and everybody it can reach."""

    def __init__(self, settings: Settings) -> None:
        self.live = Live(settings)
        self.phones = Phones(settings.seed, settings.persona_mix)
        self.limits = Limits(self.live)
        self.media = MediaStore(self.live)
        self.ledger = Ledger(self.live)
        self.feed = Feed()
        self.webhooks = Webhooks(self.live, self._webhook_taken)
        self.templates = Templates(self.live, self._template_changed)
        self.people = People()
        self.pipeline = Pipeline(self.live, self.webhooks, self.feed, self.people)
        self.reader = Reader(self.templates, self.media)
        self.inbound: dict[str, Inbound] = {}
        self.profile: dict[str, Any] = dict(_PROFILE)
        self.blocked: set[str] = set()
        self.qr_codes: dict[str, dict[str, str]] = {}
        self.automation: dict[str, Any] = {}

    def change(self, values: dict[str, Any]) -> None:
        """Change settings while running; raises ValueError for what does not fit."""
        old, new = self.live.settings, self.live.settings.changed(values)
        self.live.settings = new
        self.phones.mix = new.persona_mix
        if (old.webhook_url, old.verify_token) != (new.webhook_url, new.verify_token):
            self.webhooks.unshake()
        if old.scenario != new.scenario and (update := account_update(new.scenario, self.live.now())):
            self.webhooks.push_field("account_update", update)
        if old.tier != new.tier:
            self.webhooks.push_field("business_capability_update", _capability(new))

    def reset(self, *, keep_templates: bool = False) -> None:
        """Forget people, messages, files and, unless kept, templates; settings stay as they are."""
        self.live.reset()
        for part in (self.phones, self.media, self.ledger, self.webhooks, self.pipeline):
            part.clear()
        if not keep_templates:
            self.templates.clear()
        self.limits.reset()
        self.inbound.clear()
        self.blocked.clear()
        self.people.stop()
        self.feed.everything()

    def _template_changed(self, template: Template, event: str) -> None:
        value: dict[str, Any] = {
            "event": event,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language.replace("_", "-"),
            "reason": template.reason,
            "message_template_category": template.category,
        }
        if event == "PAUSED":
            by_quality = template.paused_until > self.live.now()
            title = _PAUSES.get(template.pauses, "") if by_quality else "RATE_LIMITING_PAUSE"
            value["other_info"] = {"title": title, "description": "Low quality."}
        elif event == "APPROVED" and template.paused_until:
            value["other_info"] = {"title": "UNPAUSE", "description": "The pause is over."}
        elif event == "DISABLED":
            value["disable_info"] = {"disable_date": int(self.live.now())}
            value["other_info"] = {"title": "DISABLED", "description": "Paused too often."}
        elif event == "REJECTED":
            value["rejection_info"] = {"reason": template.reason, "recommendation": "Review the text."}
        self.webhooks.push_field("message_template_status_update", value)

    def _webhook_taken(self, carried: Sequence[Update]) -> None:
        for update in carried:
            if update.inbound is not None and update.inbound.state == "sent":
                update.inbound.state = "delivered"
                self.feed.changed(update.inbound.phone)


def _capability(settings: Settings) -> dict[str, Any]:
    return {
        "max_daily_conversations_per_business": settings.tier,
        "max_phone_numbers_per_waba": 25,
    }


WORLD = web.AppKey("world", World)
