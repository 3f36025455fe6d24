"""`manage.py replay_webhook FILE --dry-run`: whatever the file holds, a line an event or one sentence."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def body(text: str) -> dict[str, Any]:
    message = {"id": "wamid.1", "from": "393331112233", "type": "text", "text": {"body": text}}
    value = {"messages": [message]}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "messages", "value": value}]}],
    }


def replay(file: Path, data: bytes, out: StringIO) -> list[dict[str, Any]]:
    file.write_bytes(data)
    try:
        call_command("replay_webhook", str(file), "--dry-run", stdout=out)
    finally:
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return lines


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([body("uno"), body("due")]).encode(),
        b"\n\n".join(json.dumps(body(text)).encode() for text in ("uno", "due")),
        b"\r\n".join(json.dumps(body(text)).encode() for text in ("uno", "due")),
    ],
)
def test_a_list_and_lines_are_bodies(tmp_path: Path, data: bytes) -> None:
    assert [line["text"] for line in replay(tmp_path / "f", data, StringIO())] == ["uno", "due"]


def test_one_body_may_be_written_over_many_lines(tmp_path: Path) -> None:
    [line] = replay(tmp_path / "f", json.dumps(body("uno"), indent=2).encode(), StringIO())
    assert (line["kind"], line["phone"], line["text"]) == ("message", "393331112233", "uno")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe\x9b", b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000],
)
def test_what_is_not_json_is_said_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CommandError, match=r"^Body 1 is not JSON"):
        replay(tmp_path / "f", data, StringIO())


def test_a_broken_line_does_not_hide_the_others(tmp_path: Path) -> None:
    good, out = json.dumps(body("uno")).encode(), StringIO()
    with pytest.raises(CommandError, match=r"^Body 2 is not JSON"):
        replay(tmp_path / "f", good + b"\n{\n" + good, out)
    assert len(out.getvalue().splitlines()) == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("replay_webhook", str(tmp_path / "nowhere"), "--dry-run")
