"""Words near which the emergency number is named first. A wording, not a watch: nobody reads this number."""

from __future__ import annotations

from subscribers.spelling import normalise, tokens_of

# Beginnings of words: «allagata», «allagamento».
_STEMS = """
    incendi fiamme brucia bruciando allag alluvion esonda anneg affog ferit crollat crollo crolla frana
    terremot esplo sanguin svenut infart intrappolat soccors aggredi aggress soffoc suicid uccid ammazz
    violent violenz minacc intossic sommers travolt dispers scompars rapin incident drown injur trapped
    collaps flood bleed earthquake robbe
"""
STEMS = tuple(_STEMS.split())
WORDS = frozenset(
    [
        "fuoco",
        "gas",
        "aiuto",
        "sos",
        "fumo",
        "bomba",
        "morendo",
        "ictus",
        "ladri",
        "sparano",
        "fire",
        "smoke",
        "help",
    ]
)


def sounds_dangerous(text: str) -> bool:
    """Whether a word of the text may mean danger. Rather once too often than once too rarely."""
    tokens = tokens_of(normalise(text[:2000]))
    return any(token in WORDS or token.startswith(STEMS) for token in tokens)
