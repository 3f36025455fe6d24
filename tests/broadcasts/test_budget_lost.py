"""The budget's server goes away in the middle of a slice: it goes on slowly, and recovers by itself."""

from __future__ import annotations

from typing import Any

import pytest

from broadcasts import fanout, provider, release
from broadcasts.states import State
from tests.broadcasts.simulated import Provider, states_of
from tests.conftest import TUESDAY_10
from whatsapp.pacing import FLOOR, Budget, connect

pytestmark = pytest.mark.django_db


def test_what_is_leaving_goes_on_at_the_floor_and_nothing_new_starts(
    meta: Provider, people: Any, leaving: Any, write: Any, approve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(60, "acqua")
    broadcast, later = leaving(severity="routine"), approve(write())
    nobody = Budget(connect("redis://127.0.0.1:9/0"))  # a port where nobody listens
    with monkeypatch.context() as lost:
        lost.setattr(provider, "budget", lambda: nobody)
        assert fanout.send_slice(broadcast.pk, seconds=2.0).ended == "time"
        assert 1 <= len(meta.ledger) <= 2 * FLOOR + 1
        assert release.release_due(TUESDAY_10) == 0
        later.refresh_from_db()
        assert later.state == State.SCHEDULED
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 60}
    assert set(meta.times().values()) == {1}
    assert release.release_due(TUESDAY_10) == 1
