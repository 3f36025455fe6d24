"""Is this file a picture or a PDF that the provider takes? Judged by its content, never by its name. Pure.

Limits: WhatsApp Cloud API, media (2026): pictures JPEG or PNG up to 5 MB, 8 bits, RGB or RGBA; documents up
to 100 MB, of which we take PDF up to 16, since they are kept in the database and read on a telephone. A
picture is drawn anew: that drops where and when it was taken, and whatever else was hidden in its file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

MB = 1024 * 1024
MOST_PICTURE = 5 * MB
MOST_DOCUMENT = 16 * MB
MOST_UPLOAD = 16 * MB  # of a picture too, as a telephone takes it: it becomes smaller here
MOST_PIXELS = 50_000_000  # a small file may unfold to gigabytes
SIDE = 1600  # pixels; more a telephone does not show
QUALITIES = (88, 80, 70, 60)
JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
PDF_HEAD, PDF_TAIL = b"%PDF-", b"%%EOF"


class BadFile(ValueError):
    """The file cannot be sent; str() says why and what to do, for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is kept and sent: `sha256` is of this content. Width and height are 0 for a document."""

    content: bytes
    mime: str
    width: int = 0
    height: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def header(self) -> str:
        """The kind of template header that carries it."""
        return "DOCUMENT" if self.mime == PDF else "IMAGE"


def prepare(content: bytes) -> Prepared:
    """The file as it will be sent; raises BadFile."""
    if not content:
        raise BadFile(_("Il file è vuoto."))
    if len(content) > MOST_UPLOAD:
        raise BadFile(_("Il file è di %(size)s MB: al massimo %(most)d.") % _sizes(content, MOST_UPLOAD))
    if content.startswith(PDF_HEAD):
        return _document(content)
    return _picture(content)


def _document(content: bytes) -> Prepared:
    if PDF_TAIL not in content[-2048:]:
        raise BadFile(_("Il PDF è incompleto: salvalo di nuovo e riprova."))
    if b"/Encrypt" in content:
        raise BadFile(_("Il PDF è protetto da una password: sul telefono non si aprirebbe."))
    return Prepared(content, PDF)


def _picture(content: bytes) -> Prepared:
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as found:
            if found.width * found.height > MOST_PIXELS:
                raise BadFile(_("L'immagine ha troppi punti: riducila e riprova."))
            if getattr(found, "is_animated", False):
                raise BadFile(_("L'immagine si muove: WhatsApp accetta solo immagini ferme."))
            form = found.format
            upright = ImageOps.exif_transpose(found)
            upright.load()
    except BadFile:
        raise
    except UnidentifiedImageError:
        raise BadFile(_("WhatsApp accetta immagini JPEG o PNG, o un PDF: questo file è altro.")) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadFile(_("L'immagine è rovinata: salvala di nuovo e riprova.")) from None
    return _redrawn(upright, form or "")


def _redrawn(picture: Image.Image, form: str) -> Prepared:
    """The same picture from its points alone, small enough; a PNG that would be too large becomes a JPEG."""
    picture.thumbnail((SIDE, SIDE))
    if form == "PNG":
        drawn = _drawn(
            picture.convert(
                "RGBA" if "A" in picture.getbands() or picture.info.get("transparency") is not None else "RGB"
            ),
            "PNG",
        )
        if len(drawn) <= MOST_PICTURE:
            return Prepared(drawn, PNG, *picture.size)
    for quality in QUALITIES:
        drawn = _drawn(_on_white(picture), "JPEG", quality=quality)
        if len(drawn) <= MOST_PICTURE:
            return Prepared(drawn, JPEG, *picture.size)
    raise BadFile(_("L'immagine è troppo pesante anche ridotta: scegline un'altra."))


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, which a JPEG does not have."""
    if picture.mode not in ("RGBA", "LA", "P", "PA"):
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    paper = Image.new("RGB", whole.size, "white")
    paper.paste(whole, mask=whole.getchannel("A"))
    return paper


def _drawn(picture: Image.Image, form: str, **options: int) -> bytes:
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)  # the points alone: no EXIF, no comment, no colour profile
    written = BytesIO()
    clean.save(written, form, optimize=True, **options)
    return written.getvalue()


def _sizes(content: bytes, most: int) -> dict[str, object]:
    return {"size": f"{len(content) / MB:.1f}".replace(".", ","), "most": most // MB}
