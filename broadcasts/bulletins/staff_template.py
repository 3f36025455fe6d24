"""The template of a call to one of the staff: no footer, no button, a link to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broadcasts.bulletins.templates import TemplateDefinition, Town, clean_value

MOST = 160  # characters of what it is about


@dataclass(frozen=True, slots=True)
class StaffTemplate(TemplateDefinition):
    """Nobody subscribes to it, so it says nothing of leaving."""

    def components(self, language: str, town: Town, handle: str = "") -> list[dict[str, Any]]:
        return TemplateDefinition.components(self, language, town, handle)[:1]


STAFF = StaffTemplate(
    name="redazione_chiamata",
    version=1,
    category="UTILITY",
    parameters=("cosa", "link"),
    bodies={
        "it": "[[servizio]], per la redazione: {{cosa}}.\n\nApri: {{link}}\n\n"
        "Ricevi questo messaggio perché approvi gli avvisi del [[comune]].",
        "en": "[[servizio]], for the office: {{cosa}}.\n\nOpen: {{link}}\n\n"
        "You receive this message because you approve the notices of [[comune]].",
    },
    examples={
        "cosa": "Da approvare: allerta arancione per temporali forti",
        "link": "https://avvisi.comune.example/notte/k7m2p9xq",
    },
    ttl_seconds=43_200,
)


def payload(town: Town, *, what: str, address: str, language: str = "it") -> dict[str, Any]:
    """The message without its recipient."""
    values = {"cosa": clean_value(what)[:MOST].rstrip(" .:"), "link": address}
    body = [{"type": "text", "parameter_name": name, "text": values[name]} for name in STAFF.parameters]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "template",
        "template": {
            "name": STAFF.name_for(town),
            "language": {"code": language, "policy": "deterministic"},
            "components": [{"type": "body", "parameters": body}],
        },
    }
