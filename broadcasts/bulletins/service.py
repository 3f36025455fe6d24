"""Templates that are no notice: what the service itself asks one person, outside the 24 hours."""

from __future__ import annotations

from broadcasts.bulletins.templates import Button, TemplateDefinition

ANSWER_READY = TemplateDefinition(
    name="risposta_pronta",
    version=1,
    category="UTILITY",
    parameters=(),
    bodies={
        "it": "[[servizio]]: abbiamo una risposta a quello che ci hai scritto. Per riceverla tocca qui sotto "
        "oppure scrivi una parola qualsiasi.",
        "en": "[[servizio]]: we have an answer to what you wrote to us. To receive it, tap below or write "
        "any word.",
    },
    examples={},
    buttons=(Button({"it": "Leggi la risposta", "en": "Read the answer"}, "service:answer"),),
)
STAY = "service:stay"
RECONSENT = TemplateDefinition(
    name="conferma_iscrizione",
    version=1,
    category="UTILITY",
    parameters=("change", "deadline"),
    bodies={
        "it": "[[servizio]]: cambiano le regole del servizio. {{change}}\nSe vuoi continuare a ricevere gli "
        "avvisi dillo entro {{deadline}}, toccando qui sotto. Se non rispondi la tua iscrizione finisce quel "
        "giorno: per tornare basta scrivere ATTIVA ISCRIZIONE.",
        "en": "[[servizio]]: the rules of the service change. {{change}}\nIf you want to go on receiving the "
        "notices, say so by {{deadline}}, tapping below. If you do not answer, your subscription ends that "
        "day: to come back, just write SUBSCRIBE.",
    },
    examples={"change": "Gli avvisi arrivano anche di sabato.", "deadline": "domenica 20 dicembre 2026"},
    buttons=(
        Button({"it": "Resto iscritto", "en": "I stay"}, STAY),
        Button({"it": "Esco", "en": "I leave"}, "cmd:stop"),
    ),
)
SERVICE = (ANSWER_READY, RECONSENT)
