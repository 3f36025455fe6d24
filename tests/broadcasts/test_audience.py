"""One row per person: the count that is shown before approval is the freeze that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from broadcasts import audience, lifecycle, release
from broadcasts.models import Broadcast, Delivery, MonthlyUsage
from broadcasts.states import State
from policy.models import TownProfile
from subscribers.models import Subscriber, Zone
from tests.broadcasts.simulated import in_threads, rows_for
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db


def freeze(broadcast: Broadcast) -> int:
    while not audience.freeze_chunk(broadcast):
        pass
    return broadcast.deliveries.count()


def test_the_freeze_holds_whom_the_count_promised(people, write):
    people(7, "acqua")
    people(2, "farmacie")
    people(3, "acqua", state=Subscriber.State.STOPPED)
    people(1, "acqua", state=Subscriber.State.UNREACHABLE)
    people(1, "acqua", state=Subscriber.State.INVITED)
    broadcast = write()
    counted = audience.count(broadcast, TUESDAY_10)
    assert (counted.total, counted.refused) == (7, {"stopped": 3, "unreachable": 1, "topic": 2})
    assert freeze(broadcast) == broadcast.audience_count == 7


class TestZones:
    @pytest.fixture
    def town_of_zones(self, people: Any) -> dict[str, Subscriber]:
        center, ponte, *_rest = Zone.objects.all()
        everywhere, in_center, in_ponte, in_both = people(4, "acqua")
        in_center.zones.add(center)
        in_ponte.zones.add(ponte)
        in_both.zones.add(center, ponte)
        self.center = center
        return {"everywhere": everywhere, "center": in_center, "ponte": in_ponte, "both": in_both}

    def test_for_the_whole_town_everybody_is_in(self, town_of_zones, write):
        assert freeze(write()) == 4

    def test_for_one_zone_those_of_it_and_those_who_chose_none(self, town_of_zones, write):
        broadcast = write(zones=[self.center.pk])
        assert audience.count(broadcast, TUESDAY_10).refused == {"zone": 1}
        assert freeze(broadcast) == 3
        assert not broadcast.deliveries.filter(subscriber=town_of_zones["ponte"]).exists()

    def test_who_is_in_two_of_the_zones_has_one_row(self, town_of_zones, write):
        center, ponte, *_rest = Zone.objects.all()
        assert freeze(write(zones=[center.pk, ponte.pk])) == 4


def test_who_reached_the_promise_is_counted_before_approval(people, write):
    full, *_others = people(3, "acqua")
    MonthlyUsage.objects.create(subscriber=full, month=TUESDAY_10.date().replace(day=1), promise="", used=5)
    broadcast = write(severity="routine")
    assert audience.count(broadcast, TUESDAY_10).refused == {"capped": 1}
    assert audience.count(broadcast, TUESDAY_10 + timedelta(days=10)).refused == {}  # December
    TownProfile.objects.update(monthly_promise=0)
    assert audience.count(broadcast, TUESDAY_10).total == 0


class TestTwice:
    def test_a_second_freeze_adds_nobody(self, people, write):
        people(5, "acqua")
        broadcast = write()
        assert freeze(broadcast) == 5
        Broadcast.objects.filter(pk=broadcast.pk).update(audience_cursor=0)  # even from the start
        broadcast.refresh_from_db()
        assert freeze(broadcast) == 5

    def test_who_joins_afterwards_is_not_in_it(self, people, write):
        people(5, "acqua")
        broadcast = write()
        freeze(broadcast)
        people(2, "acqua")
        assert broadcast.deliveries.count() == 5

    def test_chunks_that_are_cut_off_go_on_where_they_were(self, people, write, monkeypatch):
        monkeypatch.setattr(audience, "CHUNK", 4)
        people(18, "acqua")
        broadcast = write()
        assert not audience.freeze_chunk(broadcast)
        assert not audience.freeze_chunk(broadcast)
        with pytest.raises(RuntimeError), transaction.atomic():
            audience.freeze_chunk(Broadcast.objects.get(pk=broadcast.pk))
            raise RuntimeError("killed before the commit")
        broadcast = Broadcast.objects.get(pk=broadcast.pk)
        assert broadcast.audience_cursor > 0
        assert freeze(broadcast) == 18
        assert broadcast.audience_count == 18

    @pytest.mark.django_db(transaction=True)
    def test_two_beats_at_once_freeze_and_start_once(self, meta, people, write, approve):
        people(50, "acqua")
        broadcast = approve(write())
        started = in_threads(*[lambda: release.release_due(TUESDAY_10)] * 4)
        broadcast.refresh_from_db()
        assert sum(started) == 1
        assert (broadcast.state, broadcast.audience_count) == (State.SENDING, 50)
        assert broadcast.deliveries.count() == 50
        assert broadcast.transitions.filter(verb="start").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_two_freezes_at_once_make_one_row_each(self, people, write):
        people(300, "acqua")
        broadcast = write()
        in_threads(*[lambda: freeze(Broadcast.objects.get(pk=broadcast.pk))] * 3)
        assert broadcast.deliveries.count() == 300


def began(original: Broadcast) -> None:
    """It has begun to leave: only then is there anybody who may have got it."""
    Broadcast.objects.filter(pk=original.pk).update(state="sending", started_at=TUESDAY_10)
    original.refresh_from_db()


class TestFollowUps:
    def test_it_goes_to_who_may_have_got_the_original_and_still_wants_it(self, people, write, approve):
        original = approve(write())
        by_state = dict(
            zip(
                ["sending", "accepted", "held", "unconfirmed", "undelivered", "failed", "expired", "skipped"],
                people(8, "acqua"),
                strict=True,
            )
        )
        for state, person in by_state.items():
            rows_for(original, [person], state=state)
        (gone,) = people(1, "acqua", state=Subscriber.State.STOPPED)
        (left_topic,) = people(1, "farmacie")
        rows_for(original, [gone, left_topic], state="accepted")
        people(1, "acqua")  # never had it
        began(original)
        follow = write(kind="correction", severity="urgent", refers_to=original, fields={"text": "No."})
        assert audience.count(follow, TUESDAY_10).total == 5
        freeze(follow)
        got = set(Delivery.objects.filter(broadcast=follow).values_list("subscriber_id", flat=True))
        reached = ("sending", "accepted", "held", "unconfirmed", "undelivered")
        assert got == {by_state[state].pk for state in reached}

    def test_whatever_their_zones_are_now(self, people, write, approve):
        center, ponte, *_rest = Zone.objects.all()
        (moved,) = people(1, "acqua")
        original = approve(write(zones=[center.pk]))
        rows_for(original, [moved], state="accepted")
        moved.zones.set([ponte])
        began(original)
        follow = write(
            kind="correction",
            severity="urgent",
            refers_to=original,
            fields={"text": "No."},
            zones=[center.pk],
        )
        assert freeze(follow) == 1

    def test_it_is_urgent_and_takes_no_unit_even_if_it_was_written_as_routine(self, write, approve, anna):
        original = approve(write())
        follow = write(kind="ending", severity="routine", refers_to=original, fields={"text": "Finito."})
        assert not audience.counts(follow)
        assert lifecycle.submit(follow.pk, by=anna, now=TUESDAY_10).state == State.IN_REVIEW
