"""The narrow service and election time on a real notice: approved, started, leaving, shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from broadcasts import fanout, lifecycle, release
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Delivery
from broadcasts.restraint import refusal_words
from broadcasts.states import State
from policy.facts import facts_of
from policy.live import live_rules
from policy.models import Category, ElectionPeriod, Severity, TownProfile
from staff.models import User
from tests.conftest import TUESDAY_10

ALERT = {
    "risks": [{"risk": "vento", "colour": "arancione"}],
    "starts": "2026-11-24T13:00+01:00",
    "ends": "2026-11-25T08:00+01:00",
    "what_to_do": "Restate in casa.",
}


@pytest.fixture(autouse=True)
def italian() -> Iterator[None]:
    """A page asked for in English leaves its language to the thread."""
    with translation.override("it"):
        yield


@pytest.fixture
def narrow(town: TownProfile) -> Callable[[bool], None]:
    def switch(on: bool) -> None:
        TownProfile.objects.update(only_emergencies=on)

    switch(True)
    return switch


@pytest.fixture
def vote(town: TownProfile) -> ElectionPeriod:
    return ElectionPeriod.objects.create(
        kind="municipal", first_day=date(2026, 11, 20), last_day=date(2026, 12, 20)
    )


class TestNarrow:
    def test_it_refuses_and_lets_pass_again(self, narrow: Any, write: Any, anna: User) -> None:
        notice = write()
        with pytest.raises(NotAllowed, match="limitato alle emergenze"):
            lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        narrow(False)
        assert lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10).state == State.IN_REVIEW

    def test_an_orange_alert_and_an_emergency_pass(self, narrow: Any, write: Any, approve: Any) -> None:
        alert = write(kind="alert", topic="protezione-civile", severity=Severity.URGENT, fields=ALERT)
        assert approve(alert).state == State.SCHEDULED
        emergency = write(topic="protezione-civile", severity=Severity.EMERGENCY)
        assert approve(emergency).state == State.SCHEDULED
        yellow = ALERT | {"risks": [{"risk": "vento", "colour": "gialla"}]}
        with pytest.raises(NotAllowed, match="limitato"):
            approve(write(kind="alert", topic="protezione-civile", severity=Severity.URGENT, fields=yellow))

    def test_an_exercise_for_the_offices_own_phones_tells_the_public_nothing(
        self, narrow: Any, write: Any, anna: User
    ) -> None:
        drill = write(
            kind="exercise",
            topic="protezione-civile",
            exercise=True,
            fields={
                "starts": "2026-11-26T09:00+01:00",
                "ends": "2026-11-26T12:00+01:00",
                "text": "Provate.",
            },
        )
        assert refusal_words(drill, live_rules().restraints, TUESDAY_10) == ""
        drill.opened_by = anna
        assert "limitato" in refusal_words(drill, live_rules().restraints, TUESDAY_10)

    def test_what_was_approved_before_does_not_start(
        self, town: TownProfile, write: Any, approve: Any, people: Any
    ) -> None:
        people(1, "acqua")
        notice = approve(write())
        TownProfile.objects.update(only_emergencies=True)
        release.release_due(TUESDAY_10)
        notice.refresh_from_db()
        assert (notice.state, "limitato" in notice.state_reason) == (State.SCHEDULED, True)
        TownProfile.objects.update(only_emergencies=False)
        release.release_due(TUESDAY_10)
        notice.refresh_from_db()
        assert notice.state == State.SENDING

    def test_one_that_is_leaving_stops_and_keeps_its_place(self, leaving: Any, people: Any) -> None:
        people(2, "acqua")
        notice: Broadcast = leaving()
        TownProfile.objects.update(only_emergencies=True)
        assert fanout.send_slice(notice.pk).ended == "restraint"
        notice.refresh_from_db()
        assert (notice.state, "limitato" in notice.state_reason) == (State.PAUSED, True)
        assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}

    @pytest.mark.parametrize(("on", "shown"), [(True, True), (False, False)])
    def test_the_public_pages_and_the_facts_say_it(
        self, narrow: Any, client: Client, on: bool, shown: bool
    ) -> None:
        narrow(on)
        facts = facts_of(TownProfile.current(), "it")
        assert bool(facts.narrow) is shown
        assert ("soltanto le emergenze" in facts.values["ambito"]) is shown
        for path in ("/", "/policy/", "/avvisi/"):
            assert ("Servizio limitato" in client.get(path).content.decode()) is shown
        assert ("orange or red" in client.get("/en/policy/").content.decode()) is shown


class TestElection:
    def test_an_event_is_blocked_and_water_asks_why(self, vote: Any, write: Any, anna: User) -> None:
        event = write(topic="eventi", election_reason="È una festa")
        with pytest.raises(NotAllowed, match=r"domenica 20 dicembre 2026: l'argomento «Eventi» è fermo"):
            lifecycle.submit(event.pk, by=anna, now=TUESDAY_10)
        water = write()
        with pytest.raises(NotAllowed, match="impersonale e indispensabile"):
            lifecycle.submit(water.pk, by=anna, now=TUESDAY_10)
        water.election_reason = "Senza preavviso si resta senz'acqua"
        lifecycle.save_draft(water, by=anna, now=TUESDAY_10)
        assert lifecycle.submit(water.pk, by=anna, now=TUESDAY_10).state == State.IN_REVIEW

    def test_the_day_that_counts_is_the_one_on_which_it_leaves(
        self, vote: Any, write: Any, anna: User
    ) -> None:
        later = write(topic="eventi", due_at=TUESDAY_10 + timedelta(days=30), valid_until=None)
        assert lifecycle.submit(later.pk, by=anna, now=TUESDAY_10).state == State.IN_REVIEW

    def test_the_reason_is_part_of_what_is_approved(self, vote: Any, write: Any) -> None:
        bare = write()
        before = fingerprint_of(bare)
        bare.election_reason = "Serve"
        assert fingerprint_of(bare) != before

    def test_one_approved_before_the_period_does_not_start_in_it(
        self, write: Any, approve: Any, people: Any
    ) -> None:
        people(1, "eventi")
        event = approve(write(topic="eventi"))
        ElectionPeriod.objects.create(
            kind="referendum", first_day=TUESDAY_10.date(), last_day=TUESDAY_10.date()
        )
        release.release_due(TUESDAY_10)
        event.refresh_from_db()
        assert (event.state, "Eventi" in event.state_reason) == (State.SCHEDULED, True)

    def test_the_form_asks_beside_the_field_and_only_when_handed_over(
        self, vote: Any, anna: User, client: Client, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)
        client.force_login(anna)
        address = "/admin/broadcasts/broadcast/add/notice/"
        category = Category.objects.get(slug="acqua")
        data = {"title": "Acqua torbida", "b-text": "Lasciatela scorrere.", "category": category.pk}
        data |= {"severity": "routine", "b-ends": "2026-11-28T18:00"}
        page = client.post(address, data | {"submit": ""})
        assert "scrivi perché" in page.content.decode()
        assert page.context["composer"].envelope.errors.keys() == {"election_reason"}
        assert client.post(address, data | {"save": ""}).status_code == 302
        reason = {"election_reason": "Serve a chi beve", "submit": ""}
        done = client.post(address, data | reason, follow=True).content.decode()
        assert "È impersonale e indispensabile perché: «Serve a chi beve»" in done
        assert Broadcast.objects.get(state=State.IN_REVIEW).election_reason == "Serve a chi beve"

    def test_the_public_site_says_so_until_the_last_day(
        self, vote: ElectionPeriod, client: Client, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)
        page = client.get("/").content.decode()
        assert "Periodo elettorale." in page and "domenica 20 dicembre 2026" in page
        assert "Election time." in client.get("/en/").content.decode()
        monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10 + timedelta(days=40))
        assert "Periodo elettorale" not in client.get("/").content.decode()
