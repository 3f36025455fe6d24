"""What is known ahead, in a real Chromium: a rota pasted wrong and right and approved on a phone, a match
that proposes a notice, election time; by keyboard, and with nothing for axe to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from broadcasts.models import Broadcast
from broadcasts.plan import series as verbs
from broadcasts.plan.models import Match, Rota, Series
from broadcasts.states import State
from policy.calendar import ROME
from policy.models import ElectionPeriod
from staff.models import User
from tests.admin.browsing import BROWSER, assert_clean, launched, log_in, shot
from tests.conftest import TUESDAY_10

TABLE = """dal;al;turno;farmacia;indirizzo;orario;telefono
28/11/2026;04/12/2026;giorno;Farmacia Bini;via Roma 2;9-13;0571 76741
28/11/2026;04/12/2026;notte;Farmacia Conti;via Pisana 1;20-8;0571 76742
31/11/2026;11/12/2026;24 ore;Farmacia Lari;;;"""
CALENDAR = "admin:broadcasts_broadcast_calendar"


pytestmark = BROWSER


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from launched()


def test_a_rota_is_pasted_wrong_and_right_and_approved_on_a_phone(
    chromium: Browser,
    live_server: LiveServer,
    anna: User,
    bruno: User,
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    log_in(page, live_server, anna)
    page.goto(live_server.url + reverse("admin:broadcasts_rota_add"))
    page.get_by_label("Nome", exact=True).fill("Turni d'inverno")
    page.get_by_role("textbox", name="Tabella").fill(TABLE)
    page.get_by_role("button", name="Controlla la tabella").press("Enter")
    row = page.get_by_role("row", name="4 data")
    expect(row).to_contain_text("il giorno 31/11/2026 non esiste.")
    assert_clean(page)
    expect(page.get_by_role("textbox", name="Tabella")).to_have_value(TABLE)
    shot(page, "rota-errors")
    page.get_by_role("textbox", name="Tabella").fill(TABLE.replace("31/11", "06/12"))
    page.get_by_role("button", name="Controlla la tabella").press("Enter")
    expect(page.get_by_text("Nessuna farmacia di giorno: sabato 5 dicembre 2026.")).to_be_visible()
    assert_clean(page)
    shot(page, "rota-preview")
    page.get_by_role("button", name="Salva e prepara i messaggi").press("Enter")
    page.get_by_role("button", name="Manda in approvazione 2 settimane").press("Enter")
    expect(page.locator(".state").first).to_have_text("da approvare")
    page.context.close()
    phone = chromium.new_context(viewport={"width": 390, "height": 800}).new_page()
    log_in(phone, live_server, bruno)
    phone.goto(live_server.url + reverse("admin:broadcasts_rota_change", args=[Rota.objects.get().pk]))
    expect(phone.locator(".bubble").first).to_contain_text("Farmacia Bini")
    assert_clean(phone)
    shot(phone, "rota-approve-390")
    phone.get_by_role("button", name="Approva i turni e i testi di 2 settimane").press("Enter")
    expect(phone.locator(".lead")).to_contain_text("Approvati da Bruno")
    assert set(Broadcast.objects.values_list("state", flat=True)) == {State.SCHEDULED}
    phone.goto(live_server.url + reverse(CALENDAR))
    expect(phone.locator("td", has_text="venerdì 27 novembre")).to_contain_text("Farmacie di turno")
    shot(phone, "calendar-390")
    expect(phone.get_by_role("columnheader", name="Lunedì")).to_be_hidden()
    assert_clean(phone)
    phone.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_calendar_proposes_and_the_vote_asks(
    width: int,
    chromium: Browser,
    live_server: LiveServer,
    anna: User,
    write: Callable[..., Any],
) -> None:
    Match.objects.create(kick_off=datetime(2026, 11, 28, 15, tzinfo=ROME), team="Empoli", opponent="Pisa")
    ElectionPeriod.objects.create(kind="municipal", first_day=date(2026, 11, 20), last_day=date(2026, 12, 20))
    market = write(
        kind="road",
        topic="viabilita",
        title="Mercato",
        fields={"streets": [{"name": "piazza XXIV Luglio", "numbers": ""}]}
        | {"starts": "2026-11-26T06:00+01:00", "ends": "2026-11-26T15:00+01:00"},
    )
    series = verbs.draft_from(market, date(2026, 11, 26))
    series.rule = Series.Rule.WEEKLY
    verbs.create(series, by=anna, zones=[], now=TUESDAY_10)
    page = chromium.new_context(viewport={"width": width, "height": 900}).new_page()
    log_in(page, live_server, anna)
    for address in (
        reverse(CALENDAR) + "?settimana=2026-11-24",
        reverse("admin:broadcasts_series_change", args=[series.pk]),
        reverse("admin:broadcasts_series_from", args=[market.pk]),
        reverse("admin:broadcasts_match_paste"),
        reverse("home"),
    ):
        page.goto(live_server.url + address)
        assert_clean(page)
        shot(page, f"plan-{width}-{address.strip('/').replace('/', '-').split('?')[0][-30:]}")
    expect(page.get_by_role("complementary", name="Avvertenza")).to_contain_text(
        "soltanto comunicazioni impersonali e indispensabili"
    )
    page.goto(live_server.url + reverse("admin:index"))
    page.get_by_role("link", name="Calendario").press("Enter")
    expect(page.locator("td", has_text="Sant'Andrea")).to_be_visible()
    shot(page, f"calendar-month-{width}")
    assert_clean(page)
    page.get_by_role("link", name="Prepara l'avviso strade").press("Enter")
    expect(page.get_by_label("Titolo", exact=True)).to_have_value("Strade chiuse per Empoli-Pisa")
    page.get_by_label("Strade, una per riga").fill("viale delle Olimpiadi")
    page.get_by_role("button", name="Salva e manda in approvazione").press("Enter")
    expect(page.locator(".field-wrong")).to_contain_text("scrivi perché l'avviso è impersonale")
    page.get_by_label("Perché è impersonale e indispensabile").fill("Si chiude una strada")
    page.get_by_role("button", name="Salva e manda in approvazione").press("Enter")
    expect(page.get_by_text("È impersonale e indispensabile perché: «Si chiude una strada»")).to_be_visible()
    page.context.close()
