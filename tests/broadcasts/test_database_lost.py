"""The database goes away in the middle of a slice, as in a restart: nobody is lost, nobody gets it twice."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection

from broadcasts import claims, fanout, release
from tests.broadcasts.simulated import Provider, lapse, states_of
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db(transaction=True)


def cut_off() -> None:
    """End this process's connection from another one, as a restart does."""
    backend = connection.connection.info.backend_pid
    at = connection.settings_dict
    login = {
        name: at[key] for name, key in (("host", "HOST"), ("user", "USER"), ("dbname", "NAME")) if at[key]
    }
    with psycopg.connect(**login, port=at["PORT"] or None, password=at["PASSWORD"] or None) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@pytest.mark.parametrize("verb", ["claim", "begin", "record"])
def test_the_slice_ends_cleanly_and_the_next_one_goes_on(
    verb: str, meta: Provider, people: Any, leaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(60, "acqua")
    broadcast = leaving(severity="routine")
    step, calls = getattr(claims, verb), []

    def lose_the_database(*args: Any, **named: Any) -> Any:
        rows = args[0] if verb == "record" else True
        if rows:
            calls.append(1)
        if len(calls) == 2 and rows:
            cut_off()
            calls.append(2)
        return step(*args, **named)

    # Of three claims the second finds nothing: by then all sixty have begun.
    with monkeypatch.context() as lost:
        lost.setattr(claims, verb, lose_the_database)
        ended = fanout.send_slice(broadcast.pk).ended
    assert ended == ("empty" if verb == "record" else "database"), "an outcome outlives a restart"
    assert len(calls) >= 3, "it was lost indeed"
    states = states_of(broadcast)
    assert states["sending"] == states["unconfirmed"] == 0, "every answer was written down"
    assert states["accepted"] == len(meta.ledger)
    lapse("claimed")
    release.sweep(TUESDAY_10)
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 60}
    assert set(meta.times().values()) == {1}
