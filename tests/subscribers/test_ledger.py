"""The ledger explains everybody, and says so when it does not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from policy.models import Category, TownProfile
from subscribers import consent, ledger
from subscribers.models import ConsentEvent, Subscriber, Subscription
from tests.conftest import TUESDAY_10

People = Callable[..., list[Subscriber]]


def run() -> tuple[list[dict[str, object]], int]:
    out, code = io.StringIO(), 0
    try:
        call_command("check_ledger", stdout=out)
    except SystemExit as exit:
        code = int(exit.code or 0)
    return [json.loads(line) for line in out.getvalue().splitlines()], code


@pytest.mark.django_db
class TestCheck:
    def test_nobody_no_difference(self, town: TownProfile) -> None:
        assert run() == ([{"people": 0, "acts": 0, "differences": 0}], 0)

    def test_an_active_person_without_proof_is_found(self, people: People) -> None:
        [someone] = people(1, "acqua")
        lines, code = run()
        assert code == 1
        assert lines[0] == {
            "subscriber": someone.pk,
            "held": {"active": True, "topics": ["acqua"]},
            "ledger": {"active": False, "topics": []},
        }

    def test_a_topic_added_behind_their_back_is_found(self, people: People) -> None:
        [someone] = people(1, "acqua")
        ledger.record_join_bulk([someone], at=TUESDAY_10, policy_version=None, channel="import")
        assert ledger.compare() == []
        Subscription.objects.create(
            subscriber=someone, category=Category.objects.get(slug="eventi"), since=TUESDAY_10
        )
        [difference] = ledger.compare()
        assert difference.held.topics - difference.derived.topics == {"eventi"}

    def test_a_stop_undone_by_hand_is_found(self, people: People) -> None:
        [someone] = people(1, "acqua")
        ledger.record_join_bulk([someone], at=TUESDAY_10, policy_version=None, channel="import")
        consent.stop(someone, at=TUESDAY_10 + timedelta(hours=1), now=TUESDAY_10 + timedelta(hours=1))
        Subscriber.objects.update(state=Subscriber.State.ACTIVE)
        assert len(ledger.compare()) == 1

    def test_topics_of_somebody_who_is_out_are_found(self, people: People) -> None:
        people(1, "acqua", state=Subscriber.State.STOPPED)
        assert len(ledger.compare()) == 1

    def test_batches_lose_nobody(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ledger, "BATCH", 3)
        everybody = people(10, "acqua")
        assert [d.subscriber_id for d in ledger.compare()] == [p.pk for p in everybody]


@pytest.mark.django_db
class TestImport:
    def test_many_at_once_with_few_queries(
        self, people: People, django_assert_max_num_queries: Callable[..., AbstractContextManager[object]]
    ) -> None:
        everybody = people(300, "acqua", "scuole")
        with django_assert_max_num_queries(12):
            count = ledger.record_join_bulk(everybody, at=TUESDAY_10, policy_version=None, channel="import")
        assert count == 900 == ConsentEvent.objects.filter(channel="import").count()
        assert ledger.compare() == []

    def test_their_own_moment_is_kept_and_a_missing_one_written(self, people: People) -> None:
        early = TUESDAY_10 - timedelta(days=90)
        [dated] = people(1, "acqua", consent_at=early)
        [undated] = people(1, "acqua")
        ledger.record_join_bulk([dated, undated], at=TUESDAY_10, policy_version=None, channel="import")
        undated.refresh_from_db()
        assert undated.consent_at == TUESDAY_10
        assert ConsentEvent.objects.get(subject=dated.subject, act="join").at == early

    def test_an_imported_person_can_leave(self, people: People) -> None:
        [someone] = people(1, "acqua")
        ledger.record_join_bulk([someone], at=TUESDAY_10, policy_version=None, channel="import")
        left = consent.stop_by_identity(
            someone.phone,
            None,
            at=TUESDAY_10 + timedelta(seconds=1),
            now=TUESDAY_10 + timedelta(seconds=1),
            message_id="m",
            command="stop",
        )
        assert left is True
        assert ledger.compare() == []


@pytest.mark.django_db
def test_everybody_is_rebuilt_from_the_ledger_alone(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    everybody = people(5, "acqua")
    ledger.record_join_bulk(everybody, at=TUESDAY_10, policy_version=None, channel="import")
    consent.stop(everybody[0], at=TUESDAY_10 + timedelta(hours=1), now=TUESDAY_10 + timedelta(hours=1))
    Subscriber.objects.filter(pk=everybody[1].pk).delete()  # the ledger does not need the row
    out, report = io.StringIO(), tmp_path / "rebuilt.jsonl"
    call_command("check_ledger", rebuild=str(report), stdout=out)
    summary = json.loads(out.getvalue().splitlines()[-1])
    assert (summary["rebuilt_in"], summary["rebuilt_out"], summary["differences"]) == (4, 1, 0)
    lines = {row["subject"]: row for row in map(json.loads, report.read_text().splitlines())}
    assert lines[str(everybody[0].subject)]["last"] == "stop"
    assert lines[str(everybody[1].subject)] == {
        "subject": str(everybody[1].subject),
        "active": True,
        "topics": ["acqua"],
        "acts": 2,
        "last": lines[str(everybody[1].subject)]["last"],
        "at": TUESDAY_10.astimezone(UTC).isoformat(),
    }
    assert str(everybody[2].phone) not in report.read_text()
