"""Our templates at the provider: submitted where they miss, their state read back every hour.

The list is the truth of its moment and overwrites what webhooks said; a template that it no longer has is
deleted there, whatever we remember.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from datetime import datetime
from typing import Any

from django.conf import settings

from broadcasts import examples, provider
from broadcasts.bulletins.kinds import LANGUAGES, all_templates
from broadcasts.bulletins.staff_template import STAFF
from broadcasts.bulletins.templates import TemplateDefinition, Town
from broadcasts.letters.templates import LETTERS
from broadcasts.models import MessageTemplate
from broadcasts.render import town_of
from policy.models import TownProfile
from staff.models import User, audit
from whatsapp.client import ApiError
from whatsempoli import clock

log = logging.getLogger(__name__)
Key = tuple[str, str]  # the provider's name and the language
Listed = dict[Key, dict[str, Any]]
Status = MessageTemplate.Status


def sync(*, by: User | None = None) -> dict[str, int]:
    """Submit what the provider lacks, mend what it let slip, store the state of all; how many by state."""
    town, there, now = town_of(TownProfile.current()), _listed(), clock.real_now()
    handles: dict[str, str] = {}
    for kind, template in wanted():
        for language in LANGUAGES:
            key = template.name_for(town), language
            known = there.get(key)
            if known is None:
                # Theirs from now on: a webhook may have told of it before all the others are submitted.
                known = there[key] = _create(template, language, town, handles)
            elif _lost_its_life(template, known):
                _mend(template, known)
            _store(kind, template, language, town, known, now)
    _forget_gone(there, now)
    audit(by, "templates_submit", "modelli di messaggio")
    return _counts()


def refresh() -> dict[str, int]:
    """Read the state of all, submit nothing; returns how many by state."""
    town, there, now = town_of(TownProfile.current()), _listed(), clock.real_now()
    for kind, template in wanted():
        for language in LANGUAGES:
            known = there.get((template.name_for(town), language))
            if known is not None:
                _store(kind, template, language, town, known, now)
    _forget_gone(there, now)
    return _counts()


def missing() -> int:
    """How many of our templates were never submitted, a language each."""
    town = town_of(TownProfile.current())
    known = set(MessageTemplate.objects.exclude(status=Status.UNKNOWN).values_list("name", "language"))
    return len({(t.name_for(town), lang) for _kind, t in wanted() for lang in LANGUAGES} - known)


def wanted() -> list[tuple[str, TemplateDefinition]]:
    """All of them; those with a file only where the app is known that takes the example of it."""
    return [*all_templates(files=bool(settings.WHATSAPP_APP_ID)), ("staff", STAFF), *LETTERS.items()]


def _listed() -> Listed:
    return {(row["name"], row["language"]): row for row in provider.client().list_templates()}


def _create(
    template: TemplateDefinition, language: str, town: Town, handles: dict[str, str]
) -> dict[str, Any]:
    """The provider's answer; a refusal in its own shape. Examples of files are uploaded once a run."""
    client = provider.client()
    try:
        if template.header and template.header not in handles:
            content, mime, filename = examples.example_of(template.header)
            handles[template.header] = client.upload_example(content, mime, filename)
        definition = template.definition_for_provider(language, town, handles.get(template.header, ""))
        return definition | client.create_template(definition)
    except ApiError as error:
        log.error("The provider refused the template %s: %s", template.name_for(town), error.code)
        return {"status": Status.REJECTED, "rejected_reason": str(error.info.reason)}


def _lost_its_life(template: TemplateDefinition, known: dict[str, Any]) -> bool:
    """Re-classed and back again: the provider has forgotten when its messages are over."""
    ours = known.get("category") == template.category and known.get("status") == Status.APPROVED
    return ours and template.ttl_seconds is not None and _life(known) is None


def _mend(template: TemplateDefinition, known: dict[str, Any]) -> None:
    """Give it its time to live again, which sends it back to review."""
    try:
        provider.client().edit_template(str(known["id"]), {"message_send_ttl_seconds": template.ttl_seconds})
    except ApiError as error:
        log.error("The provider keeps %s without a time to live: %s", known.get("name"), error.code)
    else:
        known |= {"message_send_ttl_seconds": template.ttl_seconds, "status": Status.PENDING}


def _store(
    kind: str, template: TemplateDefinition, language: str, town: Town, known: dict[str, Any], now: datetime
) -> None:
    quality = known.get("quality_score") or {}
    score = quality.get("score") if isinstance(quality, dict) else quality
    status = known.get("status")
    reason = str(known.get("rejected_reason") or "")[:200]
    MessageTemplate.objects.update_or_create(
        name=template.name_for(town),
        language=language,
        defaults={
            "kind": kind,
            "category": known.get("category", template.category),
            "correct_category": known.get("correct_category") or "",
            "status": status if status in Status.values else Status.UNKNOWN,
            "quality": score if score in MessageTemplate.Quality.values else MessageTemplate.Quality.UNKNOWN,
            "body_hash": _hash(template, language, town, known),
            "ttl_seconds": _life(known),
            "provider_id": str(known.get("id", "")),
            "reason": "" if reason == "NONE" else reason,
            "synced_at": now,
            "status_at": None,
            "quality_at": None,
            "category_at": None,
        },
    )


def _life(known: dict[str, Any]) -> int | None:
    """Its time to live in seconds; None for the provider's own, which is thirty days."""
    value = known.get("message_send_ttl_seconds")
    return value if isinstance(value, int) and value > 0 else None


def _hash(template: TemplateDefinition, language: str, town: Town, known: dict[str, Any]) -> str:
    """Ours if the provider has our words, another one if somebody changed them there."""
    ours = {part["type"]: part.get("text") for part in template.components(language, town)}
    theirs = {part.get("type"): part.get("text") for part in known.get("components") or []}
    if not theirs or all(theirs.get(name) == ours.get(name) for name in ("BODY", "FOOTER")):
        return template.body_hash(language, town)
    return hashlib.sha256(repr(sorted(map(str, theirs.items()))).encode()).hexdigest()


def _forget_gone(there: Listed, now: datetime) -> None:
    """What the provider no longer has cannot be sent, whatever we remember of it."""
    for row in MessageTemplate.objects.exclude(status__in=(Status.UNKNOWN, Status.REJECTED, Status.DELETED)):
        if (row.name, row.language) not in there and row.synced_at != now:
            row.status, row.synced_at = Status.DELETED, now
            row.save(update_fields=["status", "synced_at"])


def _counts() -> dict[str, int]:
    return dict(Counter(MessageTemplate.objects.values_list("status", flat=True)))
