"""The page of every command and answer is what the code says, and what it says is true."""

from __future__ import annotations

import pytest

from broadcasts import answer_page, answer_words
from subscribers.commands import understand
from subscribers.understood import Command, from_reply_id


def test_the_page_is_current() -> None:
    assert answer_page.FILE.read_text(encoding="utf-8") == answer_page.page(), "run manage.py answers_page"


def test_every_command_and_every_wording_is_on_it() -> None:
    assert set(answer_page.COMMANDS) == set(Command)
    page = answer_page.page()
    assert not [wording for wording in answer_words.WORDINGS if f"`{wording}`" not in page]


@pytest.mark.parametrize("command", answer_page.COMMANDS)
def test_what_it_teaches_is_understood(command: Command) -> None:
    _does, italian, english, tap = answer_page.COMMANDS[command]
    assert {text: understand(text).command for text in (*italian, *english)} == dict.fromkeys(
        (*italian, *english), command
    )
    if tap:
        assert from_reply_id(tap).command is command
