"""The words that composing puts around what the office wrote, in the languages of the messages.

Not gettext: a text is composed in every language of the town at once, whatever language the person at
the desk reads, and is stored.
"""

from __future__ import annotations

COLOURS = {
    "gialla": {"it": "GIALLA", "en": "YELLOW"},
    "arancione": {"it": "ARANCIONE", "en": "ORANGE"},
    "rossa": {"it": "ROSSA", "en": "RED"},
}

# The risks of the Tuscan regional bulletin, in its order.
RISKS = {
    "idraulico_minore": {
        "it": "rischio idrogeologico e idraulico del reticolo minore",
        "en": "flooding of minor streams and landslides",
    },
    "idraulico_principale": {
        "it": "rischio idraulico del reticolo principale",
        "en": "flooding of the main rivers",
    },
    "temporali": {"it": "temporali forti", "en": "severe thunderstorms"},
    "vento": {"it": "vento", "en": "wind"},
    "mareggiate": {"it": "mareggiate", "en": "rough seas"},
    "neve": {"it": "neve", "en": "snow"},
    "ghiaccio": {"it": "ghiaccio", "en": "ice"},
}

PHRASES = {
    "alert_colour": {"it": "allerta {colour} per {risks}", "en": "{colour} alert for {risks}"},
    "alert_hours": {"it": "{alert}, {hours}", "en": "{alert}, {hours}"},
    "alert_zone": {"it": "zona di allerta {zone}", "en": "alert zone {zone}"},
    "whole_town": {"it": "tutto il territorio comunale", "en": "the whole town"},
    "ordinance": {"it": "Ordinanza {number}.", "en": "Order {number}."},
    "call": {"it": "Telefono: {phone}.", "en": "Telephone: {phone}."},
    "faults": {"it": "Guasti: {phone}.", "en": "Faults: {phone}."},
    "works_by": {"it": "Lavori di {who}.", "en": "Works by {who}."},
    "low_pressure": {"it": "Pressione bassa o acqua assente.", "en": "Low pressure or no water."},
    "no_water": {"it": "Manca l'acqua.", "en": "There is no water."},
    "turbid": {
        "it": "Al ritorno l'acqua può essere torbida: fatela scorrere qualche minuto.",
        "en": "When it returns the water may be cloudy: let it run for a few minutes.",
    },
    "fallback": {
        "it": "In caso di maltempo i lavori slittano a {day}.",
        "en": "In bad weather the works move to {day}.",
    },
    "tanker": {"it": "Autobotte: {where}.", "en": "Water tanker: {where}."},
    "event": {"it": "Occasione: {event}.", "en": "Occasion: {event}."},
    "kick_off": {"it": "{event}, calcio d'inizio {at}", "en": "{event}, kick-off {at}"},
    "detour": {"it": "Percorso alternativo: {detour}.", "en": "Detour: {detour}."},
    "reason": {"it": "Motivo: {reason}.", "en": "Reason: {reason}."},
    "office": {"it": "Per informazioni: {office}.", "en": "Information: {office}."},
    "no_details": {"it": "I dettagli sono alla pagina qui sotto.", "en": "See the page below for details."},
    "no_night": {"it": "vedi la pagina qui sotto", "en": "see the page below"},
    "no_place": {"it": "vedi il programma", "en": "see the programme"},
    "all_schools": {"it": "tutte le scuole", "en": "all schools"},
    "original": {"it": "del {day} «{title}»", "en": 'of {day}, "{title}"'},
    "original_undated": {"it": "«{title}»", "en": '"{title}"'},
    "original_unknown": {"it": "precedente", "en": "sent before"},
    "now_on": {"it": "da adesso", "en": "from now on"},
    "and": {"it": "e", "en": "and"},
    "refers": {"it": "Riguarda il messaggio {original}.", "en": "About our message {original}."},
    "exercise": {
        "it": "ESERCITAZIONE: non è un'emergenza reale.",
        "en": "EXERCISE (ESERCITAZIONE): this is not a real emergency.",
    },
    "when": {"it": "Quando: {text}.", "en": "When: {text}."},
    "where": {"it": "Dove: {text}.", "en": "Where: {text}."},
    "streets": {"it": "Strade:", "en": "Streets:"},
    "rota": {"it": "Turni:", "en": "Rota:"},
    "phone": {"it": "tel. {phone}", "en": "tel. {phone}"},
    "by_night": {"it": "di notte {who}", "en": "at night {who}"},
    "pharmacies": {"it": "Dove sono:", "en": "Where they are:"},
    "night": {"it": "Di notte: {text}.", "en": "At night: {text}."},
    "schools": {"it": "Scuole interessate: {text}.", "en": "Schools concerned: {text}."},
    "last_day": {"it": "Ultimo giorno: {text}.", "en": "Last day: {text}."},
    "more_at": {"it": "Per saperne di più: {address}", "en": "More at: {address}"},
    "valid": {"it": "Vale: {text}.", "en": "Valid: {text}."},
}


def say(key: str, language: str, **values: str) -> str:
    """A phrase of the table with its values, in a language."""
    return PHRASES[key][language].format(**values)


def listed(items: list[str], language: str) -> str:
    """«a, b e c»."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {PHRASES['and'][language]} {items[-1]}"
