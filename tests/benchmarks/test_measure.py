"""The instruments see what they are for."""

from __future__ import annotations

import os
import time

from benchmarks.figures.emergency import _rate_from, _whole_from
from benchmarks.measure import Growth, middle

MB = 1024 * 1024


def test_growth_is_seen_at_both_ends_and_though_it_is_gone_again() -> None:
    with Growth(os.getpid()) as growth:
        filled = bytearray(os.urandom(MB)) * 40
        give_up = time.monotonic() + 20
        while growth.theirs < 35 and time.monotonic() < give_up:
            time.sleep(Growth.EVERY)
        del filled
    assert 35 <= growth.ours < 60
    assert 35 <= growth.theirs < 60


def test_nothing_grows_where_nothing_is_made() -> None:
    with Growth(os.getpid()) as growth:
        time.sleep(4 * Growth.EVERY)
    assert growth.ours < 5
    assert growth.theirs < 5


def test_the_middle_of_each_number() -> None:
    assert middle([{"a": 1.0, "b": 9}, {"a": 5.0, "b": 7}, {"a": 2.0, "b": 8}]) == {"a": 2.0, "b": 8}


def test_when_the_budget_is_somebodys() -> None:
    routine = [n / 100 for n in range(100)]  # a hundred in the first second
    alarm = [0.5, *(1 + n / 1000 for n in range(1000))]
    assert _whole_from(alarm, routine, alarm[0]) == 1.0
    assert _whole_from(alarm, [], alarm[0]) == 0.5
    assert _rate_from([0.0, 0.1, *alarm[1:]], 0.0) >= 0.8
