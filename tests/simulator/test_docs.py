"""The page that lists the behaviours says what the tests do: neither has what the other lacks."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.people import HABITS
from simulator.scenarios import SCENARIOS

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "simulator.md").read_text()
NUMBERS = range(1, 31)


def written() -> set[str]:
    """The names of the tests of behaviours."""
    return {
        name
        for file in HERE.glob("test_*.py")
        for name in re.findall(r"def (test_12_\w+)\(", file.read_text())
    }


def test_every_behaviour_has_its_row_and_a_test():
    rows = dict(re.findall(r"^\| (\d+) \| .* \| (`test_12_.*`) \|$", PAGE, re.MULTILINE))
    assert sorted(map(int, rows)) == list(NUMBERS)
    for number, tests in rows.items():
        for name in re.findall(r"`(\w+)`", tests):
            assert name.startswith(f"test_12_{int(number):02}_"), (number, name)


def test_the_page_names_the_tests_there_are():
    assert set(re.findall(r"`(test_12_\w+)`", PAGE)) == written()


def test_the_page_names_every_habit_and_every_trouble():
    for name in (set(HABITS) - {"plain"}) | set(SCENARIOS):
        assert f"`{name}`" in PAGE, name
