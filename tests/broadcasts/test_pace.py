"""When the last one leaves: within the hours, at a pace, under a limit a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.pace import Room, Terms, last_leaves
from policy.calendar import ROME, Severity, may_leave_at
from policy.rules import SHIPPED

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=ROME)  # a Tuesday; the service is open until 13, then 15-18


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ROME)


def terms(rate: float, severity: Severity = Severity.ROUTINE, *, night_reason: bool = False) -> Terms:
    return Terms(rate, severity, SHIPPED.hours, night_reason)


@pytest.mark.parametrize(
    ("people", "rate", "severity", "end"),
    [
        (80, 80, Severity.ROUTINE, at(10) + timedelta(seconds=1)),
        (3 * 3600, 1, Severity.ROUTINE, at(13)),  # just fits before lunch
        (3 * 3600 + 60, 1, Severity.ROUTINE, at(15, 1)),  # a minute of it goes on at three
        (7 * 3600, 1, Severity.ROUTINE, at(10, day=25)),  # six today, and one tomorrow morning
        (13 * 3600, 1, Severity.URGENT, at(8, day=25)),  # twelve hours until ten at night, one after seven
        (13 * 3600, 1, Severity.EMERGENCY, at(23)),  # stops for nothing
        (0, 1, Severity.ROUTINE, at(10)),
        (10, 0, Severity.EMERGENCY, None),  # the number may send nothing
    ],
)
def test_through_the_hours(people: int, rate: float, severity: Severity, end: datetime | None) -> None:
    assert last_leaves(people, TEN, terms(rate, severity)) == end


def test_what_the_day_has_no_room_for_waits_for_the_next() -> None:
    room = Room(now=100, a_day=1000, whole_at=at(20))
    found = last_leaves(1100, TEN, terms(1000, Severity.EMERGENCY), room)
    assert found == at(20) + timedelta(seconds=1)
    later = last_leaves(1101, TEN, terms(1000, Severity.EMERGENCY), room)
    assert later is not None
    assert later.date() == at(20, day=25).date()


def test_no_room_at_all_is_never() -> None:
    assert last_leaves(5, TEN, terms(80), Room(0, 0, TEN)) is None


@given(
    people=st.integers(1, 200_000), rate=st.floats(0.5, 1000), hours=st.integers(0, 200),
    severity=st.sampled_from(list(Severity)),
)  # fmt: skip
def test_it_never_ends_where_nothing_may_leave(
    people: int, rate: float, hours: int, severity: Severity
) -> None:
    start = may_leave_at(severity, TEN + timedelta(hours=hours), SHIPPED.hours).at
    assert start is not None
    end = last_leaves(people, start, terms(rate, severity))
    assert end is not None
    assert end >= start + timedelta(seconds=people / rate) - timedelta(milliseconds=1)
    just_before = end - timedelta(milliseconds=1)
    allowed = may_leave_at(severity, just_before, SHIPPED.hours).at
    assert just_before < start or allowed == just_before
