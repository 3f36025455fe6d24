"""Whether a colour can carry white words: the contrast of WCAG 2.2 (1.4.3). Pure."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST = 4.5  # for text of ordinary size, level AA


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, 0 for black to 1 for white."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on_white(colour: str) -> None:
    """Refuse a colour on which white words, or which on white, would be hard to read."""
    if contrast(colour, "#ffffff") < LEAST:
        raise ValidationError(
            _("È troppo chiaro: le scritte bianche non si leggerebbero. Sceglilo più scuro.")
        )


def darker(colour: str, share: float) -> str:
    """The colour with that share of black mixed in, `#rrggbb`."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(c * (1 - share)):02x}" for c in channels)
