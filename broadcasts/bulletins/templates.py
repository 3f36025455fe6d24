"""A typed template: what the provider approves once, and what a phone shows when it is filled.

Limits are the provider's (WhatsApp Business message templates, named parameters): a body of at most
1,024 characters after expansion, a footer of 60, no parameter at either end of the body nor next to
another, at least 2n+1 words for n parameters, no new line, tab or run of spaces in a value.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

BODY_MAX = 1024
FOOTER_MAX = 60
BUTTON_MAX = 25
UTILITY_TTL = 43_200  # twelve hours: the longest the provider allows short of thirty days
MANAGE_PAYLOAD = "cmd:choose"

PARAMETER = re.compile(r"\{\{([a-z_]+)\}\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2028\u2029\ufeff]")
_FOOTERS = {"it": "Per uscire: {words}", "en": "To leave: {words}"}
_BUTTONS = {"it": "Gestisci avvisi", "en": "Manage alerts"}


@dataclass(frozen=True, slots=True)
class Town:
    """What a text needs to know of the town. `leave_words` is the command that ends a subscription,
    `website` the address that relative links are joined to."""

    name: str
    service_name: str
    emergency_number: str = "112"
    alert_zone: str = ""
    leave_words: str = "DISATTIVA ISCRIZIONE"
    website: str = ""


@dataclass(frozen=True, slots=True)
class TemplateDefinition:
    """One template in its languages.

    `bodies` hold `{{parameter}}` for what changes at every notice and `[[comune]]`, `[[servizio]]`,
    `[[emergenze]]` for what is fixed when the template is created. `examples` are what the provider's
    reviewer reads. `ttl_seconds` is None where the provider allows none of ours (marketing).
    """

    name: str
    version: int
    category: str
    parameters: tuple[str, ...]
    bodies: dict[str, str]
    examples: dict[str, str]
    ttl_seconds: int | None = UTILITY_TTL

    @property
    def provider_name(self) -> str:
        """A revision is a new name: an edited text never runs under an old approval."""
        return f"{self.name}_v{self.version}"

    def body(self, language: str, town: Town) -> str:
        """The body as it is submitted, parameters still open."""
        return _fill_town(self.bodies[language], town)

    def footer(self, language: str, town: Town) -> str:
        return _FOOTERS[language].format(words=town.leave_words)

    def body_hash(self, language: str, town: Town) -> str:
        """A fingerprint of everything the provider approves: it changes with any word of it."""
        parts = [
            self.provider_name,
            language,
            self.category,
            self.body(language, town),
            self.footer(language, town),
            _BUTTONS[language],
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def definition_for_provider(self, language: str, town: Town) -> dict[str, Any]:
        """The body of the request that creates this template in one language."""
        examples = [{"param_name": name, "example": self.examples[name]} for name in self.parameters]
        definition: dict[str, Any] = {
            "name": self.provider_name,
            "language": language,
            "category": self.category,
            "parameter_format": "NAMED",
            "components": [
                {
                    "type": "BODY",
                    "text": self.body(language, town),
                    "example": {"body_text_named_params": examples},
                },
                {"type": "FOOTER", "text": self.footer(language, town)},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": _BUTTONS[language]}]},
            ],
        }
        if self.ttl_seconds is not None:
            definition["message_send_ttl_seconds"] = self.ttl_seconds
        return definition

    def send_dict(self, language: str, values: dict[str, str]) -> dict[str, Any]:
        """The `template` object of a message; raises ValueError if a value is missing or empty."""
        clean = self.clean_values(values)
        parameters = [
            {"type": "text", "parameter_name": name, "text": clean[name]} for name in self.parameters
        ]
        button = {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": MANAGE_PAYLOAD}],
        }
        return {
            "name": self.provider_name,
            "language": {"code": language, "policy": "deterministic"},
            "components": [{"type": "body", "parameters": parameters}, button],
        }

    def filled_body(self, language: str, town: Town, values: dict[str, str]) -> str:
        """The body with its parameters; a value is never searched for placeholders again."""
        clean = self.clean_values(values)
        return PARAMETER.sub(lambda found: clean[found[1]], self.body(language, town))

    def phone_text(self, language: str, town: Town, values: dict[str, str]) -> str:
        """Exactly what the phone shows: body, blank line, footer."""
        return f"{self.filled_body(language, town, values)}\n\n{self.footer(language, town)}"

    def clean_values(self, values: dict[str, str]) -> dict[str, str]:
        """Values the provider accepts; raises ValueError on a missing, unknown or empty one."""
        unknown = set(values) - set(self.parameters)
        clean = {name: clean_value(values.get(name, "")) for name in self.parameters}
        empty = [name for name, value in clean.items() if not value]
        if unknown or empty:
            raise ValueError(f"{self.provider_name}: empty {empty}, unknown {sorted(unknown)}")
        return clean

    def limits(self, language: str, town: Town, values: dict[str, str]) -> list[str]:
        """What the provider would refuse in these values, a sentence each; empty if nothing."""
        try:
            length = len(self.filled_body(language, town, values))
        except ValueError:
            return [_("Manca una parte del testo: completa i campi.")]
        if length > BODY_MAX:
            return [
                _("Il testo è di %(length)d caratteri: WhatsApp ne accetta %(most)d. Toglierne %(over)d.")
                % {"length": length, "most": BODY_MAX, "over": length - BODY_MAX}
            ]
        return []


def clean_value(value: str) -> str:
    """One line, single spaces, no invisible characters: what the provider accepts as a parameter."""
    return " ".join(_CONTROL.sub(" ", value).split())


def _fill_town(text: str, town: Town) -> str:
    fixed = {
        "[[comune]]": town.name,
        "[[servizio]]": town.service_name,
        "[[emergenze]]": town.emergency_number,
    }
    for mark, value in fixed.items():
        text = text.replace(mark, value)
    return text
