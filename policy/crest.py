"""The town's crest: whatever was uploaded is decoded and drawn again, so that only pixels remain."""

from __future__ import annotations

from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

LARGEST = 2 * 1024 * 1024  # bytes
MOST_PIXELS = 4000 * 4000  # of a picture that is decoded: a small file may unfold to gigabytes
SIDE = 240  # pixels at most, in the PNG that is kept
FORMATS = ("PNG", "JPEG")


def validate_crest(upload: UploadedFile) -> None:
    """Refuse, by its content and not by its name, what is no picture or too large."""
    if (upload.size or 0) > LARGEST:
        raise ValidationError(_("Il file supera i 2 MB."))
    try:
        with Image.open(upload, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(_("L'immagine è troppo grande: al massimo 4000 × 4000 punti."))
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValidationError(_("Non è un'immagine PNG o JPEG che si possa leggere.")) from error
    finally:
        upload.seek(0)


def remade(upload: UploadedFile) -> bytes:
    """A PNG of at most SIDE pixels a side, with nothing but the picture in it."""
    with Image.open(upload, formats=FORMATS) as picture:
        drawn = picture.convert("RGBA")
    drawn.thumbnail((SIDE, SIDE))
    made = BytesIO()
    drawn.save(made, format="PNG", optimize=True)
    return made.getvalue()
