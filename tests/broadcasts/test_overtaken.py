"""What waited for the morning is looked at again when the window opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from broadcasts import audience, claims, fanout, lifecycle, release
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.calendar import ROME
from policy.models import Severity
from staff.models import User
from subscribers.models import Zone

NIGHT = datetime(2026, 11, 25, 1, 0, tzinfo=ROME)  # a Wednesday
MORNING = datetime(2026, 11, 25, 7, 0, tzinfo=ROME)


@pytest.fixture
def held(write: Any, approve: Any, people: Any) -> Callable[..., Broadcast]:
    """An urgent notice that was approved at one in the morning and waits for seven."""

    def make(**changes: Any) -> Broadcast:
        people(2, "acqua")
        notice: Broadcast = approve(write(severity=Severity.URGENT, **changes), NIGHT)
        release.release_due(NIGHT)
        notice.refresh_from_db()
        assert (notice.state, notice.waits_until) == (State.SCHEDULED, MORNING)
        return notice

    return make


@pytest.fixture
def follow(anna: User, bruno: User) -> Callable[..., Broadcast]:
    def make(original: Broadcast, kind: str = "update", **changes: Any) -> Broadcast:
        values = {
            "kind": kind,
            "title": f"{kind} di {original.title}",
            "category": original.category,
            "severity": Severity.URGENT,
            "refers_to": original,
            "fields": {"text": "È cambiato.", "starts": "2026-11-25T07:00+01:00"},
            "valid_until": MORNING + timedelta(hours=12),
        } | changes
        written = lifecycle.save_draft(Broadcast(**values), by=anna, now=NIGHT)
        lifecycle.submit(written.pk, by=anna, now=NIGHT)
        return lifecycle.approve(written.pk, by=bruno, seen=fingerprint_of(written), now=NIGHT)

    return make


def states(*notices: Broadcast) -> list[str]:
    for notice in notices:
        notice.refresh_from_db()
    return [notice.state for notice in notices]


class TestOver:
    def test_it_is_not_sent_and_says_why(self, held: Any) -> None:
        notice = held(valid_until=MORNING - timedelta(hours=1))
        release.release_due(MORNING)
        assert states(notice) == [State.EXPIRED]
        assert "già finito" in notice.state_reason and not Delivery.objects.exists()

    def test_one_that_still_holds_leaves(self, held: Any) -> None:
        notice = held()
        release.release_due(MORNING)
        assert states(notice) == [State.SENDING]


class TestOvertaken:
    @pytest.mark.parametrize("kind", ["update", "correction"])
    def test_the_later_message_goes_in_its_place_to_its_people(
        self, held: Any, follow: Any, kind: str
    ) -> None:
        notice = held()
        later = follow(notice, kind)
        release.release_due(MORNING)
        assert states(notice, later) == [State.CANCELLED, State.SENDING]
        assert later.title in notice.state_reason
        assert notice.transitions.last().verb == "overtake"
        assert Delivery.objects.filter(broadcast=later).count() == 2
        assert not Delivery.objects.filter(broadcast=notice).exists()

    def test_only_the_zones_of_the_first(self, held: Any, follow: Any, people: Any) -> None:
        zone = Zone.objects.first()
        assert zone is not None
        elsewhere, here = people(2, "acqua")
        here.zones.add(zone)
        elsewhere.zones.add(Zone.objects.exclude(pk=zone.pk)[0])
        later = follow(held(zones=[zone.pk]))
        assert audience.count(later, NIGHT).total == 3  # who chose no zone has the whole town
        release.release_due(MORNING)
        reached = set(Delivery.objects.values_list("subscriber_id", flat=True))
        assert here.pk in reached and elsewhere.pk not in reached

    def test_an_ending_of_what_never_left_tells_nobody(self, held: Any, follow: Any) -> None:
        notice = held()
        ending = follow(notice, "ending")
        release.release_due(MORNING)
        assert states(notice, ending) == [State.CANCELLED, State.EXPIRED]
        assert "mai partito" in ending.state_reason and not Delivery.objects.exists()

    def test_a_draft_of_an_update_overtakes_nothing(self, held: Any, anna: User) -> None:
        notice = held()
        lifecycle.save_draft(
            Broadcast(
                kind="update",
                title="Bozza",
                category=notice.category,
                refers_to=notice,
                fields={"text": "Forse.", "starts": "2026-11-25T07:00+01:00"},
            ),
            by=anna,
            now=NIGHT,
        )
        release.release_due(MORNING)
        assert states(notice) == [State.SENDING]

    def test_an_update_for_later_leaves_the_first_alone(self, held: Any, follow: Any) -> None:
        notice = held()
        later = follow(notice, due_at=MORNING + timedelta(hours=3))
        release.release_due(MORNING)
        assert states(notice, later) == [State.SENDING, State.SCHEDULED]

    def test_an_update_of_one_whose_day_has_not_come_waits(
        self, write: Any, approve: Any, follow: Any
    ) -> None:
        notice = approve(write(severity=Severity.URGENT, due_at=MORNING + timedelta(days=1)), NIGHT)
        later = follow(notice)
        release.release_due(MORNING)
        assert states(notice, later) == [State.SCHEDULED, State.SCHEDULED]
        assert "non è ancora partito" in later.state_reason

    def test_the_rest_of_one_that_had_begun_does_not_leave(
        self, write: Any, approve: Any, people: Any, follow: Any, meta: Any, clock_at: Any
    ) -> None:
        got, waits = people(2, "acqua")
        evening = datetime(2026, 11, 24, 21, 59, tzinfo=ROME)
        notice = approve(write(severity=Severity.URGENT), evening)
        release.release_due(evening)
        Delivery.objects.filter(subscriber=got).update(state="accepted", accepted_at=evening)
        clock_at(NIGHT)
        assert fanout.send_slice(notice.pk).ended == "hours"
        later = follow(notice)
        clock_at(MORNING)
        assert fanout.send_slice(notice.pk).ended == "overtaken"  # before the release has come by
        release.release_due(MORNING)
        assert states(later) == [State.SENDING]
        row = Delivery.objects.get(broadcast=notice, subscriber=waits)
        assert (row.state, row.reason) == ("skipped", "superseded")
        assert list(Delivery.objects.filter(broadcast=later).values_list("subscriber", flat=True)) == [got.pk]
        assert claims.rescue() == 0
