"""What is printed: the poster that invites, and the sheet of one notice for the board. A4, as PDF.

The words are of the language that is active; the letters are the site's own, embedded, so that a printer
anywhere has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import segno
from django.contrib.staticfiles import finders
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF

FAMILY = "Titillium"
FONTS = "fonts/Titillium_Web/titillium-web-v10-latin-ext_latin-{}.ttf"
MARGIN, WIDTH = 20, 210  # millimetres of an A4 page
INK = "#17324d"


@dataclass(frozen=True, slots=True)
class Poster:
    """What the poster says. `crest` is a PNG, empty without one; `address` goes into the code."""

    town: str
    service: str
    number: str
    words: str
    colour: str
    address: str
    site: str
    crest: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One notice on paper; `address` is its page, which the code leads to."""

    town: str
    service: str
    colour: str
    crest: bytes
    kind: str
    title: str
    text: str
    sent: str
    valid: str
    address: str
    code: str
    mark: str = ""  # «ESERCITAZIONE», «NON VALE PIÙ»


def draw_poster(poster: Poster) -> bytes:
    """The poster as PDF."""
    page = _page(poster.service, poster.town)
    _band(page, poster.town, poster.service, poster.colour, poster.crest)
    page.set_y(62)
    _line(page, _("Gli avvisi del Comune sul tuo telefono"), size=30, bold=True)
    _line(
        page, _("Allerte, strade, acqua, farmacie, scuole, scadenze, eventi. Gratis, su WhatsApp."), size=17
    )
    _code(page, poster.address, y=112, side=86)
    page.set_y(204)
    _line(page, _("Inquadra il codice, oppure scrivi"), size=17, centre=True)
    _line(page, poster.words, size=30, bold=True, centre=True)
    _line(page, _("al numero %(number)s") % {"number": poster.number}, size=22, bold=True, centre=True)
    _line(page, _("Si esce quando si vuole: DISATTIVA ISCRIZIONE"), size=15, centre=True)
    _foot(page, poster.site)
    return bytes(page.output())


def draw_sheet(sheet: Sheet) -> bytes:
    """The notice for the board as PDF; a long one goes on over more pages."""
    page = _page(sheet.title, sheet.town)
    _band(page, sheet.town, sheet.service, sheet.colour, sheet.crest)
    page.set_y(60)
    if sheet.mark:
        _line(page, sheet.mark, size=20, bold=True)
    _line(page, sheet.kind, size=15)
    _line(page, sheet.title, size=28, bold=True)
    _line(
        page,
        _("Inviato %(sent)s. Vale fino a: %(valid)s.") % {"sent": sheet.sent, "valid": sheet.valid},
        size=13,
    )
    page.ln(4)
    for paragraph in sheet.text.split("\n"):
        _line(page, paragraph, size=16)
    if page.get_y() > 240:
        page.add_page()
    _code(page, sheet.address, y=246, side=34, left=MARGIN)
    page.set_xy(MARGIN + 40, 254)
    page.set_font(FAMILY, size=12)
    said = _("Se è ancora valido e che cosa è cambiato: %(address)s (codice %(code)s)")
    page.multi_cell(
        WIDTH - 2 * MARGIN - 40, 6, _printable(page, said % {"address": sheet.address, "code": sheet.code})
    )
    return bytes(page.output())


def _page(title: str, author: str) -> FPDF:
    page = FPDF(format="A4", unit="mm")
    page.set_title(title)
    page.set_author(author)
    page.set_lang(get_language() or "it")
    page.set_margins(MARGIN, MARGIN, MARGIN)
    page.set_auto_page_break(True, margin=12)
    for style, weight in (("", "regular"), ("B", "700")):
        page.add_font(FAMILY, style, _font(weight))
    page.add_page()
    page.set_text_color(INK)
    return page


@cache
def _font(weight: str) -> Path:
    found = finders.find(FONTS.format(weight))
    if not isinstance(found, str):
        raise FileNotFoundError(FONTS.format(weight))
    return Path(found)


def _band(page: FPDF, town: str, service: str, colour: str, crest: bytes) -> None:
    page.set_fill_color(colour)
    page.rect(0, 0, WIDTH, 46, style="F")
    left = MARGIN
    if crest:
        page.image(BytesIO(crest), x=MARGIN, y=9, h=28, keep_aspect_ratio=True)
        left += 34
    page.set_text_color("#ffffff")
    page.set_xy(left, 11)
    page.set_font(FAMILY, "B", 30)
    page.cell(0, 13, _printable(page, service))
    page.set_xy(left, 25)
    page.set_font(FAMILY, "", 16)
    page.cell(0, 9, _printable(page, town))
    page.set_text_color(INK)


def _line(page: FPDF, text: str, *, size: int, bold: bool = False, centre: bool = False) -> None:
    page.set_font(FAMILY, "B" if bold else "", size)
    page.set_x(MARGIN)
    height = size * 0.48  # millimetres for points, with air between the lines
    page.multi_cell(WIDTH - 2 * MARGIN, height, _printable(page, text) or " ", align="C" if centre else "L")
    page.ln(2)


def _code(page: FPDF, address: str, *, y: float, side: float, left: float | None = None) -> None:
    drawing = BytesIO()
    segno.make(address, error="m").save(drawing, kind="png", border=4, scale=20, dark=INK, light="#ffffff")
    drawing.seek(0)
    page.image(drawing, x=(WIDTH - side) / 2 if left is None else left, y=y, w=side)


def _foot(page: FPDF, site: str) -> None:
    page.set_y(270)
    _line(
        page,
        _("Che cosa promettiamo e che cosa è in vigore: %(site)s") % {"site": site},
        size=12,
        centre=True,
    )


def _printable(page: FPDF, text: str) -> str:
    """The text without the pictograms that the letters do not have; they are decoration in our notices."""
    known = getattr(page.current_font, "cmap", None)
    return "".join(c for c in text if known is None or ord(c) in known or c in "\n ")
