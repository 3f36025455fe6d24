"""A message in words: as it was written, and what is left of it once courtesies are taken away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from subscribers import words
from subscribers import words_around as around
from subscribers.cores import CORES
from subscribers.naming import TopicWords, topics_in
from subscribers.spelling import distance, normalise, raw_tokens_of, tokens_of

KNOWN = (
    around.FILLERS | around.WISH_IT | around.WISH_EN | around.JOIN_FORMS | around.LEAVE_FORMS
    | around.NEAR_OBJECTS | around.TURNING | around.ASK_WORDS | words.ADD | words.REMOVE | frozenset(CORES)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """The words as they were `written` (as they are, without courtesies, without repeated letters), and
    those `left` in the end. `asked`: there is a question mark."""

    written: tuple[tuple[str, ...], ...]
    left: tuple[str, ...]
    asked: bool = False

    def ways(self) -> set[tuple[str, ...]]:
        """Every way to read it, in words."""
        stages = (*self.written, self.left)
        return set(stages) | {bare_words(stage) for stage in stages}

    def cores(self) -> set[str]:
        """Every way to read it as one core."""
        return {"".join(way) for way in self.ways()}


def read(text: str, topics: TopicWords, service: str) -> Reading:
    """The words of a text. `service` is what the town calls this service, a name that asks for nothing."""
    flat = normalise(text)
    raw, written = raw_tokens_of(flat), tokens_of(flat)
    named = tokens_of(normalise(service))
    left = _without_name(_without_introduction(_without_courtesies(written), topics), named)
    stages = (tuple(raw), tuple(_without_courtesies(raw)), tuple(written))
    return Reading(stages, tuple(left), "?" in flat)


def bare(tokens: Sequence[str]) -> str:
    """The core: without small words, except the first word, which may be what is left of a prefix."""
    return "".join(bare_words(tokens))


def bare_words(tokens: Sequence[str]) -> tuple[str, ...]:
    """The words of the core."""
    return tuple(t for at, t in enumerate(tokens) if at == 0 or t not in around.FILLERS)


def is_unknown(token: str, topics: TopicWords) -> bool:
    """No word of ours, and no topic's."""
    return token not in KNOWN and not topics_in([token], topics, KNOWN).slugs


def _without_courtesies(tokens: Sequence[str]) -> list[str]:
    left: list[str] = []
    at = 0
    while at < len(tokens):
        length = _courtesy_length(tokens, at)
        if length == 0:
            left.append(tokens[at])
        at += length or 1
    return left


def _courtesy_length(tokens: Sequence[str], at: int) -> int:
    """How many words from `at` on are one courtesy, 0 if none; long ones may have a slip."""
    token = tokens[at]
    if token in around.THANKS and at + 1 < len(tokens) and tokens[at + 1] in around.THANKED_FOR:
        return 0
    lengths = [len(c) for c in around.COURTESIES if tuple(tokens[at : at + len(c)]) == c]
    if lengths:
        return max(lengths)
    if len(token) < 5 or token in KNOWN:
        return 0
    singles: Collection[str] = [c[0] for c in around.COURTESIES if len(c) == 1 and len(c[0]) > 5]
    return int(any(distance(token, courtesy, 1) <= 1 for courtesy in singles))


def _without_introduction(tokens: list[str], topics: TopicWords) -> list[str]:
    """«Sono Maria Rossi, attiva iscrizione» without its first three words."""
    for introduction in around.INTRODUCTIONS:
        size = len(introduction)
        if tuple(tokens[:size]) == introduction:
            name = [t for t in tokens[size : size + 2] if is_unknown(t, topics)]
            if name and tokens[size] == name[0]:
                return tokens[size + len(name) :]
    return tokens


def _without_name(tokens: list[str], named: list[str]) -> list[str]:
    """Without the service's name («Whats…» is what the towns call theirs), but for a message of it alone."""
    left: list[str] = []
    at = 0
    while at < len(tokens):
        if named and tokens[at : at + len(named)] == named:
            at += len(named)
        elif len(tokens[at]) > 5 and tokens[at].startswith("whats"):
            at += 1
        else:
            left.append(tokens[at])
            at += 1
    return left or tokens
