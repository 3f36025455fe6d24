"""Which English words still say what the Italian says. Pure.

`fields["en"]` holds the author's English by field, `fields["en_of"]` the Italian that each was written for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Behind:
    """Texts whose English is behind: the Italian changed after it, or there is none while others have one."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing)


def italian_of(fields: Mapping[str, Any], title: str, names: Iterable[str]) -> dict[str, str]:
    """The Italian of each text that has any, the title among them."""
    texts = {"title": title} | {name: str(fields.get(name) or "") for name in names}
    return {name: text for name, text in texts.items() if text}


def behind(fields: Mapping[str, Any], title: str, names: Iterable[str]) -> Behind:
    """What of a notice's English is behind its Italian; nothing where it has no English at all."""
    english, written_for = fields.get("en") or {}, fields.get("en_of") or {}
    if not english:
        return Behind()
    italian = italian_of(fields, title, names)
    changed = [n for n in english if n in written_for and written_for[n] != italian.get(n, "")]
    return Behind(tuple(changed), tuple(n for n in italian if n not in english))


def written_for(
    english: Mapping[str, str], italian: Mapping[str, str], before: Mapping[str, Any], *, confirmed: bool
) -> dict[str, str]:
    """The Italian that each English text goes with, once it is saved.

    A text that was touched, or that a person confirms, goes with the Italian of now; one that was left alone
    with the Italian it was written for. `before` are the fields as they were stored.
    """
    old, old_of = before.get("en") or {}, before.get("en_of") or {}
    kept = {} if confirmed else {n: old_of[n] for n in english if n in old_of and old.get(n) == english[n]}
    return {name: italian.get(name, "") for name in english} | kept
