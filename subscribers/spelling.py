"""From what a phone sends to plain words, and how far two words are apart. Pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from rapidfuzz.distance import DamerauLevenshtein

_WORD = re.compile(r"[^\W_]+")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")
_DIGITS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"})
_QUOTED_LINE = re.compile(r"^\s*>\s.*$", re.MULTILINE)
# White letters on black circles and squares, which Unicode does not decompose, and the letters of other
# alphabets that look like ours: a keyboard or a copied text brings them.
_BLACK = {first + n: chr(ord("a") + n) for first in (0x1F150, 0x1F170) for n in range(26)}
_ALIKE = str.maketrans("авеіјкмнорсѕтухαεικονρτυ", "abeijkmhopcstyxaeikovptu")
_WHOLLY_FOREIGN = frozenset({"stop"})  # a word of other letters only may be a word of their language
_LATIN = re.compile(r"[a-z]")


def normalise(text: str) -> str:
    """Lower case, no accents, no invisible characters, full-width and styled letters made plain. A line that
    quotes somebody («> …», as WhatsApp marks it) is not what the person says."""
    own = _QUOTED_LINE.sub("", text.replace("\r", "\n")).translate(_BLACK)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", own).casefold())
    kept = (c for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf", "Cc") or c.isspace())
    return "".join(kept)


def raw_tokens_of(flat: str) -> list[str]:
    """The words of a normalised text as they are."""
    return _WORD.findall(flat)


def tokens_of(flat: str) -> list[str]:
    """The words of a normalised text: letters spelt one by one are joined, «5top» is «stop», «stoppp»
    is «stop», a word said twice is said once."""
    found = [_LONG_RUN.sub(r"\1", _plain(token)) for token in raw_tokens_of(flat)]
    if len(found) > 2 and all(len(token) == 1 and token.isalpha() for token in found):
        return ["".join(found)]
    found = [token for run, words in _runs(found) for token in (["".join(words)] if run else words)]
    return [token for at, token in enumerate(found) if at == 0 or token != found[at - 1]]


def _runs(tokens: list[str]) -> list[tuple[bool, list[str]]]:
    """The words in groups, and whether each is a word spelt out; four letters at least, since «c'è l'» has
    three."""
    groups = [
        (single, list(group)) for single, group in groupby(tokens, lambda t: len(t) == 1 and t.isalpha())
    ]
    return [(single and len(group) > 3, group) for single, group in groups]


def _plain(token: str) -> str:
    """A word with digits or foreign letters among its Latin ones, in Latin letters only."""
    if any(c.isdigit() for c in token) and any(c.isalpha() for c in token):
        token = token.translate(_DIGITS)
    alike = token.translate(_ALIKE)
    foreign_only = alike != token and alike.isascii() and alike in _WHOLLY_FOREIGN
    return alike if _LATIN.search(token) or foreign_only else token


def distance(one: str, other: str, limit: int) -> int:
    """Slips between two words: letters added, dropped, changed, or two neighbours swapped, in any order
    (Damerau and Levenshtein, unrestricted: «sdattiva» is two slips from «disattiva», a letter dropped and
    the two that then stand together swapped). Anything above `limit` is returned as `limit + 1`."""
    return int(DamerauLevenshtein.distance(one, other, score_cutoff=limit))
