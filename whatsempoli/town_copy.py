"""The town's own data, to be copied: profile, holidays, zones, categories. Never people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.models import model_to_dict

from policy.models import Category, Holiday, TownProfile
from subscribers.models import Zone

# What is copied, and by which fields a row is found again in the other installation.
PARTS: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "holidays": (Holiday, ("month", "day")),
    "zones": (Zone, ("slug",)),
    "categories": (Category, ("slug",)),
}
PRACTICE = "PALESTRA"
PRACTICE_NUMBER = "+390000000000"  # no telephone number: nobody can be called or written to by mistake


def give() -> dict[str, Any]:
    """The town's data as plain values."""
    parts = {
        name: [_values(row) for row in model._default_manager.all()] for name, (model, _) in PARTS.items()
    }
    return {"profile": _values(TownProfile.current()), **parts}


@transaction.atomic
def take(data: Mapping[str, Any]) -> None:
    """Write what `give` gave; anything else in `data` is refused. Raises ValidationError."""
    if not isinstance(data, dict):
        raise ValidationError("I dati del Comune sono un oggetto JSON.")
    if unknown := set(data) - {"profile", *PARTS}:
        raise ValidationError(f"Non si copiano: {', '.join(sorted(unknown))}.")
    if "profile" in data:
        _put(TownProfile.current(), data["profile"])
    for name, (model, keys) in PARTS.items():
        for values in data.get(name, ()):
            wanted = {key: values[key] for key in keys}
            _put(model._default_manager.filter(**wanted).first() or model(), values)


def mark_practice() -> None:
    """Make the town unmistakably a practice ground: its name, and a number that is none."""
    town = TownProfile.current()
    if not town.service_name.startswith(PRACTICE):
        town.service_name = f"{PRACTICE} {town.service_name}"[:40]
    town.whatsapp_number = PRACTICE_NUMBER
    town.save()


def _values(row: models.Model) -> dict[str, Any]:
    """A row's own fields, without its number in this database."""
    return model_to_dict(row, fields=[field.name for field in _fields(type(row))])


def _put(row: models.Model, values: Mapping[str, Any]) -> None:
    fields = {field.name: field for field in _fields(type(row))}
    if unknown := set(values) - set(fields):
        raise ValidationError(f"{row._meta.verbose_name}: {', '.join(sorted(unknown))} non c'è.")
    for name, value in values.items():
        setattr(row, name, fields[name].to_python(value))
    row.full_clean()
    row.save()


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if field.name != "id" and not field.is_relation]
