"""Whatever order people press things in, nothing is on its way that a second person did not approve, word for
word, but an emergency through broken glass.

A machine of hypothesis writes, submits, edits, approves, returns, cancels and starts, by people who may and
people who may not, and asks after every step.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from broadcasts import companions, emergency, lifecycle, release
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Transition
from broadcasts.states import EDGES, State
from policy.models import Category
from staff.models import User
from tests.conftest import TUESDAY_10

NOW = TUESDAY_10
ON_ITS_WAY = (State.SCHEDULED, State.SENDING, State.PAUSED, State.SENT)
PEOPLE = ("anna", "elio", "bruno", "dora", "root")
who = st.sampled_from(PEOPLE)


class Approval(RuleBasedStateMachine):
    """One notice, or an emergency with its companions, in the hands of five people."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        self.minute = 0
        self.severity = "routine"
        self.notice: int = 0
        self.approvals: dict[str, set[int]] = {}  # fingerprint → who approved exactly this

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    def now(self) -> Any:
        self.minute += 1
        return NOW + timedelta(seconds=self.minute)

    def row(self) -> Broadcast:
        return Broadcast.objects.select_related("category").get(pk=self.notice)

    def by(self, name: str) -> User:
        return User.objects.get(username=name)

    def attempt(self, act: Any) -> bool:
        try:
            with transaction.atomic():
                act()
        except NotAllowed:
            return False
        return True

    @precondition(lambda self: not self.notice)
    @rule(severity=st.sampled_from(["routine", "emergency"]))
    def write(self, severity: str) -> None:
        topic = "protezione-civile" if severity == "emergency" else "acqua"
        draft = Broadcast(
            kind="notice",
            title="Lavori",
            category=Category.objects.get(slug=topic),
            severity=severity,
            fields={"title": "Lavori", "text": "Si lavora."},
            valid_until=NOW + timedelta(days=3),
        )
        self.severity = severity
        self.notice = lifecycle.save_draft(draft, by=self.by("anna"), now=self.now()).pk

    @precondition(lambda self: self.notice)
    @rule(name=who, text=st.sampled_from(["Si lavora.", "Non si lavora.", "Si lavora di notte."]))
    def edit(self, name: str, text: str) -> None:
        row = self.row()
        row.fields = row.fields | {"text": text}
        self.attempt(lambda: lifecycle.save_draft(row, by=self.by(name), now=self.now()))

    @precondition(lambda self: self.notice)
    @rule(name=who)
    def submit(self, name: str) -> None:
        self.attempt(lambda: lifecycle.submit(self.notice, by=self.by(name), now=self.now()))

    @precondition(lambda self: self.notice)
    @rule(name=who)
    def withdraw(self, name: str) -> None:
        self.attempt(lambda: lifecycle.withdraw(self.notice, by=self.by(name), now=self.now()))

    @precondition(lambda self: self.notice)
    @rule(name=who, stale=st.booleans())
    def approve(self, name: str, stale: bool) -> None:
        row, together = self.row(), companions.together(self.row())
        seen = "0" * 64 if stale else fingerprint_of(row)
        hands = {row.submitted_by_id, row.last_edited_by_id}
        done = self.attempt(
            lambda: lifecycle.approve(
                self.notice, by=self.by(name), seen=seen, together=together, now=self.now()
            )
        )
        if done:
            assert not stale
            assert self.by(name).pk not in hands
            self.approvals.setdefault(seen, set()).add(self.by(name).pk)

    @precondition(lambda self: self.notice)
    @rule(name=who, verb=st.sampled_from(["send_back", "reject", "cancel", "pause"]))
    def refuse(self, name: str, verb: str) -> None:
        act = getattr(lifecycle, verb)
        self.attempt(lambda: act(self.notice, by=self.by(name), reason="Un dubbio.", now=self.now()))

    @precondition(lambda self: self.notice)
    @rule(name=who)
    def break_glass(self, name: str) -> None:
        done = self.attempt(
            lambda: lifecycle.break_glass(self.notice, by=self.by(name), reason="Sola.", now=self.now())
        )
        assert not done or self.severity == "emergency"

    @precondition(lambda self: self.notice)
    @rule(name=who, verb=st.sampled_from(["countersign", "dispute"]))
    def look_after(self, name: str, verb: str) -> None:
        who, row = self.by(name), self.row()
        if verb == "countersign":
            done = self.attempt(lambda: lifecycle.countersign(self.notice, by=who, now=self.now()))
        else:
            done = self.attempt(lambda: emergency.dispute(self.notice, by=who, reason="No.", now=self.now()))
        assert not done or row.approved_by_id != who.pk

    @precondition(lambda self: self.notice)
    @rule()
    def beat(self) -> None:
        release.release_due(self.now())

    @precondition(lambda self: self.notice)
    @rule(name=who, kind=st.sampled_from(companions.KINDS_READY))
    def launch(self, name: str, kind: str) -> None:
        one = Broadcast.objects.filter(refers_to=self.notice, kind=kind).first()
        if one is not None:
            self.attempt(lambda: emergency.launch(one.pk, by=self.by(name), now=self.now()))

    @invariant()
    def nothing_is_on_its_way_on_one_persons_word(self) -> None:
        for row in Broadcast.objects.filter(state__in=ON_ITS_WAY):
            assert row.fingerprint == fingerprint_of(row), "what leaves is what was approved"
            assert row.approved_by_id is not None
            if row.glass_reason:
                assert row.severity == "emergency"
            else:
                assert row.approved_by_id not in (row.submitted_by_id, row.last_edited_by_id)
            if row.pk == self.notice and not row.glass_reason:
                assert row.approved_by_id in self.approvals.get(row.fingerprint, set())

    @invariant()
    def an_edit_voids(self) -> None:
        for row in Broadcast.objects.filter(state__in=(State.DRAFT, State.RETURNED), companion=False):
            assert row.approved_by_id is None
            assert row.glass_reason == ""

    @invariant()
    def every_step_is_an_edge_of_the_table(self) -> None:
        beside = {"create", "countersign", "dispute"}
        for step in Transition.objects.exclude(verb__in=beside):
            assert EDGES[step.verb].get(State(step.source)) == step.target


@pytest.fixture
def five(anna: User, bruno: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two editors, two approvers of whom one is an editor too, and one with every power."""
    elio, dora = (User.objects.create_user(name, first_name=name, is_staff=True) for name in ("elio", "dora"))
    elio.groups.set(anna.groups.all())
    dora.groups.set([*anna.groups.all(), *bruno.groups.all()])
    User.objects.create_superuser("root")
    monkeypatch.setattr(release.provider.budget(), "available", lambda: True)
    yield


@pytest.mark.django_db
def test_nothing_leaves_that_no_second_person_approved(five: None) -> None:
    run_state_machine_as_test(
        Approval,
        settings=settings(
            max_examples=25,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
