"""Letters to single people: one invitation and no second, an old list, one question, promotions stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import intake
from broadcasts.letters import post, table, verbs
from broadcasts.letters.models import Letter
from broadcasts.letters.templates import LETTERS
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Delivery
from broadcasts.release import release_due
from broadcasts.render import town_of
from policy.models import TownProfile
from staff.models import AuditEntry, User
from subscribers import consent, identity
from subscribers.ledger import compare
from subscribers.models import ConsentEvent, Subscriber
from subscribers.understood import Command, from_reply_id
from tests.broadcasts.simulated import Provider, envelope, refused, said
from tests.conftest import TUESDAY_10
from whatsempoli import clock

NUMBER, PHONE = "333 111 2233", "393331112233"
NIGHT = TUESDAY_10.replace(hour=23)
pytestmark = pytest.mark.django_db


def sent(meta: Provider) -> list[tuple[str, str]]:
    """Whom the provider was asked to write to, and with which template."""
    return [(got.phone, got.body.get("template", {}).get("name", "text")) for got in meta.ledger]


class TestInvitation:
    def test_it_leaves_once_and_nothing_else_until_they_answer(
        self, meta: Provider, clock_at: Any, anna: User, write: Any, approve: Any
    ) -> None:
        letter = verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        assert letter.subscriber.state == Subscriber.State.INVITED
        assert post.send_pending(TUESDAY_10, TUESDAY_10) == 1
        assert post.send_pending(TUESDAY_10, TUESDAY_10) == 0
        approve(write(topic="protezione-civile", severity="emergency"))
        release_due(TUESDAY_10)
        assert not Delivery.objects.exists()
        assert sent(meta) == [(PHONE, "servizio_invito_v1")]
        assert PHONE not in str(AuditEntry.objects.values_list("target", "detail"))

    def test_never_twice_whoever_asks(self, anna: User, clock_at: Any) -> None:
        verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        for later in (TUESDAY_10, TUESDAY_10 + timedelta(days=400)):
            with pytest.raises(NotAllowed, match="già stata invitata"):
                verbs.invite("+39 333 1112233", by=anna, now=later)
        assert Letter.objects.count() == 1

    def test_it_waits_for_the_service_hours(self, meta: Provider, clock_at: Any, anna: User) -> None:
        verbs.invite(NUMBER, by=anna, now=NIGHT)
        assert post.send_pending(NIGHT, NIGHT) == 0
        assert post.send_pending(TUESDAY_10, NIGHT) == 1

    def test_who_is_in_or_has_left_is_not_invited(self, anna: User, clock_at: Any) -> None:
        person = identity.find(PHONE, None, create=True)
        assert person is not None
        consent.join(person, at=TUESDAY_10, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="già iscritta"):
            verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        consent.stop(person, at=TUESDAY_10 + timedelta(minutes=1), now=TUESDAY_10 + timedelta(minutes=1))
        identity.bind([person])
        Subscriber.objects.filter(pk=person.pk).update(phone=None)  # reduced to a hash meanwhile
        with pytest.raises(NotAllowed, match="ha lasciato"):
            verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        assert Subscriber.objects.get(pk=person.pk).phone is None

    @pytest.mark.parametrize("number", ["", "ciao", "12", "0000", "'; DROP TABLE"])
    def test_no_number_is_a_sentence(self, anna: User, number: str) -> None:
        with pytest.raises(NotAllowed):
            verbs.invite(number, by=anna, now=TUESDAY_10)
        assert not Subscriber.objects.exists()

    def test_only_who_may(self, bruno: User) -> None:
        with pytest.raises(NotAllowed):
            verbs.invite(NUMBER, by=bruno, now=TUESDAY_10)

    def test_who_joined_meanwhile_gets_no_letter(self, meta: Provider, clock_at: Any, anna: User) -> None:
        letter = verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        consent.join(letter.subscriber, at=TUESDAY_10, now=TUESDAY_10)
        assert post.send_pending(TUESDAY_10, TUESDAY_10) == 0
        letter.refresh_from_db()
        assert (letter.state, sent(meta)) == (Letter.State.SKIPPED, [])

    def test_a_number_without_whatsapp_and_a_template_in_review(
        self, meta: Provider, clock_at: Any, anna: User
    ) -> None:
        letter = verbs.invite(NUMBER, by=anna, now=TUESDAY_10)
        meta.answer = refused(132001, 404)  # the template does not exist yet
        post.send_pending(TUESDAY_10, TUESDAY_10)
        letter.refresh_from_db()
        assert letter.state == Letter.State.PENDING
        assert post.send_pending(TUESDAY_10, TUESDAY_10) == 0  # not at once again
        meta.answer = refused(131026)
        post.send_pending(TUESDAY_10, TUESDAY_10 + timedelta(minutes=5))
        letter.refresh_from_db()
        assert letter.state == Letter.State.FAILED
        assert letter.error


LIST = "numero;prova;data\n333 111 2233;modulo 12;15/01/2026\n+39 340 1234567;;\n3401234567;;\n"


class TestOldList:
    def test_by_proof_or_by_the_same_invitation(self, anna: User, clock_at: Any) -> None:
        reading = table.read(LIST, TUESDAY_10)
        assert not reading.problems
        done = verbs.take_list(list(reading.entries), by=anna, now=TUESDAY_10, source="2015")
        assert done == verbs.Imported(joined=1, invited=1, left_alone=0)
        proven = Subscriber.objects.get(phone=PHONE)
        assert proven.state == Subscriber.State.ACTIVE
        joined = ConsentEvent.objects.get(subject=proven.subject, act="join")
        assert (joined.channel, joined.command) == ("import", "prova: modulo 12")
        assert f"{joined.at:%d/%m/%Y}" == "14/01/2026"  # midnight in Rome, in UTC
        assert Subscriber.objects.get(phone="393401234567").state == Subscriber.State.INVITED
        assert compare() == []

    def test_taking_it_again_changes_nothing(self, anna: User, clock_at: Any) -> None:
        entries = list(table.read(LIST, TUESDAY_10).entries)
        verbs.take_list(entries, by=anna, now=TUESDAY_10, source="2015")
        events = ConsentEvent.objects.count()
        again = verbs.take_list(entries, by=anna, now=TUESDAY_10, source="2015")
        assert again == verbs.Imported(left_alone=2)
        assert (ConsentEvent.objects.count(), Letter.objects.count()) == (events, 1)

    def test_a_stop_is_younger_than_any_list(self, anna: User, clock_at: Any) -> None:
        consent.stop_by_identity(PHONE, None, at=TUESDAY_10, now=TUESDAY_10, message_id="m", command="stop")
        entries = list(table.read(LIST.replace("2026", "2025"), TUESDAY_10).entries)
        verbs.take_list(entries[:1], by=anna, now=TUESDAY_10, source="2015")
        assert Subscriber.objects.get(phone=PHONE).state == Subscriber.State.STOPPED

    @pytest.mark.parametrize(
        ("text", "row", "column"),
        [
            ("", 1, ""),
            ("telefono\n333", 1, "numero"),
            ("numero\nciao", 2, "numero"),
            ("numero,prova,data\n3331112233,modulo 1,", 2, "data"),
            ("numero,prova,data\n3331112233,,15/01/2026", 2, "prova"),
            ("numero,prova,data\n3331112233,modulo,31/02/2026", 2, "data"),
            ("numero,prova,data\n3331112233,modulo,15/01/2036", 2, "data"),
        ],
    )
    def test_what_is_wrong_is_said_by_row_and_column(self, text: str, row: int, column: str) -> None:
        (problem,) = table.read(text, TUESDAY_10).problems
        assert (problem.row, problem.column) == (row, column)
        assert problem.words


def test_the_narrow_list_is_asked_once(meta: Provider, clock_at: Any, anna: User, people: Any) -> None:
    entries = list(table.read(LIST, TUESDAY_10).entries)[:1]
    verbs.take_list(entries, by=anna, now=TUESDAY_10, source="gennaio", narrow=True)
    people(2, "protezione-civile")  # joined otherwise: not asked
    person = Subscriber.objects.get(phone=PHONE)
    assert [topic.slug for topic in person.categories.all()] == ["protezione-civile"]
    assert verbs.ask_more(by=anna, now=TUESDAY_10) == 1
    assert verbs.ask_more(by=anna, now=TUESDAY_10 + timedelta(days=40)) == 0
    assert post.send_pending(NIGHT, NIGHT) == 0
    assert post.send_pending(TUESDAY_10, TUESDAY_10) == 1
    assert sent(meta) == [(PHONE, "servizio_altri_argomenti_v1")]


class TestPromotionsStopped:
    def prefer(self, value: str, at: Any) -> bytes:
        item = {
            "wa_id": PHONE,
            "value": value,
            "timestamp": int(at.timestamp()),
            "category": "marketing_messages",
        }
        return envelope("user_preferences", user_preferences=[item])

    def test_it_is_told_with_the_way_out_and_the_rest_goes_on(
        self,
        meta: Provider,
        clock_at: Callable[..., None],
        town: TownProfile,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(clock, "real_now", lambda: TUESDAY_10 + timedelta(minutes=1))
        joined = envelope(messages=[said("attiva eventi", phone=PHONE, at=TUESDAY_10)])
        for body in (joined, self.prefer("stop", TUESDAY_10 + timedelta(minutes=1))):
            intake.receive(body)
            intake.take_in(seconds=1)
        person = Subscriber.objects.get(phone=PHONE)
        assert [topic.slug for topic in person.categories.all()] == ["protezione-civile"]
        assert person.state == Subscriber.State.ACTIVE
        clock_at(NIGHT)
        assert post.send_pending(NIGHT, NIGHT) == 1  # an answer to what they did
        (got,) = meta.ledger
        text = str(got.body)
        assert "continu" in text
        assert "cmd:stop" in text
        intake.receive(self.prefer("stop", TUESDAY_10 + timedelta(minutes=2)))
        intake.take_in(seconds=1)
        assert post.send_pending(NIGHT, NIGHT) == 0

    def test_who_wrote_long_ago_gets_the_template(
        self, meta: Provider, clock_at: Any, people: Callable[..., list[Subscriber]]
    ) -> None:
        (person,) = people(1, "acqua", "eventi", phone=PHONE)
        letter = verbs.tell_promotions_stopped(
            person, now=TUESDAY_10, real_now=TUESDAY_10, payload={"type": "text"}
        )
        assert letter is not None
        assert letter.payload is None
        post.send_pending(TUESDAY_10, TUESDAY_10)
        assert sent(meta) == [(PHONE, "servizio_promozioni_fermate_v1")]

    def test_resuming_and_who_is_out_are_told_nothing(self, clock_at: Any, town: TownProfile) -> None:
        intake.receive(self.prefer("resume", TUESDAY_10))
        consent.stop_by_identity(PHONE, None, at=TUESDAY_10, now=TUESDAY_10, message_id="m", command="stop")
        intake.receive(self.prefer("stop", TUESDAY_10))
        intake.take_in(seconds=1)
        assert not Letter.objects.exists()


def test_every_letter_fits_the_provider_and_its_buttons_are_understood(town: TownProfile) -> None:
    assert set(LETTERS) == set(Letter.Kind)
    for template in LETTERS.values():
        for language in ("it", "en"):
            body, buttons = template.components(language, town_of(town))
            assert len(body["text"]) <= 1024
            assert "[[" not in body["text"]
            assert town.name in body["text"][:40]
            assert all(len(button["text"]) <= 25 for button in buttons["buttons"])
        for payload, _titles in template.replies:
            assert from_reply_id(payload).command is not Command.NONE
