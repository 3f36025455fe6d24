"""The page of one's own data at a phone's width: a tap opens it, it can be read, corrected and erased."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from broadcasts import intake
from broadcasts.models import Delivery
from policy.models import TownProfile
from staff.models import User
from subscribers import my_data
from subscribers.models import Conversation, Subscriber
from tests.admin.test_browser import log_in
from tests.broadcasts.simulated import envelope, said
from tests.conftest import TUESDAY_10
from tests.public.test_browser import ARGUMENTS, CHROMIUM
from whatsapp.signature import sign
from whatsempoli import clock

NUMBER = "393331112233"
PICTURES = os.environ.get("PICTURES", "")  # a folder, to look at what the test saw

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="there is no chromium here"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the thread of the test
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def anita(town: Any, write: Any, monkeypatch: pytest.MonkeyPatch) -> Subscriber:
    """Joined, wrote, got a notice."""
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)
    body = envelope(
        messages=[
            said("ATTIVA ISCRIZIONE", at=TUESDAY_10, id="wamid.a", from_user_id="IT.13491208655302741918"),
            said("ho perso il cane in via Roma 🐕 <b>ciao</b>", at=TUESDAY_10, id="wamid.b"),
        ]
    )
    head = {"X-Hub-Signature-256": sign("test-app-secret", body)}
    Client().post("/webhooks/whatsapp/", body, content_type="application/json", headers=head)
    intake.take_in()
    person = Subscriber.objects.get()
    Delivery.objects.create(
        broadcast=write(), subscriber=person, state="accepted", receipt=3, accepted_at=TUESDAY_10
    )
    return person


def looked_at(page: Page, name: str, width: int = 390) -> None:
    """Accessible, and nothing runs over the edge."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def test_a_person_sees_takes_corrects_and_erases(
    browser: Browser, live_server: LiveServer, anita: Subscriber, settings: Any, tmp_path: Path
) -> None:
    settings.SITE_URL = live_server.url
    link = my_data.link_for(anita, TUESDAY_10)
    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=True)
    page = phone.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text[:200]))

    page.goto(link)
    looked_at(page, "apri")
    assert NUMBER[-4:] not in page.content()
    page.get_by_role("button", name="Apri i miei dati").click()
    assert page.url == f"{live_server.url}/dati/", "the secret is no longer in the address"
    assert page.get_by_text(f"+{NUMBER}").is_visible()
    assert page.get_by_text("ho perso il cane in via Roma 🐕 <b>ciao</b>").is_visible()
    looked_at(page, "dati")

    with page.expect_download() as saved:
        page.get_by_role("link", name="Per un programma (JSON)").click()
    saved.value.save_as(tmp_path / "dati.json")
    assert json.loads((tmp_path / "dati.json").read_text())["phone"] == f"+{NUMBER}"
    with page.expect_download() as saved:
        page.get_by_role("link", name="Da leggere (HTML)").click()
    saved.value.save_as(tmp_path / "dati.html")
    reading = phone.new_page()
    reading.goto((tmp_path / "dati.html").as_uri())
    assert reading.get_by_role("heading", level=1).is_visible()
    looked_at(reading, "scaricato")
    reading.close()

    page.get_by_label("Eventi").check()
    page.get_by_label("Scuole").uncheck()
    page.get_by_role("button", name="Salva le scelte").click()
    assert page.get_by_role("status").is_visible()
    topics = set(anita.categories.values_list("slug", flat=True))
    assert "eventi" in topics and "scuole" not in topics

    stranger = browser.new_context()
    other = stranger.new_page()
    other.goto(link)
    other.get_by_role("button", name="Apri i miei dati").click()
    assert other.get_by_role("heading", level=1).inner_text() == "Questo collegamento non vale più"
    stranger.close()

    page.get_by_label("Ho capito: cancellate i miei dati.").check()
    page.get_by_role("button", name="Cancella i miei dati").click()
    assert page.get_by_role("heading", level=1).inner_text() == "I tuoi dati sono cancellati"
    looked_at(page, "cancellati")
    page.goto(f"{live_server.url}/dati/")
    looked_at(page, "finito")
    page.goto(f"{live_server.url}/privacy/")
    looked_at(page, "privacy")
    assert not [c for c in complaints if "status of 410" not in c]
    anita.refresh_from_db()
    assert (anita.phone, anita.state) == (None, "erased")
    phone.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_office_answers_and_looks_at_a_number(
    browser: Browser, live_server: LiveServer, anita: Subscriber, carla: User, width: int
) -> None:
    TownProfile.objects.update(inbox_open=True)
    talk = Conversation.objects.create(
        subscriber=anita, opened_at=TUESDAY_10, touched_at=TUESDAY_10, waiting_since=TUESDAY_10
    )
    visit = browser.new_context(viewport={"width": width, "height": 900})
    page = visit.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text[:200]))
    log_in(page, live_server, carla)
    page.goto(live_server.url + reverse("admin:subscribers_conversation_changelist"))
    looked_at(page, f"conversazioni-{width}", width)
    page.get_by_role("link", name="••• 233").click()
    page.get_by_label("La risposta").fill("È al canile, in via Nuova.")
    page.get_by_role("button", name="Invia la risposta").click()
    assert page.get_by_text("in partenza").is_visible()
    looked_at(page, f"conversazione-{width}", width)
    page.goto(live_server.url + reverse("admin:subscribers_subscriber_change", args=[anita.pk]))
    assert NUMBER not in page.content()
    page.get_by_label("Perché ti serve").fill("ha telefonato all'ufficio")
    page.get_by_role("button", name="Mostra il numero").click()
    assert page.get_by_text(f"+{NUMBER}").is_visible()
    looked_at(page, f"numero-{width}", width)
    for name in ("subscribers_subscriber", "staff_auditentry", "broadcasts_purge", "broadcasts_reconsent"):
        page.goto(live_server.url + reverse(f"admin:{name}_changelist"))
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}.png"), full_page=True)
    talk.refresh_from_db()
    assert (talk.waiting_since, complaints) == (None, [])
    visit.close()
