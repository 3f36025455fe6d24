"""Which topics a message names: pure, on the words that the town gave to each."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from subscribers import words
from subscribers.spelling import distance, normalise, tokens_of

TopicWords: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]  # slug → language → words

MARKETING_TOPIC = "\x00marketing"  # not a slug: the provider's promotions, left as one


@dataclass(frozen=True, slots=True)
class Named:
    """A topic found in the words, and the words around it."""

    slugs: frozenset[str]
    language: str
    rest: tuple[str, ...]


def topics_in(tokens: Sequence[str], topics: TopicWords, known: Container[str]) -> Named:
    """The topics that these words name; a word that is `known` as another is never a topic with a slip."""
    vocabulary = list(_phrases(topics))
    slugs: set[str] = set()
    spoken: list[str] = []
    rest: list[str] = []
    at = 0
    while at < len(tokens):
        hits = [hit for hit in vocabulary if _names(tokens[at : at + len(hit[0])], hit[0], known)]
        if not hits:
            rest.append(tokens[at])
            at += 1
            continue
        phrase, slug, told = max(hits, key=lambda hit: len(hit[0]))
        slugs.add(slug)
        spoken.append(told)
        at += len(phrase)
    return Named(frozenset(slugs), spoken[0] if spoken else "", tuple(rest))


def _phrases(topics: TopicWords) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every name of every topic as words, its slug and its language; longer names also as one word."""
    for slug, by_language in ({MARKETING_TOPIC: words.MARKETING} | dict(topics)).items():
        for language, names in by_language.items():
            for phrase in map(_spelt, names):
                yield phrase, slug, language
                if len(phrase) > 1:
                    yield ("".join(phrase),), slug, language


@lru_cache(maxsize=1024)
def _spelt(name: str) -> tuple[str, ...]:
    return tuple(tokens_of(normalise(name)))


def _names(tokens: Sequence[str], phrase: tuple[str, ...], known: Container[str]) -> bool:
    return len(tokens) == len(phrase) and all(
        _is_word(t, w, known) for t, w in zip(tokens, phrase, strict=True)
    )


def _is_word(token: str, word: str, known: Container[str]) -> bool:
    """The same word, or a slip in a long one; never in its first letter («venti» is not «eventi»)."""
    if token == word:
        return True
    return len(word) > 5 and token[0] == word[0] and token not in known and distance(token, word, 1) <= 1
