"""What is handed to the bulk sender for each language: the approved words, under the twin of their template
whose time to live fits what is left of the notice, so that nothing arrives after it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from broadcasts.models import Broadcast
from broadcasts.readiness import lives_ready
from whatsapp.payloads import TemplateBody


def bodies(broadcast: Broadcast, now: datetime) -> dict[str, TemplateBody]:
    """The request of each language, but for its recipient, for what leaves at `now` (business time)."""
    left = (broadcast.valid_until - now).total_seconds() if broadcast.valid_until else None
    return {
        language: TemplateBody(payload_of(text, name_for(text, language, left)))
        for language, text in broadcast.rendered.items()
    }


def payload_of(text: dict[str, Any], name: str) -> dict[str, Any]:
    """The message of a rendered text under a template's name; `text` is left as it is."""
    payload: dict[str, Any] = text["send"]
    return payload | {"template": payload["template"] | {"name": name}}


def name_for(text: dict[str, Any], language: str, left: float | None) -> str:
    """The template to send it as when `left` seconds of the notice remain (None: no end is known).

    The longest life that ends in time; the provider may have refused a twin, then the next shorter one. Where
    none is left, the shortest that may be used: a late message is better than none.
    """
    base: str = text["template"]
    lives = {int(seconds): name for seconds, name in text.get("lives", {}).items()}
    if left is None or not lives or left >= max(lives):
        return base
    ready = lives_ready(lives.values(), language)
    usable = [seconds for seconds in sorted(lives, reverse=True) if lives[seconds] in ready]
    fitting = next((seconds for seconds in usable if seconds <= left), None)
    chosen = fitting if fitting is not None else min(usable, default=None)
    return base if chosen is None else lives[chosen]
