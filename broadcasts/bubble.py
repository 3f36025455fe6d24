"""A message as WhatsApp draws it: bold, italics, strike-through, fixed width and links, safely escaped."""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# A mark opens before a non-blank and closes after one, and stands at the edge of a word.
_MARKS = (
    (re.compile(r"```(.+?)```", re.DOTALL), r"<code>\1</code>"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_/])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)
_LINK = re.compile(r"https?://[^\s<]+[^\s<.,;:!?)]")


def bubble_html(text: str) -> SafeString:
    """The text with WhatsApp's marks drawn; whatever a person wrote stays text. Links are not followed:
    this is a picture of a phone."""
    html = str(escape(text))
    for pattern, drawn in _MARKS:
        html = pattern.sub(drawn, html)
    html = _LINK.sub(r'<span class="bubble-link">\g<0></span>', html)
    return mark_safe(html.replace("\n", "<br>"))  # noqa: S308 - escaped above, then our own tags only
