"""An emergency without room for all: the people of some zones get it before the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broadcasts import capacity, fanout, lifecycle, release
from broadcasts.models import Broadcast
from broadcasts.states import State
from staff.models import AuditEntry, User
from subscribers.models import Zone
from tests.broadcasts.simulated import Provider, states_of
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
TOPIC = "protezione-civile"


@pytest.fixture
def zones(town: Any) -> list[Zone]:
    """Two zones of the town."""
    return list(Zone.objects.all()[:2])


def by_zone(people: Any, zones: list[Zone], each: int) -> dict[int, set[str]]:
    """So many people everywhere, then so many in each zone: who came last is claimed last otherwise."""
    people(each, TOPIC)
    found: dict[int, set[str]] = {}
    for zone in zones:
        made = people(each, TOPIC)
        for one in made:
            one.zones.set([zone])
        found[zone.pk] = {one.phone for one in made}
    return found


def test_the_last_zone_goes_first_and_the_others_after_it(
    meta: Provider, people: Any, leaving: Any, anna: User, zones: list[Zone]
) -> None:
    homes = by_zone(people, zones, 10)
    emergency = leaving(severity="emergency", topic=TOPIC)
    lifecycle.put_first(emergency.pk, [zones[1].pk], by=anna)
    assert fanout.send_slice(emergency.pk).ended == "empty"
    assert {got.phone for got in meta.ledger[:10]} == homes[zones[1].pk]
    assert states_of(emergency) == {"accepted": 30}
    assert set(meta.times().values()) == {1}


def test_what_room_there_is_is_theirs(
    meta: Provider, people: Any, leaving: Any, anna: User, zones: list[Zone]
) -> None:
    homes = by_zone(people, zones, 5)
    capacity.note(5, real_now=clock.real_now())
    emergency = leaving(severity="emergency", topic=TOPIC)
    lifecycle.put_first(emergency.pk, [zones[1].pk], by=anna)
    assert fanout.send_slice(emergency.pk).ended == "capacity"
    assert {got.phone for got in meta.ledger} == homes[zones[1].pk]
    capacity.note(None, real_now=clock.real_now())
    fanout.send_slice(emergency.pk)
    assert states_of(emergency) == {"accepted": 15}


def test_what_still_waits_when_it_is_over_never_leaves(meta: Provider, people: Any, leaving: Any) -> None:
    people(5, TOPIC)
    capacity.note(2, real_now=clock.real_now())
    emergency = leaving(severity="emergency", topic=TOPIC, valid_until=TUESDAY_10 + timedelta(hours=3))
    assert fanout.send_slice(emergency.pk).ended == "capacity"
    release.sweep(TUESDAY_10 + timedelta(hours=4))
    emergency.refresh_from_db()
    assert states_of(emergency) == {"accepted": 2, "expired": 3}
    assert emergency.state == State.SENT


def test_who_may_say_so_and_when(
    write: Any, anna: User, approve: Any, zones: list[Zone], django_user_model: Any
) -> None:
    nobody = django_user_model.objects.create_user("nobody")
    emergency = write(severity="emergency", topic=TOPIC, zones=[zones[0].pk])
    with pytest.raises(lifecycle.NotAllowed, match="ruolo"):
        lifecycle.put_first(emergency.pk, [zones[0].pk], by=nobody)
    with pytest.raises(lifecycle.NotAllowed, match="zone dell'avviso"):
        lifecycle.put_first(emergency.pk, [zones[1].pk], by=anna)
    with pytest.raises(lifecycle.NotAllowed, match="emergenza"):
        lifecycle.put_first(write().pk, [zones[0].pk], by=anna)
    approve(emergency)
    lifecycle.put_first(emergency.pk, [zones[0].pk], by=anna)
    emergency.refresh_from_db()
    assert emergency.state == State.SCHEDULED, "the order is nothing that was approved"
    assert AuditEntry.objects.filter(verb="zones_first").exists()
    Broadcast.objects.filter(pk=emergency.pk).update(state=State.SENT)
    with pytest.raises(lifecycle.NotAllowed, match="finito"):
        lifecycle.put_first(emergency.pk, [], by=anna)
