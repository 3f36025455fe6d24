"""The demo's town: believable, repeatable, and never poured into a real one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from broadcasts.demo import people
from broadcasts.demo.notices import around
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.calendar import ROME
from subscribers import ledger
from subscribers.models import Subscriber

MIDNIGHT = datetime(2026, 11, 29, 0, 30, tzinfo=ROME)  # a Sunday


@pytest.mark.parametrize("hours", range(0, 24 * 8, 7))
def test_its_notices_stand_around_any_moment(hours: int) -> None:
    now = MIDNIGHT + timedelta(hours=hours)
    for notice in around(now):
        assert (notice.leaves < now) == (notice.state == "sent")
        assert notice.valid_until > notice.leaves


def test_the_same_people_every_time() -> None:
    first, second = people.citizens(), people.citizens()
    assert first == second
    assert len({citizen.phone for citizen in first}) == people.CITIZENS == 1512


@pytest.mark.django_db
class TestSeed:
    def test_it_fills_an_empty_database_once(self, settings: object) -> None:
        settings.DEMO = True  # type: ignore[attr-defined]
        call_command("seed_demo")
        seen = (Subscriber.objects.count(), Broadcast.objects.count(), Delivery.objects.count())
        call_command("seed_demo")
        assert seen == (Subscriber.objects.count(), Broadcast.objects.count(), Delivery.objects.count())
        assert seen[0] == 1512
        assert set(Broadcast.objects.values_list("state", flat=True)) == {
            State.SENT,
            State.SCHEDULED,
            State.IN_REVIEW,
            State.DRAFT,
        }
        assert ledger.compare() == []

    def test_it_leaves_real_people_alone(self, town: object, people: object, settings: object) -> None:
        settings.DEMO = True  # type: ignore[attr-defined]
        people(1, "acqua")  # type: ignore[operator]
        with pytest.raises(CommandError, match="not the demo's"):
            call_command("seed_demo")
        assert not Broadcast.objects.exists()

    def test_it_needs_the_demo(self, db: None) -> None:
        with pytest.raises(CommandError, match="DEMO=1"):
            call_command("seed_demo")
