"""«Il primo messaggio in dieci minuti», followed word by word: the steps are read from the page itself.

SHOTS=folder takes its pictures anew (docs/pictures).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from broadcasts import release, tally
from broadcasts.models import Broadcast, Delivery
from policy.calendar import DAYS
from staff.models import User
from tests.admin.browsing import BROWSER, assert_clean, launched, log_in, shot
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = BROWSER
PAGE = Path(settings.BASE_DIR) / "docs" / "il-primo-messaggio.md"
STEP = re.compile(r"^(\d+)\. (.+)$")
PICTURE = re.compile(r"^!\[(.+)\]\((pictures/.+\.png)\)$")
ACTS = (
    r"entra come \*\*(?P<who>\w+)\*\*",
    r"premi \*\*(?P<press>[^*]+)\*\*",
    r"scrivi «(?P<text>[^»]+)» in \*\*(?P<field>[^*]+)\*\*",
    r"scegli \*\*(?P<choice>[^*]+)\*\* in \*\*(?P<among>[^*]+)\*\*",
    r"in \*\*(?P<moment>[^*]+)\*\* metti (?P<day>\w+) alle (?P<at>\d\d?:\d\d)",
    r"(?P<wait>aspetta qualche secondo)",
    r"leggi «(?P<read>[^»]+)»(?: e «(?P<too>[^»]+)»)?",
)
DOES = re.compile("|".join(ACTS), re.IGNORECASE)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from launched()


def test_the_page_can_be_followed(
    chromium: Browser, live_server: LiveServer, people: Any, anna: User, bruno: User
) -> None:
    people(3, "scuole")
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, locale="it-IT")
    lines, steps = PAGE.read_text(encoding="utf-8").splitlines(), 0
    for line in lines:
        if picture := PICTURE.match(line):
            assert (PAGE.parent / picture[2]).exists(), f"there is no {picture[2]}"
            shot(page, Path(picture[2]).stem)
            assert_clean(page)
        if step := STEP.match(line):
            steps += 1
            assert int(step[1]) == steps, line
            acts = list(DOES.finditer(step[2]))
            assert acts, f"nothing to do or to read: {line}"
            for act in acts:
                _do(page, live_server, act, {"anna": anna, "bruno": bruno})
    page.close()
    assert steps > 10
    assert Broadcast.objects.get().state == "sent"


def _do(page: Page, site: LiveServer, found: re.Match[str], staff: dict[str, User]) -> None:
    """One instruction of the page."""
    said = found.groupdict()
    if said["who"]:
        log_in(page, site, staff[said["who"]])
    elif said["press"]:
        _button(page, said["press"]).click()
    elif said["text"]:
        _field(page, said["field"]).fill(said["text"])
    elif said["choice"]:
        _field(page, said["among"]).select_option(label=said["choice"])
    elif said["moment"]:
        _field(page, said["moment"]).fill(_next(said["day"], said["at"]))
    elif said["wait"]:
        _workers_work(page)
    else:
        for words in filter(None, (said["read"], said["too"])):
            expect(page.locator("#container")).to_contain_text(words)


def _field(page: Page, name: str) -> Locator:
    """The field of that name; one that need not be filled says so in its label."""
    return (
        page.get_by_label(re.compile(rf"^\s*{re.escape(name)}(\s+facoltativo)?\s*$"))
        .locator("visible=true")
        .first
    )


def _button(page: Page, name: str) -> Locator:
    """The button or link whose words begin so, or hold it."""
    either = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
    return either.locator("visible=true").first


def _next(day: str, at: str) -> str:
    """«sabato», «13:00» → the coming one, as a field of date and time takes it."""
    away = (DAYS["it"].index(day) - TUESDAY_10.weekday()) % 7 or 7
    return f"{(TUESDAY_10 + timedelta(days=away)).date()}T{at:0>5}"


def _workers_work(page: Page) -> None:
    """What the engine does meanwhile, which has its own tests: everybody gets it, the notice is closed."""
    release.release_due(TUESDAY_10)
    now = clock.real_now()
    notice = Broadcast.objects.get()
    took = {"begun_at": now, "accepted_at": now, "delivered_at": _later(notice, 3)}
    Delivery.objects.filter(broadcast=notice).update(state="accepted", receipt=2, **took)
    assert release.close(notice.pk, TUESDAY_10 + timedelta(seconds=5))
    tally.refresh_due(now)
    page.reload()


def _later(notice: Broadcast, seconds: int) -> datetime:
    assert notice.started_at is not None
    return notice.started_at + timedelta(seconds=seconds)
