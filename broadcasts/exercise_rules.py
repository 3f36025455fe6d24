"""What keeps an exercise and a real alert apart (pure).

An exercise is a kind of its own from the first letter: its form, its colour, its marks at both ends. The
announcement of a public drill is not one: it is an ordinary notice.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from broadcasts import typed_word
from broadcasts.models import Broadcast
from policy.models import Severity

KIND = "exercise"
WORD = "ESERCITAZIONE"
_NOT_ONE = re.compile(
    r"\bnon\s+è\s+un['’a]?\s*esercitazione\b|\bnot\s+an?\s+(exercise|drill)\b", re.IGNORECASE
)
_ONE = re.compile(r"\b(esercitazion[ei]|exercise|drill)\b", re.IGNORECASE)


def is_limited(broadcast: Broadcast) -> bool:
    """Whether only the office's own telephones get it."""
    return broadcast.exercise and broadcast.opened_by_id is None


def confusion(broadcast: Broadcast, texts: dict[str, Any] | None = None) -> str:
    """Why this emergency could be taken for an exercise, as a sentence; empty if it cannot.

    `texts` are its rendered texts where they are not stored yet.
    """
    if broadcast.exercise or broadcast.severity != Severity.EMERGENCY:
        return ""
    for text in (texts or broadcast.rendered).values():
        if found := _ONE.search(_NOT_ONE.sub("", text["phone_text"])):
            return _(
                "Nel testo c'è «%(word)s», e questa è un'emergenza vera. Se è una prova usa il tipo"
                " «Esercitazione»; se annunci una prova, scrivi un avviso che non sia un'emergenza."
            ) % {"word": found.group()}
    return ""


def typed_right(typed: str, word: str = WORD) -> bool:
    """As forgiving as the word of a real alert, and never to be taken for it."""
    return typed_word.typed_right(typed, word)


def marked(broadcast: Broadcast, values: dict[str, str]) -> dict[str, str]:
    """The values of what follows an exercise, marked at both ends as its first message is.

    That one has the marks in its template. The link is no place for words.
    """
    if not broadcast.exercise or broadcast.kind == KIND:
        return values
    names = [name for name in values if name != "link"]
    said = values | {names[0]: f"{WORD}: {values[names[0]]}"}
    return said | {names[-1]: f"{said[names[-1]]} {WORD}"}
