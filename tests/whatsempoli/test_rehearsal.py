"""`make rehearsal` itself, small: a story that is kept, one that is broken, a database it must not touch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TUESDAY_10
from whatsempoli.rehearsal import play
from whatsempoli.rehearsal.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("citizens", "broadcasts", "audience", "accepted", "delivered", "read", "failed", "skipped", "held",
        "expired", "undelivered", "unconfirmed", "duplicates", "lost", "after_opt_out", "out_of_hours",
        "unapproved", "seconds")  # fmt: skip


def rehearse(**wishes: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, the JSON objects and what was said, of a rehearsal on engines of its own."""
    theirs = {"DATABASE_URL", "REDIS_URL", "TESTING"}
    env = {name: value for name, value in os.environ.items() if name not in theirs}
    done = subprocess.run(
        [sys.executable, "-m", "whatsempoli.rehearsal"],
        cwd=ROOT,
        env=env | {"JSON": "1", "CITIZENS": "40"} | wishes,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.slow
class TestRun:
    def test_a_small_story_is_kept(self) -> None:
        code, objects, said = rehearse(CHAPTER="story")
        assert code == 0, said
        (story,) = objects
        assert set(KEYS) <= story.keys()
        assert story["citizens"] == 40
        assert story["broadcasts"] == 20
        assert not any(story[promise] for promise in KEYS[KEYS.index("duplicates") : -1])
        assert story["audience"] == sum(story[state] for state in ("accepted", *KEYS[6:12]))
        assert story["audience"] > story["delivered"] > story["read"] > 0

    def test_a_broken_promise_is_an_exit_status(self) -> None:
        code, objects, said = rehearse(CHAPTER="receipts,held", BREAK="misreported")
        assert code == 1, said
        (receipts,) = objects
        assert receipts["misreported"] > 0
        assert receipts["caught"] is True
        assert receipts["kept"] is False


@pytest.mark.django_db
class TestSomebodysTown:
    def test_it_is_never_emptied(self, town: Any, people: Any) -> None:
        with pytest.raises(play.NotOursError, match="non è stato preparato"):
            play.empty(Stage("http://127.0.0.1:9"))

    def test_it_is_never_prepared(self, town: Any, django_user_model: Any) -> None:
        play.Subscriber.objects.create(phone="393331234567", consent_at=TUESDAY_10)
        with pytest.raises(play.NotOursError, match="c'è già qualcuno"):
            play.prepare()
        play.Subscriber.objects.all().delete()
        play.prepare()
        assert play.is_ours()
