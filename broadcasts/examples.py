"""The example of a picture and of a document that the provider's reviewers look at: plain, and of nobody."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import Image

SIZE = (800, 418)  # the proportions in which the provider shows a picture above a message
BLUE = (0, 89, 179)


@cache
def example_of(header: str) -> tuple[bytes, str, str]:
    """Content, type and file name of the example for a header of this kind ("IMAGE" or "DOCUMENT")."""
    name, form, mime = {
        "IMAGE": ("esempio.jpg", "JPEG", "image/jpeg"),
        "DOCUMENT": ("esempio.pdf", "PDF", "application/pdf"),
    }[header]
    content = BytesIO()
    Image.new("RGB", SIZE, BLUE).save(content, form)
    return content.getvalue(), mime, name
