"""«I nostri conti»: off until switched on, sums only, nothing that points to a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from broadcasts.accountability import FEWEST, FEWEST_LEAVERS, account
from broadcasts.models import Broadcast, Proof, Tally
from policy.models import PublicFigure, TownProfile
from staff.models import User
from tests.conftest import TUESDAY_10

Publish = Callable[..., Broadcast]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def left(publish: Publish, bruno: User) -> Callable[..., Broadcast]:
    """A notice that left and was counted."""

    def make(
        entrusted: int = 100, arrived: int = 90, stops: int | None = 0, most: int | None = 60, **changes: Any
    ) -> Broadcast:
        notice = publish(**changes)
        Broadcast.objects.filter(pk=notice.pk).update(
            approved_by=bruno, approved_at=(notice.started_at or TUESDAY_10) - timedelta(minutes=4)
        )
        rows = [["accepted", 2, "", None, arrived], ["accepted", 1, "", None, entrusted - arrived]]
        Tally.objects.create(
            broadcast=notice, counted_at=TUESDAY_10, seconds=0, rows=rows, most_seconds=most, stops=stops
        )
        return notice

    return make


def switch_on(*figures: str) -> None:
    TownProfile.objects.update(public_figures=list(figures))


def test_nothing_is_shown_until_it_is_switched_on(client: Client, left: Callable[..., Broadcast]) -> None:
    left()
    assert client.get("/conti/").status_code == 404 and client.get("/conti/messaggi.svg").status_code == 404
    assert "/conti/" not in client.get("/").content.decode()
    switch_on("messages")
    page = client.get("/conti/").content.decode()
    assert "novembre 2026" in page and "Disiscritti ogni mille" not in page and "Arrivati" not in page
    assert 'href="/conti/"' in client.get("/").content.decode()
    assert client.get("/conti/messaggi.svg")["Content-Type"] == "image/svg+xml"
    assert client.get("/en/conti/").status_code == 200


def test_each_figure_alone(client: Client, left: Callable[..., Broadcast]) -> None:
    left(stops=10)
    said = {
        "messages": "Promessi al massimo",
        "reach": "90,0 %",
        "time": "5 min",
        "leavers": "111,1",
        "nights": "Messaggi di notte",
        "drill": "Non ne è stata fatta ancora nessuna",
    }
    assert set(said) == set(PublicFigure.values)
    for figure, words in said.items():
        switch_on(figure)
        page = client.get("/conti/").content.decode()
        assert words in page, figure
        assert not [other for name, other in said.items() if name != figure and other in page], figure


def test_month_by_month_and_topic_by_topic(left: Callable[..., Broadcast]) -> None:
    left(topic="acqua", entrusted=200, arrived=100)
    left(topic="acqua", entrusted=200, arrived=200)
    left(topic="farmacie", at=TUESDAY_10 - 40 * DAY)
    rows = account(TUESDAY_10, "it").rows
    assert [(r.month, r.topic, r.messages, r.promise) for r in rows] == [
        ("novembre 2026", "Acqua", 2, "5 in tutto"),
        ("ottobre 2026", "Farmacie di turno", 1, "5"),
    ]
    assert rows[0].reach == 75


@pytest.mark.parametrize(
    ("entrusted", "arrived", "stops", "reach", "leavers"),
    [
        (FEWEST - 1, FEWEST - 1, 10, None, None),
        (FEWEST, FEWEST, FEWEST_LEAVERS - 1, 100.0, None),
        (FEWEST, FEWEST, FEWEST_LEAVERS, 100.0, 100.0),
        (FEWEST, FEWEST, 0, 100.0, 0.0),
        (FEWEST, FEWEST, None, 100.0, None),
        (FEWEST, 0, 0, 0.0, None),
    ],
)
def test_what_would_point_to_somebody_is_left_out(
    left: Callable[..., Broadcast], entrusted: int, arrived: int, stops: int | None, reach: Any, leavers: Any
) -> None:
    left(entrusted=entrusted, arrived=arrived, stops=stops)
    [row] = account(TUESDAY_10, "it").rows
    assert (row.reach, row.leavers) == (reach, leavers)


def test_the_time_counts_from_the_hour_that_was_fixed(left: Callable[..., Broadcast]) -> None:
    notice = left(at=TUESDAY_10 - HOUR, most=120)
    assert account(TUESDAY_10, "it").rows[0].minutes == pytest.approx(6)
    Broadcast.objects.filter(pk=notice.pk).update(
        approved_at=TUESDAY_10 - 20 * HOUR, due_at=TUESDAY_10 - HOUR
    )
    assert account(TUESDAY_10, "it").rows[0].minutes == pytest.approx(2)


def test_a_night_message_says_why(left: Callable[..., Broadcast]) -> None:
    night = TUESDAY_10.replace(hour=3)
    left(title="Piena", at=night, topic="protezione-civile", severity="emergency")
    left(title="Tubo", at=night, severity="urgent", night_reason="Manca l'acqua all'ospedale")
    left(title="Giorno")
    assert {(n.title, n.why) for n in account(TUESDAY_10, "it").nights} == {
        ("Tubo", "Manca l'acqua all'ospedale"),
        ("Piena", "emergenza"),
    }


def test_an_exercise_is_the_last_proof_and_no_message(client: Client, left: Callable[..., Broadcast]) -> None:
    drill = left(exercise=True)
    Proof.objects.create(
        broadcast=drill, at=TUESDAY_10 - DAY, steps=[["arrived", 4.0]], phones=3, arrived=3, passed=True
    )
    switch_on("drill", "messages")
    page = client.get("/conti/").content.decode()
    assert "Il 23 novembre 2026 abbiamo provato" in page and "È riuscita." in page
    assert account(TUESDAY_10, "it").rows == []
