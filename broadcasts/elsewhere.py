"""The same words for the other roads: ready to copy where WhatsApp cannot reach, or not everybody.

They are citizens' texts, so in Italian whatever the office reads its pages in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from broadcasts import render
from broadcasts.models import Broadcast
from policy.models import TownProfile

_LINK = re.compile(r"\s*\S*https?://\S+")
_MARKS = re.compile(r"[*_~`]")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One road and its text; `how` is what to do with it."""

    name: str | Promise
    how: str | Promise
    text: str


def texts(broadcast: Broadcast) -> list[Elsewhere]:
    """For the Channel, Telegram, the loudspeaker van and the notice board."""
    italian = broadcast.rendered.get("it")
    if not italian:
        return []
    town = TownProfile.current()
    address = render.public_url(broadcast, "it")
    body = italian["phone_text"].rsplit("\n\n", 1)[0]  # without the line that says how to leave
    return [
        Elsewhere(gettext_lazy("Canale WhatsApp"), gettext_lazy("Incollalo come aggiornamento."), body),
        Elsewhere(
            gettext_lazy("Telegram e gli altri social"),
            gettext_lazy("Senza grassetti, con l'indirizzo della pagina."),
            _plain(body) if address in body else f"{_plain(body)}\n{address}",
        ),
        Elsewhere(
            gettext_lazy("Auto con altoparlante"),
            gettext_lazy("Da leggere piano, due volte."),
            _spoken(body, town),
        ),
        Elsewhere(
            gettext_lazy("Bacheca e porte dei palazzi"),
            gettext_lazy("Da stampare."),
            _board(broadcast, italian["page_text"], town, address),
        ),
    ]


def _plain(text: str) -> str:
    return _MARKS.sub("", text)


def _spoken(body: str, town: TownProfile) -> str:
    """No address and no sign that a voice cannot say."""
    lines = [_LINK.sub("", _plain(line)).strip(" :") for line in body.splitlines()]
    said = [line for line in lines if line and line not in ("Aggiornamenti", "Tutti i dettagli")]
    words = " ".join(line if line[-1] in ".!?" else f"{line}." for line in said)
    return f"Attenzione, attenzione. {town.name}. {words} Ripeto."


def _board(broadcast: Broadcast, page: str, town: TownProfile, address: str) -> str:
    with translation.override("it"):
        head = f"{town.name.upper()}\n\n{broadcast.title.upper()}"
    call = f"Per le emergenze: {town.emergency_number}"
    return f"{head}\n\n{page.strip()}\n\n{call}\n{address}"
