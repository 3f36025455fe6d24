"""Set a town up from plain data: profile, holidays, categories, zones, first policy text. Idempotent."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from policy.models import Category, Holiday, PolicyVersion, TownProfile
from policy.rules import SHIPPED
from staff.roles import sync_roles
from subscribers.models import Zone

TEXTS = Path(settings.BASE_DIR) / "policy" / "texts"


def read(name: str) -> dict[str, Any]:
    """A town's data file in data/."""
    data: dict[str, Any] = json.loads((Path(settings.BASE_DIR) / "data" / f"{name}.json").read_text())
    return data


@transaction.atomic
def set_up(data: dict[str, Any], *, published_at: datetime) -> TownProfile:
    """Write what is missing; what a person changed in the admin meanwhile is left as it is."""
    sync_roles()
    town = TownProfile.objects.filter(pk=1).first()
    if town is None:
        town = TownProfile(**data["profile"])
        town.save()
    for holiday in data["holidays"]:
        Holiday.objects.get_or_create(
            month=holiday["month"], day=holiday["day"], defaults={"name": holiday["name"]}
        )
    for order, (slug, name) in enumerate(data["zones"]):
        Zone.objects.get_or_create(slug=slug, defaults={"name": name, "order": order})
    for order, rule in enumerate(SHIPPED.categories):
        Category.objects.get_or_create(
            slug=rule.slug,
            defaults={
                "name": rule.name,
                "name_en": (rule.words_en or ("",))[0].capitalize(),
                "icon": rule.icon,
                "colour": rule.colour,
                "order": order,
                "default_severity": rule.default_severity,
                "max_severity": rule.max_severity,
                "core": rule.core,
                "preselected": rule.preselected,
                "monthly_promise": rule.promise,
                "template_class": rule.template_class,
                "legal_basis": rule.legal_basis,
                "indispensable": rule.indispensable,
            },
        )
    for kind in PolicyVersion.Kind.values:
        PolicyVersion.objects.get_or_create(
            kind=kind,
            number=1,
            defaults={
                "body": (TEXTS / f"{kind}_it.md").read_text(),
                "body_en": (TEXTS / f"{kind}_en.md").read_text(),
                "changes": "Prima versione.",
                "published_at": published_at,
            },
        )
    return town
