"""The office's pages in a real Chromium: nothing is refused by the page's own rules, axe finds nothing, the
phone follows what one writes, and all of it works without JavaScript."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from broadcasts import lifecycle
from broadcasts.admin.pages import notice_address
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.models import Severity
from staff.models import User
from tests.conftest import TUESDAY_10

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="there is no chromium here"
    ),
]
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the thread of the test
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def log_in(page: Page, site: LiveServer, who: User) -> None:
    page.goto(site.url + reverse("admin:login") + "?next=" + reverse("admin:index"))
    page.get_by_label("Nome utente").fill(who.username)
    page.get_by_label("Password").fill("prova")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(who.first_name)


@pytest.fixture
def addresses(live_server: LiveServer, write: Any, leaving: Any, anna: User) -> list[str]:
    """Every page of ours that an editor may open, with something on it."""
    reviewed = write(severity=Severity.URGENT, night_reason="Il tubo è rotto")
    lifecycle.submit(reviewed.pk, by=anna, now=TUESDAY_10)
    emergency = write(topic="protezione-civile", severity=Severity.EMERGENCY)
    drill = write(
        kind="exercise",
        topic="protezione-civile",
        exercise=True,
        fields={
            "starts": "2026-11-26T09:00+01:00",
            "ends": "2026-11-26T12:00+01:00",
            "text": "Provate il percorso.",
        },
    )
    live = leaving({"pending": 2, "accepted": 3, "failed": 2})
    return [
        reverse("admin:index"),
        reverse("admin:broadcasts_broadcast_add"),
        *(reverse("admin:broadcasts_broadcast_compose", args=[k]) for k in ("alert", "water", "notice")),
        *(notice_address(one) for one in (reviewed, emergency, drill, live)),
        reverse("admin:broadcasts_broadcast_missing", args=[live.pk]),
        reverse("admin:broadcasts_letter_changelist"),
        reverse("admin:broadcasts_letter_import"),
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_nothing_is_refused(
    width: int, chromium: Browser, live_server: LiveServer, addresses: list[str], anna: User
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text[:200]}"))
    log_in(page, live_server, anna)
    for address in addresses:
        page.goto(live_server.url + address, wait_until="networkidle")
        found = Axe().run(page)
        assert len(found.response["passes"]) > 10, "axe looked at nothing"
        if found.violations_count:
            complaints.append(f"{address}: {found.generate_report()}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address} scrolls sideways"
    page.close()
    assert not complaints, "\n".join(complaints)


def test_the_phone_follows_what_one_writes(chromium: Browser, live_server: LiveServer, anna: User) -> None:
    page = chromium.new_page()
    log_in(page, live_server, anna)
    page.get_by_role("link", name="Scrivi un avviso").first.click()
    page.get_by_role("link", name="Per tutto il resto").click()
    page.get_by_label("Titolo", exact=True).fill("Lavori in *piazza*")
    page.get_by_label("Testo", exact=True).fill("Si lavora, chiamate il Centro operativo.")
    phone = page.locator("#preview .bubble")
    expect(phone).to_contain_text("Si lavora, chiamate il Centro operativo.")
    expect(phone.locator("strong")).to_have_text("piazza")
    expect(page.locator("#preview")).to_contain_text("manca il numero da chiamare")
    page.get_by_label("Argomento").select_option(label="Acqua")
    page.locator('[name="b-remind_at"]').fill("2026-11-30T10:00")  # nobody knows yet when it ends
    expect(page.locator("#preview")).not_to_contain_text("Mancano ancora")
    page.get_by_role("button", name="Salva e manda in approvazione").click()
    expect(page.locator(".state")).to_have_text("da approvare")
    page.close()


def test_the_page_goes_on_by_itself_until_all_have_left(
    chromium: Browser, live_server: LiveServer, leaving: Callable[..., Broadcast], anna: User
) -> None:
    notice = leaving({"pending": 2, "accepted": 2})
    page = chromium.new_page()
    log_in(page, live_server, anna)
    page.goto(live_server.url + notice_address(notice))
    expect(page.locator(".bar-words")).to_contain_text("fatti 2 su 4")
    rows = Delivery.objects.filter(broadcast=notice, state="pending")
    rows.update(state="accepted", accepted_at=TUESDAY_10)
    expect(page.locator(".bar-words")).to_contain_text("100%")
    Broadcast.objects.filter(pk=notice.pk).update(state=State.SENT, finished_at=TUESDAY_10)
    expect(page.locator(".state")).to_have_text("inviato")
    expect(page.locator("#progress h2")).to_have_text("Com'è andata")
    page.close()


def test_an_emergency_alone_on_a_phone_at_night(
    chromium: Browser, live_server: LiveServer, write: Any, anna: User
) -> None:
    emergency = write(
        topic="protezione-civile", severity=Severity.EMERGENCY, valid_until=TUESDAY_10 + timedelta(hours=4)
    )
    page = chromium.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False).new_page()
    log_in(page, live_server, anna)
    page.goto(live_server.url + notice_address(emergency))
    page.locator("summary", has_text="Invia ora da solo").click()
    page.get_by_label("Perché non si può aspettare un collega?").fill("Il fiume sale")
    page.get_by_label("Scrivi «INVIA»").fill("Invia ")
    page.get_by_role("button", name="Invia ora da solo").click()
    expect(page.locator(".state")).to_have_text("programmato")
    expect(page.locator(".banner-stop")).to_contain_text("Un'altra persona deve convalidarlo.")
    page.context.close()
