"""The public pages in a real browser: accessible, light, within the content policy, good when small."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from broadcasts.models import Broadcast
from tests.conftest import TUESDAY_10

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
FIRST_VISIT_BYTES = 350 * 1024
WIDTHS = (1280, 390)
STORED_PACKED = (".woff2", ".png")  # compressing them again gains nothing

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
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def story(browser: Browser, live_server: LiveServer, publish: Callable[..., Broadcast]) -> list[str]:
    """A site with an alert, a corrected notice, one that is over; the addresses of its pages."""
    alert = publish(title="Allerta arancione", topic="protezione-civile", severity="emergency")
    wrong = publish(title="Mercato mercoledì", topic="viabilita")
    publish(
        title="Il mercato è giovedì", topic="viabilita", kind="correction", refers_to=wrong, at=TUESDAY_10
    )
    over = publish(title="Acqua tornata", valid_until=TUESDAY_10 - timedelta(hours=1))
    notices = [f"/a/{b.code}/" for b in (alert, wrong, over)]
    return [
        "/",
        "/avvisi/",
        "/avvisi/?argomento=acqua",
        *notices,
        "/policy/",
        "/privacy/",
        "/en/",
        "/niente/",
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("demo", [False, True])
def test_axe_finds_nothing_and_nothing_is_refused(
    browser: Browser, live_server: LiveServer, story: list[str], settings: Settings, width: int, demo: bool
) -> None:
    settings.DEMO = demo
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text[:200]}"))
    for path in story:
        page.goto(live_server.url + path)
        found = Axe().run(page)
        assert len(found.response["passes"]) > 10, "axe looked at nothing"
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
    page.close()
    assert not [c for c in complaints if "status of 404" not in c]


def test_a_first_visit_is_light_and_stays_at_home(
    browser: Browser, live_server: LiveServer, story: list[str]
) -> None:
    visit = browser.new_context(viewport={"width": 390, "height": 900})
    page = visit.new_page()
    weights: dict[str, int] = {}

    def weigh(url: str, body: bytes) -> None:
        packed = url.endswith(STORED_PACKED)
        weights[url] = len(body) if packed else len(gzip.compress(body, 9))

    page.on("response", lambda answer: weigh(answer.url, answer.body()))
    page.goto(live_server.url)
    page.wait_for_load_state("networkidle")
    assert any(url.endswith(".woff2") for url in weights), "the fonts were not loaded: nothing was weighed"
    assert all(url.startswith((live_server.url, "data:")) for url in weights)
    assert sum(weights.values()) < FIRST_VISIT_BYTES, weights
    assert visit.cookies() == []
    visit.close()


def test_the_pages_work_without_javascript(
    browser: Browser, live_server: LiveServer, story: list[str]
) -> None:
    visit = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = visit.new_page()
    page.goto(live_server.url)
    page.get_by_role("navigation", name="Principale").get_by_role("link", name="Avvisi").click()
    page.get_by_role("navigation", name="Argomenti").get_by_role("link", name="Viabilità").click()
    page.get_by_role("link", name="Mercato mercoledì").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Mercato mercoledì"
    assert page.get_by_text("Questo avviso è stato rettificato").is_visible()
    page.get_by_role("link", name="English").click()
    assert "/en/a/" in page.url
    visit.close()


def test_the_keyboard_reaches_the_content_first(
    browser: Browser, live_server: LiveServer, story: list[str]
) -> None:
    page = browser.new_page()
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    assert _focused(page) == "Vai ai contenuti"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_the_bar_moves_the_clock_by_a_click(
    browser: Browser,
    live_server: LiveServer,
    story: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("whatsempoli.clock.move_to", asked.append)
    settings.DEMO = True
    page = browser.new_page()
    page.goto(f"{live_server.url}/avvisi/?argomento=acqua")
    assert page.get_by_text("nessun messaggio esce da questo computer").is_visible()
    page.get_by_role("button", name="Sposta l'orologio a oggi alle 15:00").click()
    page.wait_for_load_state()
    assert page.url.endswith("/avvisi/?argomento=acqua")
    assert asked == [TUESDAY_10.replace(hour=15)]
    page.close()


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent")).strip()
