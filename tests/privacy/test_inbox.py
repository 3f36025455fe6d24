"""Conversations: off as the policy says; where there are people for it, none is called sent that is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadcasts import erasure, intake, office, purge, replies
from broadcasts.admin.inbox import outcome_of
from broadcasts.held import held_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import MessageTemplate, OfficeAnswer, Reply
from policy.models import TownProfile
from staff.models import User
from subscribers import consent
from subscribers.models import Conversation, Note, QuickAnswer, Subscriber
from tests.broadcasts.simulated import Provider, envelope, receipt, said
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
NUMBER = "393331112233"
LOST_DOG = "ho perso il cane in via Roma, l'avete visto?"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def put(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    put(TUESDAY_10)
    return put


@pytest.fixture
def writes(town: TownProfile) -> Callable[..., Subscriber]:
    """`writes("ciao", minutes=5)`: a citizen's message, taken in."""
    count = iter(range(1000))

    def make(text: str, minutes: float = 0, **more: Any) -> Subscriber:
        moment = TUESDAY_10 + timedelta(minutes=minutes)
        message = said(text, phone=NUMBER, at=moment, id=f"wamid.in{next(count)}") | more
        intake.receive(envelope(messages=[message]))
        intake.take_in()
        return Subscriber.objects.get(phone=NUMBER)

    return make


@pytest.fixture
def opened(writes: Any) -> Conversation:
    TownProfile.objects.update(inbox_open=True)
    writes("ATTIVA ISCRIZIONE", -5)
    writes(LOST_DOG)
    return Conversation.objects.get()


def told() -> list[str]:
    """The texts of every reply, oldest first."""
    bodies = Reply.objects.order_by("pk").values_list("payload", flat=True)
    return [
        body.get("text", {}).get("body") or body.get("interactive", {}).get("body", {}).get("text", "")
        for body in bodies
    ]


class TestOff:
    def test_nobody_waits_by_default(self, writes: Any, anna: User) -> None:
        writes(LOST_DOG)
        assert not Conversation.objects.exists()
        assert "nessuno" in told()[-1]
        page = Client()
        page.force_login(anna)
        html = page.get(reverse("admin:subscribers_conversation_changelist")).content.decode()
        assert "non risponde ai messaggi" in html

    def test_switched_off_again_nobody_answers(self, opened: Conversation, anna: User) -> None:
        TownProfile.objects.update(inbox_open=False)
        with pytest.raises(NotAllowed, match="policy"):
            office.answer(opened.pk, by=anna, text="Sì", now=TUESDAY_10)


class TestWaiting:
    def test_what_we_do_not_understand_waits_and_they_are_told_who_reads_it(
        self, opened: Conversation
    ) -> None:
        assert opened.waiting_since == TUESDAY_10
        assert "Lo legge l'ufficio" in told()[-1] and "112" in told()[-1]
        assert told()[-1].startswith("La tua iscrizione a WhatsEmpoli è attiva.")

    @pytest.mark.parametrize("text", ["INFO", "STOP", "ATTIVA FARMACIE", "I MIEI DATI"])
    def test_a_command_does_not(self, writes: Any, text: str) -> None:
        TownProfile.objects.update(inbox_open=True)
        writes(text)
        assert not Conversation.objects.exists()

    def test_a_second_message_waits_in_the_same_one(self, opened: Conversation, writes: Any) -> None:
        writes("è marrone", 3)
        opened.refresh_from_db()
        assert opened.waiting_since == TUESDAY_10
        assert Conversation.objects.count() == 1

    def test_a_voice_note_waits_and_is_never_opened(self, writes: Any, anna: User) -> None:
        TownProfile.objects.update(inbox_open=True)
        writes("", type="audio", audio={"id": "1", "mime_type": "audio/ogg"})
        page = Client()
        page.force_login(anna)
        address = reverse("admin:subscribers_conversation_change", args=[Conversation.objects.get().pk])
        assert "non si può ascoltare" in page.get(address).content.decode()

    def test_a_heart_does_not_wait(self, writes: Any) -> None:
        TownProfile.objects.update(inbox_open=True)
        writes("", type="reaction", reaction={"message_id": "wamid.x", "emoji": "❤"})
        assert not Conversation.objects.exists()


class TestAnswering:
    def test_within_the_window_it_leaves_and_what_became_of_it_is_shown(
        self, opened: Conversation, anna: User, meta: Provider
    ) -> None:
        answer = office.answer(opened.pk, by=anna, text="È al canile.", now=TUESDAY_10 + timedelta(hours=1))
        assert _words(answer) == ("in partenza", False)
        replies.send_pending()
        assert "È al canile." in [got.body.get("text", {}).get("body") for got in meta.ledger]
        assert _words(answer) == ("affidata a WhatsApp, non ancora arrivata", False)
        _receipt(answer, "delivered")
        assert _words(answer) == ("arrivata", False)
        opened.refresh_from_db()
        assert (opened.waiting_since, opened.assigned_to) == (None, anna)

    def test_what_did_not_arrive_is_never_shown_as_sent(
        self, opened: Conversation, anna: User, meta: Provider
    ) -> None:
        answer = office.answer(opened.pk, by=anna, text="È al canile.", now=TUESDAY_10)
        replies.send_pending()
        _receipt(answer, "failed", errors=[{"code": 131047, "title": "Re-engagement message"}])
        words, wrong = _words(answer)
        assert wrong and words.startswith("NON arrivata")
        page = Client()
        page.force_login(anna)
        assert (
            "NON arrivata"
            in page.get(reverse("admin:subscribers_conversation_change", args=[opened.pk])).content.decode()
        )
        assert (
            "una risposta non è arrivata"
            in page.get(reverse("admin:subscribers_conversation_changelist")).content.decode()
        )

    def test_outside_the_window_a_template_asks_and_the_text_waits(
        self, opened: Conversation, anna: User, writes: Any
    ) -> None:
        late = TUESDAY_10 + timedelta(hours=24)
        answer = office.answer(opened.pk, by=anna, text="È al canile.", now=late)
        assert answer.reply is None and answer.ask is not None
        assert answer.ask.payload["type"] == "template"
        assert "È al canile." not in told()
        words, wrong = _words(answer)
        assert "aspetta" in words and not wrong
        writes("sì", 24 * 60 + 5)
        assert "È al canile." in told()
        answer.refresh_from_db()
        assert answer.reply is not None

    def test_the_last_minute_of_the_window_is_outside(self, opened: Conversation) -> None:
        person = opened.subscriber
        edge = TUESDAY_10 + timedelta(hours=24)
        assert office.window_is_open(person, edge - timedelta(minutes=2))
        assert not office.window_is_open(person, edge - timedelta(seconds=30))

    def test_at_night_the_template_waits_for_service_hours(self, opened: Conversation, anna: User) -> None:
        night = (TUESDAY_10 + timedelta(days=1)).replace(hour=23)
        answer = office.answer(opened.pk, by=anna, text="Sì.", now=night)
        assert answer.ask is not None and answer.ask.not_before is not None
        wait = answer.ask.not_before - clock.real_now()
        assert timedelta(hours=9, minutes=50) < wait < timedelta(hours=10, minutes=10)

    @pytest.mark.parametrize(
        "why", ["no template", "stopped", "twice", "empty", "long", "no number", "closed"]
    )
    def test_refusals_are_sentences(self, opened: Conversation, anna: User, why: str) -> None:
        late, text = TUESDAY_10 + timedelta(hours=25), "Sì."
        match why:
            case "no template":
                MessageTemplate.objects.update(status="PAUSED")
            case "stopped":
                consent.stop(opened.subscriber, at=TUESDAY_10 + timedelta(hours=1), now=late)
            case "twice":
                office.answer(opened.pk, by=anna, text="Sì.", now=late)
            case "empty":
                text = "  \n"
            case "long":
                text = "x" * (office.MAX_TEXT + 1)
            case "no number":
                Subscriber.objects.update(phone=None, user_id=None)
            case "closed":
                office.close(opened.pk, by=anna, now=late)
        before = Reply.objects.count()
        with pytest.raises(NotAllowed):
            office.answer(opened.pk, by=anna, text=text, now=late)
        assert Reply.objects.count() == before

    def test_who_may_not(self, opened: Conversation, bruno: User) -> None:
        for call in (
            lambda: office.answer(opened.pk, by=bruno, text="Sì", now=TUESDAY_10),
            lambda: office.note(opened.pk, by=bruno, text="Sì", now=TUESDAY_10),
            lambda: office.close(opened.pk, by=bruno, now=TUESDAY_10),
        ):
            with pytest.raises(NotAllowed):
                call()

    def test_who_stopped_and_asked_is_answered_within_the_window(
        self, opened: Conversation, anna: User
    ) -> None:
        consent.stop(opened.subscriber, at=TUESDAY_10 + timedelta(minutes=1), now=TUESDAY_10)
        assert office.answer(opened.pk, by=anna, text="Sì.", now=TUESDAY_10 + timedelta(hours=1)).reply


class TestPage:
    def test_a_story_through_the_pages(self, opened: Conversation, anna: User, carla: User) -> None:
        QuickAnswer.objects.create(title="Canile", text="Il canile è in via Nuova.")
        page = Client()
        page.force_login(anna)
        inbox = page.get(reverse("admin:subscribers_conversation_changelist")).content.decode()
        assert "ancora 24 h 0 min" in inbox and NUMBER not in inbox and "••• 233" in inbox
        address = reverse("admin:subscribers_conversation_change", args=[opened.pk])
        quick = page.get(address, {"quick": QuickAnswer.objects.get().pk}).content.decode()
        assert "Il canile è in via Nuova.</textarea>" in quick and "ho perso il cane" in quick

        def do(verb: str, **data: Any) -> Any:
            where = reverse("admin:subscribers_conversation_act", args=[opened.pk, verb])
            return page.post(where, data, follow=True)

        refused = do("answer", text="x" * 3000)
        assert "troppo lunga" in refused.content.decode() and "x" * 3000 in refused.content.decode()
        do("note", text="Chiedere al canile <b>")
        assert "Chiedere al canile &lt;b&gt;" in page.get(address).content.decode()
        do("assign", to=carla.pk)
        opened.refresh_from_db()
        assert opened.assigned_to == carla
        do("answer", text="È al canile.")
        assert OfficeAnswer.objects.get().reply is not None
        assert "Chiusa." in do("close").content.decode()
        assert do("dance").status_code == 404
        assert do("answer", text="Sì").status_code == 200
        assert OfficeAnswer.objects.count() == 1

    def test_after_closing_a_new_message_opens_a_new_one(
        self, opened: Conversation, anna: User, writes: Any
    ) -> None:
        office.close(opened.pk, by=anna, now=TUESDAY_10)
        writes("e il gatto?", 10)
        assert Conversation.objects.filter(closed_at=None).count() == 1
        assert Conversation.objects.count() == 2

    def test_who_waits_longest_is_first(self, opened: Conversation, anna: User, people: Any) -> None:
        [other] = people(1)
        earlier = TUESDAY_10 - timedelta(hours=2)
        Conversation.objects.create(
            subscriber=other, opened_at=earlier, touched_at=earlier, waiting_since=earlier
        )
        page = Client()
        page.force_login(anna)
        html = page.get(reverse("admin:subscribers_conversation_changelist")).content.decode()
        assert html.index(str(other.phone)[-3:]) < html.index("233")


class TestPrivacy:
    def test_the_citizen_finds_it_among_their_data(self, opened: Conversation, anna: User) -> None:
        office.answer(opened.pk, by=anna, text="È al canile.", now=TUESDAY_10)
        office.note(opened.pk, by=anna, text="insistente", now=TUESDAY_10)
        held = held_of(opened.subscriber, TownProfile.current(), TUESDAY_10, "it", "")
        assert {one.text for one in held.office} == {"È al canile.", "insistente"}

    def test_texts_answers_and_notes_end_with_their_days(self, opened: Conversation, anna: User) -> None:
        office.answer(opened.pk, by=anna, text="È al canile.", now=TUESDAY_10)
        office.note(opened.pk, by=anna, text="nota", now=TUESDAY_10)
        gone = purge.purge(clock.real_now() + timedelta(days=400))
        assert gone["notes"] == 1
        assert not (Note.objects.exists() or OfficeAnswer.objects.exists() or Reply.objects.exists())

    def test_erasing_takes_it_all(self, opened: Conversation, anna: User) -> None:
        office.answer(opened.pk, by=anna, text="È al canile.", now=TUESDAY_10)
        erasure.erase(opened.subscriber_id, TUESDAY_10)
        assert not (Conversation.objects.exists() or OfficeAnswer.objects.exists() or Reply.objects.exists())


def _words(answer: OfficeAnswer) -> tuple[str, bool]:
    return outcome_of(OfficeAnswer.objects.select_related("reply", "ask").get(pk=answer.pk))


def _receipt(answer: OfficeAnswer, word: str, **more: Any) -> None:
    row = receipt(word, f"r:{answer.reply_id}", at=TUESDAY_10, id="wamid.out", **more)
    intake.receive(envelope(statuses=[row]))
    intake.take_in()
