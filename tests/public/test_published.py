"""Whether a notice still holds, and what belongs to its story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from broadcasts.models import Broadcast
from broadcasts.published import LIVE, Standing, follow_ups, live_notices, public_broadcasts, standing
from broadcasts.states import PUBLIC, State
from tests.conftest import TUESDAY_10

HOUR = timedelta(hours=1)
Publish = Callable[..., Broadcast]


@pytest.mark.parametrize(
    ("state", "until", "followed_by", "expected"),
    [
        (State.SENT, None, (), Standing.IN_FORCE),
        (State.SENDING, TUESDAY_10 + HOUR, (), Standing.IN_FORCE),
        (State.SENT, TUESDAY_10, (), Standing.ENDED),  # half-open: at its end it is over
        (State.SENT, TUESDAY_10 + HOUR, ("update",), Standing.UPDATED),
        (State.SENT, TUESDAY_10 + HOUR, ("correction", "update"), Standing.CORRECTED),
        (State.SENT, TUESDAY_10 + HOUR, ("correction", "ending"), Standing.ENDED),
        (State.CANCELLED, TUESDAY_10 + HOUR, (), Standing.STOPPED),
        (State.CANCELLED, TUESDAY_10 + HOUR, ("correction",), Standing.CORRECTED),
        (State.EXPIRED, None, (), Standing.ENDED),
    ],
)
def test_standing(state, until, followed_by, expected) -> None:
    assert standing(state, until, followed_by, TUESDAY_10) is expected


def test_a_follow_up_of_a_follow_up_belongs_to_the_first(publish: Publish) -> None:
    first = publish(title="Acqua")
    second = publish(title="Ancora", kind="update", refers_to=first, at=TUESDAY_10 - HOUR / 2)
    third = publish(title="Tornata", kind="ending", refers_to=second, at=TUESDAY_10)
    found = follow_ups([first.pk, second.pk, third.pk])
    assert [b.pk for b in found[first.pk]] == [second.pk, third.pk]
    assert [b.pk for b in found[second.pk]] == [third.pk]
    assert found[third.pk] == []
    assert first.code not in {n.code for n in live_notices("it", TUESDAY_10)}


def test_two_notices_that_name_each_other_do_not_hang_the_page(publish: Publish) -> None:
    one = publish(title="Uno")
    two = publish(title="Due", kind="update", refers_to=one)
    Broadcast.objects.filter(pk=one.pk).update(refers_to=two)
    found = follow_ups([one.pk, two.pk])
    assert two.pk in [b.pk for b in found[one.pk]]


def test_a_draft_follow_up_changes_nothing_in_public(publish: Publish, write: Publish) -> None:
    first = publish(title="Acqua")
    write(title="Cessato", kind="ending", refers_to=first)
    [notice] = live_notices("it", TUESDAY_10)
    assert notice.standing is Standing.IN_FORCE and notice.followed_by == ()


@pytest.mark.parametrize("state", State.values)
def test_public_is_what_began_to_leave(publish: Publish, state: str) -> None:
    left = publish(title="Partito", state=State.SENT)
    Broadcast.objects.filter(pk=left.pk).update(state=state, valid_until=TUESDAY_10 + HOUR)
    assert public_broadcasts().exists() is (state in PUBLIC)


def test_stopped_before_it_left_was_never_public(publish: Publish) -> None:
    publish(state=State.CANCELLED, at=None)
    assert not public_broadcasts().exists()


def test_emergencies_come_first(publish: Publish) -> None:
    alert = publish(
        title="Vecchia emergenza", topic="protezione-civile", severity="emergency", at=TUESDAY_10 - HOUR
    )
    publish(title="Nuovo", at=TUESDAY_10)
    assert next(n.code for n in live_notices("it", TUESDAY_10)) == alert.code


def test_live_words_are_the_standings_that_hold() -> None:
    assert {Standing.ENDED, Standing.STOPPED}.isdisjoint(LIVE)
