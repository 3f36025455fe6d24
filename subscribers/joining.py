"""Ways to join with the words ready: a tap, or a phone pointed at a code; the person sends them."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import quote

import segno
from django.conf import settings

from policy.models import Category

JOIN_WORDS = "ATTIVA ISCRIZIONE"


def words_for(topic: Category | None = None, language: str = "it") -> str:
    """What one writes to join: everything that is preselected, or one topic beside the core ones."""
    if topic is None:
        return "SUBSCRIBE" if language == "en" else JOIN_WORDS
    return f"{'ACTIVATE' if language == 'en' else 'ATTIVA'} {topic.label(language).upper()}"


def join_address(number: str, words: str = JOIN_WORDS) -> str:
    """Where a tap opens the chat with the words ready: WhatsApp, or the phone page in the demo."""
    if settings.DEMO and settings.SIMULATOR_URL:
        return f"{settings.SIMULATOR_URL}/?text={quote(words)}"
    return f"https://wa.me/{number.lstrip('+')}?text={quote(words)}"


def join_code(number: str, words: str = JOIN_WORDS, *, kind: str = "svg") -> bytes:
    """That address as a code to point a phone at: "svg", or "png" large enough for print (about 10 cm)."""
    drawing = BytesIO()
    code = segno.make(join_address(number, words), error="m")
    look = {"border": 4, "scale": 8 if kind == "svg" else 30, "dark": "#17324d", "light": "#ffffff"}
    code.save(drawing, kind=kind, **look, **({"omitsize": True} if kind == "svg" else {}))
    return drawing.getvalue()
