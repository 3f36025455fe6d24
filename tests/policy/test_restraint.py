"""The narrow service and election time, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from policy.calendar import ROME, Severity
from policy.restraint import Matter, Period, Refusal, Restraints, personal_words, refusal

AT = datetime(2027, 5, 10, 10, 0, tzinfo=ROME)
VOTE = Period("Elezioni comunali", date(2027, 4, 15), date(2027, 6, 14))
NARROW, ELECTION = Restraints(only_emergencies=True), Restraints(elections=(VOTE,))
WATER = Matter(Severity.URGENT, core=False, indispensable=True)
EVENT = Matter(Severity.ROUTINE, core=False, indispensable=False)
ALERT = Matter(Severity.URGENT, core=True, indispensable=True, colours=("gialla",))
EMERGENCY = Matter(Severity.EMERGENCY, core=True, indispensable=True)


class TestNarrow:
    def test_nothing_is_refused_while_it_is_off(self) -> None:
        assert [refusal(m, Restraints(), AT) for m in (WATER, EVENT, ALERT, EMERGENCY)] == [None] * 4

    @pytest.mark.parametrize("matter", [WATER, EVENT, ALERT])
    def test_all_but_orange_red_and_emergencies_is_refused(self, matter: Matter) -> None:
        assert refusal(matter, NARROW, AT) is Refusal.NARROW

    @pytest.mark.parametrize("colours", [("arancione",), ("rossa",), ("gialla", "arancione")])
    def test_orange_and_red_pass(self, colours: tuple[str, ...]) -> None:
        assert refusal(replace(ALERT, colours=colours), NARROW, AT) is None

    def test_an_emergency_passes_without_a_colour(self) -> None:
        assert refusal(EMERGENCY, NARROW, AT) is None

    def test_a_colour_outside_civil_protection_does_not_help(self) -> None:
        assert refusal(replace(WATER, colours=("rossa",)), NARROW, AT) is Refusal.NARROW

    def test_what_was_said_may_be_corrected(self) -> None:
        assert refusal(replace(WATER, follow_up=True), NARROW, AT) is None


class TestElection:
    def test_a_topic_that_is_not_indispensable_is_blocked_whatever_the_reason(self) -> None:
        assert refusal(replace(EVENT, reason="È utile"), ELECTION, AT) is Refusal.ELECTION_TOPIC

    def test_the_rest_must_say_why(self) -> None:
        assert refusal(WATER, ELECTION, AT) is Refusal.ELECTION_REASON
        assert refusal(replace(WATER, reason="  "), ELECTION, AT) is Refusal.ELECTION_REASON
        assert refusal(replace(WATER, reason="Senza acqua"), ELECTION, AT) is None

    def test_an_emergency_meets_no_question(self) -> None:
        assert refusal(EMERGENCY, ELECTION, AT) is None

    def test_a_correction_of_a_blocked_topic_says_why(self) -> None:
        follow_up = replace(EVENT, follow_up=True)
        assert refusal(follow_up, ELECTION, AT) is Refusal.ELECTION_REASON
        assert refusal(replace(follow_up, reason="La festa è annullata"), ELECTION, AT) is None

    @pytest.mark.parametrize(
        ("at", "inside"),
        [
            (datetime(2027, 4, 14, 23, 59, tzinfo=ROME), False),
            (datetime(2027, 4, 15, 0, 0, tzinfo=ROME), True),
            (datetime(2027, 6, 14, 23, 59, tzinfo=ROME), True),
            (datetime(2027, 6, 15, 0, 0, tzinfo=ROME), False),
        ],
    )
    def test_both_days_belong_to_it_by_the_clock_of_rome(self, at: datetime, inside: bool) -> None:
        assert (ELECTION.election_at(at) is not None) is inside

    def test_the_narrow_service_is_asked_first(self) -> None:
        assert refusal(EVENT, Restraints(True, (VOTE,)), AT) is Refusal.NARROW


def test_words_that_are_seldom_impersonal_are_found_once() -> None:
    assert personal_words("Il Sindaco e la Giunta: il sindaco invita tutti.") == ["sindaco", "giunta"]
    assert personal_words("Manca l'acqua in via di Barzino.") == []
