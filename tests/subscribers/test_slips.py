"""Nobody joins by a slip of leaving, or leaves by a slip of joining: slips made by a generator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from subscribers import words
from subscribers.commands import understand
from subscribers.cores import CORES
from subscribers.spelling import distance, normalise, tokens_of
from subscribers.understood import Command

JOINING, LEAVING = {Command.START, Command.TOPIC_ON}, {Command.STOP, Command.TOPIC_OFF}

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
    for leave in ("disattivaiscrizione", "disiscrivimi", "cancellami", "stop", "basta", "disiscrizione"):
        for join in words.START_IT | {"start"}:
            assert distance(leave, join, 3) >= 3, (leave, join)


@pytest.mark.parametrize("joins", [False, True])
def test_a_turning_word_is_never_guessed_around(joins: bool) -> None:
    phrase, forbidden = ("attiva iscrizione", JOINING) if joins else ("disattiva iscrizione", LEAVING)
    for turn in ("non", "mai", "senza", "no"):
        assert understand(f"{turn} {phrase}").command not in forbidden


def test_a_letter_dropped_and_its_neighbours_swapped_are_two_slips() -> None:
    """Two slips in one place: a distance that forbids touching a swapped pair again would call it three."""
    assert distance("sdattiva", "disattiva", 3) == 2
    assert understand("sdattiva iscrizione").command is not Command.START


@pytest.mark.parametrize(
    ("one", "other", "away"),
    [("stop", "stop", 0), ("stpo", "stop", 1), ("attiva", "disattiva", 3), ("", "ab", 2)],
)
def test_distance_counts_slips(one: str, other: str, away: int) -> None:
    assert distance(one, other, 9) == distance(other, one, 9) == away
    assert distance(one, other, 0) == min(away, 1)


GREETINGS = (
    "",
    "buongiorno ",
    "Salve, ",
    "Buonasera a tutti! ",
    "👋 ",
    "Sono Maria Rossi, ",
    "ok ",
    "Gentile Comune, ",
)
FAREWELLS = (
    "",
    " grazie",
    " per favore",
    "!!!",
    " 🙏🏻",
    " Cordiali saluti",
    " punto",
    "...",
    "\ngrazie mille 😀",
)
TAUGHT = {
    "attiva iscrizione": Command.START,
    "iscrivimi": Command.START,
    "riattiva iscrizione": Command.START,
    "disattiva iscrizione": Command.STOP,
    "stop": Command.STOP,
    "cancellami": Command.STOP,
    "non voglio più messaggi": Command.STOP,
    "unsubscribe": Command.STOP,
    "attiva farmacie": Command.TOPIC_ON,
    "farmacie no": Command.TOPIC_OFF,
    "stop promozioni": Command.MARKETING_STOP,
    "i miei dati": Command.MY_DATA,
    "perché": Command.WHY,
    "scegli": Command.CHOOSE,
    "info": Command.INFO,
}
DRESSES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    lambda s: f"«{s}»",
    lambda s: f"*{s}*",
    lambda s: s.replace(" ", "  "),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(GREETINGS),
    st.sampled_from(sorted(TAUGHT)),
    st.sampled_from(DRESSES),
    st.sampled_from(FAREWELLS),
)
def test_courtesy_and_dress_change_nothing(
    before: str, phrase: str, dress: Callable[[str], str], after: str
) -> None:
    assert understand(f"{before}{dress(phrase)}{after}").command is TAUGHT[phrase]


SENTENCES = (
    "{}, il vigile non viene più",
    "mio marito dice sempre {} quando guida",
    "il cartello {} di via Roma è caduto",
    "perché avete scritto {} sul manifesto?",
    "{} al cantiere",
    "ho letto {} e non ho capito che cosa vuol dire",
    "{}? no, volevo solo sapere della mensa",
    "la signora del bar ha detto {}",
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SENTENCES), st.sampled_from(sorted(CORES)))
def test_a_command_inside_a_sentence_is_none(sentence: str, core: str) -> None:
    assert understand(sentence.format(core)).command not in JOINING | LEAVING


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(words.OTHER_WORDS | words.STOP_LOOKALIKES)), min_size=1, max_size=2),
    st.sampled_from(("", "servizio", "iscrizione", "messaggi", "farmacie")),
)
def test_a_word_of_its_own_is_no_slip(said: list[str], thing: str) -> None:
    assume("".join(said) not in CORES and not any(word in CORES for word in said))
    assert understand(" ".join([*said, thing])).command not in JOINING | LEAVING
