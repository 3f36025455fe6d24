"""docs/reliability.md says where each test is: it must be there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text()


def test_every_test_that_the_table_names_exists() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    functions, classes = re.findall(r"def (test_\w+)", sources), re.findall(r"class (Test\w+)", sources)
    named = re.findall(r"\b(test_\w+)(?!\w*\.py)(…?)", re.sub(r"test_\w+\.py", "", TEXT))
    assert len(named) > 20
    for name, cut in named:
        assert any(each.startswith(name) if cut else each == name for each in functions), name
    for name in re.findall(r"::(Test\w+)", TEXT):
        assert name in classes, name


def test_every_file_that_it_names_exists() -> None:
    for name in re.findall(r"([\w/]*test_\w+\.py)", TEXT):
        assert (ROOT / name if "/" in name else ROOT / "tests" / "broadcasts" / name).exists(), name


def test_every_number_of_the_list_is_there() -> None:
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert rows | {22, 25, 26} == set(range(1, 29))
