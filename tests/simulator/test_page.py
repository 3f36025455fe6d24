"""The phone page: what it may load, and that a citizen can write, tap and see ticks in a real browser."""

from __future__ import annotations

import asyncio
import os
import re
import shutil

import pytest

from simulator.page import CSP, STATIC
from tests.simulator.harness import ANNA, alert, running, text

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.mark.parametrize("path", ["/", "/pannello"])
def test_pages_come_with_a_strict_policy_and_nothing_inline(path):
    async def play():
        async with running() as sim, sim.session.get(sim.url + path) as answer:
            assert answer.headers["Content-Security-Policy"] == CSP
            html = await answer.text()
            assert "nessun messaggio esce da questo computer" in html
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
            for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', html):
                async with sim.session.get(sim.url + name) as file:
                    assert file.status == 200, name

    asyncio.run(play())
    assert "unsafe" not in CSP


@pytest.mark.parametrize("name", ["..%2Fsettings.py", "..%2F..%2Fmanage.py", "index.html", "none.css"])
def test_only_styles_scripts_and_icons_are_served(name):
    async def play():
        async with running() as sim, sim.session.get(f"{sim.url}/static/{name}") as answer:
            assert answer.status == 404

    asyncio.run(play())


def test_no_script_builds_markup_from_text():
    for path in STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()
        )


def test_the_live_feed_names_whose_chat_changed():
    async def play():
        async with running() as sim, sim.session.get(f"{sim.url}/__sim__/events") as feed:
            await feed.content.readuntil(b"\n\n")
            await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
            line = await asyncio.wait_for(feed.content.readuntil(b"\n\n"), 5)
            assert line == f'data: ["{ANNA}"]\n\n'.encode()

    asyncio.run(play())


def installed() -> str:
    """Where Chromium is; the test is skipped, or fails where a browser is required, if there is none."""
    chromium = shutil.which("chromium")
    if not chromium and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("a browser is required, and there is none")
    return chromium or pytest.skip("no Chromium")


@pytest.mark.browser
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("path", "width"), [("/", 1480), ("/", 390), (f"/?phone={ANNA}", 390), ("/pannello", 390)]
)
def test_axe_finds_nothing(path, width, training):
    chromium = installed()
    api = pytest.importorskip("playwright.async_api")
    axe = pytest.importorskip("axe_playwright_python.async_playwright").Axe()

    async def play():
        async with running(training=training) as sim, api.async_playwright() as player:
            await sim.template()
            await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
            await sim.control(f"phones/{ANNA}/send", {"type": "document"})
            await sim.post(alert())
            await sim.idle()
            browser = await player.chromium.launch(executable_path=chromium, args=FLAGS.split())
            size = {"width": width, "height": 800}
            # A bubble that is fading in has no colour to judge.
            page = await browser.new_page(viewport=size, reduced_motion="reduce")
            await page.goto(sim.url + path)
            await api.expect(page.locator("h1").first).to_be_attached()
            await page.wait_for_function("document.querySelector('#figures dd, .person, .bubble') !== null")
            assert ("PALESTRA" in await page.title()) == training
            found = (await axe.run(page)).response["violations"]
            assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await browser.close()

    asyncio.run(play())


@pytest.mark.browser
def test_a_citizen_replies_and_attaches_with_the_keyboard_alone():
    chromium = installed()
    api = pytest.importorskip("playwright.async_api")

    async def play():
        async with running() as sim, api.async_playwright() as player:
            await sim.template()
            await sim.post(alert())
            await sim.idle()
            browser = await player.chromium.launch(executable_path=chromium, args=FLAGS.split())
            page = await browser.new_page(viewport={"width": 390, "height": 800})
            await page.goto(f"{sim.url}/?phone={ANNA}")
            await page.get_by_role("button", name="Rispondi a: Protezione civile").focus()
            await page.keyboard.press("Enter")
            await page.keyboard.type("Vale anche a Pontorme?")
            await page.keyboard.press("Enter")
            await api.expect(page.locator(".bubble.mine .quote")).to_have_text("Protezione civile")
            await page.get_by_role("button", name="Allega").first.focus()
            for key in ("Enter", "Enter"):  # opens the choice, takes the first
                await page.keyboard.press(key)
            await api.expect(page.locator(".bubble.mine .picture")).to_be_attached()
            await sim.idle()
            answer, photo = sim.receiver.messages()
            assert answer["context"]["id"] == (await sim.ledger())[0]["message_id"]
            assert photo["type"] == "image"
            await browser.close()

    asyncio.run(play())


@pytest.mark.browser
def test_a_citizen_writes_taps_and_sees_ticks():
    chromium = installed()
    api = pytest.importorskip("playwright.async_api")

    async def play():
        async with running() as sim, api.async_playwright() as player:
            browser = await player.chromium.launch(executable_path=chromium, args=FLAGS.split())
            page = await browser.new_page(viewport={"width": 390, "height": 780})
            faults: list[str] = []
            page.on("console", lambda message: faults.append(message.text))
            page.on("pageerror", lambda error: faults.append(str(error)))
            expect = api.expect
            await page.goto(f"{sim.url}/?phone={ANNA}&text=ATTIVA%20ISCRIZIONE")
            box = page.get_by_placeholder("Scrivi un messaggio").first
            await expect(box).to_have_value("ATTIVA ISCRIZIONE")
            await expect(box).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.locator(".bubble").get_by_role("img", name="consegnato")).to_be_visible()
            (said,) = sim.receiver.messages()
            assert said["text"]["body"] == "ATTIVA ISCRIZIONE" and said["from"] == ANNA
            await sim.template()
            await sim.post(alert(values={"livello": "*ARANCIONE*", "fenomeno": "<b>pioggia</b>"}))
            await expect(page.locator(".bubble strong")).to_have_text("ARANCIONE")
            await expect(page.locator(".bubble").get_by_text("<b>pioggia</b>")).to_be_visible()
            await page.get_by_role("button", name="Perché ricevo questo?").click()
            await expect(page.locator(".bubble.mine")).to_have_count(2)
            read = {"messaging_product": "whatsapp", "status": "read", "message_id": said["id"]}
            await sim.post(read)
            await expect(page.locator(".bubble").get_by_role("img", name="letto")).to_be_visible()
            await sim.post(text("http://127.0.0.1:8000/regole/."))
            link = page.get_by_role("link", name="http://127.0.0.1:8000/regole/")
            await expect(link).to_have_attribute("href", "http://127.0.0.1:8000/regole/")
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390 and not faults, faults
            await browser.close()

    asyncio.run(play())
