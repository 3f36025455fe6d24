"""Words near which the emergency number is named first. A wording, not a watch: nobody reads this number."""

from __future__ import annotations

from subscribers.spelling import normalise, tokens_of

# Beginnings of words: «allagata», «allagamento», «incendi».
STEMS = (
    "incendi", "fiamme", "brucia", "bruciando", "allag", "alluvion", "esonda", "anneg", "affog", "ferit",
    "crollat", "crollo", "frana", "franat", "terremot", "esplos", "sanguin", "svenut", "infart",
    "intrappolat", "soccors", "aggredi", "drown", "injur", "trapped", "collaps", "flooded", "explo", "bleed", "earthquake",
)  # fmt: skip
WORDS = frozenset(
    {"fuoco", "gas", "aiuto", "sos", "fumo", "fire", "flood", "smoke", "help", "bomba", "morendo"}
)


def sounds_dangerous(text: str) -> bool:
    """Whether a word of the text may mean danger. Rather once too often than once too rarely."""
    tokens = tokens_of(normalise(text[:2000]))
    return any(token in WORDS or token.startswith(STEMS) for token in tokens)
