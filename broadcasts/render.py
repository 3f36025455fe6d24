"""From a kind and its fields to the texts: what the phone shows, what the page says, what is sent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation

from broadcasts import exercise_rules
from broadcasts.bulletins.compose import Original, compose
from broadcasts.bulletins.kinds import KINDS, Kind
from broadcasts.bulletins.templates import TemplateDefinition, Town
from broadcasts.models import Broadcast
from policy.models import TownProfile

DEFAULT_LANGUAGE = "it"


def town_of(profile: TownProfile) -> Town:
    """The town as the texts need it."""
    return Town(
        name=profile.name,
        service_name=profile.service_name,
        emergency_number=profile.emergency_number,
        alert_zone=profile.alert_zone,
        website=profile.website,
        revision=profile.template_revision,
    )


def template_of(broadcast: Broadcast) -> TemplateDefinition:
    """The template that this notice leaves as."""
    kind = KINDS[broadcast.kind]
    return kind.template_for(
        broadcast.category.template_class, spare=broadcast.spare_template, header=broadcast.media_header
    )


def public_url(broadcast: Broadcast, language: str) -> str:
    """The full address of its public page, as written in the message of that language."""
    with translation.override(language):  # not the language of whoever saves
        return f"{settings.SITE_URL}{broadcast.get_absolute_url()}"


def render(broadcast: Broadcast) -> dict[str, dict[str, Any]]:
    """One entry for each language there is a text for; Italian always.

    `fields["en"]` holds the English words of the author, laid over the Italian fields.
    """
    texts = {DEFAULT_LANGUAGE: broadcast.fields}
    if broadcast.fields.get("en"):
        texts["en"] = broadcast.fields | broadcast.fields["en"]
    town = town_of(TownProfile.current())
    return {language: _one(broadcast, town, language, fields) for language, fields in texts.items()}


def _one(broadcast: Broadcast, town: Town, language: str, fields: dict[str, Any]) -> dict[str, Any]:
    template = template_of(broadcast)
    original = broadcast.refers_to
    composed = compose(
        broadcast.kind,
        fields,
        town=town,
        language=language,
        title=fields.get("title") or broadcast.title,
        link=public_url(broadcast, language),
        category_label=broadcast.category.label(language),
        original=Original(original.title, original.started_at) if original else None,
    )
    values = exercise_rules.marked(broadcast, composed.values)
    payload = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": "template"}
    return {
        "template": template.name_for(town),
        "body_hash": template.body_hash(language, town),
        "ttl": template.ttl_seconds,
        "lives": {str(life): template.lasting(life).name_for(town) for life in template.lives_carried},
        **_file(broadcast, template, town),
        "values": values,
        "send": payload | {"template": template.send_dict(language, town, values)},
        "phone_text": template.phone_text(language, town, values),
        "page_text": composed.page_text,
        "title": composed.title,
    }


def _file(broadcast: Broadcast, template: TemplateDefinition, town: Town) -> dict[str, Any]:
    """What of the file is approved with the text; nothing where the template carries none."""
    if not template.header or broadcast.media is None:
        return {}
    plain = KINDS[broadcast.kind].template_for(broadcast.category.template_class)
    return {
        "media": {
            "sha256": broadcast.media.sha256,
            "header": template.header,
            "alt": broadcast.media_alt,
            "without": plain.name_for(town),  # the same words, for an emergency whose file is not taken
        }
    }


def kind_of(broadcast: Broadcast) -> Kind:
    """Its kind, with form and words."""
    return KINDS[broadcast.kind]


def problems(broadcast: Broadcast) -> list[str]:
    """What the provider would refuse in this text, in sentences."""
    template, town = template_of(broadcast), town_of(TownProfile.current())
    found: list[str] = []
    for language, text in broadcast.rendered.items():
        found += template.limits(language, town, text["values"])
    return found
