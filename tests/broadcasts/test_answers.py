"""What answers say: in or out first, where the rules are, one button, within the provider's limits."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from broadcasts import answer_words, answers, reconsent
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.live import live_town
from policy.models import Category, TownProfile
from subscribers import acts, consent, identity
from subscribers.commands import Command, from_reply_id
from subscribers.conversation import (
    Answer,
    Ask,
    Choose,
    Colours,
    Enough,
    Info,
    Joined,
    Languages,
    MarketingStopped,
    More,
    MyData,
    Near,
    Nothing,
    NotUnderstood,
    Stopped,
    TopicOff,
    TopicOn,
    Why,
    Zones,
)
from subscribers.models import Subscriber
from tests.conftest import TUESDAY_10

PHONE, SITE = "393331112233", "https://avvisi.example.org"
ALL_TOPICS = ("protezione-civile", "viabilita", "farmacie", "acqua", "scuole", "scadenze", "eventi")
EVERY: list[Answer] = [
    Joined(active=True, already=False, topics=ALL_TOPICS),
    Joined(active=True, already=True, topics=ALL_TOPICS),
    Stopped(active=False, already=False),
    Stopped(active=False, already=True),
    TopicOn(active=True, topic="farmacie", rejoined=False, topics=ALL_TOPICS),
    TopicOn(active=True, topic="farmacie", rejoined=True, topics=("protezione-civile", "farmacie")),
    TopicOff(active=True, topic="farmacie", topics=()),
    TopicOff(active=True, topic="protezione-civile", topics=ALL_TOPICS[1:]),
    TopicOff(active=False, topic="farmacie", topics=()),
    MarketingStopped(active=True, topics=ALL_TOPICS[:6]),
    MarketingStopped(active=False, topics=()),
    *(Ask(active=active, topic=topic) for topic in ALL_TOPICS for active in (True, False)),
    Info(active=True),
    Info(active=False),
    Choose(active=True),
    Choose(active=False),
    MyData(active=True),
    MyData(active=False),
    Why(active=True),
    Why(active=False),
    More(active=True),
    More(active=False),
    *(Zones(active=True, page=page, changed=changed) for page in range(4) for changed in (True, False)),
    *(Languages(active=active, changed=changed) for active in (True, False) for changed in (True, False)),
    *(Colours(active=True, changed=changed) for changed in (True, False)),
    Enough(active=True),
    Enough(active=False),
    *(
        NotUnderstood(active=active, kind=kind)
        for kind in ("image", "video", "document", "sticker", "location", "contacts", "call", "unsupported")
        for active in (True, False)
    ),
    *(
        Near(active=active, topic=topic, wants=wants)
        for wants in (None, *Command)
        for topic in (None, "farmacie", "piscine")
        for active in (True, False)
    ),
    NotUnderstood(active=True, kind="audio"),
    NotUnderstood(active=False, kind="text", danger=True),
]


@pytest.fixture
def citizen(town: TownProfile) -> Subscriber:
    person = identity.find(PHONE, None, create=True)
    assert person is not None
    consent.join(person, at=TUESDAY_10, now=TUESDAY_10, command="start", message_id="m")
    return person


def said(answer: Answer, person: Subscriber, now: datetime = TUESDAY_10) -> answers.Content:
    content = answers.compose(answer, subscriber=person, town=live_town(TUESDAY_10), now=now, site_url=SITE)
    assert content is not None
    return content


def text_of(content: answers.Content) -> str:
    text: str = content.payload["interactive"]["body"]["text"]
    return text


def buttons_of(content: answers.Content) -> list[tuple[str, str]]:
    action = content.payload["interactive"]["action"]
    if "sections" in action:
        return [(row["id"], row["title"]) for part in action["sections"] for row in part["rows"]]
    return [(button["reply"]["id"], button["reply"]["title"]) for button in action["buttons"]]


@pytest.mark.parametrize("language", ["it", "en"])
class TestEveryAnswer:
    """All in one test a language: the town is set up once."""

    def test_keeps_the_rules(self, citizen: Subscriber, language: str) -> None:
        citizen.language = language
        for answer in EVERY:
            content = said(answer, citizen)
            text = text_of(content)
            lines = text.splitlines()
            if isinstance(answer, NotUnderstood) and answer.danger:
                assert "112" in lines[0], answer
                del lines[:2]
            standing = answer_words.STANDING[answer.active][language].format(service="WhatsEmpoli")
            assert lines[0] == standing, answer
            assert f"{SITE}{'/en' if language == 'en' else ''}/policy/" in text, answer
            assert ("STOP" in lines[-1]) is answer.active, answer
            assert len(text) <= (4096 if "sections" in content.payload["interactive"]["action"] else 1024), (
                answer
            )
            assert not re.search(r"[{}!]|None|…", text), answer
            assert not {"to", "recipient"} & set(content.payload), answer
            assert len(content.wording) <= 40

    def test_every_button_is_understood(self, citizen: Subscriber, language: str) -> None:
        citizen.language = language
        for answer in EVERY:
            buttons = buttons_of(said(answer, citizen))
            assert buttons, answer
            for reply_id, _title in buttons:
                assert from_reply_id(reply_id).command is not Command.NONE, answer


class TestWords:
    def test_both_languages_say_the_same_things(self) -> None:
        def fields(text: str) -> set[str]:
            return {name for _t, name, _f, _c in string.Formatter().parse(text) if name}

        tables: dict[str, dict[str, str]] = (
            answer_words.WORDINGS | answer_words.BUTTONS | answer_words.THINGS | answer_words.SMALL
        )
        for key, words in tables.items():
            assert set(words) == {"it", "en"}, key
            assert fields(words["it"]) == fields(words["en"]), key

    def test_what_the_ledger_names_exists(self) -> None:
        written = {*answer_words.WORDINGS, reconsent.ASKED, reconsent.CONFIRMED}
        assert set(acts.WORDINGS.values()) <= written

    def test_nothing_is_nothing(self, citizen: Subscriber) -> None:
        assert (
            answers.compose(
                Nothing(active=True),
                subscriber=citizen,
                town=live_town(TUESDAY_10),
                now=TUESDAY_10,
                site_url=SITE,
            )
            is None
        )

    def test_a_town_of_many_words_stays_within_the_limits(self, citizen: Subscriber) -> None:
        town = live_town(TUESDAY_10)
        profile = town.profile
        profile.office, profile.name, profile.service_name = "Ufficio {x} " * 10, "Comune " * 11, "W" * 40
        for answer in EVERY:
            content = answers.compose(
                answer, subscriber=citizen, town=town, now=TUESDAY_10, site_url="https://" + "a" * 150
            )
            assert content is not None
            most = 4096 if "sections" in content.payload["interactive"]["action"] else 1024
            assert len(text_of(content)) <= most
            assert "/policy/" in text_of(content)


class TestWelcome:
    def test_says_what_how_often_and_what_next(self, citizen: Subscriber) -> None:
        content = said(Joined(active=True, already=False, topics=("protezione-civile", "farmacie")), citizen)
        text = text_of(content)
        assert "Protezione civile, Farmacie di turno" in text
        assert "4/5 messaggi al mese" in text
        assert "112" in text
        assert buttons_of(content) == [("cmd:choose", "Scegli argomenti")]
        assert content.wording == "joined-2"


class TestChoose:
    def test_shows_what_is_on(self, citizen: Subscriber) -> None:
        rows = dict(buttons_of(said(Choose(active=True), citizen)))
        assert len(rows) == 10
        assert rows["topic:viabilita:off"] == "✓ Viabilità"
        assert rows["topic:eventi:on"] == "Eventi"
        assert {"cmd:zones", "cmd:colours", "cmd:languages"} <= rows.keys()

    def test_nothing_is_on_for_who_is_out(self, citizen: Subscriber) -> None:
        consent.stop(citizen, at=TUESDAY_10 + timedelta(minutes=1), now=TUESDAY_10 + timedelta(minutes=1))
        rows = dict(buttons_of(said(Choose(active=False), citizen)))
        assert not [title for title in rows.values() if title.startswith("✓")]
        assert "cmd:start" in rows

    def test_a_town_with_many_topics(self, citizen: Subscriber) -> None:
        for n in range(20):
            Category.objects.create(slug=f"altro-{n}", name=f"Un argomento dal nome lungo {n}", order=50 + n)
        seen: set[str] = set()
        for page in range(5):
            rows = buttons_of(said(Choose(active=True, page=page), citizen))
            assert len(rows) <= 10
            assert all(len(title) <= 24 for _id, title in rows)
            seen |= {reply_id for reply_id, _title in rows if reply_id.startswith("topic:")}
        assert len(seen) == 27


class TestWhyAndData:
    def test_why_gives_topic_date_and_policy(self, citizen: Subscriber) -> None:
        text = text_of(said(Why(active=True), citizen))
        assert "Viabilità: da martedì 24 novembre 2026" in text
        assert "versione 1" in text

    def test_the_number_is_masked(self, citizen: Subscriber) -> None:
        text = text_of(said(MyData(active=True), citizen))
        assert PHONE not in text
        assert PHONE[2:] not in text
        assert "33)" in text


@pytest.fixture
def leaves(write: Callable[..., Broadcast]) -> Callable[..., Broadcast]:
    """A notice that is leaving or has left."""

    def make(state: State = State.SENT, **changes: Any) -> Broadcast:
        broadcast = write(**changes)
        broadcast.state, broadcast.started_at = state, TUESDAY_10
        broadcast.save()
        return broadcast

    return make


class TestAsking:
    def test_what_is_in_force(self, citizen: Subscriber, leaves: Callable[..., Broadcast]) -> None:
        notice = leaves(title="Manca l'acqua a Pozzale")
        content = said(Ask(active=True, topic="acqua"), citizen)
        assert "*Manca l'acqua a Pozzale*" in text_of(content)
        assert f"{SITE}/a/{notice.code}/" in text_of(content)
        assert content.wording == "ask-1"

    def test_not_what_is_over_not_begun_or_of_another_topic(
        self, citizen: Subscriber, leaves: Callable[..., Broadcast], write: Callable[..., Broadcast]
    ) -> None:
        leaves(title="Vecchio", valid_until=TUESDAY_10 + timedelta(hours=1))
        leaves(title="Fermato", state=State.CANCELLED)
        leaves(title="Altro", topic="scuole")
        write(title="Bozza")
        later = TUESDAY_10 + timedelta(hours=2)
        assert said(Ask(active=True, topic="acqua"), citizen, later).wording == "ask-none-1"

    def test_many_notices_stay_within_the_limit(
        self, citizen: Subscriber, leaves: Callable[..., Broadcast]
    ) -> None:
        for n in range(8):
            leaves(
                title=f"Lavori {n} " + "x" * 100,
                fields={"title": f"Lavori {n} " + "x" * 100, "text": "parola " * 60},
            )
        text = text_of(said(Ask(active=True, topic="acqua"), citizen))
        assert len(text) <= 1024
        assert text.count("/a/") <= 3

    def test_the_pharmacy_on_duty_today(self, citizen: Subscriber, leaves: Callable[..., Broadcast]) -> None:
        days = [TUESDAY_10.date() + timedelta(days=n) for n in range(7)]
        rota = leaves(
            kind="pharmacy_week",
            topic="farmacie",
            title="Turni",
            fields={
                "week_from": days[0].isoformat(),
                "shifts": [{"date": d.isoformat(), "pharmacies": [f"Farmacia {d.day}"]} for d in days],
                "night": "dalle 20 alle 8 a battenti chiusi.",
            },
        )
        content = said(Ask(active=False, topic="farmacie"), citizen, TUESDAY_10 + timedelta(days=1))
        text = text_of(content)
        assert "mercoledì 25 novembre: Farmacia 25." in text
        assert "dalle 20 alle 8 a battenti chiusi." in text
        assert rota.code in text
        assert buttons_of(content) == [("cmd:start", "Attiva iscrizione")]
        assert said(Ask(active=True, topic="farmacie"), citizen, TUESDAY_10 + timedelta(days=9)).wording != (
            "ask-pharmacy-1"
        )

    def test_midnight_is_the_town_s(self, citizen: Subscriber, leaves: Callable[..., Broadcast]) -> None:
        shifts = [{"date": "2026-11-25", "pharmacies": ["Farmacia di mercoledì"]}]
        leaves(
            kind="pharmacy_week",
            topic="farmacie",
            title="Turni",
            fields={"week_from": "2026-11-24", "shifts": shifts, "night": ""},
        )
        past_midnight = TUESDAY_10.replace(hour=0, minute=30) + timedelta(days=1)
        text = text_of(said(Ask(active=True, topic="farmacie"), citizen, past_midnight))
        assert "Farmacia di mercoledì" in text

    def test_a_rota_that_was_corrected_is_not_quoted(
        self, citizen: Subscriber, leaves: Callable[..., Broadcast]
    ) -> None:
        rota = leaves(
            kind="pharmacy_week",
            topic="farmacie",
            title="Turni",
            fields={
                "week_from": "2026-11-24",
                "shifts": [{"date": "2026-11-24", "pharmacies": ["Sbagliata"]}],
                "night": "",
            },
        )
        fixed = leaves(
            kind="correction",
            topic="farmacie",
            title="Rettifica",
            fields={"text": "Oggi è di turno la Castellani."},
            refers_to=rota,
            severity="urgent",
        )
        content = said(Ask(active=True, topic="farmacie"), citizen)
        assert content.wording == "ask-1"
        assert fixed.code in text_of(content)

    def test_an_exercise_says_so(self, citizen: Subscriber, leaves: Callable[..., Broadcast]) -> None:
        leaves(title="Prova di evacuazione", topic="protezione-civile", exercise=True)
        assert "ESERCITAZIONE" in text_of(said(Ask(active=True, topic="protezione-civile"), citizen))
