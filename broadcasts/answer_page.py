"""docs/commands.md, made from the code: every command, every answer, in both languages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from django.conf import settings

from broadcasts import answer_words as said
from subscribers.cores import CORES
from subscribers.understood import Command

FILE = Path(settings.BASE_DIR) / "docs" / "commands.md"

# What each command does, how the service teaches it in both languages, and what a tap sends.
COMMANDS: dict[Command, tuple[str, tuple[str, ...], tuple[str, ...], str]] = {
    Command.START: (
        "join, with the core and the preselected topics",
        ("ATTIVA ISCRIZIONE", "iscrivimi", "riattiva iscrizione"),
        ("subscribe", "start", "sign me up"),
        "cmd:start",
    ),
    Command.STOP: (
        "leave everything, at once",
        ("DISATTIVA ISCRIZIONE", "STOP", "basta", "cancellami", "non voglio più messaggi"),
        ("stop", "unsubscribe", "remove me"),
        "cmd:stop",
    ),
    Command.MARKETING_STOP: (
        "leave the topics that are promotional to the provider, and keep the others",
        ("STOP PROMOZIONI", "basta pubblicità"),
        ("stop promotions",),
        "cmd:marketing_stop",
    ),
    Command.TOPIC_ON: (
        "add one topic; who is out comes back with it and the core ones",
        ("ATTIVA FARMACIE", "FARMACIE SÌ", "aggiungi eventi"),
        ("pharmacies on", "add events"),
        "topic:farmacie:on",
    ),
    Command.TOPIC_OFF: (
        "leave one topic",
        ("DISATTIVA FARMACIE", "FARMACIE NO", "stop farmacie"),
        ("pharmacies off", "stop events"),
        "topic:farmacie:off",
    ),
    Command.ASK: (
        "what holds now about a topic, at any hour, for anyone",
        ("FARMACIA", "ALLERTA", "acqua", "strade chiuse?", "scuole chiuse domani?", "eventi", "scadenze"),
        ("pharmacy", "weather alert", "schools closed tomorrow?"),
        "ask:farmacie",
    ),
    Command.INFO: (
        "three things to begin with",
        ("INFO", "AIUTO", "?", "come funziona"),
        ("help",),
        "cmd:info",
    ),
    Command.MORE: ("everything that one may ask, as a list", (), (), "cmd:more"),
    Command.CHOOSE: (
        "topics as a list, and the ways to zones, alert colour and language",
        ("SCEGLI", "argomenti"),
        ("choose", "preferences"),
        "cmd:choose",
    ),
    Command.ZONES: ("zones as a list, eight at a time", ("ZONA", "cambia zona"), ("zones",), "cmd:zones:1"),
    Command.ZONE_ON: ("add a zone", (), (), "zone:avane:on"),
    Command.ZONE_OFF: ("leave a zone", (), (), "zone:avane:off"),
    Command.WHOLE_TOWN: ("the notices of every zone", (), (), "cmd:whole_town"),
    Command.LANGUAGES: ("both languages as a list", ("LINGUA",), ("language",), "cmd:languages"),
    Command.SPEAK: ("this language from now on", ("italiano",), ("english",), "speak:en"),
    Command.COLOURS: (
        "the colours of alerts as a list",
        ("colore allerte",),
        ("alert colour",),
        "cmd:colours",
    ),
    Command.COLOUR: ("no alert milder than this, emergencies excepted", (), (), "colour:arancione"),
    Command.MY_DATA: ("a link to one's own data", ("I MIEI DATI", "privacy"), ("my data",), "cmd:my_data"),
    Command.WHY: ("why one receives this", ("PERCHÉ", "perché mi scrivete?"), ("why",), "cmd:why"),
    Command.ENOUGH: ("no more topics: do not ask again", (), (), "cmd:enough"),
    Command.NEAR: (
        "not a command: the thing is offered in one tap, and nothing changes until then",
        ("vorrei iscrivermi", "come faccio a cancellarmi?", "basta traffico!"),
        ("how do I unsubscribe?",),
        "near:start",
    ),
    Command.NONE: (
        "a conversation: answered once a day, words near danger every time",
        ("stop, il vigile non viene più", "grazie", "ho perso il cane"),
        ("the bus stop is broken",),
        "",
    ),
}


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *_commands(), *_answers()]).rstrip() + "\n"


def _head() -> list[str]:
    return [
        "# What a citizen may write, and every answer",
        "",
        "Made from the code by `manage.py answers_page`; a test holds it current. Greetings, courtesies, "
        "case,"
        " accents, punctuation, emoji and a slip or two do not matter; a command inside a sentence is none."
        ' Try one: `echo "buongiorno, attiva iscrizione" | python manage.py understand`.',
        "",
        "Every answer begins with a line that says whether one is in or out now, and ends with one thing to "
        "do"
        " next as a button, the rules, and for who is in the way out. Near words of danger the emergency "
        "number"
        " stands before everything. `{…}` is filled in.",
        "",
    ]


def _commands() -> list[str]:
    known = Counter(command for command, _language in CORES.values())
    lines = ["## Commands", "", "| command | does | Italian | English | a tap sends | known wordings |"]
    lines.append("|---|---|---|---|---|---|")
    for command, (does, italian, english, tap) in COMMANDS.items():
        cells = (
            f"`{command}`",
            does,
            *(" · ".join(f"«{word}»" for word in words) or "–" for words in (italian, english)),
            f"`{tap}`" if tap else "–",
            str(known[command] or "–"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _answers() -> list[str]:
    lines = ["## What stands around every answer", ""]
    around = {
        "who is in": said.STANDING[True],
        "who is out": said.STANDING[False],
        "near danger, before everything": said.DANGER,
        "the rules": said.POLICY,
        "the way out": said.LEAVING,
    }
    for name, words in around.items():
        lines += _both(f"### {name.capitalize()}", words)
    lines += ["## Answers", ""]
    for wording, words in said.WORDINGS.items():
        lines += _both(f"### `{wording}`", words)
    lines += ["## What is said of a message that asks for nothing", ""]
    for kind, words in said.NOISE.items():
        lines += _both(f"### {kind or 'text, and anything else'}", words)
    for title, table in (("Buttons", said.BUTTONS), ("Things that a near miss may be about", said.THINGS)):
        lines += [f"## {title}", "", "| | Italian | English |", "|---|---|---|"]
        lines += [f"| `{key}` | {words['it']} | {words['en']} |" for key, words in table.items()]
        lines.append("")
    return lines


def _both(heading: str, words: dict[str, str]) -> list[str]:
    quoted = ["\n".join(f"> {line}".rstrip() for line in words[code].split("\n")) for code in ("it", "en")]
    return [heading, "", quoted[0], "", quoted[1], ""]
