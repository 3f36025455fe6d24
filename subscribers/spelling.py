"""From what a phone sends to plain words, and how far two words are apart. Pure."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")
_DIGITS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s"})


def normalise(text: str) -> str:
    """Lower case, no accents, no invisible characters, full-width and styled letters made plain."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf", "Cc") or c.isspace())


def raw_tokens_of(flat: str) -> list[str]:
    """The words of a normalised text as they are."""
    return _WORD.findall(flat)


def tokens_of(flat: str) -> list[str]:
    """The words of a normalised text: letters spelt one by one are joined, «5top» is «stop», «stoppp»
    is «stop», a word said twice is said once."""
    found = [_LONG_RUN.sub(r"\1", _letters_for_digits(token)) for token in raw_tokens_of(flat)]
    if len(found) > 2 and all(len(token) == 1 and token.isalpha() for token in found):
        return ["".join(found)]
    return [token for at, token in enumerate(found) if at == 0 or token != found[at - 1]]


def _letters_for_digits(token: str) -> str:
    mixed = any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return token.translate(_DIGITS) if mixed else token


def distance(one: str, other: str, limit: int) -> int:
    """Slips between two words: letters added, dropped, changed, or two neighbours swapped, in any order
    (Damerau and Levenshtein, unrestricted: «sdattiva» is two slips from «disattiva», a letter dropped and
    the two that then stand together swapped). Anything above `limit` is returned as `limit + 1`."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    far = len(one) + len(other)
    last_row: dict[str, int] = {}
    table = [[far] * (len(other) + 2), [far, *range(len(other) + 1)]]
    for i, letter in enumerate(one, start=1):
        row = [far, i]
        last_match = 0
        for j, counterpart in enumerate(other, start=1):
            k, m = last_row.get(counterpart, 0), last_match
            if letter == counterpart:
                last_match = j
            swapped = table[k][m] + (i - k - 1) + 1 + (j - m - 1)
            changed = table[i][j] + (letter != counterpart)
            row.append(min(changed, row[j] + 1, table[i][j + 1] + 1, swapped))
        table.append(row)
        last_row[letter] = i
    return min(table[-1][-1], limit + 1)
