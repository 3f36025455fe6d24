"""The rehearsal's judge: a ledger in which every promise was kept, and the same with each one broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from policy.calendar import ROME, Severity
from policy.rules import SHIPPED
from whatsempoli.rehearsal import book
from whatsempoli.rehearsal.judge import BROKEN, Account, Clock, Received, Row, Sent, judge

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=ROME)
REAL = TEN.timestamp()  # the clock was not moved
PEOPLE = ("391", "392", "393", "394")
LEFT = "395"
KEPT = dict.fromkeys(BROKEN, 0)


def sent(id: int, *, at: datetime = TEN, **changes: object) -> Sent:
    plain = Sent(
        id=id,
        title=f"Avviso {id}",
        severity=Severity.ROUTINE,
        expected=frozenset(PEOPLE),
        allowed=frozenset({LEFT}),
        approved_text="testo\n\npiede",
        two_people=True,
        due_at=at,
        valid_until=at + timedelta(days=1),
        counter="",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def lines(broadcast: int, began: float = REAL + 1, phones: tuple[str, ...] = PEOPLE) -> list[Received]:
    """One request a tenth of a second."""
    return [Received(p, broadcast, began + n / 10, "testo\n\npiede") for n, p in enumerate(phones)]


def account(*known: Sent, ledger: list[Received], **changes: object) -> Account:
    """An account in which the office saw exactly what the phones have."""
    plain = Account(
        sent={each.id: each for each in known},
        left_at={LEFT: REAL + 1.5},
        rows=tuple(Row(line.broadcast, line.phone, "accepted", line.arrived) for line in ledger),
        hours=SHIPPED.hours,
        limits={"": 2},
        clock=Clock(()),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def broken(ledger: list[Received], *known: Sent, **changes: object) -> dict[str, int]:
    """The broken promises and how many times each."""
    counts = judge(ledger, account(*known, ledger=ledger, **changes)).as_dict()
    return {promise: count for promise, count in counts.items() if count}


class TestKept:
    def test_a_plain_day(self) -> None:
        verdict = judge(lines(1), account(sent(1), ledger=lines(1)))
        assert verdict.kept
        assert verdict.as_dict() == KEPT

    def test_who_was_leaving_may_have_got_it_and_need_not(self) -> None:
        got = [*lines(1), Received(LEFT, 1, REAL + 1.6, "testo\n\npiede")]
        assert broken(got, sent(1)) == {}
        assert broken(lines(1), sent(1)) == {}

    def test_a_doubtful_row_is_not_a_forgotten_person(self) -> None:
        got = lines(1, phones=PEOPLE[:3])
        rows = (*account(ledger=got).rows, Row(1, PEOPLE[3], "unconfirmed", False))
        assert broken(got, sent(1), rows=rows) == {}

    @pytest.mark.parametrize(
        ("failures", "absent", "owed"), [(2, True, {}), (1, True, {"lost": 1}), (2, False, {"lost": 1})]
    )
    def test_a_number_rests_after_its_failures_and_not_one_sooner(
        self, failures: int, absent: bool, owed: dict[str, int]
    ) -> None:
        """And only one that is not on WhatsApp: who merely failed is owed the next message."""
        got = lines(3, REAL + 60, phones=PEOPLE[1:])
        for id in range(1, 3):
            first = replace(lines(id)[0], arrived=False, failed=id <= failures)
            got += [first, *lines(id, phones=PEOPLE[1:])]
        known = [sent(id, counter=None) for id in (1, 2, 3)]
        resting = frozenset(PEOPLE[:1]) if absent else frozenset()
        assert broken(got, *known, absent=resting, rests_after=2) == owed

    def test_an_emergency_repeated_once_as_the_office_says(self) -> None:
        got = [*lines(1), lines(1, REAL + 130)[0]]
        rows = tuple(replace(row, repeated=row.phone == PEOPLE[0]) for row in account(ledger=got).rows)
        assert broken(got, sent(1, severity=Severity.EMERGENCY, counter=None), rows=rows) == {}

    def test_an_emergency_at_night(self) -> None:
        night = TEN.replace(hour=2)
        got = lines(1, night.timestamp())
        assert broken(got, sent(1, at=night, severity=Severity.EMERGENCY, counter=None), left_at={}) == {}

    def test_a_batch_let_go_just_before_the_window_closed(self) -> None:
        got = lines(1, TEN.replace(hour=13).timestamp() + 0.5)
        assert broken(got, sent(1), left_at={}) == {}

    def test_a_failed_message_costs_no_unit_of_the_month(self) -> None:
        gone = [replace(line, failed=True, arrived=False) for line in lines(1)]
        got = [*gone, *lines(2), *lines(3)]
        assert broken(got, sent(1), sent(2), sent(3)) == {}

    def test_business_time_stands_where_it_was_moved(self) -> None:
        clock = Clock(((REAL, timedelta(hours=4)), (REAL + 100, timedelta(hours=5))))
        assert clock.business(REAL + 99) == TEN + timedelta(hours=4, seconds=99)
        assert clock.business(REAL + 101) == TEN + timedelta(hours=5, seconds=101)


class TestEachPromiseBroken:
    def test_twice(self) -> None:
        assert broken([*lines(1), lines(1)[0]], sent(1)) == {"duplicates": 1}

    def test_three_times_where_twice_was_announced(self) -> None:
        got = [*lines(1), lines(1)[0], lines(1)[0]]
        rows = tuple(replace(row, repeated=True) for row in account(ledger=got).rows)
        assert broken(got, sent(1, counter=None), rows=rows) == {"duplicates": 1}

    def test_forgotten(self) -> None:
        assert broken(lines(1, phones=PEOPLE[1:]), sent(1)) == {"lost": 1}

    def test_nothing_left_at_all(self) -> None:
        assert broken([], sent(1)) == {"lost": 4}

    def test_after_the_stop(self) -> None:
        late = Received(LEFT, 1, REAL + 2.6, "testo\n\npiede")
        assert broken([*lines(1), late], sent(1)) == {"after_opt_out": 1}

    @pytest.mark.parametrize(
        ("severity", "hour"), [(Severity.ROUTINE, 14), (Severity.ROUTINE, 23), (Severity.URGENT, 23)]
    )
    def test_out_of_hours(self, severity: Severity, hour: int) -> None:
        got = lines(1, TEN.replace(hour=hour).timestamp())
        assert broken(got, sent(1, severity=severity), left_at={}) == {"out_of_hours": 4}

    def test_another_text_than_the_approved_one(self) -> None:
        got = [replace(lines(1)[0], text="altro"), *lines(1)[1:]]
        assert broken(got, sent(1)) == {"unapproved": 1}

    def test_one_persons_word(self) -> None:
        assert broken(lines(1), sent(1, two_people=False)) == {"unapproved": 4}

    def test_a_message_that_nobody_wrote(self) -> None:
        assert broken([*lines(1), *lines(9, phones=("391",))], sent(1)) == {"unapproved": 1}

    def test_a_stranger(self) -> None:
        assert broken([*lines(1), *lines(1, phones=("399",))], sent(1)) == {"uninvited": 1}

    def test_before_its_time(self) -> None:
        assert broken(lines(1), sent(1, at=TEN + timedelta(minutes=1))) == {"untimely": 4}

    def test_when_it_was_over(self) -> None:
        assert broken(lines(1), sent(1, valid_until=TEN)) == {"untimely": 4}

    def test_one_too_many_in_a_month(self) -> None:
        got = [*lines(1), *lines(2), *lines(3, phones=PEOPLE[:1])]
        few = sent(3, expected=frozenset(PEOPLE[:1]))
        assert broken(got, sent(1), sent(2), few) == {"over_cap": 1}

    def test_a_new_month_begins_anew(self) -> None:
        december = TEN + timedelta(days=15)
        got = [*lines(1), *lines(2), *lines(3, december.timestamp())]
        assert broken(got, sent(1), sent(2), sent(3, at=december), left_at={}) == {}

    def test_a_correction_before_what_it_corrects(self) -> None:
        got = [*lines(1, REAL + 2), *lines(2, REAL + 1.9)]
        follow = sent(2, refers_to=1, counter=None)
        assert broken(got, sent(1), follow) == {"out_of_order": 4}

    def test_the_original_goes_on_after_its_correction(self) -> None:
        got = [
            *lines(1, REAL + 1, PEOPLE[:2]),
            *lines(2, REAL + 2, PEOPLE[:2]),
            *lines(1, REAL + 4, PEOPLE[2:]),
        ]
        follow = sent(2, refers_to=1, counter=None, expected=frozenset(PEOPLE[:2]))
        assert broken(got, sent(1), follow) == {"out_of_order": 2}

    def test_an_emergency_behind_the_others(self) -> None:
        many = tuple(f"39{n}" for n in range(30))
        emergency = sent(1, severity=Severity.EMERGENCY, expected=frozenset(many), counter=None)
        routine = sent(2, expected=frozenset(many))
        got = [*lines(1, REAL, many), *lines(2, REAL, many)]
        assert broken(got, emergency, routine, left_at={})["behind"] > 10
        assert (
            broken([*lines(1, REAL, many), *lines(2, REAL + 4, many)], emergency, routine, left_at={}) == {}
        )

    def test_an_emergency_that_waits_for_a_free_worker(self) -> None:
        emergency = sent(1, severity=Severity.EMERGENCY, counter=None)
        assert broken(lines(1, REAL + 3), emergency, left_at={}) == {}
        assert broken(lines(1, REAL + 5), emergency, left_at={}) == {"behind": 1}

    def test_an_arrival_that_the_office_does_not_see(self) -> None:
        rows = tuple(replace(row, arrived=False) for row in account(ledger=lines(1)).rows)
        assert broken(lines(1), sent(1), rows=rows) == {"misreported": 4}

    def test_an_arrival_that_the_office_made_up(self) -> None:
        got = [replace(line, arrived=False) for line in lines(1)]
        rows = tuple(replace(row, arrived=True) for row in account(ledger=got).rows)
        assert broken(got, sent(1), rows=rows) == {"misreported": 4}

    def test_accepted_by_nobody(self) -> None:
        got = lines(1, phones=PEOPLE[1:])
        rows = (*account(ledger=got).rows, Row(1, PEOPLE[0], "accepted", False))
        assert broken(got, sent(1), rows=rows) == {"lost": 1, "misreported": 1}

    def test_an_answer_missing_or_given_twice(self) -> None:
        answer = Received("391", 0, REAL, "Sei iscritto")
        assert broken([answer], answers={"391": 1}) == {}
        assert broken([answer], answers={"391": 1, "392": 1}) == {"unanswered": 1}
        assert broken([answer, answer], answers={"391": 1}) == {"unanswered": 1}


class TestBook:
    def result(self, slug: str, broken: str = "", **counts: float) -> book.Result:
        numbers = {"citizens": 10, "broadcasts": 1, "audience": 10, "accepted": 10, "delivered": 9, "read": 5,
                   "failed": 0, "skipped": 0, "held": 0, "expired": 0, "undelivered": 0, "unconfirmed": 0,
                   **KEPT, **counts, "seconds": 1.5}  # fmt: skip
        examples = dict.fromkeys(counts, "perché")
        return book.Result(slug, slug, numbers, examples, True, True, broken)

    def test_the_last_object_is_the_sum(self) -> None:
        both = [self.result("a"), self.result("b", lost=2)]
        assert book.total(both).as_dict() == {
            **self.result("a").as_dict(),
            "chapter": "total",
            "citizens": 20,
            "broadcasts": 2,
            "audience": 20,
            "accepted": 20,
            "delivered": 18,
            "read": 10,
            "lost": 2,
            "seconds": 3.0,
            "kept": False,
        }

    def test_totals_that_do_not_close_are_not_kept(self) -> None:
        assert not replace(self.result("a"), closes=False).kept
        assert not replace(self.result("a"), overtook=False).kept

    def test_a_promise_broken_on_purpose_must_be_seen_in_that_one(self) -> None:
        assert self.result("a", "lost", lost=1).as_wanted
        assert not self.result("a", "lost", duplicates=1).as_wanted
        assert not self.result("a", "lost").as_wanted
        assert not self.result("a", lost=1).as_wanted

    def test_the_table_names_what_was_broken(self) -> None:
        shown = book.table([self.result("a"), self.result("b", lost=2)])
        assert "✗ 2" in shown
        assert "✗ b: perché" in shown
        assert "mantenuta" not in shown
        assert "ogni promessa è mantenuta" in book.table([self.result("a")])

    def test_every_chapter_breaks_a_promise_that_the_judge_knows(self) -> None:
        assert len({chapter.slug for chapter in book.BOOK}) == len(book.BOOK) == 18
        for chapter in book.BOOK:
            assert chapter.breaks
            assert set(chapter.breaks) <= BROKEN.keys()

    def test_what_is_played(self) -> None:
        assert book.chosen("", "") == [(chapter, "") for chapter in book.BOOK]
        assert [c.slug for c, _ in book.chosen("window, stop", "")] == ["window", "stop"]
        assert [p for _, p in book.chosen("story", "all")] == list(book.BOOK[0].breaks)
        assert {c.slug for c, p in book.chosen("", "lost") if p == "lost"} == {"story", "template"}
        for slugs, promise in (
            ("nessuno", ""),
            ("story,nessuno", ""),
            ("story", "nessuna"),
            ("held", "lost"),
        ):
            with pytest.raises(book.UnknownChapterError, match="capitoli"):
                book.chosen(slugs, promise)
