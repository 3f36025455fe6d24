"""Stops and erasures outlive a restore of a backup that does not know them."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from broadcasts import erasure, switch
from broadcasts.replaying import replay
from policy.models import TownProfile
from subscribers import consent, journal, ledger
from subscribers.models import Subscriber, Subscription
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
LATER = TUESDAY_10 + timedelta(hours=1)
NIGHT = TUESDAY_10 + timedelta(hours=12)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.JOURNAL_DIR = str(tmp_path / "diario")
    return tmp_path / "diario"


@pytest.fixture
def three(folder: Path, town: TownProfile, people: Any) -> list[Subscriber]:
    everybody = people(3)
    for each in everybody:
        consent.join(each, at=TUESDAY_10, now=TUESDAY_10)
    return everybody


def restore(people: list[Subscriber]) -> None:
    """The rows as the backup of ten o'clock has them; the ledger's later acts are gone with the disk."""
    Subscriber.objects.all().delete()
    Subscriber.objects.bulk_create(people)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]


def test_it_holds_fingerprints_only(folder: Path, three: list[Subscriber]) -> None:
    consent.stop(three[0], at=LATER, now=LATER)
    [line] = lines(folder)
    assert line["act"] == "stop" and len(line["who"][0]) == 64
    assert str(three[0].phone) not in "".join(file.read_text() for file in folder.iterdir())
    assert (next(folder.iterdir()).stat().st_mode & 0o077) == 0


def test_after_a_restore_who_left_is_out_again(folder: Path, three: list[Subscriber]) -> None:
    backup = list(Subscriber.objects.order_by("pk"))
    consent.stop(three[0], at=LATER, now=LATER)
    erasure.erase(three[1].pk, LATER)
    before = lines(folder)
    restore(backup)
    assert Subscriber.objects.filter(state="active").count() == 3
    out = io.StringIO()
    call_command("replay_stops", stdout=out)
    assert json.loads(out.getvalue())["erased"] == 1
    assert sorted(Subscriber.objects.values_list("state", flat=True)) == ["active", "erased", "stopped"]
    assert not Subscription.objects.filter(subscriber__in=[three[0].pk, three[1].pk]).exists()
    assert lines(folder) == before, "what is read back is not written again"
    assert ledger.compare() == []


def test_twice_is_once(folder: Path, three: list[Subscriber]) -> None:
    consent.stop(three[0], at=LATER, now=LATER)
    assert (replay(NIGHT).stopped, replay(NIGHT).erased) == (0, 0)


def test_who_came_back_after_their_stop_stays_in(folder: Path, three: list[Subscriber]) -> None:
    consent.stop(three[0], at=LATER, now=LATER)
    erasure.erase(three[1].pk, LATER)
    for each in three[:2]:
        consent.join(each, at=NIGHT, now=NIGHT)
    replay(NIGHT)
    assert Subscriber.objects.filter(state="active").count() == 3


def test_arming_after_a_restore_replays_first(folder: Path, three: list[Subscriber]) -> None:
    backup = list(Subscriber.objects.order_by("pk"))
    consent.stop(three[0], at=LATER, now=LATER)
    restore(backup)
    switch.turn(True, by=None, reason="copia ripristinata e controllata")
    assert Subscriber.objects.get(pk=three[0].pk).state == "stopped"


def test_half_a_line_and_rubbish_are_passed_over(folder: Path, three: list[Subscriber]) -> None:
    consent.stop(three[0], at=LATER, now=LATER)
    with (folder / "2020-01-01.jsonl").open("w") as file:
        file.write('{"act": "stop"\n[]\n{"act": 1, "at": "x", "who": []}\n\x00\n{"act":"stop","at":"2026')
    assert len(list(journal.read())) == 1


def test_who_joined_after_the_backup_is_counted(folder: Path, town: TownProfile) -> None:
    stranger = Subscriber(phone="393330009999")
    journal.write(journal.STOP, stranger, LATER)
    assert replay(NIGHT).unknown == 1


def test_a_full_disk_keeps_nobody_in(three: list[Subscriber], settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.JOURNAL_DIR = str(tmp_path / "file" / "diario")
    assert consent.stop(three[0], at=LATER, now=LATER)


def test_without_a_folder_the_command_says_so(town: TownProfile, settings: Any) -> None:
    settings.JOURNAL_DIR = ""
    with pytest.raises(CommandError, match="JOURNAL_DIR"):
        call_command("replay_stops")
