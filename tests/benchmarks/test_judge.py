"""The judge of the faults, on accounts made up by hand: each promise is seen to break."""

from __future__ import annotations

from benchmarks.faults.judge import STOP_SECONDS, Arrived, Row, Verdict, judge

ANNA, BRUNO = "39333000001", "39333000002"


def said(rows: list[Row], *arrived: Arrived, emergency: bool = False, **more: object) -> Verdict:
    values: dict[str, object] = {"stopped": {}, "audience": len(rows)} | more
    return judge(rows, arrived, emergency=emergency, **values)  # type: ignore[arg-type]


def test_all_is_well() -> None:
    assert said([Row(ANNA, "accepted")], Arrived(ANNA, 1.0)) == Verdict()


def test_a_row_that_says_it_went_and_did_not_is_lost() -> None:
    assert said([Row(ANNA, "accepted")]).lost == 1


def test_a_row_left_open_is_lost() -> None:
    assert [said([Row(ANNA, state)]).lost for state in ("pending", "claimed", "sending")] == [1, 1, 1]


def test_a_person_without_a_row_is_lost() -> None:
    assert said([Row(ANNA, "accepted")], Arrived(ANNA, 1.0), audience=2).lost == 1


def test_a_routine_in_doubt_says_so_and_an_emergency_may_not_stay_there() -> None:
    rows = [Row(ANNA, "unconfirmed", repeated=True)]
    assert said(rows) == Verdict(in_doubt=1)
    assert said(rows, emergency=True).lost == 1


def test_twice_is_doubled_but_for_the_one_repeat_of_an_emergency() -> None:
    twice = (Arrived(ANNA, 1.0), Arrived(ANNA, 2.0))
    rows = [Row(ANNA, "accepted", repeated=True)]
    assert said(rows, *twice).doubled == 1
    assert said(rows, *twice, emergency=True) == Verdict(repeats=1)
    assert said(rows, *twice, emergency=True, may_repeat=False).doubled == 1
    assert said(rows, *twice, Arrived(ANNA, 3.0), emergency=True).doubled == 1


def test_somebody_who_is_in_no_row_got_it() -> None:
    assert said([Row(ANNA, "accepted")], Arrived(ANNA, 1.0), Arrived(BRUNO, 1.0)).doubled == 1


def test_after_a_stop_only_what_was_on_its_way() -> None:
    rows, stopped = [Row(ANNA, "accepted")], {ANNA: 10.0}
    assert said(rows, Arrived(ANNA, 10.0 + STOP_SECONDS), stopped=stopped).after_opt_out == 0
    assert said(rows, Arrived(ANNA, 10.1 + STOP_SECONDS), stopped=stopped).after_opt_out == 1


def test_a_row_that_says_no_though_the_phone_has_it() -> None:
    for state in ("unconfirmed", "failed", "skipped", "pending"):
        assert said([Row(ANNA, state)], Arrived(ANNA, 1.0)).unsettled == 1
