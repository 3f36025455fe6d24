"""A typed template: what the provider approves once, and what a phone shows when it is filled.

Limits are the provider's (WhatsApp Business message templates, named parameters): a body of at most
1,024 characters after expansion, a footer of 60, no parameter at either end of the body nor next to
another, at least 2n+1 words for n parameters, no new line, tab or run of spaces in a value.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

BODY_MAX = 1024
FOOTER_MAX = 60
BUTTON_MAX = 25
UTILITY_TTL = 43_200  # twelve hours: the longest the provider allows short of thirty days
# A time to live belongs to the template, not to the message: the shorter ones are twins with the same words,
# chosen when a message leaves so near to the notice's end that it could arrive after it (broadcasts/wire).
SHORTER = {10_800: "_3h", 1_800: "_30m"}
HEADERS = {"IMAGE": "_immagine", "DOCUMENT": "_documento"}
MANAGE_PAYLOAD = "cmd:choose"

PARAMETER = re.compile(r"\{\{([a-z_]+)\}\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2028\u2029\ufeff]")
_FOOTERS = {"it": "Per uscire: {words}", "en": "To leave: {words}"}
_BUTTONS = {"it": "Gestisci avvisi", "en": "Manage alerts"}


@dataclass(frozen=True, slots=True)
class Town:
    """What a text needs to know of the town. `leave_words` is the command that ends a subscription,
    `website` the address that relative links are joined to; `revision` rises with the name, which is part
    of every template."""

    name: str
    service_name: str
    emergency_number: str = "112"
    alert_zone: str = ""
    leave_words: str = "DISATTIVA ISCRIZIONE"
    website: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply of a template: its words by language, and what its tap says."""

    words: dict[str, str]
    payload: str


MANAGE = Button(_BUTTONS, MANAGE_PAYLOAD)


@dataclass(frozen=True, slots=True)
class TemplateDefinition:
    """One template in its languages.

    `bodies` hold `{{parameter}}` for what changes at every notice and `[[comune]]`, `[[servizio]]`,
    `[[emergenze]]` for what is fixed when the template is created. `examples` are what the provider's
    reviewer reads. `ttl_seconds` is None where the provider allows none of ours (marketing). `header` is
    "IMAGE" or "DOCUMENT" for a template that carries a file, whose body is the same.
    """

    name: str
    version: int
    category: str
    parameters: tuple[str, ...]
    bodies: dict[str, str]
    examples: dict[str, str]
    ttl_seconds: int | None = UTILITY_TTL
    header: str = ""
    buttons: tuple[Button, ...] = (MANAGE,)

    @property
    def provider_name(self) -> str:
        """A revision is a new name: an edited text never runs under an old approval."""
        return f"{self.name}_v{self.version}"

    def name_for(self, town: Town) -> str:
        """The name at the provider: new too when the town's own words in it have changed."""
        return self.provider_name if town.revision == 1 else f"{self.provider_name}_r{town.revision}"

    def with_header(self, header: str) -> TemplateDefinition:
        """The twin that carries a picture or a document; itself for an empty one."""
        return replace(self, name=self.name + HEADERS[header], header=header) if header else self

    def lasting(self, seconds: int) -> TemplateDefinition:
        """The twin with a shorter time to live, one of SHORTER; itself for its own."""
        if seconds == self.ttl_seconds:
            return self
        return replace(self, name=self.name + SHORTER[seconds], ttl_seconds=seconds)

    @property
    def lives(self) -> list[int]:
        """The times to live there are of it, the longest first; none where the provider allows none."""
        own = self.ttl_seconds
        return [] if own is None else [own, *(seconds for seconds in SHORTER if seconds < own)]

    @property
    def lives_carried(self) -> list[int]:
        """Those that are submitted: fewer of what carries a file, a small account may have 250 in all."""
        return self.lives[:: 2 if self.header else 1]

    def body(self, language: str, town: Town) -> str:
        """The body as it is submitted, parameters still open."""
        return _fill_town(self.bodies[language], town)

    def footer(self, language: str, town: Town) -> str:
        return _FOOTERS[language].format(words=town.leave_words)

    def body_hash(self, language: str, town: Town) -> str:
        """A fingerprint of everything the provider approves: it changes with any word of it."""
        parts = [
            self.name_for(town),
            language,
            self.category,
            self.body(language, town),
            self.footer(language, town),
            *(button.words[language] for button in self.buttons),
            self.header,
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def components(self, language: str, town: Town, handle: str = "") -> list[dict[str, Any]]:
        """Its parts as they are submitted; `handle` is an uploaded example of its picture or document."""
        examples = [{"param_name": name, "example": self.examples[name]} for name in self.parameters]
        body: dict[str, Any] = {"type": "BODY", "text": self.body(language, town)}
        if examples:
            body["example"] = {"body_text_named_params": examples}
        footer = {"type": "FOOTER", "text": self.footer(language, town)}
        replies = [{"type": "QUICK_REPLY", "text": button.words[language]} for button in self.buttons]
        buttons = {"type": "BUTTONS", "buttons": replies}
        if not self.header:
            return [body, footer, buttons]
        header = {"type": "HEADER", "format": self.header, "example": {"header_handle": [handle]}}
        return [header, body, footer, buttons]

    def definition_for_provider(self, language: str, town: Town, handle: str = "") -> dict[str, Any]:
        """The body of the request that creates this template in one language."""
        definition: dict[str, Any] = {
            "name": self.name_for(town),
            "language": language,
            "category": self.category,
            "parameter_format": "NAMED",
            "components": self.components(language, town, handle),
        }
        if self.ttl_seconds is not None:
            definition["message_send_ttl_seconds"] = self.ttl_seconds
        return definition

    def send_dict(self, language: str, town: Town, values: dict[str, str]) -> dict[str, Any]:
        """The `template` object of a message, without its file; raises ValueError if a value is missing or
        empty."""
        clean = self.clean_values(values)
        parameters = [
            {"type": "text", "parameter_name": name, "text": clean[name]} for name in self.parameters
        ]
        buttons = [
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": str(index),
                "parameters": [{"type": "payload", "payload": button.payload}],
            }
            for index, button in enumerate(self.buttons)
        ]
        body = [{"type": "body", "parameters": parameters}] if parameters else []
        return {
            "name": self.name_for(town),
            "language": {"code": language, "policy": "deterministic"},
            "components": [*body, *buttons],
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
