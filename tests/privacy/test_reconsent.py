"""Asking everybody again: by two people, in service hours, with a deadline that the ledger shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from broadcasts import intake, reconsent
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import MessageTemplate, Reconsent, ReconsentAsk, Reply
from staff.models import User
from subscribers import consent, ledger
from subscribers.models import ConsentEvent, Subscriber
from tests.broadcasts.simulated import envelope, said
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
DEADLINE = TUESDAY_10 + timedelta(days=20)
AFTER = DEADLINE + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def put(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    put(TUESDAY_10)
    return put


@pytest.fixture
def four(people: Any) -> list[Subscriber]:
    everybody = people(4)
    for each in everybody:
        consent.join(each, at=TUESDAY_10 - timedelta(days=90), now=TUESDAY_10)
    return everybody


@pytest.fixture
def asked(four: list[Subscriber], carla: User, bruno: User) -> Reconsent:
    """Proposed, approved, and gone to all four."""
    made = reconsent.propose(change="Più avvisi.", deadline=DEADLINE, by=carla, now=TUESDAY_10)
    reconsent.approve(made.pk, by=bruno, now=TUESDAY_10)
    assert reconsent.run(TUESDAY_10) == 4
    Reply.objects.update(state="accepted")
    made.refresh_from_db()
    return made


def taps(person: Subscriber, payload: str, when: datetime) -> None:
    button = {"type": "button", "button": {"payload": payload, "text": "Resto iscritto"}}
    message = said("", phone=str(person.phone), at=when, id=f"wamid.{person.pk}.{payload}") | button
    intake.receive(envelope(messages=[message]))
    intake.take_in()


def test_a_whole_story(asked: Reconsent, four: list[Subscriber], at: Any) -> None:
    stays, leaves, silent, comes_back = four
    day = TUESDAY_10 + timedelta(days=1)
    at(day)
    taps(stays, "service:stay", day)
    taps(leaves, "cmd:stop", day)
    consent.stop(comes_back, at=day, now=day)
    consent.join(comes_back, at=day + timedelta(hours=1), now=day + timedelta(hours=1))
    assert reconsent.run(DEADLINE - timedelta(seconds=1)) == 0
    while reconsent.run(AFTER):
        pass
    states = {each.pk: each.state for each in Subscriber.objects.all()}
    assert states == {stays.pk: "active", leaves.pk: "stopped", silent.pk: "stopped", comes_back.pk: "active"}
    acts = ConsentEvent.objects.filter(act__in=("confirm", "lapse")).values_list("subject", "act")
    assert set(acts) == {(stays.subject, "confirm"), (silent.subject, "lapse")}
    assert ledger.compare() == []
    found = reconsent.standing(asked)
    assert (found.asked, found.yes, found.out, found.lapsed, found.silent) == (4, 2, 1, 1, 0)
    asked.refresh_from_db()
    assert asked.closed_at == AFTER


def test_the_answer_says_that_they_stay(asked: Reconsent, four: list[Subscriber]) -> None:
    taps(four[0], "service:stay", TUESDAY_10 + timedelta(minutes=1))
    text = Reply.objects.get(wording="confirmed-1").payload["interactive"]["body"]["text"]
    assert text.startswith("La tua iscrizione a WhatsEmpoli è attiva.") and "resti iscritto" in text


def test_who_is_out_stays_out_by_tapping(asked: Reconsent, four: list[Subscriber]) -> None:
    consent.stop(four[0], at=TUESDAY_10 + timedelta(minutes=1), now=TUESDAY_10)
    taps(four[0], "service:stay", TUESDAY_10 + timedelta(minutes=2))
    four[0].refresh_from_db()
    assert four[0].state == "stopped"
    assert "non è attiva" in Reply.objects.get(wording="confirmed-1").payload["interactive"]["body"]["text"]


def test_who_lapsed_comes_back_by_writing(asked: Reconsent, four: list[Subscriber], at: Any) -> None:
    reconsent.run(AFTER)
    at(AFTER + timedelta(days=1))
    consent.join(four[0], at=AFTER + timedelta(days=1), now=AFTER + timedelta(days=1))
    assert four[0].state == "active"
    assert ledger.compare() == []


def test_a_question_that_never_arrived_asked_nobody(asked: Reconsent, four: list[Subscriber]) -> None:
    Reply.objects.filter(subscriber=four[0]).update(state="failed", error_code=131026)
    while reconsent.run(AFTER):
        pass
    four[0].refresh_from_db()
    assert four[0].state == "active"
    assert reconsent.standing(asked).failed == 1


def test_who_joined_after_it_began_is_not_asked(asked: Reconsent, people: Any) -> None:
    [new] = people(1)
    consent.join(new, at=TUESDAY_10 + timedelta(minutes=5), now=TUESDAY_10 + timedelta(minutes=5))
    assert reconsent.run(TUESDAY_10 + timedelta(minutes=6)) == 0


def test_only_in_service_hours_and_some_at_a_time(
    four: list[Subscriber], carla: User, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = reconsent.propose(change="Più avvisi.", deadline=DEADLINE, by=carla, now=TUESDAY_10)
    assert reconsent.run(TUESDAY_10) == 0, "nobody has approved it"
    reconsent.approve(made.pk, by=bruno, now=TUESDAY_10)
    assert reconsent.run(TUESDAY_10.replace(hour=21)) == 0
    monkeypatch.setattr(reconsent, "AT_ONCE", 3)
    assert [reconsent.run(TUESDAY_10) for _n in range(3)] == [3, 1, 0]
    assert ReconsentAsk.objects.values("subscriber").distinct().count() == 4


class TestGuards:
    def test_two_people(self, carla: User, town: Any) -> None:
        carla.user_permissions.add(_permission("approve_reconsent"))
        carla = User.objects.get(pk=carla.pk)
        made = reconsent.propose(change="x", deadline=DEADLINE, by=carla, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="un'altra persona"):
            reconsent.approve(made.pk, by=carla, now=TUESDAY_10)

    def test_one_at_a_time_far_enough_and_with_an_approved_template(
        self, carla: User, bruno: User, anna: User
    ) -> None:
        with pytest.raises(NotAllowed, match="giorni"):
            reconsent.propose(change="x", deadline=TUESDAY_10, by=carla, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="ruolo"):
            reconsent.propose(change="x", deadline=DEADLINE, by=anna, now=TUESDAY_10)
        made = reconsent.propose(change="x", deadline=DEADLINE, by=carla, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="aperta"):
            reconsent.propose(change="x", deadline=DEADLINE, by=carla, now=TUESDAY_10)
        MessageTemplate.objects.update(status="PENDING")
        with pytest.raises(NotAllowed, match="modello"):
            reconsent.approve(made.pk, by=bruno, now=TUESDAY_10)

    def test_given_up_nobody_is_put_out(self, asked: Reconsent, carla: User) -> None:
        reconsent.give_up(asked.pk, by=carla, now=TUESDAY_10)
        assert reconsent.run(AFTER) == 0
        assert Subscriber.objects.filter(state="active").count() == 4


def test_the_office_s_pages(four: list[Subscriber], carla: User, bruno: User) -> None:
    writer, approver = Client(), Client()
    writer.force_login(carla)
    approver.force_login(bruno)
    add = reverse("admin:broadcasts_reconsent_add")
    soon = {"change": "Più\navvisi.", "deadline_0": "2026-11-25", "deadline_1": "10:00"}
    assert "almeno 14 giorni" in writer.post(add, soon).content.decode()
    writer.post(add, soon | {"deadline_0": "2026-12-20"})
    made = Reconsent.objects.get()
    assert (made.change, made.by) == ("Più avvisi.", carla)
    everything = reverse("admin:broadcasts_reconsent_changelist")
    chosen = {"action": "approve", "_selected_action": [made.pk]}
    approver.post(everything, chosen)
    reconsent.run(TUESDAY_10)
    page = approver.get(everything).content.decode()
    assert "chieste 4 · restano 0 · uscite 0 · senza risposta 4" in page
    assert writer.get(add).status_code == 403


def _permission(codename: str) -> Any:
    return Permission.objects.get(codename=codename)
