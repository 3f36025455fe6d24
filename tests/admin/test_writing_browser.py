"""Writing in a real browser: the form that knows its matter, and the phone that follows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from broadcasts.admin.pages import notice_address
from broadcasts.models import Broadcast, MessageTemplate
from staff.models import User
from tests.admin.browsing import BROWSER, assert_clean, launched, log_in, shot
from tests.broadcasts.test_media import drawn

pytestmark = BROWSER


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from launched()


def put(page: Page, **values: str) -> None:
    """Fill fields of the bulletin by their names."""
    for name, value in values.items():
        page.locator(f'[name="b-{name}"]').fill(value)


def open_form(page: Page, site: LiveServer, kind: str) -> None:
    page.goto(site.url + reverse("admin:broadcasts_broadcast_compose", args=[kind]))


def test_an_alert_of_two_risks_with_hours_of_their_own(
    chromium: Browser, live_server: LiveServer, anna: User
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, locale="it-IT")
    log_in(page, live_server, anna)
    open_form(page, live_server, "alert")
    page.get_by_label("Titolo", exact=True).fill("Allerta per temporali e vento")
    put(page, starts="2026-11-27T13:00", ends="2026-11-28T08:00")
    storms = page.get_by_role("group", name="Temporali forti")
    storms.get_by_label("Colore").select_option("arancione")
    storms.get_by_text("Orario diverso").press("Enter")
    put(page, from_temporali="2026-11-27T15:00", to_temporali="2026-11-27T21:00")
    page.get_by_role("group", name="Vento").get_by_label("Colore").select_option("gialla")
    page.get_by_label("Che cosa fare", exact=True).fill(
        "Evitate sottopassi e argini. Chiamate il Centro operativo."
    )
    phone = page.locator("#preview .bubble")
    expect(phone).to_contain_text(
        "allerta ARANCIONE per temporali forti, venerdì 27 novembre dalle 15:00 alle 21:00;"
        " allerta GIALLA per vento."
    )
    expect(page.locator("#preview")).to_contain_text("manca il numero da chiamare")
    put(page, phone="0571 757940")
    expect(page.locator("#preview")).not_to_contain_text("manca il numero da chiamare")
    put(page, ordinance="n. 405/2026")
    page.get_by_label("Urgente").check()
    shot(page, "alert-1280")
    assert_clean(page)
    page.get_by_role("button", name="Salva e manda in approvazione").press("Enter")
    expect(page.locator(".state")).to_have_text("da approvare")
    page.close()


def test_a_match_day_and_its_english_behind_a_tab(
    chromium: Browser, live_server: LiveServer, anna: User
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, locale="it-IT")
    log_in(page, live_server, anna)
    open_form(page, live_server, "road")
    page.get_by_label("Titolo", exact=True).fill("Partita dell'Empoli: strade chiuse allo stadio")
    put(
        page,
        starts="2026-11-28T13:00",
        ends="2026-11-28T18:00",
        streets="viale delle Olimpiadi\nvia della Maratona: dal 2 al 30, pari",
        parking="divieto di sosta con rimozione",
        parking_from="2026-11-28T10:00",
        parking_to="2026-11-28T18:00",
        event="Empoli-Pisa, stadio Castellani",
        kick_off="2026-11-28T15:00",
        detour="via Sanzio",
    )
    phone = page.locator("#preview .bubble")
    expect(phone).to_contain_text("sabato 28 novembre dalle 13:00 alle 18:00")
    expect(phone).to_contain_text("via della Maratona (numeri pari dal 2 al 30)")
    expect(phone).to_contain_text("Divieto di sosta con rimozione dalle 10:00 alle 18:00.")
    expect(phone).to_contain_text("calcio d'inizio alle 15:00")
    page.evaluate("scrollTo(0, 0)")
    shot(page, "composer", whole=False)
    page.locator("#tab-it").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Strade, una per riga")).to_be_hidden()
    page.get_by_label("Titolo in inglese").fill("Home match: roads closed")
    expect(phone).to_contain_text("even numbers from 2 to 30")
    expect(page.locator(".tab-mark")).to_have_text("da aggiornare")  # other texts have no English yet
    assert_clean(page)
    for label, words in (
        ("Divieto", "no parking"),
        ("Che cosa", "Empoli-Pisa"),
        ("Percorso alternativo", "via Sanzio"),
    ):
        page.get_by_label(f"{label}, in inglese").fill(words)
    expect(page.locator(".tab-mark")).to_have_count(0)
    shot(page, "road-english-1280")
    page.get_by_role("button", name="Salva la bozza").click()
    page.get_by_role("link", name="Modifica").click()
    page.get_by_label("Titolo", exact=True).fill("Partita dell'Empoli: cambiano le strade chiuse")
    expect(page.locator(".tab-mark")).to_have_text("da aggiornare")
    page.get_by_role("button", name="Salva la bozza").click()
    expect(page.locator(".banner-warn")).to_contain_text("L'inglese non segue")
    page.close()


def test_a_copy_is_a_new_draft_on_a_telephone(
    chromium: Browser, live_server: LiveServer, write: Any, anna: User
) -> None:
    notice = write(title="Mercato del giovedì")
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    log_in(page, live_server, anna)
    page.goto(live_server.url + notice_address(notice))
    page.get_by_role("button", name="Duplica").click()
    expect(page.locator(".messagelist")).to_contain_text("nuova bozza")
    expect(page.get_by_label("Titolo", exact=True)).to_have_value("Mercato del giovedì")
    page.get_by_label("Titolo", exact=True).fill("Mercato del sabato")
    page.get_by_text("Aiuto: Titolo").locator("..").press("Enter")
    expect(page.get_by_text("Il titolo della pagina.")).to_be_visible()
    assert_clean(page)
    shot(page, "copy-390")
    page.get_by_role("button", name="Salva la bozza").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mercato del sabato")
    assert Broadcast.objects.count() == 2
    page.close()


def test_a_picture_goes_with_it(chromium: Browser, live_server: LiveServer, anna: User, carla: User) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, locale="it-IT")
    log_in(page, live_server, anna)
    open_form(page, live_server, "event")
    page.get_by_label("Titolo", exact=True).fill("Luci di Natale")
    put(page, starts="2026-12-05T17:00", ends="2026-12-05T19:00", place="piazza della Vittoria")
    put(page, text="Si accendono le luci, con il *coro* dei bambini.")
    page.locator(".file-panel > summary").press("Enter")
    chosen = page.locator('input[name="file"]')
    chosen.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"<svg/>"})
    expect(page.get_by_role("alert")).to_contain_text("questo file è altro")
    chosen.set_input_files(
        {"name": "piazza.jpg", "mimeType": "image/jpeg", "buffer": drawn(size=(1200, 700))}
    )
    expect(page.locator("#preview .bubble-file img")).to_be_visible()
    page.locator('[name="media_alt"]').fill("La piazza con le luci accese")
    expect(page.locator("#preview .bubble-file img")).to_have_attribute("alt", "La piazza con le luci accese")
    expect(page.locator("#preview .bubble strong")).to_have_text("coro")
    assert_clean(page)
    shot(page, "picture", whole=False)
    page.get_by_role("button", name="Salva e manda in approvazione").click()
    expect(page.locator(".state")).to_have_text("da approvare")
    expect(page.locator(".bubble-file img")).to_be_visible()
    assert_clean(page)
    page.close()


def test_the_templates_and_their_next_steps(chromium: Browser, live_server: LiveServer, carla: User) -> None:
    MessageTemplate.objects.filter(name="avviso_acqua_v1").update(status="PAUSED", reason="LOW_QUALITY")
    MessageTemplate.objects.filter(name="avviso_strade_v1").update(quality="YELLOW")
    for width in (1280, 390):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        log_in(page, live_server, carla)
        page.goto(live_server.url + reverse("admin:broadcasts_messagetemplate_state"))
        expect(page.get_by_text("La pausa finisce da sola").first).to_be_visible()
        assert_clean(page)
        shot(page, f"templates-{width}")
        page.close()
