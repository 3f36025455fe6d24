"""How one joins: codes, card and poster say the same number and the same words."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from broadcasts.models import Broadcast
from policy.models import TownProfile
from tests.conftest import TUESDAY_10

NUMBER = "+393386553630"


def pdf_text(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)


def test_the_page_has_steps_with_pictures_that_say_what_they_show(client: Client, town: TownProfile) -> None:
    page = client.get("/iscriviti/").content.decode()
    assert page.count("/steps/") == 3 and 'alt=""' not in page.split("steps-drawn")[1].split("</ol>")[0]
    assert 'href="https://wa.me/393386553630?text=ATTIVA%20ACQUA"' in page
    assert "compiuto 14 anni" in page and client.get("/en/iscriviti/").status_code == 200


@pytest.mark.parametrize("path", ["/iscriviti.png", "/iscriviti/farmacie.png"])
def test_the_code_as_pixels_is_large_enough_for_print(client: Client, town: TownProfile, path: str) -> None:
    with Image.open(BytesIO(client.get(path).content)) as picture:
        assert picture.format == "PNG" and picture.width >= 1000


def test_a_code_for_one_topic_and_none_for_no_topic(client: Client, town: TownProfile) -> None:
    assert client.get("/iscriviti/farmacie.svg").content != client.get("/iscriviti.svg").content
    assert client.get("/iscriviti/luna.svg").status_code == 404


def test_the_card_is_one_contact_with_the_number(client: Client, town: TownProfile) -> None:
    answer = client.get("/iscriviti/contatto.vcf")
    card = answer.content.decode()
    assert answer["Content-Type"].startswith("text/vcard") and "BEGIN:VCARD" in card
    assert NUMBER in card and "WhatsEmpoli" in card


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/iscriviti/locandina.pdf", "Si esce quando si vuole"),
        ("/en/iscriviti/locandina.pdf", "Leave whenever"),
    ],
)
def test_the_poster_says_number_and_words_in_its_language(
    client: Client, town: TownProfile, path: str, said: str
) -> None:
    answer = client.get(path)
    reader = PdfReader(BytesIO(answer.content))
    text = pdf_text(answer.content)
    assert len(reader.pages) == 1 and answer["Content-Type"] == "application/pdf"
    for words in ("WhatsEmpoli", "Comune di Empoli", "338 655 3630", said):
        assert words in text, words


class TestTheSheet:
    def test_the_notice_on_paper(
        self, client: Client, publish: Callable[..., Broadcast], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notice = publish(title="Acqua chiusa 💧 in via Roma", fields={"text": "Perché si lavora: 5 €."})
        text = pdf_text(client.get(f"/a/{notice.code}/foglio.pdf").content)
        for words in (
            "Acqua chiusa",
            "via Roma",
            "Perché si lavora: 5 €.",
            notice.code,
            "martedì 24 novembre",
        ):
            assert words in text, words
        publish(title="Tornata", kind="ending", refers_to=notice, at=TUESDAY_10)
        assert "NON VALE PIÙ" in pdf_text(client.get(f"/a/{notice.code}/foglio.pdf").content)

    def test_a_long_one_goes_on_over_more_pages(
        self, client: Client, publish: Callable[..., Broadcast]
    ) -> None:
        notice = publish(fields={"text": "Riga.\n" * 10, "more": "Un altro paragrafo, lungo.\n" * 60})
        reader = PdfReader(BytesIO(client.get(f"/a/{notice.code}/foglio.pdf").content))
        assert len(reader.pages) > 1

    def test_what_has_not_left_has_no_sheet(self, client: Client, publish: Callable[..., Broadcast]) -> None:
        notice = publish(state="scheduled")
        assert client.get(f"/a/{notice.code}/foglio.pdf").status_code == 404
