"""A real Chromium for the office's pages, and what every story with it needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from staff.models import User

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
SHOTS = os.environ.get("SHOTS", "")  # a folder for pictures of the pages, to look at them
BROWSER = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="there is no chromium here"
    ),
]


def launched() -> Iterator[Browser]:
    """For a module's fixture: one browser, closed at its end."""
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


def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """A picture of the page, where somebody asked for them."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=whole)


def assert_clean(page: Page) -> None:
    """axe finds nothing, and nothing has to be scrolled sideways."""
    found = Axe().run(page)
    assert len(found.response["passes"]) > 10, "axe looked at nothing"
    assert not found.violations_count, found.generate_report()
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} scrolls sideways"
