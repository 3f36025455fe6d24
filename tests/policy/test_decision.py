"""The rule, in the order of the law: what is forbidden earlier is never excused later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import cap
from policy.calendar import Hours, Severity, localise
from policy.decision import Expire, Kind, Limits, MessageFacts, PersonFacts, Reason, Send, Skip, Wait, decide
from policy.rules import SHIPPED

MORNING = localise(datetime(2026, 11, 24, 10))
LUNCH = localise(datetime(2026, 11, 24, 14))
NIGHT = localise(datetime(2026, 11, 24, 23))
LIMITS = Limits(SHIPPED.hours, general_promise=5)
CARLA = PersonFacts(state="active", subscribed=True)
NEWS = MessageFacts(Severity.ROUTINE, valid_until=MORNING + timedelta(days=7))
URGENT, EMERGENCY = replace(NEWS, severity=Severity.URGENT), replace(NEWS, severity=Severity.EMERGENCY)
WHOLE_FAMILY = [NEWS, URGENT, EMERGENCY, *(replace(NEWS, kind=k) for k in Kind)]


@pytest.mark.parametrize(
    ("message", "now", "expected"),
    [
        (NEWS, MORNING, Send(counts=True)),
        (NEWS, LUNCH, Wait(localise(datetime(2026, 11, 24, 15)), Reason.HOURS)),
        (NEWS, NIGHT, Wait(localise(datetime(2026, 11, 25, 9)), Reason.HOURS)),
        (URGENT, LUNCH, Send(counts=False)),
        (URGENT, NIGHT, Wait(localise(datetime(2026, 11, 25, 7)), Reason.NIGHT)),
        (replace(URGENT, night_reason=True), NIGHT, Send(counts=False)),
        (EMERGENCY, NIGHT, Send(counts=False)),
        (NEWS, NEWS.valid_until, Expire()),  # the end is not in it
        (EMERGENCY, MORNING + timedelta(days=8), Expire()),
        (replace(NEWS, valid_until=None), MORNING, Send(counts=True)),
    ],
)
def test_one_person_who_wants_it(message: MessageFacts, now: datetime, expected: object) -> None:
    assert decide(CARLA, message, LIMITS, now) == expected


@pytest.mark.parametrize("message", WHOLE_FAMILY)
@pytest.mark.parametrize("state", ["stopped", "invited", "erased", "unreachable", "", "ACTIVE"])
def test_nothing_goes_to_who_is_not_active(message: MessageFacts, state: str) -> None:
    expected = Reason.UNREACHABLE if state == "unreachable" else Reason.STOPPED
    assert decide(replace(CARLA, state=state), message, LIMITS, MORNING) == Skip(expected)


@pytest.mark.parametrize("message", WHOLE_FAMILY)
def test_nothing_goes_to_who_did_not_ask_for_the_topic(message: MessageFacts) -> None:
    assert decide(replace(CARLA, subscribed=False), message, LIMITS, MORNING) == Skip(Reason.TOPIC)


def test_who_stopped_promotions_gets_no_promotion_and_everything_else() -> None:
    elena = replace(CARLA, marketing_stopped=True)
    assert decide(elena, replace(NEWS, marketing=True), LIMITS, MORNING) == Skip(Reason.MARKETING)
    assert decide(elena, NEWS, LIMITS, MORNING) == Send(counts=True)


def test_a_stop_is_named_before_everything_else() -> None:
    dario = PersonFacts(state="stopped", subscribed=False, marketing_stopped=True, used=99)
    over = replace(NEWS, marketing=True, valid_until=MORNING - timedelta(days=1))
    assert decide(dario, over, LIMITS, NIGHT) == Skip(Reason.STOPPED)


def test_what_is_over_does_not_wait_for_the_morning() -> None:
    assert decide(CARLA, replace(NEWS, valid_until=NIGHT), LIMITS, NIGHT) == Expire()


def test_the_cap_is_not_looked_at_before_the_hours() -> None:
    """The unit belongs to the month of leaving, so nobody is told «capped» in the month before."""
    assert isinstance(decide(replace(CARLA, used=5), NEWS, LIMITS, NIGHT), Wait)


class TestPromise:
    @pytest.mark.parametrize(
        ("used", "expected"), [(4, Send(True)), (5, Skip(Reason.CAPPED)), (9, Skip(Reason.CAPPED))]
    )
    def test_the_fifth_leaves_and_the_sixth_does_not(self, used: int, expected: object) -> None:
        assert decide(replace(CARLA, used=used), NEWS, LIMITS, MORNING) == expected

    def test_zero_means_none(self) -> None:
        assert decide(CARLA, NEWS, replace(LIMITS, general_promise=0), MORNING) == Skip(Reason.CAPPED)
        assert decide(CARLA, NEWS, replace(LIMITS, own_promise=0), MORNING) == Skip(Reason.CAPPED)

    def test_an_own_promise_stands_in_place_of_the_general_one(self) -> None:
        limits = replace(LIMITS, general_promise=0, own_promise=2)
        assert decide(replace(CARLA, used=1), NEWS, limits, MORNING) == Send(True)
        assert decide(replace(CARLA, used=2), NEWS, limits, MORNING) == Skip(Reason.CAPPED)

    def test_an_override_lets_it_go_and_still_counts(self) -> None:
        message = replace(NEWS, cap_override=True)
        assert decide(replace(CARLA, used=5), message, LIMITS, MORNING) == Send(counts=True)

    @pytest.mark.parametrize("kind", [Kind.CORRECTION, Kind.UPDATE, Kind.ENDING])
    def test_a_follow_up_is_never_capped_and_does_not_wait_for_the_office(self, kind: Kind) -> None:
        message = replace(NEWS, kind=kind)
        assert decide(replace(CARLA, used=99), message, LIMITS, LUNCH) == Send(counts=False)
        assert decide(CARLA, message, LIMITS, NIGHT) == Wait(
            localise(datetime(2026, 11, 25, 7)), Reason.NIGHT
        )

    @pytest.mark.parametrize("message", [URGENT, EMERGENCY])
    def test_urgent_and_emergency_are_never_capped(self, message: MessageFacts) -> None:
        assert decide(replace(CARLA, used=99), message, LIMITS, MORNING) == Send(counts=False)

    def test_the_counter_of_a_category(self) -> None:
        assert cap.counter_for("farmacie", 5) == "farmacie"
        assert cap.counter_for("farmacie", 0) == "farmacie"
        assert cap.counter_for("acqua", None) == cap.GENERAL
        assert cap.limit_for(0, 5) == 0
        assert cap.allowance(3, 7) == 0


def test_hours_that_never_open_wait_without_a_date() -> None:
    assert decide(CARLA, NEWS, Limits(Hours(()), 5), MORNING) == Wait(None, Reason.HOURS)


def test_the_repeated_hour_of_october_is_not_over_before_its_time() -> None:
    """By the wall clock 02:40 of the first round is after 02:30 of the second: it is not."""
    first, second = (
        localise(datetime(2026, 10, 25, 2, 40)),
        localise(datetime(2026, 10, 25, 2, 30)).replace(fold=1),
    )
    assert decide(CARLA, replace(EMERGENCY, valid_until=second), LIMITS, first) == Send(counts=False)
    assert decide(CARLA, replace(EMERGENCY, valid_until=first), LIMITS, second) == Expire()


@given(
    st.builds(
        PersonFacts,
        st.sampled_from(["active", "stopped", "invited"]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 9),
    ),
    st.builds(
        MessageFacts,
        st.sampled_from(Severity),
        st.none() | st.datetimes(datetime(2026, 3, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
        st.sampled_from(Kind),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
)
def test_whatever_is_sent_was_asked_for_and_is_in_time(
    person: PersonFacts, message: MessageFacts, now: datetime
) -> None:
    decision = decide(person, message, LIMITS, now)
    if isinstance(decision, Send):
        assert person.state == "active" and person.subscribed
        assert not (message.marketing and person.marketing_stopped)
        assert message.valid_until is None or now < message.valid_until
        assert not decision.counts or message.cap_override or person.used < 5
    if isinstance(decision, Wait):
        assert message.severity is not Severity.EMERGENCY
        assert decision.until is not None and decision.until.astimezone(UTC) > now
