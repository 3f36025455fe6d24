"""The twenty texts of the demo's town, written by their forms, as the phone shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from broadcasts.bulletins.compose import Original, compose
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.notices import Notice, load
from tests.broadcasts.test_bulletins_matter import TOWN

SAID = Path(__file__).with_name("twenty.json")
NOTICES = load()


def phone_text(notice: Notice) -> str:
    """Through the form and back, as an editor would have it."""
    assert notice.due_at is not None
    kind = KINDS[notice.kind]
    form = kind.form(kind.initial_from(notice.fields), now=notice.due_at)
    assert form.is_valid(), form.errors
    made = compose(
        notice.kind,
        form.stored(),
        town=TOWN,
        language="it",
        title=notice.title,
        link="https://avvisi.example/a/k7m2p9xq/",
        category_label="Protezione civile",
        original=Original(notice.refers_to, notice.due_at) if notice.refers_to else None,
    )
    return kind.template.phone_text("it", TOWN, made.values)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda n: n.title)
def test_it_reads_as_it_was_read_and_found_good(notice: Notice) -> None:
    """The words were read aloud once. Who changes one reads it again, and then twenty.json."""
    text = phone_text(notice)
    assert text == json.loads(SAID.read_text(encoding="utf-8"))[notice.title]
    assert not re.search(r"\.\.|,,|\s[.,;:]|None|\{\{", text)
