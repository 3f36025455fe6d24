"""What a citizen is told at once where the office answers: who reads it, when, and what it is not for."""

from __future__ import annotations

from broadcasts.answer_words import STANDING
from broadcasts.answers import Content
from policy.facts import facts_of
from policy.models import TownProfile
from subscribers.conversation import NotUnderstood
from subscribers.models import Subscriber
from whatsapp import payloads

RECEIVED = {
    "it": "Lo legge l'ufficio, e ti risponde qui. Orari: {hours}.\n\nNon è un servizio per le emergenze: in "
    "caso di pericolo chiama il {emergency}.",
    "en": "The office reads it, and answers you here. Hours: {hours}.\n\nThis is no emergency service: in "
    "danger call {emergency}.",
}
DANGER = {
    "it": "Se c'è un pericolo chiama subito il {emergency}: qui non c'è nessuno pronto a ogni ora.",
    "en": "If there is danger call {emergency} at once: nobody is ready here at all hours.",
}
MEDIA = {
    "it": "Messaggi vocali, foto e chiamate non si possono aprire: scrivi a parole.",
    "en": "Voice notes, pictures and calls cannot be opened: write in words.",
}
INFO = {"it": "Che cosa posso fare", "en": "What I can do"}


def received(answer: NotUnderstood, person: Subscriber, town: TownProfile) -> Content:
    """The answer to what a person of the office will read."""
    language = person.language if person.language in RECEIVED else "it"
    frame = {
        "service": town.service_name,
        "emergency": town.emergency_number,
        "hours": facts_of(town, language).hours,
    }
    parts = [STANDING[answer.active][language], RECEIVED[language]]
    if answer.danger:
        parts.insert(0, DANGER[language])
    if answer.kind != "text":
        parts.append(MEDIA[language])
    text = "\n\n".join(part.format(**frame) for part in parts)
    return Content("received-1", payloads.buttons(None, text, [("cmd:info", INFO[language])]))
