"""The word that sends an emergency: nobody types it thinking of anything else. Pure."""

from __future__ import annotations

import re
import unicodedata

TYPED_WORD = "INVIA"


def typed_right(typed: str, wanted: str = TYPED_WORD) -> bool:
    """Forgives case, accents, blanks, what a phone's keyboard adds around the word, and one letter that it
    changed by itself."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", typed) if not unicodedata.combining(c))
    word = re.sub(r"[^a-z]", "", plain.casefold())
    return word == wanted.casefold() or _one_slip(word, wanted.casefold())


def _one_slip(word: str, wanted: str) -> bool:
    """One letter added, missing or another."""
    if abs(len(word) - len(wanted)) > 1:
        return False
    if len(word) == len(wanted):
        return sum(a != b for a, b in zip(word, wanted, strict=True)) == 1
    longer, shorter = sorted((word, wanted), key=len, reverse=True)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
