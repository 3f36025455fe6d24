"""Stories in a real browser: a send that is watched and stopped, its report, an exercise, the front page, and
a walk with axe over every page of the admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Response, expect
from pytest_django.live_server_helper import LiveServer

from broadcasts import lifecycle, tally
from broadcasts.admin.pages import notice_address
from broadcasts.models import Broadcast, Delivery, Proof
from broadcasts.states import State
from staff.models import TrialPhone, User
from tests.admin.browsing import BROWSER, assert_clean, launched, log_in, shot
from tests.admin.every_page import every_page
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = BROWSER
FIELDS = {
    "starts": "2026-11-26T09:00+01:00",
    "ends": "2026-11-26T12:00+01:00",
    "text": "Provate il percorso.",
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture
def town_at_work(write: Any, leaving: Any, anna: User, bruno: User) -> Broadcast:
    """A notice in every important state; returns the one that has left, with receipts over some minutes."""
    write(title="Bozza sul mercato")
    reviewed = write(title="Guasto in via Ridolfi", severity="urgent", night_reason="Il tubo è rotto")
    lifecycle.submit(reviewed.pk, by=anna, now=TUESDAY_10)
    drill = write(kind="exercise", topic="protezione-civile", title="evacuazione", fields=FIELDS)
    lifecycle.submit(drill.pk, by=anna, now=TUESDAY_10)
    tomorrow = write(title="Strada chiusa per la partita", topic="viabilita")
    Broadcast.objects.filter(pk=tomorrow.pk).update(state="scheduled", due_at=TUESDAY_10 + timedelta(days=1))
    leaving({"pending": 40, "accepted": 55, "failed": 4, "skipped": 1}, title="Lavori in piazza")
    sent: Broadcast = leaving(
        {"accepted": 60, "failed": 4, "skipped": 3}, state=State.SENT, title="Acqua torbida"
    )
    start = TUESDAY_10 - timedelta(minutes=50)
    Broadcast.objects.filter(pk=sent.pk).update(
        started_at=start,
        finished_at=start + timedelta(seconds=9),
        valid_until=TUESDAY_10 + timedelta(hours=5),
    )
    for n, row in enumerate(Delivery.objects.filter(broadcast=sent, state="accepted")):
        row.begun_at, row.accepted_at = start, start + timedelta(seconds=n / 8)
        row.delivered_at, row.receipt = start + timedelta(seconds=2 + n * n / 6), 2 + n % 2
        row.read_at = start + timedelta(seconds=30 + 40 * n) if n % 2 else None
        row.save()
    tally.refresh_due(clock.real_now())
    Proof.objects.create(
        broadcast=drill, at=TUESDAY_10 - timedelta(days=12), phones=6, arrived=6, passed=True,
        steps=[["approved", 41.0], ["started", 2.0], ["began", 0.4], ["taken", 0.2], ["arrived", 3.1]],
    )  # fmt: skip
    return sent


def _note(complaints: list[str], got: Response) -> None:
    """What the page itself could not load; axe asks for style sheets of its own accord."""
    if got.status >= 400 and got.request.resource_type not in ("fetch", "xhr"):
        complaints.append(f"{got.status} {got.url}")


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_page_of_the_admin(
    width: int, chromium: Browser, live_server: LiveServer, town_at_work: Broadcast
) -> None:
    root = User.objects.create_superuser("root", password="prova", first_name="Rita")
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on("response", lambda got: _note(complaints, got))
    log_in(page, live_server, root)
    for address in every_page(root):
        page.goto(live_server.url + address, wait_until="load")
        found = Axe().run(page)
        if found.violations_count:
            complaints.append(f"{address}: {found.generate_report()[:1500]}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            complaints.append(f"{address} scrolls sideways")
    page.close()
    assert not complaints, "\n".join(complaints)


def test_a_send_is_watched_paused_and_stopped_by_keyboard(
    chromium: Browser, live_server: LiveServer, leaving: Callable[..., Broadcast], bruno: User
) -> None:
    notice = leaving({"pending": 40, "accepted": 55, "failed": 4, "skipped": 1}, title="Lavori in piazza")
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    log_in(page, live_server, bruno)
    page.goto(live_server.url + notice_address(notice))
    expect(page.locator(".bar-words")).to_contain_text("fatti 60 su 100, ne mancano 40")
    expect(page.locator("#progress")).to_contain_text("non usa WhatsApp")
    shot(page, "progress")
    page.locator("summary", has_text="Metti in pausa").press("Enter")
    page.get_by_label("Perché la pausa?").fill("Rileggo")
    page.get_by_label("Perché la pausa?").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("in pausa")
    page.get_by_role("button", name="Riprendi l'invio da dov'era").press("Enter")
    expect(page.locator(".state")).to_have_text("in partenza")
    page.locator("summary", has_text="Non inviare più").press("Enter")
    page.get_by_label("Perché?", exact=True).fill("È sbagliato")
    page.get_by_label("Perché?", exact=True).press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("fermato")
    expect(page.locator("#progress")).to_contain_text("l'invio è stato fermato prima")
    page.close()


def test_the_ones_that_failed_are_tried_again(
    chromium: Browser, live_server: LiveServer, leaving: Callable[..., Broadcast], bruno: User
) -> None:
    notice = leaving({"accepted": 5, "failed": 3}, state=State.SENT)
    Delivery.objects.filter(broadcast=notice, state="failed").update(error_code=131000)
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    log_in(page, live_server, bruno)
    page.goto(live_server.url + notice_address(notice))
    page.get_by_role("button", name="Riprova i non riusciti (3)").click()
    expect(page.locator(".state")).to_have_text("in partenza")
    expect(page.locator(".bar-words")).to_contain_text("ne mancano 3")
    page.close()


def test_the_report_and_who_did_not_get_it(
    chromium: Browser, live_server: LiveServer, town_at_work: Broadcast, carla: User
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    log_in(page, live_server, carla)
    page.goto(live_server.url + notice_address(town_at_work))
    page.get_by_role("link", name="Com'è andata, in dettaglio").click()
    expect(page.get_by_text("Arrivato a 60 persone su 67.")).to_be_visible()
    page.wait_for_load_state("load")
    drawn = "[...document.querySelectorAll('img.chart')].map(one => one.complete && one.naturalWidth > 0)"
    assert page.evaluate(drawn) == [True, True]
    shot(page, "report")
    page.get_by_role("link", name="Vedi l'elenco e scaricalo").click()
    expect(page.locator("tbody tr")).to_have_count(7)
    with page.expect_download() as download:
        page.get_by_role("button", name="Scarica").press("Enter")
    assert download.value.suggested_filename == f"non-ricevuti-{town_at_work.code}.csv"
    page.get_by_role("link", name="Mostra il numero").first.click()
    page.get_by_label("Perché ti serve questo numero?").fill("Ha telefonato all'URP")
    page.get_by_role("button", name="Mostra il numero").press("Enter")
    expect(page.locator(".forecast strong")).to_contain_text("+39")
    assert_clean(page)
    page.close()


def test_an_exercise_is_another_colour_and_asks_for_its_word(
    chromium: Browser, live_server: LiveServer, write: Any, people: Any, anna: User, bruno: User
) -> None:
    people(4, "protezione-civile")
    [own] = people(1, "protezione-civile")
    TrialPhone.objects.create(name="Reperibile", phone=f"+{own.phone}")
    drill = write(kind="exercise", topic="protezione-civile", title="evacuazione", fields=FIELDS)
    lifecycle.submit(drill.pk, by=anna, now=TUESDAY_10)
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    log_in(page, live_server, bruno)
    page.goto(live_server.url + notice_address(drill))
    expect(page.locator(".exercise-band")).to_contain_text("solo telefoni di prova")
    purple = page.locator("#header").evaluate("one => getComputedStyle(one).backgroundColor")
    page.locator("summary", has_text="Aprila ai cittadini").click()
    page.get_by_label("Perché anche ai cittadini?").fill("Prova generale")
    page.get_by_label("Scrivi «ESERCITAZIONE»").fill("invia")
    page.get_by_role("button", name="Aprila ai cittadini").click()
    expect(page.locator(".messagelist")).to_contain_text("scrivi la parola «ESERCITAZIONE»")
    expect(page.get_by_role("button", name="Approva l'esercitazione: parte")).to_contain_text("1 persona")
    assert_clean(page)
    shot(page, "exercise-390")
    page.get_by_role("button", name="Approva l'esercitazione: parte").click()
    expect(page.locator(".state")).to_have_text("programmato")
    page.goto(live_server.url + reverse("admin:index"))
    assert page.locator("#header").evaluate("one => getComputedStyle(one).backgroundColor") != purple
    page.close()


def test_the_front_page_says_how_it_stands(
    chromium: Browser, live_server: LiveServer, town_at_work: Broadcast, bruno: User
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    log_in(page, live_server, bruno)
    state = page.get_by_role("region", name="Come stiamo")
    expect(state).to_contain_text("12 giorni fa, giovedì 12 novembre 2026, ore 10:00: riuscita")
    expect(state).to_contain_text("La promessa di novembre")
    expect(page.locator(".lines", has_text="Domani")).to_contain_text("Strada chiusa per la partita")
    expect(page.locator(".lines", has_text="Stanno per finire di valere")).to_contain_text("Acqua torbida")
    shot(page, "front-page")
    page.close()
