"""How long something took, as a person says it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def duration_words(seconds: float | None) -> str:
    """«4 secondi», «2 minuti e 5 secondi», «3 ore e 10 minuti»; «non è successo» for None."""
    if seconds is None:
        return _("non è successo")
    whole = round(seconds)
    if whole < 1:
        return _("meno di un secondo")
    if whole < 60:
        return ngettext("%(n)s secondo", "%(n)s secondi", whole) % {"n": whole}
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = []
    if hours:
        parts.append(ngettext("%(n)s ora", "%(n)s ore", hours) % {"n": hours})
    if minutes:
        parts.append(ngettext("%(n)s minuto", "%(n)s minuti", minutes) % {"n": minutes})
    if rest and not hours:
        parts.append(ngettext("%(n)s secondo", "%(n)s secondi", rest) % {"n": rest})
    return parts[0] if len(parts) == 1 else _("%(more)s e %(less)s") % {"more": parts[0], "less": parts[1]}
