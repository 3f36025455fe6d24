"""What changed between two texts, side by side and by words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

_WORDS = re.compile(r"\s+|[^\s]+")
ALIKE = 0.5  # paragraphs that share this much are one that changed, not one gone and one new


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words; `changed` where the other side has not got them."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph before and after; empty on the side that has none."""

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        return any(piece.changed for piece in (*self.before, *self.after))


def side_by_side(before: str, after: str) -> list[Row]:
    """The paragraphs of both texts in their order, each with its counterpart."""
    old, new = _paragraphs(before), _paragraphs(after)
    rows: list[Row] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [Row((Piece(text),), (Piece(text),)) for text in old[i1:i2]]
        else:
            rows += _paired(old[i1:i2], new[j1:j2])
    return rows


def by_words(before: str, after: str) -> Row:
    """Both texts whole, the words that differ marked."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left += _piece(old[i1:i2], changed=tag != "equal")
        right += _piece(new[j1:j2], changed=tag != "equal")
    return Row(tuple(left), tuple(right))


def _paragraphs(text: str) -> list[str]:
    """A paragraph, or a line of a list, each apart."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    for before, after in zip_longest(old, new, fillvalue=""):
        if before and after and SequenceMatcher(None, before, after).ratio() >= ALIKE:
            yield by_words(before, after)
            continue
        if before:
            yield Row((Piece(before, changed=True),), ())
        if after:
            yield Row((), (Piece(after, changed=True),))


def _piece(words: Sequence[str], *, changed: bool) -> list[Piece]:
    return [Piece("".join(words), changed)] if words else []
