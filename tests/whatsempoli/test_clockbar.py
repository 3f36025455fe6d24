"""The bar that moves the business clock: only in the demo, only from this computer, only to a real moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from pytest_django import Settings

from policy.calendar import ROME
from policy.models import TownProfile
from policy.rules import SHIPPED
from whatsempoli import clock, clockbar

SUNDAY_NIGHT = datetime(2026, 11, 29, 22, 10, tzinfo=ROME)
MONDAY_IS_CLOSED = datetime(2026, 12, 1, 9, 0, tzinfo=ROME)  # 30 November is the patron's day


@pytest.fixture
def demo(settings: Settings, town: TownProfile) -> Iterator[None]:
    settings.DEMO = True
    yield
    settings.DEMO = True
    clock.move_to(None)


def test_the_words_at_night_and_at_noon() -> None:
    night = clockbar.bar(SUNDAY_NIGHT, SHIPPED.hours, "it", moved=True)
    assert (night.clock, night.day, night.open_now) == ("22:10", "domenica 29 novembre", False)
    assert night.leaves == night.opening == "martedì 1° dicembre alle 9:00"
    noon = clockbar.bar(datetime(2026, 11, 24, 12, 0, tzinfo=ROME), SHIPPED.hours, "it", moved=False)
    assert noon.open_now and noon.opening == "oggi alle 15:00"


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("now", None),
        ("next", MONDAY_IS_CLOSED),
        ("+1h", SUNDAY_NIGHT + timedelta(hours=1)),
        ("2026-12-01T09:00", MONDAY_IS_CLOSED),
        ("2026-12-01T08:00+00:00", MONDAY_IS_CLOSED),
    ],
)
def test_what_a_button_asks_for(monkeypatch: pytest.MonkeyPatch, to: str, expected: datetime | None) -> None:
    monkeypatch.setattr(clock, "real_now", lambda: SUNDAY_NIGHT)
    assert clockbar.wanted(to, SUNDAY_NIGHT, SHIPPED.hours) == expected


@pytest.mark.parametrize(
    "to", ["", "domani", "2026-13-01", "0001-01-01T00:00", "9999-12-31T23:59", "NaN", "2031-01-01"]
)
def test_nonsense_is_refused_with_a_sentence(demo: None, to: str) -> None:
    answer = Client(headers={"Host": "127.0.0.1"}).post("/demo/clock/", {"to": to})
    assert answer.status_code == 400 and answer.content
    assert not clock.offset()


def test_it_is_not_there_outside_the_demo(client: Client, town: TownProfile) -> None:
    assert client.post("/demo/clock/", {"to": "now"}).status_code == 404
    assert b"clockbar" not in client.get("/").content


def test_only_this_computer(demo: None, client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert (
        client.post("/demo/clock/", {"to": "+1h"}, headers={"Host": "avvisi.example.org"}).status_code == 404
    )


def test_a_form_of_another_site_is_refused(demo: None) -> None:
    stranger = Client(enforce_csrf_checks=True, headers={"Host": "127.0.0.1"})
    assert stranger.post("/demo/clock/", {"to": "+1h"}).status_code == 403
    assert not clock.offset()


@pytest.mark.parametrize(
    ("back", "expected"),
    [("/avvisi/?pagina=2", "/avvisi/?pagina=2"), ("https://evil.example/", "/"), ("//evil", "/")],
)
def test_moving_goes_back_to_our_own_page(demo: None, back: str, expected: str) -> None:
    client = Client(headers={"Host": "127.0.0.1"})
    answer = client.post("/demo/clock/", {"to": "+1h", "next": back})
    assert (answer.status_code, answer["Location"]) == (302, expected)
    assert abs(clock.offset() - timedelta(hours=1)) < timedelta(seconds=5)
    assert "Orologio spostato" in client.get("/").content.decode()
    client.post("/demo/clock/", {"to": "now"})
    assert not clock.offset() and "Orologio spostato" not in client.get("/").content.decode()


def test_the_simulator_hears_of_it(demo: None, settings: Settings) -> None:
    heard: list[tuple[str, float]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((self.path, body["offset_seconds"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.handle_request, daemon=True).start()
    settings.SIMULATOR_URL = f"http://127.0.0.1:{server.server_port}"
    Client(headers={"Host": "127.0.0.1"}).post("/demo/clock/", {"to": "+1h"})
    server.server_close()
    [(path, seconds)] = heard
    assert path == "/__sim__/clock" and 3590 < seconds <= 3600


def test_without_the_simulator_the_clock_moves_all_the_same(demo: None, settings: Settings) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    answer = Client(headers={"Host": "127.0.0.1"}).post("/demo/clock/", {"to": "+1h"})
    assert answer.status_code == 302 and clock.offset()
