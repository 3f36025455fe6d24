"""The calendar against an independent reading of the wall clock, minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy import calendar
from policy.calendar import ROME, Hours, LeaveReason, NightQuiet, Severity, Window, localise, may_leave_at
from policy.rules import SHIPPED

TOWN = SHIPPED.hours
NO_NIGHT = NightQuiet(time(0), time(0))
LATE_BAR = Hours((Window(5, time(20), time(4)), Window(6, time(20), time(1))), NightQuiet(time(5), time(6)))
ALL_WEEK_LATE = Hours(
    tuple(Window(day, time(18), time(8)) for day in range(7)), NightQuiet(time(22), time(7))
)
ALWAYS = Hours(tuple(Window(day, time(0), time(0)) for day in range(7)), NO_NIGHT)

SPRING, AUTUMN = date(2026, 3, 28), date(2026, 10, 24)  # the eves of the two changes
TURN_OF_YEAR = date(2026, 12, 24)


def rome(text: str) -> datetime:
    return localise(datetime.fromisoformat(text))


def open_by_the_clock(at: datetime, hours: Hours) -> bool:
    """Another way to the same answer: look at the wall clock, never at spans of time. It does not know
    the second occurrence of an hour from the first, so it holds for edges outside 02:00–03:00."""
    local = at.astimezone(ROME)
    day, clock = local.date(), local.time()
    before = day - timedelta(days=1)
    for w in hours.windows:
        crosses = w.end <= w.start
        today = w.weekday == day.weekday() and not closed(day, hours)
        if today and w.start <= clock and (crosses or clock < w.end):
            return True
        yesterday = w.weekday == before.weekday() and not closed(before, hours)
        if crosses and yesterday and clock < w.end:
            return True
    return False


def closed(day: date, hours: Hours) -> bool:
    known = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (10, 4), (11, 1), (12, 8), (12, 25), (12, 26)}
    easter_monday = {date(2026, 4, 6), date(2026, 4, 5)}
    return (day.month, day.day) in known | hours.own_days or day in easter_monday


def night_by_the_clock(at: datetime, night: NightQuiet) -> bool:
    clock = at.astimezone(ROME).time()
    if night.start == night.end:
        return False
    if night.end < night.start:
        return clock >= night.start or clock < night.end
    return night.start <= clock < night.end


@pytest.mark.parametrize("first", [SPRING, AUTUMN, TURN_OF_YEAR], ids=["march", "october", "christmas"])
@pytest.mark.parametrize(
    "hours", [TOWN, LATE_BAR, ALL_WEEK_LATE, ALWAYS], ids=["town", "late", "all-late", "always"]
)
def test_every_minute_of_the_days_around_a_change(first: date, hours: Hours) -> None:
    start = datetime.combine(first, time(0), ROME).astimezone(UTC)
    for minute in range(3 * 24 * 60):
        at = start + timedelta(minutes=minute)
        assert calendar.is_open(at, hours) == open_by_the_clock(at, hours), at
        assert calendar.is_night(at, hours) == night_by_the_clock(at, hours.night), at
        leave = may_leave_at(Severity.ROUTINE, at, hours)
        assert leave.at is not None
        assert leave.at.astimezone(UTC) >= at
        assert open_by_the_clock(leave.at, hours) and not night_by_the_clock(leave.at, hours.night), at
        free = open_by_the_clock(at, hours) and not night_by_the_clock(at, hours.night)
        assert (leave.reason is LeaveReason.NOW) == free


EDGES = (
    st.times().filter(lambda t: t.hour != 2).map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
)
WINDOWS = st.lists(st.builds(Window, st.integers(0, 6), EDGES, EDGES), max_size=6).map(tuple)
HOURS = st.builds(
    Hours,
    WINDOWS,
    st.builds(NightQuiet, EDGES, EDGES),
    st.frozensets(st.tuples(st.integers(1, 12), st.integers(1, 28)), max_size=3),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20), timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(HOURS, MOMENTS, st.sampled_from(Severity))
def test_whatever_the_hours_it_never_leaves_before_nor_while_closed(
    hours: Hours, at: datetime, severity: Severity
) -> None:
    leave = may_leave_at(severity, at, hours)
    if leave.at is None:
        assert severity is Severity.ROUTINE
        return
    assert leave.at.astimezone(UTC) >= at
    if severity is not Severity.EMERGENCY:
        assert not night_by_the_clock(leave.at, hours.night)
    if severity is Severity.ROUTINE:
        assert calendar.is_open(leave.at, hours)
        stop = calendar.must_stop_at(severity, leave.at, hours)
        assert stop is not None and stop.astimezone(UTC) > leave.at.astimezone(UTC)
        last = stop.astimezone(UTC) - timedelta(microseconds=1)
        assert calendar.is_open(last, hours) and not calendar.is_night(last, hours)
        again = may_leave_at(severity, stop, hours)
        assert again.at is None or again.at.astimezone(UTC) >= stop.astimezone(UTC)


@settings(max_examples=100, deadline=None)
@given(HOURS, MOMENTS)
def test_nothing_earlier_was_possible(hours: Hours, at: datetime) -> None:
    leave = may_leave_at(Severity.ROUTINE, at, hours)
    if leave.at is None or leave.at.astimezone(UTC) == at:
        return
    gap = leave.at.astimezone(UTC) - at
    for part in range(40):
        moment = at + gap * part / 40
        assert not calendar.is_open(moment, hours) or calendar.is_night(moment, hours)


@pytest.mark.parametrize(
    ("severity", "at", "leaves", "reason"),
    [
        ("routine", "2026-11-24T10:00", "2026-11-24T10:00", LeaveReason.NOW),
        ("routine", "2026-11-24T09:00", "2026-11-24T09:00", LeaveReason.NOW),  # the first minute is in
        ("routine", "2026-11-24T13:00", "2026-11-24T15:00", LeaveReason.HOURS),  # the last is out
        ("routine", "2026-11-24T12:59:59", "2026-11-24T12:59:59", LeaveReason.NOW),
        (
            "routine",
            "2026-11-28T12:00",
            "2026-12-01T09:00",
            LeaveReason.HOURS,
        ),  # Saturday noon, then the 30th
        ("routine", "2026-11-30T10:00", "2026-12-01T09:00", LeaveReason.HOLIDAY),  # the town's own day
        ("routine", "2026-12-24T18:00", "2026-12-28T09:00", LeaveReason.HOURS),  # 26 is a Saturday
        ("routine", "2026-04-04T12:00", "2026-04-07T09:00", LeaveReason.HOURS),  # Easter, Easter Monday
        ("routine", "2026-06-24T10:00", "2026-06-24T10:00", LeaveReason.NOW),  # Florence's patron, not ours
        ("routine", "2026-10-25T02:30", "2026-10-26T09:00", LeaveReason.HOURS),
        ("routine", "2026-03-29T02:30", "2026-03-30T09:00", LeaveReason.HOURS),
        ("urgent", "2026-11-24T22:00", "2026-11-25T07:00", LeaveReason.NIGHT),
        ("urgent", "2026-11-24T21:59", "2026-11-24T21:59", LeaveReason.NOW),
        ("urgent", "2026-11-25T07:00", "2026-11-25T07:00", LeaveReason.NOW),
        ("urgent", "2026-10-25T02:30", "2026-10-25T07:00", LeaveReason.NIGHT),
        ("urgent", "2026-11-30T10:00", "2026-11-30T10:00", LeaveReason.NOW),  # a holiday stops no burst main
        ("emergency", "2026-12-25T03:00", "2026-12-25T03:00", LeaveReason.EMERGENCY),
    ],
)
def test_the_shipped_hours(severity: str, at: str, leaves: str, reason: LeaveReason) -> None:
    leave = may_leave_at(Severity(severity), rome(at), TOWN)
    assert (leave.at, leave.reason) == (rome(leaves), reason)
    assert leave.words


def test_an_urgent_message_leaves_at_night_only_with_a_reason() -> None:
    at = rome("2026-11-24T23:30")
    assert may_leave_at(Severity.URGENT, at, TOWN, night_reason=True).reason is LeaveReason.NIGHT_REASON
    assert may_leave_at(Severity.URGENT, at, TOWN).reason is LeaveReason.NIGHT


def test_a_reason_for_the_night_does_not_open_the_office() -> None:
    at = rome("2026-11-24T23:30")
    assert may_leave_at(Severity.ROUTINE, at, TOWN, night_reason=True).at == rome("2026-11-25T09:00")


def test_hours_that_never_open_say_so() -> None:
    leave = may_leave_at(Severity.ROUTINE, rome("2026-11-24T10:00"), Hours(()))
    assert (leave.at, leave.reason) == (None, LeaveReason.NEVER)


def test_hours_wholly_inside_the_night_never_open() -> None:
    hours = Hours((Window(0, time(23), time(1)),))
    assert may_leave_at(Severity.ROUTINE, rome("2026-11-24T10:00"), hours).reason is LeaveReason.NEVER


class TestWindowAcrossMidnight:
    hours = Hours((Window(5, time(20), time(1)),), NO_NIGHT)

    def test_it_is_one_window_that_closes_on_the_next_day(self) -> None:
        assert calendar.closes_at(rome("2026-11-28T23:00"), self.hours) == rome("2026-11-29T01:00")
        assert calendar.is_open(rome("2026-11-29T00:59"), self.hours)
        assert not calendar.is_open(rome("2026-11-29T01:00"), self.hours)

    def test_the_small_hours_before_its_own_day_are_not_in_it(self) -> None:
        assert not calendar.is_open(rome("2026-11-28T00:30"), self.hours)

    def test_on_the_night_of_the_change_it_lasts_its_real_hours(self) -> None:
        hours = Hours((Window(5, time(20), time(4)),), NO_NIGHT)
        start, end = rome("2026-10-24T20:00"), calendar.closes_at(rome("2026-10-24T23:00"), hours)
        assert end is not None
        assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=9)
        both = [rome("2026-10-25T02:30"), rome("2026-10-25T02:30").replace(fold=1)]
        assert all(calendar.is_open(at, hours) for at in both)


def test_windows_that_touch_close_once() -> None:
    hours = Hours((Window(1, time(9), time(12)), Window(1, time(12), time(18))), NO_NIGHT)
    assert calendar.closes_at(rome("2026-11-24T10:00"), hours) == rome("2026-11-24T18:00")


@pytest.mark.parametrize(
    ("severity", "at", "stops"),
    [
        (Severity.ROUTINE, "2026-11-24T10:00", "2026-11-24T13:00"),
        (Severity.ROUTINE, "2026-11-24T14:00", "2026-11-24T14:00"),  # may not leave: stops at once
        (Severity.URGENT, "2026-11-24T14:00", "2026-11-24T22:00"),
        (Severity.EMERGENCY, "2026-11-24T14:00", None),
    ],
)
def test_when_a_send_must_stop(severity: Severity, at: str, stops: str | None) -> None:
    assert calendar.must_stop_at(severity, rome(at), TOWN) == (rome(stops) if stops else None)


def test_an_hour_that_comes_twice_is_its_first_occurrence() -> None:
    assert localise(datetime(2026, 10, 25, 2, 30)).isoformat() == "2026-10-25T02:30:00+02:00"


def test_an_hour_that_does_not_exist_is_moved_by_the_gap() -> None:
    assert localise(datetime(2026, 3, 29, 2, 30)).isoformat() == "2026-03-29T03:30:00+02:00"


def test_a_month_is_the_month_of_rome() -> None:
    assert calendar.month_of(datetime(2026, 11, 30, 23, 30, tzinfo=UTC)) == date(2026, 12, 1)
    assert calendar.month_of(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 1)


def test_edges_in_the_hour_of_the_change_are_refused() -> None:
    wrong = Hours((Window(0, time(2, 30), time(9)),), NightQuiet(time(22), time(2)))
    assert len(calendar.check_edges(wrong)) == 2
    assert "lunedì" in calendar.check_edges(wrong)[0]
    assert calendar.check_edges(Hours((Window(0, time(1, 59), time(3)),))) == []
    assert calendar.check_edges(TOWN) == []


@pytest.mark.parametrize(
    ("at", "italian", "english"),
    [
        ("2026-11-24T15:00", "oggi alle 15:00", "today at 15:00"),
        ("2026-11-25T09:00", "domani alle 9:00", "tomorrow at 9:00"),
        ("2026-11-30T09:05", "lunedì 30 novembre alle 9:05", "Monday 30 November at 9:05"),
        ("2026-12-01T01:00", "martedì 1° dicembre all'1:00", "Tuesday 1 December at 1:00"),
        ("2027-01-04T09:00", "lunedì 4 gennaio 2027 alle 9:00", "Monday 4 January 2027 at 9:00"),
        ("2026-11-23T18:00", "lunedì 23 novembre alle 18:00", "Monday 23 November at 18:00"),
    ],
)
def test_a_moment_in_words(at: str, italian: str, english: str) -> None:
    now = rome("2026-11-24T11:00")
    assert calendar.say_when(rome(at), now) == italian
    assert calendar.say_when(rome(at), now, "en") == english


def test_today_is_today_in_rome() -> None:
    now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # half past midnight of the 25th in Rome
    assert calendar.say_when(rome("2026-11-25T09:00"), now) == "oggi alle 9:00"
