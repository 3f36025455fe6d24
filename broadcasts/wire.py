"""What is handed to the bulk sender for each language: the approved words, under the twin of their template
whose time to live fits what is left of the notice, so that nothing arrives after it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from broadcasts import media
from broadcasts.models import Broadcast
from broadcasts.readiness import lives_ready
from broadcasts.render import DEFAULT_LANGUAGE
from whatsapp.payloads import TemplateBody
from whatsempoli import clock


def bodies(broadcast: Broadcast, now: datetime) -> dict[str, TemplateBody]:
    """The request of each language, but for its recipient, for what leaves at `now` (business time)."""
    left = (broadcast.valid_until - now).total_seconds() if broadcast.valid_until else None
    held = media.provider_id(broadcast) if broadcast.media_id else ""
    return {
        language: TemplateBody(payload_of(broadcast, text, name_for(text, language, left), held))
        for language, text in broadcast.rendered.items()
    }


def payload_of(broadcast: Broadcast, text: dict[str, Any], name: str, held: str) -> dict[str, Any]:
    """The message of a rendered text under a template's name, with its file (`held` is the provider's id of
    it). `text` is left as it is."""
    payload: dict[str, Any] = text["send"]
    template = payload["template"] | {"name": name}
    if text.get("media") and held:
        template["components"] = [media.header_component(broadcast, held), *template["components"]]
    elif text.get("media"):
        template["name"] = text["media"]["without"]
    return payload | {"template": template}


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


def lapsed(broadcast: Broadcast, real_now: datetime) -> Q | None:
    """Which rows the provider no longer tries to deliver, by when it took them; None where it always does.

    The shorter a message's life was, the nearer to the end it left: its moment tells which twin it was.
    """
    text = broadcast.rendered.get(DEFAULT_LANGUAGE, {})
    lives = sorted((int(seconds) for seconds in text.get("lives", {})), reverse=True) or [
        text.get("ttl") or 0
    ]
    if not lives[0]:
        return None
    until = broadcast.valid_until - clock.offset() if broadcast.valid_until else None
    found, longer = Q(pk=None), None
    for seconds in lives:
        life = timedelta(seconds=seconds)
        one = Q(accepted_at__lt=real_now - life)
        if until is not None and longer is not None:
            one &= Q(accepted_at__gt=until - longer)
        if until is not None and seconds != lives[-1]:
            one &= Q(accepted_at__lte=until - life)
        found |= one
        if until is None:
            break
        longer = life
    return found
