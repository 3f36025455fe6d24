"""Every edge of the table, and everything that is not an edge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from broadcasts import emergency, lifecycle, render, states
from broadcasts.bulletins.kinds import LANGUAGES, all_templates
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Delivery, MessageTemplate, Transition
from broadcasts.states import EDGES, State
from policy.models import TownProfile
from staff.models import AuditEntry, User
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
NOW = TUESDAY_10


def put(broadcast: Broadcast, state: State) -> Broadcast:
    """In that state, with what the state implies."""
    people = {}
    if state not in (State.DRAFT, State.RETURNED):
        people = {"submitted_by": broadcast.created_by}
    Broadcast.objects.filter(pk=broadcast.pk).update(
        state=state, fingerprint=fingerprint_of(broadcast), **people
    )
    broadcast.refresh_from_db()
    return broadcast


def act(verb: str, broadcast: Broadcast, editor: User, approver: User):
    """Call the verb as the right person would."""
    calls = {
        "submit": lambda: lifecycle.submit(broadcast.pk, by=editor, now=NOW),
        "withdraw": lambda: lifecycle.withdraw(broadcast.pk, by=editor, now=NOW),
        "return": lambda: lifecycle.send_back(broadcast.pk, by=approver, reason="Manca l'orario.", now=NOW),
        "reject": lambda: lifecycle.reject(broadcast.pk, by=approver, reason="Non è nostro.", now=NOW),
        "open_exercise": lambda: lifecycle.open_exercise(
            broadcast.pk, by=approver, reason="Con tutti.", now=NOW
        ),
        "approve": lambda: lifecycle.approve(
            broadcast.pk, by=approver, seen=fingerprint_of(broadcast), now=NOW
        ),
        "break_glass": lambda: lifecycle.break_glass(broadcast.pk, by=editor, reason="Sono solo.", now=NOW),
        "edit": lambda: lifecycle.save_draft(broadcast, by=editor, now=NOW),
        "start": lambda: lifecycle.start(broadcast, now=NOW),
        "miss": lambda: lifecycle.miss(broadcast, now=NOW),
        "send_now": lambda: lifecycle.send_now(broadcast.pk, by=approver, now=NOW),
        "pause": lambda: lifecycle.pause(broadcast.pk, by=approver, reason="Un dubbio.", now=NOW),
        "resume": lambda: lifecycle.resume(broadcast.pk, by=approver, now=NOW),
        "cancel": lambda: lifecycle.cancel(broadcast.pk, by=approver, reason="Non serve più.", now=NOW),
        "overtake": lambda: lifecycle.overtake(broadcast, now=NOW, reason="Superato."),
        "expire": lambda: lifecycle.expire(broadcast, now=NOW, reason="Finito."),
        "finish": lambda: lifecycle.finish(broadcast, now=NOW),
        "spare": lambda: emergency.use_spare(broadcast.pk, by=approver, now=NOW),
        "launch": lambda: emergency.launch(broadcast.pk, by=approver, now=NOW),
        "retry": lambda: lifecycle.retry_failed(broadcast.pk, by=approver, now=NOW),
    }
    return calls[verb]()


ALERT = {
    "risks": [{"risk": "vento", "colour": "rossa"}],
    "starts": "2026-11-24T12:00+01:00",
    "ends": "2026-11-25T12:00+01:00",
    "what_to_do": "Restate in casa.",
}


def approve_templates() -> None:
    """Whatever the shared fixture leaves out: the spares too are ready at the provider."""
    town = render.town_of(TownProfile.current())
    for kind, template in all_templates():
        for language in LANGUAGES:
            MessageTemplate.objects.update_or_create(
                name=template.name_for(town),
                language=language,
                defaults={
                    "kind": kind,
                    "category": template.category,
                    "status": "APPROVED",
                    "ttl_seconds": template.ttl_seconds,
                },
            )


PAIRS = [(verb, source) for verb in EDGES for source in State]


@pytest.mark.parametrize(("verb", "source"), PAIRS, ids=[f"{verb}-from-{source}" for verb, source in PAIRS])
def test_a_verb_leads_where_the_table_says_and_nowhere_else(verb, source, write, anna, bruno, people):
    kind: dict[str, Any] = {"exercise": verb == "open_exercise"}
    if verb == "launch":  # a companion, approved with its original, which has left
        first = put(write(topic="protezione-civile", severity="emergency"), State.SENT)
        Broadcast.objects.filter(pk=first.pk).update(started_at=NOW)
        kind |= {"kind": "ending", "refers_to": first, "companion": True}
    if verb == "spare":
        kind |= {"kind": "alert", "fields": ALERT}
        approve_templates()
    broadcast = put(write(topic="protezione-civile", severity="emergency", **kind), source)
    if verb == "launch":
        Broadcast.objects.filter(pk=broadcast.pk).update(submitted_by=anna, approved_by=bruno)
    if verb == "retry":
        (citizen,) = people(1, "protezione-civile")
        Delivery.objects.create(broadcast=broadcast, subscriber=citizen, state=states.Delivery.FAILED)
    target = EDGES[verb].get(source)
    before = Transition.objects.count()
    if target is None:
        with pytest.raises(NotAllowed):
            act(verb, broadcast, anna, bruno)
        broadcast.refresh_from_db()
        assert broadcast.state == source
        assert Transition.objects.count() == before
    else:
        act(verb, broadcast, anna, bruno)
        broadcast.refresh_from_db()
        assert broadcast.state == target


def test_every_state_can_be_reached_and_final_ones_have_no_way_out():
    reached = {target for edges in EDGES.values() for target in edges.values()} | {State.DRAFT}
    assert reached == set(State)
    assert {state for state in State if not states.verbs_from(state)} == states.FINAL


class TestApproval:
    def test_the_author_may_not_approve(self, write, anna, bruno):
        anna.groups.add(*bruno.groups.all())  # both roles, for August
        anna = User.objects.get(pk=anna.pk)
        broadcast = write()
        lifecycle.submit(broadcast.pk, by=anna, now=NOW)
        with pytest.raises(NotAllowed, match="un'altra persona"):
            lifecycle.approve(broadcast.pk, by=anna, seen=fingerprint_of(broadcast), now=NOW)

    def test_a_superuser_may_not_approve_what_they_wrote(self, write, anna):
        User.objects.filter(pk=anna.pk).update(is_superuser=True)
        root = User.objects.get(pk=anna.pk)
        broadcast = write()
        lifecycle.submit(broadcast.pk, by=root, now=NOW)
        with pytest.raises(NotAllowed):
            lifecycle.approve(broadcast.pk, by=root, seen=fingerprint_of(broadcast), now=NOW)

    def test_the_database_refuses_one_person_on_both_ends(self, write, anna):
        broadcast = write()
        with pytest.raises(IntegrityError), transaction.atomic():
            Broadcast.objects.filter(pk=broadcast.pk).update(submitted_by=anna, approved_by=anna)

    def test_what_was_not_seen_is_not_approved(self, write, anna, bruno):
        broadcast = write()
        lifecycle.submit(broadcast.pk, by=anna, now=NOW)
        seen = fingerprint_of(broadcast)
        Broadcast.objects.filter(pk=broadcast.pk).update(severity="urgent")
        with pytest.raises(NotAllowed, match="cambiato"):
            lifecycle.approve(broadcast.pk, by=bruno, seen=seen, now=NOW)

    def test_an_edit_voids_it(self, write, approve, anna):
        broadcast = approve(write(due_at=NOW + timedelta(hours=1)))
        broadcast.refresh_from_db()
        broadcast.fields = broadcast.fields | {"text": "Tutt'altro."}
        lifecycle.save_draft(broadcast, by=anna, now=NOW)
        broadcast.refresh_from_db()
        assert (broadcast.state, broadcast.approved_by, broadcast.fingerprint) == (State.DRAFT, None, "")

    def test_a_reason_is_needed_to_return_it(self, write, anna, bruno):
        broadcast = write()
        lifecycle.submit(broadcast.pk, by=anna, now=NOW)
        with pytest.raises(NotAllowed, match="motivo"):
            lifecycle.send_back(broadcast.pk, by=bruno, reason="  ", now=NOW)

    def test_roles_are_kept_apart(self, write, anna, bruno, carla):
        broadcast = write()
        with pytest.raises(NotAllowed, match="ruolo"):
            lifecycle.submit(broadcast.pk, by=bruno, now=NOW)
        lifecycle.submit(broadcast.pk, by=anna, now=NOW)
        with pytest.raises(NotAllowed, match="ruolo"):
            lifecycle.approve(broadcast.pk, by=carla, seen=fingerprint_of(broadcast), now=NOW)

    def test_time_passed_while_waiting(self, write, anna, bruno):
        broadcast = write(valid_until=NOW + timedelta(hours=1))
        lifecycle.submit(broadcast.pk, by=anna, now=NOW)
        with pytest.raises(NotAllowed, match="validità"):
            lifecycle.approve(
                broadcast.pk, by=bruno, seen=fingerprint_of(broadcast), now=NOW + timedelta(hours=2)
            )

    def test_severity_stays_below_the_ceiling(self, write, anna):
        broadcast = write(severity="emergency")  # water goes up to urgent
        with pytest.raises(NotAllowed, match="urgente"):
            lifecycle.submit(broadcast.pk, by=anna, now=NOW)


class TestBrokenGlass:
    def test_only_for_an_emergency(self, write, anna):
        with pytest.raises(NotAllowed, match="emergenza"):
            lifecycle.break_glass(write().pk, by=anna, reason="Ho fretta.", now=NOW)

    def test_another_person_countersigns(self, write, anna, bruno):
        broadcast = write(topic="protezione-civile", severity="emergency")
        lifecycle.break_glass(broadcast.pk, by=anna, reason="Di notte, da sola.", now=NOW)
        broadcast.refresh_from_db()
        assert broadcast.needs_countersignature
        anna.groups.add(*bruno.groups.all())
        with pytest.raises(NotAllowed, match="un'altra persona"):
            lifecycle.countersign(broadcast.pk, by=User.objects.get(pk=anna.pk), now=NOW)
        lifecycle.countersign(broadcast.pk, by=bruno, now=NOW)
        broadcast.refresh_from_db()
        assert not broadcast.needs_countersignature


class TestTrail:
    def test_every_change_is_a_row_and_an_audit_line(self, write, approve):
        broadcast = approve(write())
        verbs = list(broadcast.transitions.values_list("verb", flat=True))
        assert verbs == ["create", "submit", "approve"]
        assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"submit", "approve"}

    @pytest.mark.parametrize("table", ["broadcasts_transition", "staff_auditentry"])
    @pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET id = id"])
    def test_the_database_keeps_it(self, table, statement, write, approve):
        approve(write())
        with (
            pytest.raises(ProgrammingError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table))
