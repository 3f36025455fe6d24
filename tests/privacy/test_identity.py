"""Who somebody is: numbers that rest and come back, and two records that become one without losing a stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from broadcasts import intake, purge
from broadcasts.models import Broadcast, Delivery
from policy.models import Category, TownProfile
from staff.models import User
from subscribers import consent, identity, ledger
from subscribers.acts import JOIN, STOP, Recorded, state_from
from subscribers.models import SubjectIdentity, Subscriber
from tests.broadcasts.simulated import envelope, receipt, said
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
NOT_ON_WHATSAPP = [{"code": 131026, "title": "Message undeliverable"}]


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)


@pytest.fixture
def fails(write: Callable[..., Broadcast]) -> Callable[[Subscriber, str], None]:
    """`fails(person, "failed")`: one more notice to them, which ends so by the provider's receipt."""

    def one_more(person: Subscriber, word: str = "failed", code: int = 131026) -> None:
        row = Delivery.objects.create(
            broadcast=write(title=f"Avviso {Delivery.objects.count()}"),
            subscriber=person,
            state="accepted",
            accepted_at=TUESDAY_10,
            begun_at=TUESDAY_10,
            tries=1,
        )
        errors = {"errors": [{"code": code, "title": "x"}]} if word == "failed" else {}
        mark = f"d:{row.broadcast_id}:{row.pk}:1"
        intake.receive(
            envelope(statuses=[receipt(word, mark, at=TUESDAY_10, id=f"wamid.{row.pk}", **errors)])
        )
        intake.take_in()

    return one_more


class TestRest:
    def test_after_three_in_a_row(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        for _n in range(2):
            fails(person)
        person.refresh_from_db()
        assert person.state == "active"
        fails(person)
        person.refresh_from_db()
        assert (person.state, person.unreachable_since) == ("unreachable", TUESDAY_10)

    def test_the_town_says_after_how_many(self, people: Any, fails: Any) -> None:
        TownProfile.objects.update(unreachable_after=1)
        [person] = people(1, "acqua")
        fails(person)
        person.refresh_from_db()
        assert person.state == "unreachable"

    def test_one_that_arrived_breaks_the_row(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        for word in ("failed", "failed", "delivered", "failed", "failed"):
            fails(person, word)
        person.refresh_from_db()
        assert person.state == "active"

    def test_other_errors_do_not_count(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        for _n in range(5):
            fails(person, "failed", 131049)
        person.refresh_from_db()
        assert person.state == "active"

    def test_one_without_news_neither_proves_nor_breaks(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        for word in ("failed", "sent", "failed", "sent", "failed"):
            fails(person, word)
        person.refresh_from_db()
        assert person.state == "unreachable"

    @pytest.mark.parametrize("words", ["grazie", "INFO", "ATTIVA ISCRIZIONE"])
    def test_writing_brings_them_back_and_old_failures_are_forgotten(
        self, people: Any, fails: Any, words: str
    ) -> None:
        [person] = people(1, "acqua")
        consent.join(person, at=TUESDAY_10 - timedelta(days=1), now=TUESDAY_10)
        for _n in range(3):
            fails(person)
        later = TUESDAY_10 + timedelta(minutes=1)
        intake.receive(envelope(messages=[said(words, phone=person.phone, at=later, id="wamid.back")]))
        intake.take_in()
        person.refresh_from_db()
        assert (person.state, person.unreachable_since) == ("active", None)
        assert "acqua" in person.categories.values_list("slug", flat=True)
        fails(person)
        person.refresh_from_db()
        assert person.state == "active"

    def test_a_stop_from_there_is_a_stop(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        consent.join(person, at=TUESDAY_10 - timedelta(days=1), now=TUESDAY_10)
        for _n in range(3):
            fails(person)
        intake.receive(envelope(messages=[said("STOP", phone=person.phone, at=TUESDAY_10, id="wamid.s")]))
        intake.take_in()
        person.refresh_from_db()
        assert person.state == "stopped"
        assert ledger.compare() == []

    def test_a_new_number_is_not_at_rest(self, people: Any, fails: Any) -> None:
        [person] = people(1, "acqua")
        consent.join(person, at=TUESDAY_10 - timedelta(days=1), now=TUESDAY_10)
        for _n in range(3):
            fails(person)
        identity.change(person.phone, "393339998877", None, None)
        person.refresh_from_db()
        assert person.state == "active"

    def test_the_office_sees_it(self, people: Any, carla: User) -> None:
        people(2, "acqua", state="unreachable")
        office = Client()
        office.force_login(carla)
        assert "2 numeri non sono su WhatsApp" in office.get(reverse("admin:index")).content.decode()
        address = reverse("admin:subscribers_subscriber_changelist")
        page = office.get(address, {"state__exact": "unreachable"}).content.decode()
        assert page.count("non raggiungibile") >= 2


class Somebody:
    """One true person, as the test knows them: their present halves, and what they have said."""

    def __init__(self, number: int) -> None:
        self.phone, self.user_id = f"39333000{number:04d}", f"IT.{number}"
        self.number = number
        # What the provider has let us see: which halves are known to be one.
        self.acts: dict[str, list[Recorded]] = {"phone": [], "user_id": []}

    @property
    def linked(self) -> bool:
        return self.acts["phone"] is self.acts["user_id"]

    def link(self) -> None:
        if not self.linked:
            both = self.acts["phone"] + self.acts["user_id"]
            self.acts = {"phone": both, "user_id": both}


HALVES = st.sampled_from(["phone", "user_id", "both"])
WHO = st.integers(0, 2)
WHEN = st.integers(0, 6)  # few moments, so that ties are common


class Merges(RuleBasedStateMachine):
    """Three people write under either half or both, in any order of time, and change their halves."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.people = [Somebody(number) for number in range(3)]
        self.serial = 100

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.whole.__exit__(None, None, None)

    def at(self, when: int) -> datetime:
        return TUESDAY_10 + timedelta(seconds=when)

    def found(self, one: Somebody, halves: str) -> Subscriber:
        phone = one.phone if halves != "user_id" else None
        user_id = one.user_id if halves != "phone" else None
        row = identity.find(phone, user_id, create=True)
        assert row is not None
        if halves == "both":
            one.link()
        return row

    @rule(who=WHO, halves=HALVES, act=st.sampled_from([JOIN, STOP]), when=WHEN)
    def speaks(self, who: int, halves: str, act: str, when: int) -> None:
        one = self.people[who]
        row = self.found(one, halves)
        verb = consent.join if act == JOIN else consent.stop
        verb(row, at=self.at(when), now=self.at(10))
        one.acts["user_id" if halves == "user_id" else "phone"].append(Recorded(act, self.at(when)))

    @rule(who=WHO, halves=HALVES)
    def says_nothing_of_it(self, who: int, halves: str) -> None:
        self.found(self.people[who], halves)

    @rule(who=WHO)
    def changes_number(self, who: int) -> None:
        """The provider tells the old number, the new one, and the id that is made with it."""
        one = self.people[who]
        self.serial += 1
        old, new, user_id = one.phone, f"39333000{self.serial:04d}", f"IT.{self.serial}"
        known = identity.find(old, None, create=False)
        if known is None:
            return
        identity.change(old, new, None, user_id)
        one.phone, one.user_id = new, user_id
        one.acts = {"phone": one.acts["phone"], "user_id": one.acts["phone"]}

    @rule(who=WHO)
    def changes_id(self, who: int) -> None:
        """`user_id_update`: the old id and the new one, and no number."""
        one = self.people[who]
        self.serial += 1
        new = f"IT.{self.serial}"
        if identity.find(None, one.user_id, create=False) is None:
            return
        identity.change(None, None, one.user_id, new)
        one.user_id = new

    @rule()
    def the_night_comes(self) -> None:
        """Who has left is reduced to a fingerprint."""
        purge.reduce_stopped(self.at(3600))

    @invariant()
    def each_stands_as_their_acts_say(self) -> None:
        for one in self.people:
            for half, value in (("phone", one.phone), ("user_id", one.user_id)):
                hashes = SubjectIdentity.objects.filter(identity_hash=identity.hash_of(value))
                known = (
                    Subscriber.objects.filter(**{half: value}).first()
                    or Subscriber.objects.filter(subject__in=hashes.values("subject")).first()
                )
                expected = state_from(one.acts[half]).active
                assert (known is not None and known.state == "active") == expected, (half, one.acts[half])

    @invariant()
    def the_ledger_explains_it(self) -> None:
        assert ledger.compare() == []


def test_merges_lose_no_stop(town: TownProfile) -> None:
    assert Category.objects.filter(core=True).exists()
    run_state_machine_as_test(
        Merges,
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
