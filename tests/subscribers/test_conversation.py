"""What a message does and which value answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from policy.models import TownProfile
from policy.rules import SHIPPED, topic_words
from subscribers import consent, identity
from subscribers.commands import Command, Understood, from_reply_id, understand
from subscribers.conversation import (
    MOST_ANSWERS_AN_HOUR,
    Answer,
    Ask,
    Choose,
    Colours,
    Enough,
    Info,
    Joined,
    Languages,
    MarketingStopped,
    MyData,
    Near,
    Nothing,
    NotUnderstood,
    Stopped,
    TopicOff,
    TopicOn,
    Why,
    Zones,
    hear,
)
from subscribers.danger import sounds_dangerous
from subscribers.models import ConsentEvent, InboundMessage, Subscriber
from tests.conftest import TUESDAY_10

PHONE = "393331112233"
Say = Callable[..., Answer]


@pytest.fixture
def say(town: TownProfile) -> Say:
    """`say("STOP", 5)`: what a citizen writes, five minutes after ten, through the real recognition."""

    def write(
        text: str, minutes: int = 0, *, tap: str = "", kind: str = "text", phone: str = PHONE
    ) -> Answer:
        at = TUESDAY_10 + timedelta(minutes=minutes)
        understood = from_reply_id(tap) if tap else understand(text, topics=topic_words(SHIPPED))
        id = f"m{InboundMessage.objects.count()}"
        if understood.command is Command.STOP:  # as the webhook does
            consent.stop_by_identity(phone, None, at=at, now=at, message_id=id, command="stop")
        person = identity.find(phone, None, create=True)
        assert person is not None
        InboundMessage.objects.create(
            message_id=id, subscriber=person, sent_at=at, kind=kind, text=text, command=understood.command
        )
        return hear(person, understood, at=at, now=at, message_id=id, kind=kind)

    return write


def me() -> Subscriber:
    return Subscriber.objects.get(phone=PHONE)


class TestInAndOut:
    def test_join_then_again(self, say: Say) -> None:
        first = say("ATTIVA ISCRIZIONE")
        assert isinstance(first, Joined)
        assert (first.active, first.already) == (True, False)
        assert first.topics[0] == "protezione-civile"
        again = say("attiva iscrizione", 1)
        assert isinstance(again, Joined)
        assert again.already

    def test_a_stop_that_the_webhook_applied_is_no_stop_twice(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        assert say("STOP", 1) == Stopped(active=False, already=False)
        assert say("STOP", 2) == Stopped(active=False, already=True)

    def test_a_stranger_who_leaves_was_out(self, say: Say) -> None:
        assert say("STOP") == Stopped(active=False, already=True)

    def test_a_replayed_start_says_how_things_stand(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        say("STOP", 10)
        assert say("ATTIVA ISCRIZIONE", 5) == Stopped(active=False, already=True)
        assert me().state == Subscriber.State.STOPPED

    def test_a_replayed_stop_says_that_one_is_in(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE", 10)
        answer = say("STOP", 5)
        assert isinstance(answer, Joined)
        assert (answer.active, answer.already) == (True, True)

    def test_thanks_after_leaving_brings_nobody_back(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        say("STOP", 1)
        answer = say("grazie", 2)
        assert isinstance(answer, NotUnderstood)
        assert answer.active is False
        assert me().state == Subscriber.State.STOPPED

    def test_a_stop_in_a_caption_counts(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        assert isinstance(say("STOP", 1, kind="image"), Stopped)

    def test_english_joins_in_english_and_a_tap_does_not_change_it(self, say: Say) -> None:
        say("subscribe")
        assert me().language == "en"
        say("STOP", 1)
        say("", 2, tap="cmd:start", kind="interactive")
        assert (me().state, me().language) == (Subscriber.State.ACTIVE, "en")


class TestTopics:
    def test_a_topic_brings_back_who_had_left_and_says_so(self, say: Say) -> None:
        say("STOP")
        answer = say("ATTIVA FARMACIE", 1)
        assert isinstance(answer, TopicOn)
        assert answer.rejoined
        assert set(answer.topics) == {"protezione-civile", "farmacie"}

    def test_off_and_on(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        off = say("FARMACIE NO", 1)
        assert isinstance(off, TopicOff)
        assert off.active
        assert "farmacie" not in off.topics
        on = say("", 2, tap="topic:farmacie:on", kind="interactive")
        assert isinstance(on, TopicOn)
        assert not on.rejoined
        assert "farmacie" in on.topics

    def test_a_late_topic_of_who_left_says_how_things_stand(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        say("STOP", 10)
        assert say("ATTIVA FARMACIE", 5) == Stopped(active=False, already=True)

    def test_leaving_a_topic_when_out(self, say: Say) -> None:
        answer = say("FARMACIE NO")
        assert isinstance(answer, TopicOff)
        assert (answer.active, answer.topics) == (False, ())

    def test_a_button_of_a_topic_that_is_no_more(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        answer = say("", 1, tap="topic:piscine:on", kind="interactive")
        assert isinstance(answer, NotUnderstood)
        assert answer.active

    def test_promotions(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        say("EVENTI SI", 1)
        answer = say("STOP PROMOZIONI", 2)
        assert isinstance(answer, MarketingStopped)
        assert answer.active
        assert "eventi" not in answer.topics
        assert "viabilita" in answer.topics


class TestQuestions:
    @pytest.mark.parametrize(
        ("text", "answer"),
        [("INFO", Info), ("SCEGLI", Choose), ("I MIEI DATI", MyData), ("PERCHÉ", Why), ("FARMACIA", Ask)],
    )
    def test_who_is_out_may_ask_and_stays_out(self, say: Say, text: str, answer: type[Answer]) -> None:
        heard = say(text)
        assert isinstance(heard, answer)
        assert heard.active is False
        assert me().state == Subscriber.State.STOPPED
        assert ConsentEvent.objects.count() == 0

    def test_a_near_miss_does_nothing_and_says_what_it_is_near(self, say: Say) -> None:
        answer = say("vorrei iscrivermi")
        assert isinstance(answer, Near)
        assert answer.wants is Command.START
        assert me().state == Subscriber.State.STOPPED


class TestNoise:
    def test_once_a_day(self, say: Say) -> None:
        assert isinstance(say("ho perso il cane"), NotUnderstood)
        assert say("davvero", 30) == Nothing(active=False)
        assert say("", 60, kind="audio") == Nothing(active=False)
        assert isinstance(say("ci siete", 24 * 60 + 1), NotUnderstood)

    def test_a_clock_set_back_does_not_silence_for_ever(self, say: Say) -> None:
        say("ho perso il cane", 60 * 24 * 9)
        assert isinstance(say("e il gatto"), NotUnderstood)

    def test_danger_is_answered_every_time(self, say: Say) -> None:
        say("buongiorno")
        for minutes in (1, 2):
            answer = say("c'è un incendio in via Roma", minutes)
            assert isinstance(answer, NotUnderstood)
            assert answer.danger

    def test_commands_are_answered_after_noise(self, say: Say) -> None:
        say("buongiorno")
        assert isinstance(say("ATTIVA ISCRIZIONE", 1), Joined)

    @pytest.mark.parametrize("kind", ["reaction", "system", "edit", "revoke"])
    def test_reactions_get_no_answer(self, say: Say, kind: str) -> None:
        assert say("", kind=kind) == Nothing(active=False)

    @pytest.mark.parametrize("kind", ["image", "audio", "video", "sticker", "location", "unsupported", "new"])
    def test_what_nobody_opens_is_answered(self, say: Say, kind: str) -> None:
        assert say("", kind=kind) == NotUnderstood(active=False, kind=kind)

    def test_two_robots_fall_silent_and_a_stop_is_still_confirmed(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        answers = [say("INFO", 1) for _ in range(MOST_ANSWERS_AN_HOUR + 5)]
        assert isinstance(answers[0], Info)
        assert answers[-1] == Nothing(active=True)
        assert say("STOP", 2) == Stopped(active=False, already=False)
        assert say("STOP", 3) == Nothing(active=False)
        assert me().state == Subscriber.State.STOPPED
        assert isinstance(say("INFO", 90), Info)


class TestDangerWords:
    @pytest.mark.parametrize(
        "text",
        [
            "INCENDIO in via Roma",
            "c'è puzza di gas!!",
            "si è allagata la cantina",
            "mio padre è ferito",
            "aiuto urgente",
            "è crollato un muro",
            "there is a fire",
        ],
    )
    def test_near(self, text: str) -> None:
        assert sounds_dangerous(text)

    @pytest.mark.parametrize("text", ["grazie", "ho perso il cane", "buongiorno a tutti", "", "👍", "\x00"])
    def test_not_near(self, text: str) -> None:
        assert not sounds_dangerous(text)


@pytest.mark.django_db
class TestHostile:
    @pytest.mark.parametrize("topic", ["", "x" * 900, "'; DROP TABLE", "acqua\n"])
    def test_topics_that_are_none(self, town: TownProfile, topic: str) -> None:
        person = identity.find(PHONE, None, create=True)
        assert person is not None
        told: dict[str, Any] = {"at": TUESDAY_10, "now": TUESDAY_10, "message_id": "m", "kind": "interactive"}
        for command in (Command.TOPIC_ON, Command.TOPIC_OFF, Command.ASK):
            answer = hear(person, Understood(command, topic), **told)
            assert isinstance(answer, (NotUnderstood, Nothing))

    def test_a_time_from_the_future_does_not_lock_the_door(self, town: TownProfile) -> None:
        person = identity.find(PHONE, None, create=True)
        assert person is not None
        far = datetime(9000, 1, 1, tzinfo=TUESDAY_10.tzinfo)
        hear(person, Understood(Command.START), at=far, now=TUESDAY_10, message_id="m", kind="text")
        later = TUESDAY_10 + timedelta(minutes=1)
        assert consent.stop(person, at=later, now=later) is True


class TestChoosing:
    def test_zones_are_added_left_and_left_all(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        answer = say("", 1, tap="zone:avane:on")
        assert isinstance(answer, Zones)
        assert (answer.page, answer.changed) == (2, True)  # the page that shows it
        say("", 2, tap="zone:pagnana:on")
        say("", 3, tap="zone:avane:off")
        assert [zone.slug for zone in me().zones.all()] == ["pagnana"]
        say("", 4, tap="cmd:whole_town")
        assert not me().zones.exists()

    def test_an_old_list_changes_nothing(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        assert say("", 1, tap="zone:atlantide:on") == Zones(active=True)
        assert say("", 2, tap="colour:viola") == Colours(active=True)
        assert say("", 3, tap="speak:fr") == Languages(active=True)
        assert (me().lowest_colour, me().language) == (1, "it")

    def test_the_colour_and_the_language(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        assert say("", 1, tap="colour:rossa") == Colours(active=True, changed=True)
        assert say("english please", 2) == Languages(active=True, changed=True)
        assert (me().lowest_colour, me().language) == (3, "en")

    def test_who_is_out_chooses_no_zone_but_may_choose_the_language(self, say: Say) -> None:
        assert say("zone") == Stopped(active=False, already=True)
        say("", 1, tap="zone:avane:on")
        assert not me().zones.exists()
        assert say("", 2, tap="speak:en") == Languages(active=False, changed=True)

    def test_no_more_topics_is_no_stop(self, say: Say) -> None:
        say("ATTIVA ISCRIZIONE")
        assert say("", 1, tap="cmd:enough") == Enough(active=True)
        assert me().state == Subscriber.State.ACTIVE


class TestInvited:
    @pytest.fixture
    def invited(self, town: TownProfile) -> Subscriber:
        return Subscriber.objects.create(phone=PHONE, state=Subscriber.State.INVITED)

    def test_yes_is_offered_the_thing_in_one_tap(self, invited: Subscriber, say: Say) -> None:
        answer = say("Sì, volentieri!")
        assert isinstance(answer, Near)
        assert answer.wants is Command.START
        assert me().state == Subscriber.State.INVITED

    @pytest.mark.parametrize("words", ["no", "No grazie", "non mi interessa", "STOP"])
    def test_no_is_no(self, invited: Subscriber, say: Say, words: str) -> None:
        assert isinstance(say(words), Stopped)
        assert me().state == Subscriber.State.STOPPED

    def test_the_command_joins(self, invited: Subscriber, say: Say) -> None:
        answer = say("attiva iscrizione")
        assert isinstance(answer, Joined)
        assert not answer.already

    def test_anything_else_leaves_them_invited(self, invited: Subscriber, say: Say) -> None:
        say("chi siete?")
        say("ok va bene ma ditemi di più", 1)
        assert me().state == Subscriber.State.INVITED


class TestNoLoop:
    def test_the_same_within_seconds_is_answered_once(self, say: Say) -> None:
        first = say("ATTIVA ISCRIZIONE")
        assert isinstance(first, Joined)
        assert all(isinstance(say("ATTIVA ISCRIZIONE"), Nothing) for _again in range(5))
        assert isinstance(say("STOP"), Stopped)
        assert isinstance(say("STOP"), Nothing)

    def test_two_robots_fall_silent(self, say: Say) -> None:
        """A machine that answers each answer of ours with a command, all day long."""
        answers = [say("info", minutes) for minutes in range(0, 1440, 2)]
        spoken = [answer for answer in answers if not isinstance(answer, Nothing)]
        assert len(spoken) <= 60
        assert isinstance(say("ATTIVA ISCRIZIONE", 1441), Joined)  # a change is always told
        assert isinstance(say("STOP", 1442), Stopped)


def test_danger_comes_first_whatever_was_asked(say: Say) -> None:
    assert say("acqua? c'è un incendio").danger
    assert say("farmacia").danger is False


def test_a_message_edited_into_a_command_is_one(say: Say) -> None:
    say("ATTIVA ISCRIZIONE")
    assert isinstance(say("grazie!", 1, kind="edit"), Nothing)
    assert isinstance(say("STOP", 2, kind="edit"), Stopped)
    assert isinstance(say("👍", 3, kind="reaction"), Nothing)
