"""How many hands are called, and that who works for emergencies lets go soon."""

from __future__ import annotations

import pytest

from broadcasts import fanout, provider, replies, tasks, wake
from broadcasts.models import Broadcast
from tests.broadcasts.simulated import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was sent to the broker."""
    made: list[str] = []
    monkeypatch.setattr(wake, "_call", lambda name, *_args: made.append(name))
    return made


@pytest.mark.parametrize(
    ("severity", "people", "slices"),
    [("routine", None, 1), ("routine", 100_000, 4), ("emergency", 500, 1), ("emergency", 100_000, 2)],
)
def test_a_process_stays_free_for_the_next_emergency(
    calls: list[str], severity: str, people: int | None, slices: int
) -> None:
    wake.send(Broadcast(pk=1, severity=severity, audience_count=people))
    name = "broadcasts.send_emergency" if severity == "emergency" else "broadcasts.send"
    assert calls == [name] * slices


def test_a_slice_of_an_emergency_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def note(_id: int, *, seconds: float) -> fanout.Tally:
        asked.append(seconds)
        return fanout.Tally(ended="state")

    monkeypatch.setattr(fanout, "send_slice", note)
    tasks.send_emergency(1)
    tasks.send(1)
    assert asked == [tasks.BRIEFLY, fanout.SLICE_SECONDS]


def test_answers_that_did_not_fit_are_called_for_again(
    meta: Provider, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "_waiting", lambda most: most)
    provider.budget().set_rate(0)
    assert replies.send_pending(seconds=0.01) == 0
    assert calls == ["broadcasts.send_replies"]
    monkeypatch.setattr(replies, "_waiting", lambda most: 0)
    assert replies.send_pending(seconds=5) == 0
    assert calls == ["broadcasts.send_replies"]
