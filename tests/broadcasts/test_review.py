"""Review: what changed word by word, who is told and once, two people on one page, the call at night."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import lifecycle, night, outbox, snapshot, steps
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, NightLink
from broadcasts.night_address import address_of, read
from broadcasts.states import State
from staff import roles, second_factor
from staff.models import DutyShift, StaffMessage, User
from tests.conftest import TUESDAY_10, person

NOW = TUESDAY_10
NIGHT = NOW.replace(hour=3)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stopped_clock(clock_at: Any) -> None:
    """Tuesday at ten."""


class TestDifference:
    @given(st.text(alphabet="ab c.\né1", max_size=40), st.text(alphabet="ab c.\né1", max_size=40))
    def test_nothing_of_either_text_is_lost(self, before: str, now: str) -> None:
        parts = snapshot.words(before, now)
        assert "".join(p.text for p in parts if p.kind != "new") == before
        assert "".join(p.text for p in parts if p.kind != "gone") == now

    def test_word_by_word(self) -> None:
        parts = snapshot.words("Chiusa dalle 9 alle 12.", "Chiusa dalle 9 alle 18.")
        assert [(p.kind, p.text) for p in parts if p.kind != "same"] == [("gone", "12"), ("new", "18")]

    def test_from_what_was_last_approved(self, write: Any, approve: Any, anna: User) -> None:
        notice = approve(write(due_at=NOW + timedelta(hours=3)))
        notice.fields = notice.fields | {"text": "Si lavora da martedì a venerdì."}
        notice.due_at = NOW + timedelta(hours=4)
        lifecycle.save_draft(notice, by=anna, now=NOW)
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        found = snapshot.difference(notice)
        assert found is not None
        assert "approvato" in found.since
        changed = [p.text for _l, parts in found.texts for p in parts if p.kind != "same"]
        assert {"lunedì", "martedì"} <= set(changed)
        assert [str(f.label) for f in found.facts] == ["Parte"]

    def test_a_returned_one_shows_what_the_author_changed(self, write: Any, anna: User, bruno: User) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        lifecycle.send_back(notice.pk, by=bruno, reason="Manca l'ora.", now=NOW)
        notice = Broadcast.objects.get(pk=notice.pk)
        notice.fields = notice.fields | {"text": "Si lavora da lunedì a venerdì, dalle 8."}
        lifecycle.save_draft(notice, by=anna, now=NOW)
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        found = snapshot.difference(notice)
        assert found is not None
        assert "la volta prima" in found.since
        assert found.any

    def test_a_first_text_has_nothing_to_compare_with(self, write: Any, anna: User) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        assert snapshot.difference(notice) is None


class TestTwoPeople:
    def test_the_later_is_told_who_and_when(self, write: Any, anna: User, bruno: User) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        step = str(notice.transitions.order_by("-id").first().pk)
        steps.as_seen(notice.pk, step)
        lifecycle.send_back(notice.pk, by=bruno, reason="No.", now=NOW)
        with pytest.raises(NotAllowed, match=r"Bruno, ore 10:00.*da correggere"):
            steps.as_seen(notice.pk, step)

    def test_a_save_overwrites_no_colleague(self, write: Any, anna: User) -> None:
        notice = write()
        seen = fingerprint_of(notice)
        theirs = Broadcast.objects.get(pk=notice.pk)
        theirs.title = "Quello del collega"
        lifecycle.save_draft(theirs, by=person("elio", "Elio", roles.EDITOR), now=NOW)
        notice.title = "Il mio"
        with pytest.raises(NotAllowed, match="un collega l'ha modificato"):
            lifecycle.save_draft(notice, by=anna, seen=seen, now=NOW)
        assert Broadcast.objects.get(pk=notice.pk).title == "Quello del collega"


def told(verb_subject: str) -> set[tuple[str, str]]:
    """Who was written to about this, and how."""
    rows = StaffMessage.objects.filter(subject__startswith=verb_subject)
    return {(row.person.username, row.channel) for row in rows.select_related("person")}


class TestOutbox:
    def test_each_change_of_state_is_told_once_to_whom_it_concerns(
        self, write: Any, anna: User, bruno: User, carla: User
    ) -> None:
        User.objects.filter(pk=bruno.pk).update(phone="+39 333 1110002")
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        assert told("Da approvare") == {("bruno", "email"), ("bruno", "whatsapp")}
        lifecycle.send_back(notice.pk, by=bruno, reason="Manca l'ora.", now=NOW)
        assert told("Da correggere") == {("anna", "email")}
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        lifecycle.approve(notice.pk, by=bruno, seen=fingerprint_of(notice), now=NOW)
        assert told("Approvato") == {("anna", "email")}
        assert not StaffMessage.objects.filter(person=carla).exists(), "an administrator has no part in it"
        assert StaffMessage.objects.count() == 6

    def test_who_may_not_approve_is_not_asked(self, write: Any, anna: User, bruno: User) -> None:
        bruno.groups.add(*anna.groups.all())
        notice = write()
        lifecycle.submit(notice.pk, by=User.objects.get(pk=bruno.pk), now=NOW)
        assert told("Da approvare") == set()

    def test_it_leaves_once_whatever_crashes(
        self, write: Any, anna: User, bruno: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        by_email = outbox._by_email

        def killed(row: StaffMessage) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(outbox, "_by_email", killed)
        with pytest.raises(KeyboardInterrupt):
            outbox.send_pending(NOW)
        monkeypatch.setattr(outbox, "_by_email", by_email)
        assert outbox.send_pending(NOW) == 1
        assert outbox.send_pending(NOW) == 0
        (message,) = mail.outbox
        row = StaffMessage.objects.get()
        assert message.to == ["bruno@example.org"]
        assert message.extra_headers["Message-ID"] == f"<{row.pk}@127.0.0.1>"
        assert f"/admin/broadcasts/broadcast/{notice.pk}/change/" in message.body
        assert (row.state, row.attempts) == ("sent", 1)

    def test_a_post_office_that_is_away_is_asked_again_and_then_given_up(
        self, write: Any, anna: User, bruno: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lifecycle.submit(write().pk, by=anna, now=NOW)

        def away(row: StaffMessage) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(outbox, "_by_email", away)
        at, tries = NOW, 0
        while StaffMessage.objects.filter(state="pending").exists():
            assert outbox.send_pending(at) == 0
            assert outbox.send_pending(at) == 0, "not before its time"
            tries, at = tries + 1, at + timedelta(hours=1)
        row = StaffMessage.objects.get()
        assert (tries, row.state, row.error) == (outbox.MOST_ATTEMPTS, "failed", "ConnectionRefusedError")

    def test_on_whatsapp_by_a_template_without_a_citizens_footer(
        self, write: Any, anna: User, bruno: User, meta: Any
    ) -> None:
        User.objects.filter(pk=bruno.pk).update(phone="333 1110002", email="")
        lifecycle.submit(write(title="Tubo *rotto*\nin piazza").pk, by=anna, now=NOW)
        assert outbox.send_pending(NOW) == 1
        assert meta.times() == {"393331110002": 1}

    def test_no_number_and_no_secret_address_in_a_row(self, write: Any, anna: User, bruno: User) -> None:
        put_on_duty(bruno)
        lifecycle.submit(write(severity="urgent").pk, by=anna, now=NOW)
        night.watch(NOW)
        for row in StaffMessage.objects.all():
            assert "/notte/" not in row.body + row.path
            assert not re.search(r"\+?\d{9,}", row.body)


def put_on_duty(*people: User, hours: int = 24) -> None:
    for rank, someone in enumerate(people, start=1):
        DutyShift.objects.create(
            person=someone, starts=NOW - timedelta(hours=12), ends=NOW + timedelta(hours=hours), rank=rank
        )


@pytest.fixture
def emergency(write: Any, anna: User) -> Callable[..., Broadcast]:
    """Anna has written an emergency, and asks for approval."""

    def make(**changes: Any) -> Broadcast:
        values = {
            "topic": "protezione-civile",
            "severity": "emergency",
            "valid_until": NOW + timedelta(hours=6),
        }
        notice: Broadcast = write(**(values | changes))
        return lifecycle.submit(notice.pk, by=anna, now=NOW)

    return make


class TestTheCall:
    def test_the_first_at_once_the_next_after_some_minutes_then_everybody(
        self, emergency: Any, bruno: User, anna: User
    ) -> None:
        dora = User.objects.create_user("dora", "dora@example.org", first_name="Dora", is_staff=True)
        put_on_duty(dora, bruno)
        notice = emergency()
        for _beat in range(3):
            night.watch(NOW)
        assert [link.person for link in NightLink.objects.all()] == [dora]
        night.watch(NOW + timedelta(minutes=9, seconds=59))
        assert NightLink.objects.count() == 1
        night.watch(NOW + timedelta(minutes=10))
        night.watch(NOW + timedelta(minutes=10))
        assert [link.person for link in NightLink.objects.all()] == [dora, bruno]
        night.watch(NOW + timedelta(minutes=20))
        night.watch(NOW + timedelta(minutes=30))
        assert {name for name, _how in told("Nessun reperibile")} == {"anna", "bruno", "dora"}
        assert notice.night_links.count() == 2

    def test_who_wrote_it_is_not_called(self, write: Any, anna: User, bruno: User) -> None:
        put_on_duty(anna, bruno)
        lifecycle.submit(write(severity="urgent").pk, by=anna, now=NOW)
        night.watch(NOW)
        assert [link.person for link in NightLink.objects.all()] == [bruno]

    def test_nobody_is_woken_for_what_waits_for_the_morning(
        self, write: Any, anna: User, bruno: User
    ) -> None:
        put_on_duty(bruno)
        lifecycle.submit(write().pk, by=anna, now=NIGHT)
        night.watch(NIGHT)
        assert not NightLink.objects.exists()
        night.watch(NOW)  # the service is open
        assert NightLink.objects.count() == 1

    def test_who_has_decided_calls_nobody_else(self, emergency: Any, bruno: User, carla: User) -> None:
        put_on_duty(bruno, carla)
        notice = emergency()
        night.watch(NOW)
        lifecycle.send_back(notice.pk, by=bruno, reason="No.", now=NOW)
        assert night.watch(NOW + timedelta(hours=1)) == 0

    def test_a_missing_countersignature_is_asked_for_again_every_hour(
        self, write: Any, anna: User, bruno: User
    ) -> None:
        notice = write(topic="protezione-civile", severity="emergency")
        lifecycle.break_glass(notice.pk, by=anna, reason="Sono sola.", now=NOW)
        assert told("Inviato da una persona sola") == {("bruno", "email")}
        assert night.remind(NOW + timedelta(minutes=59)) == 0
        assert night.remind(NOW + timedelta(minutes=61)) == 1
        assert night.remind(NOW + timedelta(minutes=90)) == 0
        assert night.remind(NOW + timedelta(hours=2)) == 1
        lifecycle.countersign(notice.pk, by=bruno, now=NOW)
        assert night.remind(NOW + timedelta(hours=5)) == 0


def link_of(notice: Broadcast) -> NightLink:
    night.watch(NOW)
    return NightLink.objects.get(broadcast=notice)


class TestThePage:
    @pytest.fixture(autouse=True)
    def on_duty(self, bruno: User) -> None:
        put_on_duty(bruno)

    def test_a_robot_that_looks_changes_nothing(self, emergency: Any) -> None:
        link = link_of(emergency())
        address, robot = address_of(link.pk), Client()
        for _look in range(3):
            assert robot.get(address).status_code == 200
        assert robot.head(address).status_code == 200
        link.refresh_from_db()
        assert link.used_at is None
        answer = robot.get(address)
        assert "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "x" + t,
                                       lambda t: t.split(":")[0], lambda t: "é:\x00"])  # fmt: skip
    def test_nobody_guesses_one(self, spoil: Any, emergency: Any) -> None:
        token = address_of(link_of(emergency()).pk).rstrip("/").rsplit("/", 1)[1]
        assert read(token) is not None
        assert read(spoil(token)) is None

    def test_from_the_call_to_the_approval_without_a_log_in(
        self, emergency: Any, people: Any, bruno: User
    ) -> None:
        people(3, "protezione-civile")
        notice = emergency()
        client, address = Client(), address_of(link_of(notice).pk)
        page = client.get(address).content.decode()
        assert "Bruno, Anna chiede la tua approvazione" in page
        assert "Approva: parte subito a 3 persone" in page
        assert "Scrivi «INVIA»" in page
        wrong = client.post(address, {"verb": "approve", "word": "boh"}).content.decode()
        assert "scrivi la parola" in wrong
        done = client.post(address, {"verb": "approve", "word": "Invia "}).content.decode()
        assert "Approvato" in done
        notice.refresh_from_db()
        assert (notice.state, notice.approved_by) == (State.SCHEDULED, bruno)
        again = client.post(address, {"verb": "approve", "word": "invia"}).content.decode()
        assert "già stato usato" in again
        assert notice.transitions.filter(verb="approve").count() == 1

    def test_returned_with_a_reason(self, emergency: Any) -> None:
        notice = emergency()
        client, address = Client(), address_of(link_of(notice).pk)
        assert "Scrivi il motivo" in client.post(address, {"verb": "return", "reason": " "}).content.decode()
        assert (
            "Rimandato" in client.post(address, {"verb": "return", "reason": "Quale via?"}).content.decode()
        )
        notice.refresh_from_db()
        assert (notice.state, notice.state_reason) == (State.RETURNED, "Quale via?")

    def test_it_dies_on_any_edit(self, emergency: Any, anna: User) -> None:
        notice = emergency()
        address = address_of(link_of(notice).pk)
        lifecycle.withdraw(notice.pk, by=anna, now=NOW)
        notice = Broadcast.objects.get(pk=notice.pk)
        notice.title = "Tutt'altro"
        lifecycle.save_draft(notice, by=anna, now=NOW)
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        answer = Client().post(address, {"verb": "approve", "word": "invia"}).content.decode()
        assert "è stato modificato dopo questa chiamata" in answer
        assert "Entra in redazione" in answer, "a refusal names the next step"
        notice.refresh_from_db()
        assert notice.state == State.IN_REVIEW

    def test_it_expires(self, emergency: Any, clock_at: Any) -> None:
        notice = emergency(valid_until=NOW + timedelta(days=3))
        address = address_of(link_of(notice).pk)
        clock_at(NOW + night.GOOD_FOR)
        assert "è scaduto" in Client().post(address, {"verb": "approve"}).content.decode()

    def test_who_is_off_duty_again_approves_nothing(self, emergency: Any, town: Any) -> None:
        dora = User.objects.create_user("dora", "dora@example.org", first_name="Dora", is_staff=True)
        DutyShift.objects.all().delete()
        put_on_duty(dora)
        notice = emergency()
        address = address_of(link_of(notice).pk)
        DutyShift.objects.update(ends=NOW)
        answer = Client().post(address, {"verb": "approve", "word": "invia"}).content.decode()
        assert "Il tuo turno è finito" in answer

    def test_an_emergency_asks_for_the_second_factor(
        self, emergency: Any, bruno: User, settings: Any
    ) -> None:
        settings.SECOND_FACTOR_REQUIRED = True
        notice = emergency()
        client, address = Client(), address_of(link_of(notice).pk)
        page = client.get(address).content.decode()
        assert "non l'hai ancora impostato" in page
        client.post(address, {"verb": "approve", "word": "invia"})
        device = second_factor.begin(bruno)
        second_factor.confirm(bruno, f"{totp(device.bin_key):06}")
        wrong = client.post(address, {"verb": "approve", "word": "invia", "code": "000000"}).content.decode()
        assert "Il codice non va bene" in wrong
        notice.refresh_from_db()
        assert notice.state == State.IN_REVIEW
        device = TOTPDevice.objects.get(user=bruno)
        assert device.throttling_failure_count == 1, "guesses are counted although nothing else is stored"
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        right = {"verb": "approve", "word": "invia", "code": f"{totp(device.bin_key, drift=1):06}"}
        assert "Approvato" in client.post(address, right).content.decode()

    def test_an_urgent_notice_needs_no_word(self, write: Any, anna: User) -> None:
        notice = write(severity="urgent")
        lifecycle.submit(notice.pk, by=anna, now=NOW)
        answer = Client().post(address_of(link_of(notice).pk), {"verb": "approve"}).content.decode()
        assert "Approvato" in answer

    def test_an_unknown_verb_is_refused(self, emergency: Any) -> None:
        notice = emergency()
        answer = Client().post(address_of(link_of(notice).pk), {"verb": "cancel"}).content.decode()
        assert "non esiste" in answer

    def test_a_stranger_finds_nothing(self) -> None:
        assert Client().get(reverse("night", args=["boh"])).status_code == 404
