"""Every other public page in a real browser: axe, zoom at 400 %, calm motion, what a form says is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from broadcasts.models import Broadcast, Redaction
from policy.models import PolicyVersion, PublicFigure, TownProfile
from staff.models import User
from tests.conftest import TUESDAY_10
from tests.public.test_browser import CHROMIUM
from tests.public.test_browser import browser as browser

ZOOMED = 320  # CSS pixels: 1280 at 400 % (WCAG 2.2, 1.4.10)
TOO_WIDE = """width => [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > width)
    .slice(0, 3).map(one => one.tagName + '.' + one.className)"""
PICTURES = os.environ.get("PICTURES", "")  # a folder for the pictures in the docs

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="there is no chromium here"
    ),
]


@pytest.fixture
def pages(publish: Callable[..., Broadcast], anna: User, bruno: User) -> dict[str, str]:
    """A town with all figures on, a policy with a second version, a redacted notice with a chain."""
    TownProfile.objects.update(public_figures=PublicFigure.values)
    first = PolicyVersion.objects.get(kind="policy", number=1)
    PolicyVersion.objects.create(
        kind="policy",
        number=2,
        body=first.body.replace("gratuito", "gratuito per tutti") + "\n\n## In più\n\nUna promessa nuova.",
        body_en=first.body_en,
        published_at=TUESDAY_10 - timedelta(days=1),
    )
    wrong = publish(title="Mercato mercoledì", topic="viabilita", at=TUESDAY_10 - timedelta(hours=3))
    publish(title="Il mercato è giovedì", topic="viabilita", kind="correction", refers_to=wrong)
    Redaction.objects.create(
        broadcast=wrong,
        reason="nome",
        proposed_by=anna,
        proposed_at=TUESDAY_10,
        decided_by=bruno,
        decided_at=TUESDAY_10,
        done=True,
    )
    return {
        "home": "/",
        "notice": f"/a/{wrong.code}/",
        "join": "/iscriviti/",
        "true": f"/verifica/?codice={wrong.code}",
        "unknown": "/verifica/?codice=zzzzzzzz",
        "wrong search": "/avvisi/?dal=2026-11-20&al=2026-11-01",
        "policy-difference": "/policy/2/cambiamenti/",
        "rules": "/regole/",
        "accounts": "/conti/",
        "english": f"/en/a/{wrong.code}/",
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_zoom_hides_nothing(
    browser: Browser, live_server: LiveServer, pages: dict[str, str], width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    found: list[str] = []
    for name, path in pages.items():
        page.goto(live_server.url + path)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"public-{name.replace(' ', '-')}-{width}.png")
        report = Axe().run(page)
        if report.violations_count:
            found.append(f"{name}: {report.generate_report()}")
        page.set_viewport_size({"width": ZOOMED, "height": 256})
        if page.evaluate("document.documentElement.scrollWidth") > ZOOMED:
            wide = page.evaluate(TOO_WIDE, ZOOMED)
            found.append(f"{name} scrolls sideways at 400 %: {wide}")
        page.set_viewport_size({"width": width, "height": 900})
        levels = page.evaluate(
            "[...document.querySelectorAll('main h1,main h2,main h3')].map(h => +h.tagName[1])"
        )
        if levels[0] != 1 or any(b > a + 1 for a, b in pairwise(levels)):
            found.append(f"{name} skips a heading: {levels}")
    page.close()
    assert not found, "\n".join(found)


def test_a_form_says_beside_the_field_what_is_wrong_by_keyboard(
    browser: Browser, live_server: LiveServer, pages: dict[str, str]
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{live_server.url}/verifica/")
    page.get_by_label("Il codice, o il testo del messaggio").focus()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    field = page.get_by_label("Il codice, o il testo del messaggio")
    assert field.get_attribute("aria-invalid") == "true"
    ids = (field.get_attribute("aria-describedby") or "").split()
    said = " ".join(page.locator(f"#{one}").inner_text() for one in ids)
    assert "Scrivi il codice o incolla il messaggio" in said
    page.close()
