"""Deciding, in a real Chromium: approval with a keyboard, the night on a phone, the second factor.

Each story is walked once; axe finds nothing on any page of it. With PICTURES set to a folder the pages are
kept as pictures for the documentation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from broadcasts import lifecycle, night
from broadcasts.admin.pages import notice_address
from broadcasts.models import Broadcast, NightLink
from broadcasts.night_address import address_of
from broadcasts.states import State
from staff.models import DutyShift, User
from tests.admin.test_browser import chromium, log_in, pytestmark  # noqa: F401  the same browser
from tests.broadcasts.test_lifecycle import ALERT
from tests.conftest import TUESDAY_10

NOW = TUESDAY_10
PHONE = {"width": 390, "height": 844}
TEXT = {
    "title": "Allerta rossa per vento",
    "kind": "alert",
    "topic": "protezione-civile",
    "severity": "emergency",
}


@pytest.fixture
def look() -> Callable[[Page, str], None]:
    """`look(page, "approval")`: axe finds nothing, nothing scrolls sideways; a picture if one is wanted."""

    def at(page: Page, name: str = "") -> None:
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()
        width = page.viewport_size["width"] if page.viewport_size else 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        if name and os.environ.get("PICTURES"):
            page.screenshot(path=Path(os.environ["PICTURES"]) / f"{name}.png", full_page=width < 500)

    return at


@pytest.fixture
def alert(write: Any) -> Callable[..., Broadcast]:
    """A draft of a red alert by Anna."""

    def make(**changes: Any) -> Broadcast:
        notice: Broadcast = write(fields=ALERT, valid_until=NOW + timedelta(hours=26), **(TEXT | changes))
        return notice

    return make


def on_phone(chromium: Browser) -> Page:  # noqa: F811
    return chromium.new_context(viewport=PHONE).new_page()  # type: ignore[arg-type]


def test_an_approver_sees_what_changed_and_decides_with_the_keyboard(
    chromium: Browser,  # noqa: F811
    live_server: LiveServer,
    write: Any,
    people: Any,
    look: Any,
    anna: User,
    bruno: User,
) -> None:
    people(12, "acqua")
    notice = write(valid_until=NOW + timedelta(days=2))
    lifecycle.submit(notice.pk, by=anna, now=NOW)
    lifecycle.send_back(notice.pk, by=bruno, reason="Manca l'ora.", now=NOW)
    notice = Broadcast.objects.get(pk=notice.pk)
    notice.fields = notice.fields | {"text": "Si lavora da lunedì a venerdì, dalle 8:30 alle 17:00."}
    lifecycle.save_draft(notice, by=anna, now=NOW)
    lifecycle.submit(notice.pk, by=anna, now=NOW)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    log_in(page, live_server, bruno)
    page.goto(live_server.url + notice_address(notice))
    expect(page.locator(".difference ins").first).to_contain_text("aggiunto")
    expect(page.locator(".forecast")).to_contain_text("12 persone")
    look(page, "approval")
    stale = chromium.new_page()
    log_in(stale, live_server, bruno)
    stale.goto(live_server.url + notice_address(notice))
    page.get_by_role("button", name=re.compile("^Approva: parte subito a 12 persone")).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("programmato")
    stale.locator("summary", has_text="Rimanda").click()
    stale.get_by_label("Che cosa deve correggere?").fill("Un dubbio che ho scritto a lungo")
    stale.locator("details[open] button").click()
    expect(stale.locator(".messagelist")).to_contain_text("Nel frattempo è cambiato (Bruno")
    assert Broadcast.objects.get(pk=notice.pk).state == State.SCHEDULED
    page.close()
    stale.close()


def test_the_duty_officer_approves_at_night_on_a_phone(
    chromium: Browser,  # noqa: F811
    live_server: LiveServer,
    alert: Any,
    people: Any,
    look: Any,
    anna: User,
    bruno: User,
) -> None:
    people(5, "protezione-civile")
    DutyShift.objects.create(person=bruno, starts=NOW - timedelta(hours=1), ends=NOW + timedelta(hours=9))
    notice = lifecycle.submit(alert().pk, by=anna, now=NOW)
    night.watch(NOW)
    link = NightLink.objects.get(broadcast=notice)
    page = on_phone(chromium)
    page.goto(live_server.url + address_of(link.pk))
    expect(page.locator(".emergency-band")).to_have_text("EMERGENZA")
    expect(page.locator(".bubble").first).to_contain_text("allerta ROSSA per vento")
    look(page, "night-approval")
    page.get_by_label("Scrivi «INVIA»").fill("Invia")
    page.get_by_role("button", name=re.compile("^Approva: parte subito a 5 persone")).click()
    expect(page.locator(".banner-done")).to_contain_text("Approvato")
    look(page)
    page.go_back()
    page.reload()
    expect(page.locator(".banner-warn")).to_contain_text("già stato usato")
    look(page)
    page.context.close()


def test_alert_update_and_all_clear_with_three_big_buttons(
    chromium: Browser,  # noqa: F811
    live_server: LiveServer,
    people: Any,
    look: Any,
    anna: User,
    bruno: User,
    town: Any,
) -> None:
    """Anna, alone at three in the morning, with a phone."""
    people(5, "protezione-civile")
    page = on_phone(chromium)
    log_in(page, live_server, anna)
    page.goto(live_server.url + reverse("admin:broadcasts_broadcast_night"))
    look(page, "night-buttons")
    page.get_by_role("link", name="Allerta", exact=True).click()
    page.get_by_label("Titolo", exact=True).fill("Allerta rossa per vento")
    page.locator("[name=b-risk_vento]").select_option("rossa")
    page.locator("[name=b-starts]").fill("2026-11-24T11:00")
    page.locator("[name=b-ends]").fill("2026-11-25T08:00")
    page.get_by_label("Che cosa fare").first.fill("Restate in casa.")
    page.get_by_label("Emergenza", exact=True).check()
    page.get_by_role("button", name="Salva la bozza").click()
    look(page)
    page.locator("summary", has_text="Invia ora da solo").click()
    page.get_by_label("Perché non si può aspettare un collega?").fill("Nessuno risponde")
    page.get_by_label("Scrivi «INVIA»").fill("Invia")
    look(page, "emergency-alone")
    page.get_by_role("button", name="Invia ora da solo").click()
    expect(page.locator(".state")).to_have_text("programmato")
    notice = Broadcast.objects.get(kind="alert")
    Broadcast.objects.filter(pk=notice.pk).update(state=State.SENT, started_at=NOW)
    page.goto(live_server.url + notice_address(notice))
    expect(page.locator("#companions")).to_have_text("Pronti da inviare")
    look(page, "emergency-sent")
    page.goto(live_server.url + reverse("admin:broadcasts_broadcast_night"))
    page.locator("section", has=page.locator("#update")).get_by_role("link").click()
    page.get_by_label("Che cosa cambia").first.fill("L'allerta dura fino a sera.")
    page.locator("[name=b-ends]").fill("2026-11-25T20:00")
    page.get_by_role("button", name="Salva la bozza").click()
    expect(page.locator(".phone").first).to_contain_text("L'allerta dura fino a sera.")
    page.goto(live_server.url + reverse("admin:broadcasts_broadcast_night"))
    look(page, "night-live")
    page.get_by_role("button", name="Invia ora il Cessato").click()
    expect(page.locator(".state")).to_have_text("programmato")
    assert Broadcast.objects.get(kind="ending").glass_reason == "Nessuno risponde"
    page.context.close()


def test_the_second_factor_from_the_square_to_the_next_log_in(
    chromium: Browser,  # noqa: F811
    live_server: LiveServer,
    look: Any,
    bruno: User,
    settings: Any,
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    page = chromium.new_context(viewport=PHONE).new_page()  # type: ignore[arg-type]
    page.goto(live_server.url + reverse("admin:login"))
    page.get_by_label("Nome utente").fill("bruno")
    page.get_by_label("Password").fill("prova")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Proteggi il tuo accesso")
    look(page, "second-factor")
    device = TOTPDevice.objects.get(user=bruno)
    page.get_by_label("Codice").fill(f"{totp(device.bin_key):06}")
    page.get_by_role("button", name="Attiva").click()
    expect(page.locator(".codes li")).to_have_count(10)
    code = page.locator(".codes code").first.inner_text()
    look(page)
    page.get_by_role("link", name="Li ho conservati").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bruno")
    page.context.clear_cookies()
    page.goto(live_server.url + reverse("admin:login"))
    page.get_by_label("Nome utente").fill("bruno")
    page.get_by_label("Password").fill("prova")
    page.get_by_role("button", name="Accedi").click()
    look(page)
    page.get_by_label("Codice").fill(code)
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bruno")
    page.context.close()
