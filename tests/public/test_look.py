"""The town's colour and crest: what is accepted, and that only a picture remains."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, PngImagePlugin

from policy import crest
from policy.contrast import contrast, darker, readable_on_white
from policy.models import TownCrest, TownProfile
from staff.models import User


def picture(size: tuple[int, int] = (600, 300), kind: str = "PNG") -> bytes:
    made, note = BytesIO(), PngImagePlugin.PngInfo()
    note.add_text("Comment", "preso a casa di Anna")
    Image.new("RGB", size, "#a3001f").save(made, format=kind, **({"pnginfo": note} if kind == "PNG" else {}))
    return made.getvalue()


def upload(body: bytes, name: str = "stemma.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert darker("#0066cc", 0.5) == "#003366"


def test_a_colour_that_hides_white_words_is_refused() -> None:
    readable_on_white("#0066cc")
    with pytest.raises(ValidationError):
        readable_on_white("#ffcc00")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        picture()[:200],
        b"GIF89a" + b"\0" * 60,
    ],
)
def test_what_is_no_picture_is_refused_whatever_its_name(body: bytes) -> None:
    with pytest.raises(ValidationError):
        crest.validate_crest(upload(body))


def test_a_picture_that_unfolds_too_large_is_refused() -> None:
    with pytest.raises(ValidationError):
        crest.validate_crest(upload(picture((5000, 5000))))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_is_kept_is_a_small_png_with_nothing_else_in_it(kind: str) -> None:
    png = crest.remade(upload(picture(kind=kind)))
    with Image.open(BytesIO(png)) as kept:
        assert kept.format == "PNG" and kept.size == (240, 120) and not kept.info
    assert b"Anna" not in png


def test_the_administrator_gives_crest_and_colour_and_the_pages_have_them(
    client: Client, carla: User
) -> None:
    assert client.get("/stemma.png").status_code == 404
    client.force_login(carla)
    address = reverse("admin:policy_townprofile_change", args=[1])
    form = client.get(address).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    values = {name: form[name].value() for name in values if form[name].value() is not None}
    values |= {"colour": "#7a1f3d", "crest": upload(picture())}
    answer = client.post(address, values)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert "--blue: #7a1f3d;" in client.get("/aspetto.css").content.decode()
    assert client.get("/stemma.png")["Content-Type"] == "image/png"
    assert 'class="town-crest" src="/stemma.png?v=' in client.get("/en/").content.decode()


def test_a_colour_too_light_is_refused_beside_its_field(client: Client, carla: User) -> None:
    client.force_login(carla)
    address = reverse("admin:policy_townprofile_change", args=[1])
    answer = client.post(address, {"colour": "#ffee00"})
    assert "colour" in answer.context["adminform"].form.errors
    assert TownProfile.current().colour == "#0066cc" and not TownCrest.objects.exists()
