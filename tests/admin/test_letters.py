"""«Inviti e domande»: what an editor does with a number, a list, a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from broadcasts.letters.models import Letter
from staff.models import User
from subscribers.models import Subscriber

PAGE = "admin:broadcasts_letter_changelist"


def test_a_number_at_the_counter(browser: Callable[[User], Client], anna: User) -> None:
    client = browser(anna)
    assert "Invita una persona allo sportello" in client.get(reverse(PAGE)).content.decode()
    address = reverse("admin:broadcasts_letter_invite")
    page = client.post(address, {"number": "333 111 2233"}, follow=True).content.decode()
    assert "una volta sola" in page
    assert "••• 233" in page
    assert "3331112233" not in page
    again = client.post(address, {"number": "3331112233"}, follow=True).content.decode()
    assert "non si scrive due volte" in again
    wrong = client.post(address, {"number": "<script>"}, follow=True).content.decode()
    assert "Questo non è un numero di telefono" in wrong
    assert Letter.objects.count() == 1
    assert client.get(address).status_code == 405


def test_an_old_list_is_taken_whole_or_not_at_all(
    browser: Callable[[User], Client], anna: User, tmp_path: Any
) -> None:
    client, address = browser(anna), reverse("admin:broadcasts_letter_import")
    empty = client.post(address, {"name": "x"}).content.decode()
    assert "Carica un file o incolla la tabella" in empty
    text = "numero;prova;data\n3331112233;modulo 1;15/01/2026\nciao;;\n"
    page = client.post(address, {"name": "gennaio", "text": text}).content.decode()
    assert "C&#x27;è una cosa da correggere" in page or "C'è una cosa da correggere" in page
    assert "gennaio" in page  # nothing that was written is lost
    assert not Subscriber.objects.exists()
    file = tmp_path / "lista.csv"
    file.write_text(text.replace("ciao", "3401234567"), encoding="utf-8-sig")
    with file.open("rb") as upload:
        done = client.post(address, {"name": "gennaio", "file": upload, "narrow": "on"}, follow=True)
    said = done.content.decode()
    assert "1 iscritti con la loro prova, 1 invitati" in said
    assert "Chiedilo una volta" in said
    asked = client.post(reverse("admin:broadcasts_letter_ask"), follow=True).content.decode()
    assert "La domanda parte per 1 persona" in asked
    assert "Chiedilo una volta" not in asked


def test_others_may_not(browser: Callable[[User], Client], bruno: User) -> None:
    client = browser(bruno)
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.get(reverse("admin:broadcasts_letter_import")).status_code == 403
    client.post(reverse("admin:broadcasts_letter_invite"), {"number": "3331112233"})
    assert not Letter.objects.exists()
