"""When a notice comes back, and what of it moves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from broadcasts.bulletins.kinds import KINDS
from broadcasts.plan.recurrence import days_of, first_day_of, moved

ROAD = KINDS["road"].form_class
DEADLINE = KINDS["deadline"].form_class


def days(rule: str, first: date, until: date, interval: int = 1) -> list[date]:
    return days_of(rule, first, interval=interval, after=first, until=until)


@pytest.mark.parametrize(
    ("rule", "first", "wanted"),
    [
        ("weekly", date(2026, 11, 26), [date(2026, 12, 3), date(2026, 12, 10)]),
        ("monthly_day", date(2026, 11, 16), [date(2026, 12, 16), date(2027, 1, 16)]),
        ("monthly_day", date(2026, 12, 31), [date(2027, 1, 31), date(2027, 2, 28)]),
        ("monthly_day", date(2027, 1, 30), [date(2027, 2, 28), date(2027, 3, 30)]),
        ("monthly_weekday", date(2026, 11, 5), [date(2026, 12, 3), date(2027, 1, 7)]),  # first Thursday
        ("monthly_weekday", date(2026, 11, 30), [date(2026, 12, 28), date(2027, 1, 25)]),  # last Monday
        ("yearly", date(2026, 12, 16), [date(2027, 12, 16), date(2028, 12, 16)]),
        ("yearly", date(2028, 2, 29), [date(2029, 2, 28), date(2030, 2, 28)]),
    ],
)
def test_the_next_two_days(rule: str, first: date, wanted: list[date]) -> None:
    assert days(rule, first, date(2031, 1, 1))[:2] == wanted


def test_every_second_week_and_an_end() -> None:
    found = days("weekly", date(2026, 11, 26), date(2026, 12, 24), interval=2)
    assert found == [date(2026, 12, 10), date(2026, 12, 24)]


def test_the_first_day_belongs_to_it() -> None:
    first = date(2026, 11, 26)
    assert days_of("weekly", first, interval=1, after=first - timedelta(days=1), until=first) == [first]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="boh"):
        days("boh", date(2026, 1, 1), date(2026, 2, 1))


def test_moments_keep_the_clock_on_the_wall_across_the_change_of_hour() -> None:
    fields = {"starts": "2027-03-25T07:00+01:00", "ends": "2027-03-25T14:00+01:00", "detour": "via Roma"}
    later = moved(ROAD, fields, timedelta(days=7))
    assert later["starts"] == "2027-04-01T07:00+02:00" and later["detour"] == "via Roma"
    assert moved(DEADLINE, {"due": "2026-12-16"}, timedelta(days=1)) == {"due": "2026-12-17"}


def test_what_it_counts_from_is_the_earliest_day() -> None:
    assert first_day_of(ROAD, {"starts": "2026-11-26T00:30+01:00", "ends": "2026-11-27T14:00+01:00"}) == date(
        2026, 11, 26
    )
    assert first_day_of(KINDS["notice"].form_class, {"text": "Ciao"}) is None
