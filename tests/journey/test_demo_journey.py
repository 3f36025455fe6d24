"""The whole road as a stranger walks it: `make demo`, a phone, two colleagues, a tick, a goodbye.

The demo is started for real, on engines of its own, and stopped with Ctrl-C at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.public.test_browser import ARGUMENTS, CHROMIUM
from whatsempoli.stack import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="there is no chromium here"
    ),
]
READY_SECONDS = 90
OURS = re.compile(r"^(DATABASE_URL|REDIS_URL|WHATSAPP_|DJANGO_|DEMO|TESTING|SITE_URL|SIMULATOR_URL|SECRET)")


@dataclass(frozen=True)
class Demo:
    """A running demo: its addresses and its process."""

    site: str
    phones: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    folder = Path(tempfile.mkdtemp(prefix="we-journey-"))
    env = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    process = subprocess.Popen(
        [sys.executable, "-m", "whatsempoli.demo", "--data", str(folder)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    watchdog.cancel()
    text = "".join(said)
    addresses = re.findall(r"http://127\.0\.0\.1:\d+", text)
    assert len(addresses) >= 3, text
    yield Demo(addresses[0], addresses[2], process)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


def open_as(browser: Browser, demo: Demo, who: str, width: int = 1280) -> Page:
    """A private window of somebody of the office."""
    page = browser.new_context(viewport={"width": width, "height": 900}, locale="it-IT").new_page()
    page.goto(f"{demo.site}/admin/")
    page.fill("input[name=username]", who)
    page.fill("input[name=password]", "empoli-demo")
    page.click("[type=submit]")
    expect(page.get_by_text("Esci")).to_be_visible()
    return page


def say(phone: Page, text: str) -> None:
    """The citizen of the large phone writes."""
    box = phone.locator(".phone").first.get_by_placeholder("Scrivi un messaggio")
    box.fill(text)
    box.press("Enter")


def test_from_the_editors_log_in_to_the_phones_tick(browser: Browser, demo: Demo) -> None:
    phone = browser.new_context(viewport={"width": 1280, "height": 900}, locale="it-IT").new_page()
    violations: list[str] = []
    phone.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
    phone.goto(f"{demo.phones}/?text=ATTIVA%20ISCRIZIONE")
    box = phone.locator(".phone").first.get_by_placeholder("Scrivi un messaggio")
    expect(box).to_have_value("ATTIVA ISCRIZIONE")
    box.press("Enter")
    log = phone.locator(".phone").first.locator(".log")
    expect(log).to_contain_text("DISATTIVA ISCRIZIONE", timeout=15_000)
    expect(log).to_contain_text("/policy/")

    anna = open_as(browser, demo, "anna")
    anna.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
    anna.get_by_role("link", name="Scrivi un avviso").last.click()
    anna.get_by_role("link", name=re.compile("^Acqua")).first.click()
    anna.get_by_label("Titolo").first.fill("Rottura in via di Prova")
    anna.locator("input[type=datetime-local]").nth(0).fill(soon(anna, "12:00"))
    anna.locator("input[type=datetime-local]").nth(1).fill(soon(anna, "16:00"))
    anna.get_by_label("Strade, una per riga").fill("via di Prova: numeri pari dal 2 al 48")
    anna.get_by_role("button", name="Salva e manda in approvazione").click()
    expect(anna.locator(".state")).to_contain_text("da approvare")
    address = anna.url

    bruno = open_as(browser, demo, "bruno")
    later = bruno.get_by_role("button", name=re.compile("Sposta l'orologio"))
    if later.count():
        later.click()
    bruno.goto(address)
    expect(bruno.locator(".notice-side").first).to_contain_text("Rottura in via di Prova")
    bruno.get_by_role("button", name=re.compile("^Approva")).click()

    expect(log).to_contain_text("Rottura in via di Prova", timeout=90_000)  # who joined last comes last
    expect(log).to_contain_text("via di Prova (numeri pari dal 2 al 48)")
    bruno.goto(address)
    expect(bruno.locator("#progress")).to_contain_text("Arrivati", timeout=30_000)
    expect(bruno.locator(".state").first).to_contain_text("inviato", timeout=90_000)

    public = browser.new_context(locale="it-IT").new_page()
    link = log.locator("a[href*='/a/']").last.get_attribute("href")
    assert link is not None
    public.goto(link)
    expect(public.get_by_role("heading", level=1)).to_contain_text("Rottura in via di Prova")

    say(phone, "DISATTIVA ISCRIZIONE")
    expect(log.locator(".tick, .ticks").last).to_be_visible()
    expect(log).to_contain_text(
        re.compile("non (sei|riceverai|ricevi)|disattivata|fuori", re.I), timeout=15_000
    )
    assert violations == []


def soon(page: Page, hour: str) -> str:
    """In three days by the browser, as a datetime-local field wants it: after any opening of the service."""
    day = page.evaluate("() => new Date(Date.now() + 3 * 864e5).toISOString().slice(0, 11)")
    return f"{day}{hour}"


def test_ctrl_c_leaves_no_process_behind(demo: Demo) -> None:
    children = descendants(demo.process.pid)
    assert len(children) > 5
    demo.process.send_signal(signal.SIGINT)
    demo.process.communicate(timeout=60)
    assert [pid for pid in children if Path(f"/proc/{pid}").exists() and not zombie(pid)] == []


def descendants(pid: int) -> list[int]:
    """Every process below this one, by the kernel's own lists."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def zombie(pid: int) -> bool:
    """Ended, and only waiting to be read by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
