"""The office's pages of notices; importing this package registers them all."""

from __future__ import annotations

from broadcasts.admin import (
    broadcasts,
    deliveries,
    engine,
    inbox,
    letters,
    matches,
    proofs,
    purges,
    reconsents,
    redactions,
    roads,
    rota,
    series,
    templates,
    webhooks,
)

__all__ = [
    "broadcasts",
    "deliveries",
    "engine",
    "inbox",
    "letters",
    "matches",
    "proofs",
    "purges",
    "reconsents",
    "redactions",
    "roads",
    "rota",
    "series",
    "templates",
    "webhooks",
]
