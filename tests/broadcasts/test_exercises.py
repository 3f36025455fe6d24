"""An exercise cannot be a real alert, nor the other way round; it goes the true way and leaves a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from broadcasts import audience, exercises, lifecycle, release
from broadcasts.exercise_rules import confusion, is_limited, typed_right
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery, Proof
from broadcasts.published import listed
from broadcasts.states import State
from policy.models import Severity
from staff import phones
from staff.models import AuditEntry, TrialPhone, User
from tests.conftest import TUESDAY_10

FIELDS = {
    "starts": "2026-11-26T09:00+01:00",
    "ends": "2026-11-26T12:00+01:00",
    "text": "Provate il percorso.",
}


@pytest.fixture
def drill(write: Callable[..., Broadcast], anna: User) -> Broadcast:
    notice = write(kind="exercise", topic="protezione-civile", title="evacuazione", fields=FIELDS)
    return lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)


@pytest.fixture
def own_phone(people: Any) -> Any:
    """A trial phone that has joined, among three citizens."""
    people(3, "protezione-civile")
    [owner] = people(1, "protezione-civile")
    TrialPhone.objects.create(name="Reperibile", phone=f"+39 {owner.phone[2:]}")
    return owner


class TestWhoGetsIt:
    def test_only_own_phones(self, drill: Broadcast, own_phone: Any) -> None:
        counted = audience.count(drill, TUESDAY_10)
        assert (counted.total, counted.refused) == (1, {"exercise": 3})

    def test_the_rows_are_as_counted(self, drill: Broadcast, own_phone: Any, bruno: User) -> None:
        lifecycle.approve(drill.pk, by=bruno, seen=fingerprint_of(drill), now=TUESDAY_10)
        release.release_due(TUESDAY_10)
        assert [row.subscriber_id for row in Delivery.objects.filter(broadcast=drill)] == [own_phone.pk]

    def test_a_phone_that_has_not_joined_gets_nothing(
        self, drill: Broadcast, bruno: User, people: Any
    ) -> None:
        people(1, "protezione-civile")
        User.objects.filter(pk=bruno.pk).update(phone="+39 333 0000000")
        assert audience.count(drill, TUESDAY_10).total == 0

    def test_it_takes_nothing_of_the_month(self, drill: Broadcast) -> None:
        assert not audience.counts(drill)

    def test_staff_and_trial_phones_whatever_way_they_are_written(self, bruno: User) -> None:
        User.objects.filter(pk=bruno.pk).update(phone="333 1234567")
        TrialPhone.objects.create(name="a", phone="+39 333 1234567")
        TrialPhone.objects.create(name="b", phone="boh")
        assert phones.own() == ["393331234567"]


class TestOpening:
    def test_an_approver_opens_it_then_approves_that(
        self, drill: Broadcast, own_phone: Any, bruno: User
    ) -> None:
        before = fingerprint_of(drill)
        opened = lifecycle.open_exercise(drill.pk, by=bruno, reason="Prova con tutti")
        assert audience.count(opened, TUESDAY_10).total == 4 and not is_limited(opened)
        with pytest.raises(lifecycle.NotAllowed):  # what was seen is not what would leave
            lifecycle.approve(drill.pk, by=bruno, seen=before, now=TUESDAY_10)
        lifecycle.approve(drill.pk, by=bruno, seen=fingerprint_of(opened), now=TUESDAY_10)
        assert AuditEntry.objects.filter(verb="open_exercise", actor=bruno).exists()

    def test_not_who_wrote_it_and_not_a_real_alert(
        self, drill: Broadcast, anna: User, bruno: User, write: Any
    ) -> None:
        with pytest.raises(lifecycle.NotAllowed):
            lifecycle.open_exercise(drill.pk, by=anna, reason="x")
        real = write(topic="protezione-civile")
        lifecycle.submit(real.pk, by=anna, now=TUESDAY_10)
        with pytest.raises(lifecycle.NotAllowed):
            lifecycle.open_exercise(real.pk, by=bruno, reason="x")

    def test_an_edit_closes_it_again(self, drill: Broadcast, anna: User, bruno: User) -> None:
        lifecycle.open_exercise(drill.pk, by=bruno, reason="x")
        lifecycle.withdraw(drill.pk, by=anna, now=TUESDAY_10)
        again = lifecycle.save_draft(Broadcast.objects.get(pk=drill.pk), by=anna, now=TUESDAY_10)
        assert is_limited(again)


class TestApart:
    def test_what_is_written_as_an_exercise_is_one(self, write: Any, anna: User) -> None:
        notice = write(kind="exercise", topic="protezione-civile", fields=FIELDS, exercise=False)
        assert notice.exercise
        with pytest.raises(IntegrityError), transaction.atomic():
            Broadcast.objects.filter(pk=notice.pk).update(exercise=False)

    def test_a_real_emergency_does_not_say_exercise(self, write: Any, anna: User) -> None:
        fields = {"title": "Allarme", "text": "Esercitazione: evacuate via Roma."}
        notice = write(topic="protezione-civile", severity=Severity.EMERGENCY, fields=fields)
        assert "esercitazione" in confusion(notice).lower()
        for leave in (
            lambda: lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10),
            lambda: lifecycle.break_glass(notice.pk, by=anna, reason="x", now=TUESDAY_10),
        ):
            with pytest.raises(lifecycle.NotAllowed, match="emergenza vera"):
                leave()

    def test_but_may_say_that_it_is_none(self, write: Any) -> None:
        fields = {"title": "Allarme", "text": "Non è un'esercitazione: evacuate via Roma."}
        assert confusion(write(topic="protezione-civile", severity=Severity.EMERGENCY, fields=fields)) == ""

    def test_announcing_a_drill_is_an_ordinary_notice(self, write: Any, people: Any, anna: User) -> None:
        people(2, "protezione-civile")
        fields = {"title": "Esercitazione sabato", "text": "Sabato si prova l'evacuazione."}
        notice = write(topic="protezione-civile", fields=fields)
        assert not notice.exercise and confusion(notice) == ""
        assert audience.count(notice, TUESDAY_10).total == 2

    def test_what_follows_one_is_marked_at_both_ends(self, drill: Broadcast, write: Any) -> None:
        update = write(
            kind="ending",
            topic="protezione-civile",
            refers_to=drill,
            fields={"title": "x", "text": "È finita."},
        )
        values = [value for name, value in update.rendered["it"]["values"].items() if name != "link"]
        assert (
            update.exercise and values[0].startswith("ESERCITAZIONE") and values[-1].endswith("ESERCITAZIONE")
        )

    def test_the_public_lists_leave_it_out_until_it_is_opened(self, drill: Broadcast, bruno: User) -> None:
        Broadcast.objects.filter(pk=drill.pk).update(state=State.SENT, started_at=TUESDAY_10)
        assert not listed().exists()
        Broadcast.objects.filter(pk=drill.pk).update(opened_by=bruno)
        assert listed().exists()

    @pytest.mark.parametrize(("typed", "right"), [(" Esercitazione. ", True), ("INVIA", False), ("", False)])
    def test_the_word(self, typed: str, right: bool) -> None:
        assert typed_right(typed) is right


class TestProof:
    def test_nobody_joined_says_what_to_do(self, anna: User) -> None:
        with pytest.raises(lifecycle.NotAllowed, match="ATTIVA ISCRIZIONE"):
            exercises.begin(by=anna, now=TUESDAY_10)
        assert not Broadcast.objects.exists()

    def test_the_whole_way(self, own_phone: Any, anna: User, bruno: User) -> None:
        assert exercises.last_proof(TUESDAY_10).is_due
        drill = exercises.begin(by=anna, now=TUESDAY_10)
        assert (
            drill.state == State.IN_REVIEW and drill.rendered["it"]["phone_text"].count("ESERCITAZIONE") >= 2
        )
        later = TUESDAY_10 + timedelta(seconds=40)
        lifecycle.approve(drill.pk, by=bruno, seen=fingerprint_of(drill), now=later)
        release.release_due(later + timedelta(seconds=2))
        assert exercises.file_due(later) == 0  # it is leaving
        row = Delivery.objects.get(broadcast=drill)
        begun, came = later + timedelta(seconds=3), later + timedelta(seconds=7)
        Delivery.objects.filter(pk=row.pk).update(
            state="accepted",
            receipt=2,
            begun_at=begun,
            accepted_at=begun,
            delivered_at=came,
        )
        release.close(drill.pk, later + timedelta(seconds=5))
        assert exercises.file_due(later + timedelta(seconds=8)) == 1
        assert exercises.file_due(later + timedelta(seconds=9)) == 0  # once
        proof = Proof.objects.get()
        assert proof.passed and (proof.phones, proof.arrived) == (1, 1)
        assert dict(proof.steps) == {
            "approved": 40.0,
            "started": 2.0,
            "began": 1.0,
            "taken": 0.0,
            "arrived": 4.0,
            "all_arrived": 4.0,
            "read": None,
        }
        last = exercises.last_proof(TUESDAY_10 + timedelta(days=12))
        assert (last.days, last.is_due) == (11, False)
        assert exercises.last_proof(TUESDAY_10 + timedelta(days=40)).is_due

    def test_a_phone_that_stays_silent_is_not_waited_for_for_ever(
        self, drill: Broadcast, own_phone: Any
    ) -> None:
        Broadcast.objects.filter(pk=drill.pk).update(
            state=State.SENT, started_at=TUESDAY_10, finished_at=TUESDAY_10, audience_count=1
        )
        Delivery.objects.create(broadcast=drill, subscriber=own_phone, state="accepted", begun_at=TUESDAY_10)
        assert exercises.file_due(TUESDAY_10 + timedelta(minutes=9)) == 0
        assert exercises.file_due(TUESDAY_10 + timedelta(minutes=11)) == 1
        assert not Proof.objects.get().passed
