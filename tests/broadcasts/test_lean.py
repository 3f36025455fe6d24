"""What keeps the engine lean: few commits, few statements, and nothing lost by it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from broadcasts import claims, fanout, provider
from broadcasts.models import Delivery
from tests.broadcasts.simulated import claim_all, rows_for, states_of, terms
from whatsapp.pacing import connect

pytestmark = pytest.mark.django_db


def awaited() -> bool:
    """Whether this transaction's commit waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return bool(cursor.fetchone()[0] == "on")


@pytest.fixture
def durable(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")


@pytest.mark.parametrize(
    ("states", "waits"),
    [
        (["accepted"], False),
        (["held", "accepted"], False),
        (["accepted", "pending"], True),
        (["accepted", "failed"], True),
        (["unconfirmed"], True),
    ],
)
def test_only_what_a_receipt_would_settle_is_written_without_awaiting_the_disk(
    states: list[str], waits: bool, people: Any, write: Any, durable: None
) -> None:
    broadcast = write()
    rows_for(broadcast, people(len(states), "acqua"))
    lease, ids = uuid.uuid4(), list(broadcast.deliveries.values_list("id", flat=True))
    broadcast.deliveries.update(state="sending", lease=lease)
    claims.record([{"id": id, "state": s} for id, s in zip(ids, states, strict=True)], lease=lease)
    assert awaited() is waits
    assert sorted(broadcast.deliveries.values_list("state", flat=True)) == sorted(states)


def test_what_is_about_to_begin_is_on_the_disk_first(people: Any, leaving: Any, durable: None) -> None:
    people(3, "acqua")
    broadcast = leaving()
    with connection.cursor() as cursor:
        lease, ids = claim_all(broadcast)
        cursor.execute("SET LOCAL synchronous_commit = on")  # a claim need not wait, and said so
    assert set(claims.begin(terms(broadcast), ids, lease=lease)) == set(ids)
    assert awaited()


def test_outcomes_of_several_flights_are_written_together(
    meta: Any, people: Any, leaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(200, "acqua")
    broadcast = leaving()
    record, sizes = claims.record, []

    def count(rows: Any, **named: Any) -> int:
        sizes.extend([len(rows)] if rows else [])
        return record(rows, **named)

    monkeypatch.setattr(claims, "record", count)
    # A slow budget would give the requests in many small flights.
    take = provider.budget().take
    monkeypatch.setattr(provider.budget(), "take", lambda wanted, lane, **_more: take(min(wanted, 5), lane))
    fanout.send_slice(broadcast.pk)
    assert states_of(broadcast) == {"accepted": 200}
    assert sum(sizes) == 200
    assert len(sizes) < 20, "forty flights of five, and the first few alone"


def test_a_slice_begins_as_wide_as_any_worker_s_was_a_moment_ago(
    meta: Any, people: Any, leaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(130, "acqua")
    widths: list[int] = []
    begin = claims.begin

    def count(its: Any, ids: Any, **named: Any) -> Any:
        widths.append(len(ids))
        return begin(its, ids, **named)

    monkeypatch.setattr(claims, "begin", count)
    fanout.send_slice(leaving().pk)
    assert widths[0] == fanout.FIRST_WINDOW
    assert provider.budget().width() == settings.WHATSAPP_CONNECTIONS
    widths.clear()
    connect(settings.REDIS_URL).hdel("wa:budget", "at")  # all that gathers in an idle moment
    fanout.send_slice(leaving(severity="urgent").pk)
    assert widths[0] == fanout.BATCH_ROWS


def test_a_provider_that_went_away_is_asked_by_one_request_at_first(
    meta: Any, people: Any, leaving: Any
) -> None:
    people(30, "acqua")
    provider.budget().warm(100)
    meta.stop()
    broadcast = leaving()
    assert fanout.send_slice(broadcast.pk).ended == "away"
    assert Delivery.objects.filter(broadcast=broadcast, state="pending").count() == 30
    assert provider.budget().width() == fanout.FIRST_WINDOW
