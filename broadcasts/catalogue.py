"""Our templates at the provider: created where they miss, their state read back."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone

from broadcasts import provider
from broadcasts.bulletins.kinds import LANGUAGES, all_templates
from broadcasts.models import MessageTemplate
from broadcasts.render import town_of
from policy.models import TownProfile
from whatsapp.client import ApiError

log = logging.getLogger(__name__)


def sync() -> dict[str, int]:
    """Create what the provider lacks and store the state of all; returns how many by state."""
    town = town_of(TownProfile.current())
    there = {(row["name"], row["language"]): row for row in provider.client().list_templates()}
    for kind, template in all_templates():
        for language in LANGUAGES:
            known = there.get((template.provider_name, language))
            if known is None:
                known = _create(template.definition_for_provider(language, town))
            MessageTemplate.objects.update_or_create(
                name=template.provider_name,
                language=language,
                defaults={
                    "kind": kind,
                    "category": known.get("category", template.category),
                    "status": known.get("status", MessageTemplate.Status.UNKNOWN),
                    "body_hash": template.body_hash(language, town),
                    "ttl_seconds": template.ttl_seconds,
                    "provider_id": str(known.get("id", "")),
                    "reason": str(known.get("rejected_reason") or "")[:200],
                    "synced_at": timezone.now(),
                },
            )
    counts: dict[str, int] = {}
    for status in MessageTemplate.objects.values_list("status", flat=True):
        counts[status] = counts.get(status, 0) + 1
    return counts


def _create(definition: dict[str, Any]) -> dict[str, Any]:
    try:
        return provider.client().create_template(definition)
    except ApiError as error:
        log.error("The provider refused the template %s: %s", definition["name"], error.code)
        return {"status": "REJECTED", "rejected_reason": str(error.info.reason)}
