"""What changed between two texts, by paragraphs and by words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policy.difference import Piece, by_words, side_by_side

TEXTS = st.text(alphabet="ab \n.", max_size=60)


def test_a_changed_word_is_marked_in_its_paragraph() -> None:
    [same, changed] = side_by_side(
        "Resta.\nScriviamo al massimo 4 messaggi.", "Resta.\nScriviamo al massimo 6 messaggi."
    )
    assert not same.changed
    assert [p.text for p in changed.before if p.changed] == ["4"]
    assert [p.text for p in changed.after if p.changed] == ["6"]


def test_a_paragraph_that_went_and_one_that_came_are_two_rows() -> None:
    rows = side_by_side("Il numero è il 5.\nFine", "Nessuno telefona mai a casa\nFine")
    assert [(bool(r.before), bool(r.after)) for r in rows] == [(True, False), (False, True), (True, True)]


def test_equal_texts_show_no_change() -> None:
    assert [row.changed for row in side_by_side("a\nb", "a\nb")] == [False, False]
    assert by_words("a b", "a b").before == (Piece("a b"),)


@given(TEXTS, TEXTS)
def test_nothing_is_lost_on_either_side(before: str, after: str) -> None:
    def joined(texts: list[str]) -> str:
        return "\n".join(text for text in texts if text)

    rows = side_by_side(before, after)
    wanted = [
        "\n".join(line.strip() for line in text.splitlines() if line.strip()) for text in (before, after)
    ]
    assert joined(["".join(p.text for p in row.before) for row in rows]) == wanted[0]
    assert joined(["".join(p.text for p in row.after) for row in rows]) == wanted[1]
