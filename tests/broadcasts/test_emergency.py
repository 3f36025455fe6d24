"""Emergencies: what is ready with them, one click, the order on each phone, a refused countersignature,
the spare template, the others, and what to say elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import (
    audience,
    companions,
    elsewhere,
    emergency,
    fanout,
    lifecycle,
    others,
    readiness,
    release,
)
from broadcasts.fingerprint import fingerprint_of
from broadcasts.forecast import forecast
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Delivery, MessageTemplate
from broadcasts.states import State
from staff import roles
from staff.models import User
from subscribers.models import Zone
from tests.broadcasts.test_lifecycle import ALERT, approve_templates
from tests.conftest import TUESDAY_10, person

NOW = TUESDAY_10
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stopped_clock(clock_at: Any) -> None:
    """Tuesday at ten."""


@pytest.fixture
def alert(write: Any) -> Callable[..., Broadcast]:
    """A draft of a red alert."""

    def make(**changes: Any) -> Broadcast:
        values: dict[str, Any] = {
            "kind": "alert",
            "topic": "protezione-civile",
            "severity": "emergency",
            "title": "Allerta rossa",
            "fields": ALERT,
            "valid_until": NOW + timedelta(hours=12),
        }
        notice: Broadcast = write(**(values | changes))
        return notice

    return make


@pytest.fixture
def approved(alert: Any, anna: User, bruno: User) -> Callable[..., Broadcast]:
    """Approved by Bruno with everything that he read beside it."""

    def make(**changes: Any) -> Broadcast:
        notice = alert(**changes)
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        together = companions.together(notice)
        return lifecycle.approve(notice.pk, by=bruno, seen=fingerprint_of(notice), together=together, now=NOW)

    return make


def companion(of: Broadcast, kind: str) -> Broadcast:
    return Broadcast.objects.get(refers_to=of, kind=kind, companion=True)


class TestCompanions:
    def test_three_are_ready_and_approved_with_it(self, approved: Any, bruno: User) -> None:
        notice = approved()
        found = companions.shown(notice)
        assert [one.broadcast.kind for one in found] == ["update", "correction", "ending"]
        assert all(one.ready for one in found)
        assert {one.broadcast.approved_by for one in found} == {bruno}
        assert "CESSATO" in companion(notice, "ending").rendered["it"]["phone_text"]
        assert "OVER" in companion(notice, "ending").rendered["en"]["phone_text"]

    def test_what_was_not_read_is_not_approved(self, alert: Any, anna: User, bruno: User) -> None:
        notice = alert()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        together = companions.together(notice)
        ending = companion(notice, "ending")
        ending.fields = {"text": "Testo che Bruno non ha letto."}
        lifecycle.save_draft(ending, by=anna, now=NOW)
        lifecycle.approve(notice.pk, by=bruno, seen=fingerprint_of(notice), together=together, now=NOW)
        assert not any(one.ready for one in companions.shown(notice))

    def test_one_click_sends_it_as_it_is(self, approved: Any, people: Any, meta: Any, anna: User) -> None:
        people(3, "protezione-civile")
        notice = approved()
        release.release_due(NOW)
        fanout.send_slice(notice.pk)
        people(2, "protezione-civile")  # who joined later never had the first
        text = companion(notice, "ending").rendered
        launched = emergency.launch(companion(notice, "ending").pk, by=anna, now=NOW)
        assert launched.rendered == text
        release.release_due(NOW)
        fanout.send_slice(launched.pk)
        assert Delivery.objects.filter(broadcast=launched, state="accepted").count() == 3
        assert not launched.needs_countersignature

    def test_not_before_the_first_has_left(self, approved: Any, anna: User) -> None:
        with pytest.raises(NotAllowed, match="non è ancora partito"):
            emergency.launch(companion(approved(), "ending").pk, by=anna, now=NOW)

    def test_edited_it_needs_approval(self, approved: Any, anna: User) -> None:
        notice = approved()
        Broadcast.objects.filter(pk=notice.pk).update(started_at=NOW)
        ending = companion(notice, "ending")
        ending.fields = {"text": "Un altro testo."}
        lifecycle.save_draft(ending, by=anna, now=NOW)
        with pytest.raises(NotAllowed, match="modificato"):
            emergency.launch(ending.pk, by=anna, now=NOW)

    def test_an_edit_of_the_first_composes_them_anew_but_not_an_edited_one(
        self, alert: Any, anna: User
    ) -> None:
        notice = alert()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        update = companion(notice, "update")
        update.fields = {"text": "Fino a sera.", "ends": ALERT["ends"]}
        lifecycle.save_draft(update, by=anna, now=NOW)
        lifecycle.withdraw(notice.pk, by=anna, now=NOW)
        notice = Broadcast.objects.get(pk=notice.pk)
        notice.title = "Allerta rossa per il vento"
        lifecycle.save_draft(notice, by=anna, now=NOW)
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        assert "per il vento" in companion(notice, "ending").rendered["it"]["phone_text"]
        assert companion(notice, "update").fields["text"] == "Fino a sera."
        assert Broadcast.objects.filter(refers_to=notice).count() == 3

    def test_an_ordinary_notice_has_none(self, write: Any, approve: Any) -> None:
        assert not companions.shown(approve(write()))

    def test_the_newest_comes_last_on_every_phone(
        self, approved: Any, people: Any, meta: Any, anna: User
    ) -> None:
        """The update is still leaving when the all-clear starts: who has not got it never does."""
        people(4, "protezione-civile")
        notice = approved()
        release.release_due(NOW)
        fanout.send_slice(notice.pk)
        update = emergency.launch(companion(notice, "update").pk, by=anna, now=NOW)
        release.release_due(NOW)
        first_two = list(Delivery.objects.filter(broadcast=update).order_by("id")[:2])
        Delivery.objects.filter(pk__in=[row.pk for row in first_two]).update(state="accepted")
        later = NOW + timedelta(minutes=5)
        ending = emergency.launch(companion(notice, "ending").pk, by=anna, now=later)
        release.release_due(later)
        rows = Delivery.objects.filter(broadcast=update).order_by("id")
        assert [row.state for row in rows] == ["accepted", "accepted", "skipped", "skipped"]
        late = Delivery.objects.filter(broadcast=update, state="skipped").first()
        assert late is not None
        Delivery.objects.filter(pk=late.pk).update(state="pending")  # a chunk frozen meanwhile
        fanout.send_slice(update.pk)
        late.refresh_from_db()
        assert (late.state, late.reason) == ("skipped", "superseded")
        fanout.send_slice(ending.pk)
        assert Delivery.objects.filter(broadcast=ending, state="accepted").count() == 4

    def test_it_waits_for_the_answer_about_the_one_before(
        self, approved: Any, people: Any, meta: Any, anna: User
    ) -> None:
        people(1, "protezione-civile")
        notice = approved()
        release.release_due(NOW)
        fanout.send_slice(notice.pk)
        update = emergency.launch(companion(notice, "update").pk, by=anna, now=NOW)
        release.release_due(NOW)
        ending = emergency.launch(companion(notice, "ending").pk, by=anna, now=NOW + timedelta(minutes=1))
        Delivery.objects.filter(broadcast=update).update(state="sending", begun_at=lifecycle.clock.real_now())
        release.release_due(NOW + timedelta(minutes=1))
        fanout.send_slice(ending.pk)
        assert Delivery.objects.filter(broadcast=ending, state="pending").count() == 1


class TestBrokenGlass:
    @pytest.fixture
    def alone(self, alert: Any, anna: User) -> Broadcast:
        """Anna sent it alone."""
        return lifecycle.break_glass(alert().pk, by=anna, reason="Il fiume sale.", now=NOW)

    def test_one_click_sends_the_all_clear_too_and_asks_for_a_countersignature(
        self, alone: Broadcast, anna: User
    ) -> None:
        Broadcast.objects.filter(pk=alone.pk).update(started_at=NOW)
        ending = emergency.launch(companion(alone, "ending").pk, by=anna, now=NOW)
        assert ending.needs_countersignature

    def test_countersigned_its_companions_are_approved(
        self, alone: Broadcast, anna: User, bruno: User
    ) -> None:
        lifecycle.countersign(alone.pk, by=bruno, now=NOW)
        Broadcast.objects.filter(pk=alone.pk).update(started_at=NOW)
        ending = emergency.launch(companion(alone, "ending").pk, by=anna, now=NOW)
        assert (ending.approved_by, ending.needs_countersignature) == (bruno, False)

    def test_refused_it_is_marked_and_the_correction_is_ready(
        self, alone: Broadcast, anna: User, bruno: User
    ) -> None:
        with pytest.raises(NotAllowed, match="un'altra persona"):
            anna.groups.add(*bruno.groups.all())
            emergency.dispute(alone.pk, by=User.objects.get(pk=anna.pk), reason="No.", now=NOW)
        with pytest.raises(NotAllowed, match="motivo"):
            emergency.dispute(alone.pk, by=bruno, reason=" ", now=NOW)
        disputed = emergency.dispute(alone.pk, by=bruno, reason="Riguarda un altro Comune.", now=NOW)
        assert disputed.is_disputed
        assert not disputed.needs_countersignature
        assert disputed.transitions.filter(verb="dispute", reason="Riguarda un altro Comune.").exists()
        Broadcast.objects.filter(pk=alone.pk).update(started_at=NOW)
        sent = emergency.launch(companion(alone, "correction").pk, by=bruno, now=NOW)
        assert (sent.state, sent.needs_countersignature) == (State.SCHEDULED, False)
        with pytest.raises(NotAllowed, match="niente da convalidare"):
            lifecycle.countersign(alone.pk, by=bruno, now=NOW)

    def test_two_editors_alone_at_night_are_not_locked_out(self, alone: Broadcast) -> None:
        Broadcast.objects.filter(pk=alone.pk).update(started_at=NOW)
        other = person("elio", "Elio", roles.EDITOR)
        assert emergency.launch(companion(alone, "update").pk, by=other, now=NOW).glass_reason


class TestSpare:
    def test_a_paused_template_is_said_and_the_spare_takes_its_place(
        self, alert: Any, anna: User, bruno: User
    ) -> None:
        approve_templates()
        notice = alert()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        assert forecast(notice, NOW).template == ""
        MessageTemplate.objects.filter(name=notice.rendered["it"]["template"]).update(status="PAUSED")
        told = forecast(notice, NOW)
        assert "messo in pausa" in told.template
        assert told.hindered
        values = notice.rendered["it"]["values"]
        changed = emergency.use_spare(notice.pk, by=bruno, now=NOW)
        assert changed.state == State.IN_REVIEW
        assert changed.rendered["it"]["values"] == values, "the same information in other words"
        assert readiness.template_trouble(changed) == ""
        done = lifecycle.approve(changed.pk, by=bruno, seen=fingerprint_of(changed), now=NOW)
        assert done.state == State.SCHEDULED, "who changes the template has not become its author"

    def test_it_voids_what_was_approved(self, approved: Any, bruno: User) -> None:
        approve_templates()
        notice = approved()
        changed = emergency.use_spare(notice.pk, by=bruno, now=NOW)
        assert (changed.state, changed.approved_by, changed.fingerprint) == (State.IN_REVIEW, None, "")

    def test_only_for_an_emergency(self, write: Any, anna: User) -> None:
        with pytest.raises(NotAllowed, match="solo a un'emergenza"):
            emergency.use_spare(write().pk, by=anna, now=NOW)


class TestTheOthers:
    @pytest.fixture
    def zones(self, town: Any) -> list[int]:
        return list(Zone.objects.filter(slug__in=["avane", "pagnana"]).values_list("pk", flat=True))

    def test_whoever_the_first_does_not_reach(
        self, alert: Any, people: Any, zones: list[int], anna: User, bruno: User, meta: Any
    ) -> None:
        inside, outside, whole, both = people(4, "protezione-civile")
        carraia = Zone.objects.get(slug="carraia")
        inside.zones.add(zones[0])
        outside.zones.add(carraia)
        both.zones.add(zones[1], carraia)
        notice = alert(zones=zones)
        asked = others.question(notice)
        assert asked is not None
        assert asked.people == "1 persona"
        assert "Avane" in asked.text
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        rest = others.write(notice, asked.text, by=anna, now=NOW)
        for one in (rest, notice):
            lifecycle.approve(one.pk, by=bruno, seen=fingerprint_of(one), now=NOW)
        Broadcast.objects.filter(pk=notice.pk).update(due_at=NOW + timedelta(minutes=1))
        release.release_due(NOW)
        rest.refresh_from_db()
        assert "per gli altri" in rest.state_reason, "it waits for the first"
        Broadcast.objects.filter(pk=notice.pk).update(due_at=None)
        assert audience.count(rest, NOW).total == 1
        release.release_due(NOW)
        release.release_due(NOW)
        got = {broadcast: {row.subscriber_id for row in Delivery.objects.filter(broadcast=broadcast)}
               for broadcast in (notice, rest)}  # fmt: skip
        assert got[notice] == {inside.pk, whole.pk, both.pk}
        assert got[rest] == {outside.pk}
        again = others.question(notice)
        assert again is not None
        assert again.answered == rest
        with pytest.raises(NotAllowed, match="c'è già"):
            others.write(notice, "Ancora.", by=anna, now=NOW)

    def test_nobody_asks_where_everybody_gets_it(self, alert: Any, people: Any, anna: User) -> None:
        people(2, "protezione-civile")
        assert others.question(alert()) is None
        with pytest.raises(NotAllowed):
            others.write(alert(), "Testo", by=anna, now=NOW)


class TestElsewhere:
    def test_four_roads_each_in_its_way(self, alert: Any) -> None:
        channel, telegram, van, board = elsewhere.texts(alert())
        assert "DISATTIVA" not in channel.text
        assert "https://" in telegram.text or "http://" in telegram.text
        assert "http" not in van.text
        assert van.text.startswith("Attenzione, attenzione. Comune di Empoli.")
        assert "allerta ROSSA per vento" in van.text
        assert board.text.startswith("COMUNE DI EMPOLI")
        assert "112" in board.text
