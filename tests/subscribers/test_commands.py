"""What citizens write, and what it must do: a table, and slips made by a generator."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from policy.rules import SHIPPED, topic_words
from subscribers import commands, words
from subscribers.commands import Command, Understood, from_reply_id
from subscribers.spelling import distance, normalise, tokens_of

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


@pytest.mark.parametrize(
    ("text", "command"),
    [(text, name) for name, texts in BEYOND.items() for text in texts],
)
def test_beyond_the_list(text: str, command: str) -> None:
    assert understand(text).command == command


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
        ],
    )
    def test_anything_else_is_none(self, reply_id: str) -> None:
        assert from_reply_id(reply_id) == Understood(Command.NONE)

    def test_a_near_tap_does_nothing_by_itself(self) -> None:
        assert from_reply_id("near:start") == Understood(Command.NEAR, near=Command.START)


# --- slips ----------------------------------------------------------------------------------------

CANONICAL_JOINS: tuple[str, ...] = (
    "attiva iscrizione",
    "ATTIVA ISCRIZIONE",
    "attiva l'iscrizione",
    "iscrivimi",
    "attiva",
    "subscribe",
)
CANONICAL_JOINS += (
    "Buongiorno, attiva iscrizione",
    "attiva farmacie",
    "iscrivimi alle scuole",
    "start",
    "mi iscrivo",
)
CANONICAL_LEAVES: tuple[str, ...] = (
    "disattiva iscrizione",
    "DISATTIVA ISCRIZIONE",
    "Disattiva l'iscrizione",
    "disattiva",
    "STOP",
)
CANONICAL_LEAVES += (
    "cancellami",
    "cancella iscrizione",
    "disiscrivimi",
    "annulla iscrizione",
    "basta messaggi",
)
CANONICAL_LEAVES += (
    "toglietemi",
    "Buonasera, disattiva iscrizione grazie",
    "disattiva farmacie",
    "stop farmacie",
)
CANONICAL_LEAVES += (
    "unsubscribe",
    "non voglio più messaggi",
    "cancellatemi dalla lista",
    "Stop grazie",
    "basta",
)
CANONICAL_LEAVES += ("disiscrivimi alle scuole", "non voglio più gli eventi", "disattivatemi", "S T O P")
LETTERS = "abcdefghijklmnopqrstuvwxyz àèìòù'.,!?-<>015\u200b👍"
SHORT = words.YES | words.NO


@st.composite
def slipped(draw: st.DrawFn, phrases: tuple[str, ...], most: int) -> str:
    """A phrase with one slip or more: a letter added, dropped, changed, or two neighbours swapped."""
    text = draw(st.sampled_from(phrases))
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        letter = draw(st.sampled_from(LETTERS))
        text = draw(
            st.sampled_from(
                [
                    text[:at] + letter + text[at:],
                    text[:at] + text[at + 1 :],
                    text[:at] + letter + text[at + 1 :],
                    text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
                ]
            )
        )
    return text


def is_written_out(text: str, polarity: frozenset[str]) -> bool:
    """Whether the slips made, letter by letter, another command: «unsubscribe» less two is «subscribe».
    No reader could tell that from a wish."""
    spelt = tokens_of(normalise(text))
    return "".join(spelt) in polarity or any(token in polarity | SHORT for token in spelt)


@settings(max_examples=800, deadline=None)
@given(slipped(CANONICAL_LEAVES, 2))
@example("di attiva iscrizione")
@example("<di>attiva iscrizione")
@example("sattiva iscrizione")
@example("d sattiva farmacie")
@example("i sattiva iscrizione")
@example("iiiscrivimi")
@example("1iiscrivimi alle scuole")
def test_leaving_with_two_slips_never_joins(text: str) -> None:
    exact = words.START_EXACT_ONLY | frozenset({"subscribe"})
    assume(not is_written_out(text, exact))
    assert understand(text).command not in JOINING, text


@settings(max_examples=800, deadline=None)
@given(slipped(CANONICAL_JOINS, 2))
@example("dsattiva iscrizione")
@example("diattiva iscrizione")
@example("siscrivimi")
def test_joining_with_two_slips_never_leaves(text: str) -> None:
    assume(not is_written_out(text, frozenset({"unsubscribe", "deactivate"})))
    assert understand(text).command not in LEAVING, text


@settings(max_examples=500, deadline=None)
@given(slipped(("riattiva iscrizione", "riattivami", "riattiva farmacie"), 1))
def test_the_alias_riattiva_with_one_slip_never_leaves(text: str) -> None:
    assume(not is_written_out(text, frozenset()))
    assert understand(text).command not in LEAVING, text


@settings(max_examples=800, deadline=None)
@given(slipped(("disattiva iscrizione", "cancella iscrizione", "disiscrivimi"), 1))
def test_a_slip_does_not_keep_anybody_in(text: str) -> None:
    """Who meant to leave, with one slip, leaves, or is offered to in one tap."""
    assume("?" not in text and not any(c.isdigit() for c in text))
    assert understand(text).command in {Command.STOP, Command.NEAR}, text


def test_the_two_sides_never_share_a_core() -> None:
    assert not (words.START_IT | words.START_EN | words.START_EXACT_ONLY) & (words.STOP_IT | words.STOP_EN)


def test_the_phrases_that_are_taught_lie_three_slips_apart() -> None:
    for leave in ("disattivaiscrizione", "disiscrivimi", "cancellami", "stop", "basta"):
        for join in words.START_IT | {"start"}:
            assert distance(leave, join, 3) >= 3, (leave, join)


@pytest.mark.parametrize("joins", [False, True])
def test_a_turning_word_is_never_guessed_around(joins: bool) -> None:
    phrase, forbidden = ("attiva iscrizione", JOINING) if joins else ("disattiva iscrizione", LEAVING)
    for turn in ("non", "mai", "senza", "no"):
        assert understand(f"{turn} {phrase}").command not in forbidden


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


@pytest.mark.parametrize(
    ("one", "other", "away"),
    [("stop", "stop", 0), ("stpo", "stop", 1), ("attiva", "disattiva", 3), ("", "ab", 2)],
)
def test_distance_counts_slips(one: str, other: str, away: int) -> None:
    assert distance(one, other, 9) == distance(other, one, 9) == away
    assert distance(one, other, 0) == min(away, 1)


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


def test_a_letter_dropped_and_its_neighbours_swapped_are_two_slips() -> None:
    """Two slips in one place: a distance that forbids touching a swapped pair again would call it three."""
    assert distance("sdattiva", "disattiva", 3) == 2
    assert understand("sdattiva iscrizione").command is not Command.START
