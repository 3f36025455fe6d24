"""What the provider says of a template, applied to its row at once, in whatever order it comes.

Words of WhatsApp's status webhooks as of September 2026. `FLAGGED` warns and does not stop, `REINSTATED` and
`UNARCHIVED` give a template back, `LOCKED` only says that it cannot be edited.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from broadcasts.models import MessageTemplate
from whatsapp.webhook import TemplateUpdate

log = logging.getLogger(__name__)
Status, Quality = MessageTemplate.Status, MessageTemplate.Quality
GIVEN_BACK = {"REINSTATED": Status.APPROVED, "UNARCHIVED": Status.APPROVED}
KEEPS_TRYING = timedelta(days=7)  # how old a webhook may be; one that is older yet comes from another clock
NO_REASON = ("", "NONE", "null")


def apply(event: TemplateUpdate, *, now: datetime) -> int:
    """Change the row that the event is about; `now` is real time. An event older than the last one that told
    of the same thing changes nothing. Returns how many rows changed."""
    changes, clock = changes_of(event)
    if not changes:
        log.info("The provider said %s of the template %s: nothing to change", event.event, event.name)
        return 0
    language = event.language or ""
    at = event.at or now
    rows = MessageTemplate.objects.filter(name=event.name, language__in={language, language.split("_")[0]})
    later = Q(**{f"{clock}__gt": at, f"{clock}__lte": at + KEEPS_TRYING})
    return rows.exclude(later).update(**changes, **{clock: at}, synced_at=now)


def changes_of(event: TemplateUpdate) -> tuple[dict[str, Any], str]:
    """The columns that an event changes, and the column of the moment it is ordered by. Pure."""
    match event.event:
        case "QUALITY":
            quality = event.quality or ""
            return ({"quality": quality} if quality in Quality.values else {}), "quality_at"
        case "FLAGGED":
            return {"quality": Quality.FLAGGED, "reason": reason_of(event)}, "quality_at"
        case "CATEGORY_IMPENDING":
            return {"correct_category": event.category or ""}, "category_at"
        case "CATEGORY":
            # The provider forgets the time to live of what it re-classes (back to thirty days).
            changed: dict[str, Any] = {"category": event.category} if event.category else {}
            return changed | {"correct_category": "", "ttl_seconds": None}, "category_at"
        case _:
            return _status_changes(event), "status_at"


def _status_changes(event: TemplateUpdate) -> dict[str, Any]:
    status = GIVEN_BACK.get(event.event, event.event)
    if status not in Status.values:
        return {}
    back = {"quality": Quality.UNKNOWN} if event.event in GIVEN_BACK else {}
    return back | {"status": status, "reason": reason_of(event)}


def reason_of(event: TemplateUpdate) -> str:
    """The provider's reason as it is stored; empty where it gave none."""
    said = [part for part in (event.reason, event.details) if part and part not in NO_REASON]
    return ": ".join(said)[:200]
