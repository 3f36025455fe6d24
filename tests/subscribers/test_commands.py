"""What citizens write, and what it must do: a table, and slips made by a generator."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policy.rules import SHIPPED, topic_words
from subscribers import commands
from subscribers.commands import Command, Understood, from_reply_id
from subscribers.spelling import normalise, tokens_of

TOPICS = topic_words(SHIPPED)
GIVEN = json.loads((Path(__file__).parents[2] / "data" / "comandi.json").read_text(encoding="utf-8"))
JOINING, LEAVING = {Command.START, Command.TOPIC_ON}, {Command.STOP, Command.TOPIC_OFF}


def understand(text: str, language: str = "it") -> Understood:
    return commands.understand(text, topics=TOPICS, language=language)


class TestGivenList:
    """The project's own copy of the list the office wrote."""

    @pytest.mark.parametrize(
        ("text", "command"),
        [(text, name) for name in ("start", "stop", "marketing_stop", "near") for text in GIVEN[name]]
        + [(text, "none") for text in GIVEN["not_commands"]]
        + list(zip(GIVEN["other"], ["info", "info", "info", "choose", "my_data", "why"], strict=True)),
    )
    def test_command(self, text: str, command: str) -> None:
        assert understand(text).command == command

    @pytest.mark.parametrize(
        ("text", "command", "topic"),
        [(t, name, topic) for name in ("topic_on", "topic_off", "ask") for t, topic in GIVEN[name]],
    )
    def test_topic(self, text: str, command: str, topic: str) -> None:
        found = understand(text)
        assert (found.command, found.topic) == (command, topic)

    def test_a_wish_about_a_topic_names_it(self) -> None:
        found = understand("vorrei non ricevere più gli eventi")
        assert (found.topic, found.near) == ("eventi", Command.TOPIC_OFF)


BEYOND = json.loads((Path(__file__).parent / "messages.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", BEYOND)
def test_beyond_the_list(command: str) -> None:
    wrong = {text: found for text in BEYOND[command] if (found := understand(text).command) != command}
    assert not wrong


def test_the_name_of_the_service_asks_for_nothing() -> None:
    for text, command in (
        ("attiva iscrizione InfoPaese", Command.START),
        ("disattiva info paese", Command.STOP),
        ("stop Info-Paese!", Command.STOP),
        ("InfoPaese", Command.NONE),
    ):
        assert commands.understand(text, topics=TOPICS, service="InfoPaese").command is command or (
            commands.understand(text, topics=TOPICS, service="Info Paese").command is command
        ), text


@pytest.mark.parametrize(
    ("text", "near", "topic"),
    [("basta traffico!", Command.TOPIC_OFF, "viabilita"), ("no al traffico", Command.TOPIC_OFF, "viabilita")],
)
def test_a_sigh_about_a_topic_changes_nothing(text: str, near: Command, topic: str) -> None:
    found = understand(text)
    assert (found.command, found.near, found.topic) == (Command.NEAR, near, topic)


def test_what_somebody_else_said_is_no_command() -> None:
    assert understand("> STOP").command is Command.NONE
    assert understand("> disattiva iscrizione\nchi l'ha scritto?").command is Command.NONE
    assert understand("> come si esce?\nSTOP").command is Command.STOP


@pytest.mark.parametrize(
    ("text", "language"), [("english", "en"), ("in English please", "en"), ("italiano", "it")]
)
def test_a_language_is_asked_for(text: str, language: str) -> None:
    found = understand(text)
    assert (found.command, found.topic) == (Command.SPEAK, language)


@pytest.mark.parametrize(
    ("text", "command", "topic"),
    [
        ("farmacie off per favore", "topic_off", "farmacie"),
        ("Farmacia sì grazie", "topic_on", "farmacie"),
        ("ativa farmacie", "topic_on", "farmacie"),
        ("attiva farmace", "topic_on", "farmacie"),
        ("Iscrivimi alle farmacie", "topic_on", "farmacie"),
        ("riattiva viabilita'", "topic_on", "viabilita"),
        ("ATTIVA ISCRIZIONE PROTEZIONE CIVILE", "topic_on", "protezione-civile"),
        ("PROTEZIONECIVILE ON", "topic_on", "protezione-civile"),
        ("si eventi", "topic_on", "eventi"),
        ("disattiva protezone civile", "topic_off", "protezione-civile"),
        ("basta eventi", "topic_off", "eventi"),
        ("no scuole", "topic_off", "scuole"),
        ("stop ai messaggi delle farmacie", "topic_off", "farmacie"),
        ("disattiva l'iscrizione alle scadenze", "topic_off", "scadenze"),
        ("non voglio più gli avvisi delle scuole", "topic_off", "scuole"),
        ("chi è di turno stasera?", "ask", "farmacie"),
        ("qual è la farmacia di turno?", "ask", "farmacie"),
        ("Buonasera, farmacie aperte oggi", "ask", "farmacie"),
        ("c'è allerta domani?", "ask", "protezione-civile"),
        ("scuole chiuse domani?", "ask", "scuole"),
        ("EVENTI", "ask", "eventi"),
        ("scadenze", "ask", "scadenze"),
        ("info acqua", "ask", "acqua"),
        ("vorrei le farmacie", "near", "farmacie"),
        ("sattiva farmacie", "near", "farmacie"),  # a slip from both
        ("stip farmacie", "near", "farmacie"),
        ("voglio ricevere gli eventi", "near", "eventi"),
    ],
)
def test_a_topic_is_named(text: str, command: str, topic: str) -> None:
    found = understand(text)
    assert (found.command, found.topic) == (command, topic)


@pytest.mark.parametrize(
    ("text", "known", "spoken"),
    [
        ("subscribe", "it", "en"),
        ("attiva iscrizione", "en", "it"),
        ("STOP", "en", "en"),
        ("STOP", "it", "it"),
        ("unsubscribe", "it", "en"),
        ("pharmacies off", "it", "en"),
        ("pharmacy", "it", "en"),
        ("farmacia", "en", "it"),
        ("ciao", "en", "en"),
        ("how do I unsubscribe?", "it", "en"),
    ],
)
def test_the_language_is_that_of_the_command(text: str, known: str, spoken: str) -> None:
    assert understand(text, known).language == spoken


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("vorrei iscrivermi", Command.START),
        ("vorrei disiscrivermi", Command.STOP),
        ("non voglio più iscrivermi", Command.STOP),
        ("di attiva iscrizione", None),  # a slip from both
        ("non disattivare l'iscrizione", None),
        ("attiva farmacie e eventi", Command.CHOOSE),
    ],
)
def test_a_near_miss_says_what_it_is_near_to(text: str, about: Command | None) -> None:
    assert understand(text).near is about


class TestTaps:
    @pytest.mark.parametrize(
        ("reply_id", "command", "topic"),
        [
            ("cmd:start", Command.START, None),
            ("cmd:stop", Command.STOP, None),
            ("cmd:marketing_stop", Command.MARKETING_STOP, None),
            ("topic:farmacie:on", Command.TOPIC_ON, "farmacie"),
            ("topic:protezione-civile:off", Command.TOPIC_OFF, "protezione-civile"),
            ("ask:farmacie", Command.ASK, "farmacie"),
            ("zone:avane:on", Command.ZONE_ON, "avane"),
            ("zone:ponte-a-elsa:off", Command.ZONE_OFF, "ponte-a-elsa"),
            ("cmd:zones:2", Command.ZONES, "2"),
            ("cmd:whole_town", Command.WHOLE_TOWN, None),
            ("speak:en", Command.SPEAK, "en"),
            ("colour:arancione", Command.COLOUR, "arancione"),
        ],
    )
    def test_known(self, reply_id: str, command: Command, topic: str | None) -> None:
        assert (from_reply_id(reply_id).command, from_reply_id(reply_id).topic) == (command, topic)

    @pytest.mark.parametrize(
        "reply_id",
        [
            "",
            ":",
            "cmd:",
            "cmd:START",
            "cmd:topic_on",
            "cmd:ask",
            "cmd:none",
            "cmd:start:x",
            "topic:farmacie",
            "start",
            "topic::on",
            "topic:a b:on",
            "topic:farmacie:maybe",
            "ask:",
            "ask:../etc",
            "ask:farmacie\n",
            "zone:1",
            "cmd:start:1",
            "cmd:zones:²",
            "cmd:zones:-1",
            "cmd:speak",
            "colour:",
        ],
    )
    def test_anything_else_is_none(self, reply_id: str) -> None:
        assert from_reply_id(reply_id) == Understood(Command.NONE)

    def test_a_near_tap_does_nothing_by_itself(self) -> None:
        assert from_reply_id("near:start") == Understood(Command.NEAR, near=Command.START)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=600), st.sampled_from(["it", "en"]))
def test_no_text_breaks_it(text: str, language: str) -> None:
    found = understand(text, language)
    assert found.language in {"it", "en"}
    assert found.topic is None or found.topic in TOPICS


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.characters(categories=["So", "Sk", "Po", "Zs", "Cf"], exclude_characters="?？﹖⁇⁈⁉︖"), max_size=30
    )
)
def test_without_a_letter_there_is_no_command(text: str) -> None:
    assume(not tokens_of(normalise(text)) and "?" not in normalise(text))
    assert understand(text).command is Command.NONE


@pytest.mark.parametrize(
    "text", ["stop " * 5000, "a" * 100_000, "attiva iscrizione " + "x " * 3000, "\n" * 9000]
)
def test_a_very_long_text_is_a_conversation(text: str) -> None:
    assert understand(text).command is Command.NONE


def test_the_tool_answers_a_line_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = "ATTIVA ISCRIZIONE\r\n\nviabilità sì\n".encode() + b"\xff\xfe stop\nSTOP"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent), encoding="utf-8"))
    out = io.StringIO()
    call_command("understand", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["command"], line["topic"]) for line in lines] == [
        ("start", None),
        ("none", None),
        ("topic_on", "viabilita"),
        ("stop", None),
        ("stop", None),
    ]
    assert all({"text", "command", "topic", "language"} <= line.keys() for line in lines)
