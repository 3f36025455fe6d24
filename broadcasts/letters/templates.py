"""The templates of letters: their own buttons, no parameter, no footer where the text says how to leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broadcasts.bulletins.templates import TemplateDefinition, Town
from broadcasts.letters.models import Letter

Reply = tuple[str, dict[str, str]]  # what a tap asks for, and its title in each language


@dataclass(frozen=True, slots=True)
class LetterTemplate(TemplateDefinition):
    """A text that is the same for everybody, with quick replies."""

    replies: tuple[Reply, ...] = ()

    def components(self, language: str, town: Town, handle: str = "") -> list[dict[str, Any]]:
        buttons = [{"type": "QUICK_REPLY", "text": titles[language]} for _payload, titles in self.replies]
        return [{"type": "BODY", "text": self.body(language, town)}, {"type": "BUTTONS", "buttons": buttons}]

    def message(self, language: str, town: Town) -> dict[str, Any]:
        """The message without its recipient."""
        components = [
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": str(place),
                "parameters": [{"type": "payload", "payload": payload}],
            }
            for place, (payload, _titles) in enumerate(self.replies)
        ]
        return {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "type": "template",
            "template": {
                "name": self.name_for(town),
                "language": {"code": language, "policy": "deterministic"},
                "components": components,
            },
        }


def _letter(name: str, italian: str, english: str, replies: tuple[Reply, ...]) -> LetterTemplate:
    return LetterTemplate(
        name=name,
        version=1,
        category="UTILITY",
        parameters=(),
        bodies={"it": italian, "en": english},
        examples={},
        replies=replies,
    )


LETTERS: dict[str, LetterTemplate] = {
    Letter.Kind.INVITATION: _letter(
        "servizio_invito",
        "[[comune]]: il tuo numero ci è stato dato per [[servizio]], gli avvisi di pubblica utilità su "
        "WhatsApp "
        "(allerte, strade, acqua, farmacie). È gratuito e si lascia quando si vuole.\n\nPer riceverli tocca "
        "«Attiva iscrizione». Se non rispondi non ti scriviamo più, e cancelliamo il numero.",
        "[[comune]]: your number was given to us for [[servizio]], the town's public notices on WhatsApp "
        "(alerts, roads, water, pharmacies). It is free and you may leave whenever you like.\n\nTo receive "
        "them "
        "tap “Subscribe”. If you do not answer we do not write again, and delete the number.",
        (
            ("cmd:start", {"it": "Attiva iscrizione", "en": "Subscribe"}),
            ("cmd:stop", {"it": "No, grazie", "en": "No, thanks"}),
        ),
    ),
    Letter.Kind.MORE: _letter(
        "servizio_altri_argomenti",
        "[[comune]]: sei iscritto a [[servizio]] per gli avvisi di emergenza, e questo non cambia.\n\nDa "
        "ora puoi "
        "ricevere anche altro, per esempio farmacie di turno, strade e acqua. Vuoi scegliere qualche "
        "argomento? "
        "Te lo chiediamo una volta sola.",
        "[[comune]]: you subscribed to [[servizio]] for emergency notices, and that does not "
        "change.\n\nFrom now "
        "on you may receive more, for example pharmacies on duty, roads and water. Would you like to choose "
        "a "
        "topic? We ask only once.",
        (
            ("cmd:choose", {"it": "Scegli argomenti", "en": "Choose topics"}),
            ("cmd:enough", {"it": "No, va bene così", "en": "No, that is fine"}),
        ),
    ),
    Letter.Kind.PROMOTIONS: _letter(
        "servizio_promozioni_fermate",
        "[[comune]]: da WhatsApp hai fermato i messaggi promozionali, e [[servizio]] non te ne manda "
        "più.\n\nGli "
        "altri avvisi che hai scelto continuano, emergenze comprese. Se non ne vuoi nessuno tocca qui sotto.",
        "[[comune]]: on WhatsApp you have stopped promotional messages, and [[servizio]] sends you none any "
        "more.\n\nThe other notices that you chose go on, emergencies included. If you want none, tap below.",
        (("cmd:stop", {"it": "Esci da tutto", "en": "Leave everything"}),),
    ),
}
