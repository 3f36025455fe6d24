"""Pages kept for moments: no query on a hit, one drawer at a time, the last while the database is away."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from policy import page_cache
from policy.models import TownProfile
from policy.page_cache import MOST_PAGES, PATIENCE_SECONDS, PageCache

FRESH_SECONDS = 2.0


class Clock:
    """The process's own time, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def kept_for_moments(pages_drawn_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "FRESH_SECONDS", FRESH_SECONDS)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(page_cache, "time", made)
    return made


def page(words: str) -> Callable[[], HttpResponse]:
    return lambda: HttpResponse(words, headers={"X-Of": words})


def gone() -> HttpResponse:
    raise OperationalError("away")


def test_fresh_for_two_seconds_and_then_drawn_again(clock: Clock) -> None:
    cache = PageCache()
    assert cache.answer("/", page("one")).content == b"one"
    clock.now += FRESH_SECONDS - 0.01
    again = cache.answer("/", page("two"))
    assert again.content == b"one" and again["X-Of"] == "one"
    clock.now += 0.02
    assert cache.answer("/", page("two")).content == b"two"


def test_the_last_one_is_shown_while_the_database_is_away_but_not_for_ever(clock: Clock) -> None:
    cache = PageCache()
    cache.answer("/", page("one"))
    clock.now += PATIENCE_SECONDS
    assert cache.answer("/", gone).content == b"one"
    clock.now += 1
    with pytest.raises(OperationalError):
        cache.answer("/", gone)


def test_one_thread_draws_while_the_others_get_the_last_one(clock: Clock) -> None:
    cache = PageCache()
    cache.answer("/", page("one"))
    clock.now += FRESH_SECONDS + 1
    inside, go = threading.Event(), threading.Event()

    def slow() -> HttpResponse:
        inside.set()
        assert go.wait(10)
        return HttpResponse("two")

    drawer = threading.Thread(target=cache.answer, args=("/", slow))
    drawer.start()
    assert inside.wait(10)
    assert cache.answer("/", gone).content == b"one"  # whoever comes meanwhile does not draw
    go.set()
    drawer.join(10)
    assert cache.answer("/", gone).content == b"two"


def test_what_is_not_found_is_not_kept_and_what_is_taken_away_is_forgotten(clock: Clock) -> None:
    cache = PageCache()
    cache.answer("/", page("one"))
    clock.now += FRESH_SECONDS + 1
    assert cache.answer("/", lambda: HttpResponse("no", status=404)).status_code == 404
    assert cache.answer("/", page("new")).content == b"new"


def test_the_number_of_pages_has_an_end(clock: Clock) -> None:
    cache = PageCache()
    for number in range(MOST_PAGES + 5):
        cache.answer(f"/?x={number}", page("one"))
    assert cache.answer("/?x=0", page("two")).content == b"two"  # the oldest went
    assert cache.answer(f"/?x={MOST_PAGES}", page("two")).content == b"one"


class TestTheSite:
    def test_a_hit_asks_the_database_nothing(
        self, client: Client, town: TownProfile, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        first = client.get("/")
        with django_assert_num_queries(0):
            second = client.get("/")
        assert second.content == first.content and second["ETag"] == first["ETag"]
        assert "Content-Security-Policy" in second.headers

    def test_each_language_has_its_own(self, client: Client, town: TownProfile) -> None:
        assert client.get("/").content != client.get("/en/").content
        assert '<html lang="en">' in client.get("/en/").content.decode()

    def test_a_change_shows_when_the_moments_are_over(
        self, client: Client, town: TownProfile, clock: Clock
    ) -> None:
        client.get("/policy/")
        TownProfile.objects.update(monthly_promise=2)
        clock.now += FRESH_SECONDS + 0.01
        assert "1/2 messaggi" in client.get("/policy/").content.decode()

    def test_the_demo_keeps_nothing(self, client: Client, town: TownProfile, settings: Settings) -> None:
        settings.DEMO = True
        client.get("/policy/")
        TownProfile.objects.update(monthly_promise=2)
        assert "1/2 messaggi" in client.get("/policy/").content.decode()
