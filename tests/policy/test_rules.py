"""The shipped values, and the command that asks the calendar."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from policy.calendar import Severity, check_edges
from policy.rules import SHIPPED, TemplateClass


def test_seven_categories_of_which_one_is_core() -> None:
    slugs = [c.slug for c in SHIPPED.categories]
    assert slugs == ["protezione-civile", "viabilita", "farmacie", "acqua", "scuole", "scadenze", "eventi"]
    assert [c.slug for c in SHIPPED.categories if c.core] == ["protezione-civile"]


def test_emergencies_live_in_core_categories_only() -> None:
    for category in SHIPPED.categories:
        assert (category.max_severity is Severity.EMERGENCY) == category.core
        assert category.default_severity.rank <= category.max_severity.rank
        assert category.preselected or not category.core


def test_events_are_promotional_to_the_provider_and_by_consent() -> None:
    (events,) = [c for c in SHIPPED.categories if c.template_class is TemplateClass.MARKETING]
    assert events.slug == "eventi" and "Consenso" in events.legal_basis and not events.preselected


def test_the_shipped_hours_have_no_edge_in_the_hour_of_the_change() -> None:
    assert check_edges(SHIPPED.hours) == []


def run_when(*arguments: str) -> dict[str, str]:
    out = StringIO()
    call_command("when", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_when_answers_with_an_offset_and_a_reason() -> None:
    answer = run_when("--severity", "routine", "--at", "2026-10-25T02:30")
    assert answer["at"] == "2026-10-25T02:30:00+02:00"
    assert answer["may_leave_at"] == "2026-10-26T09:00:00+01:00"
    assert answer["severity"] == "routine" and answer["reason"] and answer["code"] == "hours"


def test_when_takes_an_offset_that_is_given() -> None:
    answer = run_when("--severity", "urgent", "--at", "2026-10-25T01:30:00Z")
    assert answer["at"] == "2026-10-25T02:30:00+01:00"  # the second round of that hour


@pytest.mark.parametrize(
    "arguments",
    [
        ("--severity", "grave", "--at", "2026-10-25T02:30"),
        ("--severity", "routine", "--at", "domani"),
        ("--severity", "routine", "--at", "9999-12-31T23:59"),
        ("--severity", "routine", "--at", "0001-01-01"),
        ("--severity", "routine", "--at", "2026-10-25T02:30", "--category", "calcio"),
        ("--severity", "emergency", "--at", "2026-10-25T02:30", "--category", "eventi"),
    ],
)
def test_when_refuses_with_one_sentence(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command("when", *arguments)
    assert stopped.value.code == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.endswith(".\n")
