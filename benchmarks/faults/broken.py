"""Engines that are wrong on purpose, so that the checks can be seen to fail. Only our workers are broken.

Each takes one guard out of the engine's statements.
"""

from __future__ import annotations

from broadcasts import claims

VARIANTS = ("checkpoint_first", "no_fence", "no_skip_locked", "no_lock")


def apply(variant: str) -> None:
    """Break the engine of this process; nothing without a name."""
    if variant == "checkpoint_first":  # says that it is done, then does it
        _change("CLAIM", "'claimed'", "'accepted'")
        _change("BEGIN", "state = 'sending', begun_at", "state = 'accepted', begun_at")
        _change("BEGIN", "d.state = 'claimed'", "d.state = 'accepted'")
    elif variant == "no_fence":  # a late answer is written whoever has the row now
        _change("RECORD", "d.state = 'sending' AND d.lease = %(lease)s", "%(lease)s::uuid IS NOT NULL")
    elif variant == "no_skip_locked":  # everybody waits for whoever holds a row
        _change("CLAIM", "FOR UPDATE OF d SKIP LOCKED", "FOR UPDATE OF d")
    elif variant == "no_lock":  # two workers take the same rows
        _change("CLAIM", "FOR UPDATE OF d SKIP LOCKED", "")
    elif variant:
        raise ValueError(f"{variant}: one of {', '.join(VARIANTS)}")


def _change(statement: str, old: str, new: str) -> None:
    text = getattr(claims, statement)
    if old not in text:
        raise LookupError(f"claims.{statement} has no «{old}» any more: the variant proves nothing")
    setattr(claims, statement, text.replace(old, new))
