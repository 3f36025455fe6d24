"""The engine's numbers for a machine: the same as on the office's page, and nobody's business but ours."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broadcasts.engine_state import engine_state
from whatsempoli import clock

pytestmark = pytest.mark.django_db
TOKEN = "a-long-word"


@pytest.fixture
def ask(client: Any, settings: Any) -> Any:
    settings.METRICS_TOKEN = TOKEN
    return lambda token=TOKEN: client.get("/metrics", headers={"authorization": f"Bearer {token}"})


def test_they_are_what_the_page_says(meta, people, leaving, ask):
    people(4, "acqua")
    broadcast = leaving()
    first, second, third, _last = broadcast.deliveries.order_by("id")
    broadcast.deliveries.filter(pk=first.pk).update(state="failed", error_code=131026)
    broadcast.deliveries.filter(pk=second.pk).update(state="accepted", accepted_at=clock.real_now())
    broadcast.deliveries.filter(pk=third.pk).update(state="unconfirmed")
    answer = ask()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    text = answer.content.decode()
    told = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    state = engine_state(clock.real_now())
    assert told["whatsempoli_armed",] == 1
    assert told["whatsempoli_budget_rate",] == state["budget"]["rate"] == 10_000
    assert {lane: told["whatsempoli_backlog", lane] for lane in state["backlog"]} == state["backlog"]
    assert told["whatsempoli_errors", "131026", "failed"] == 1
    one = sorted([broadcast.code, "routine"])
    assert told["whatsempoli_notice_to_go", *one] == 1
    assert told["whatsempoli_notice_unconfirmed", *one] == 1
    assert told["whatsempoli_notice_errors", *sorted([broadcast.code, "131026"])] == 1
    assert told["whatsempoli_notice_rate", *one] > 0
    assert told["whatsempoli_oldest_seconds",] >= 0
    assert "39333" not in text and broadcast.title not in text


def test_with_nothing_to_do_it_still_answers(meta, town, ask):
    assert "whatsempoli_rate 0.0" in ask().content.decode()


@pytest.mark.parametrize("token", ["", "other", "à", TOKEN + "x"])
def test_another_word_is_refused(town, ask, token):
    answer = ask(token)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert not answer.content


def test_without_a_token_in_the_settings_there_is_no_such_page_not_even_from_here(town, client, settings):
    settings.METRICS_TOKEN = ""
    for word in ("Bearer ", "Bearer x", ""):
        assert client.get("/metrics", headers={"authorization": word}).status_code == 404


def test_who_may_see_the_engine_may_read_them(meta, carla, client, settings):
    settings.METRICS_TOKEN = ""
    client.force_login(carla)
    assert client.get("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405
