"""What a citizen wants: pure recognition of commands, in Italian and in English.

A message is a command only as a whole: greetings, courtesies, small words, case, accents, punctuation,
spaces and emoji are taken away, and what is left must be the command and nothing else. A word that is
not known makes it a conversation, so «stop, il vigile non viene più» is none.

Slips are forgiven by distance (a letter more, less, wrong, or two swapped), and never across polarity.
What guarantees it is not the nearest match but a ban, `_is_close_to_opposite`: a text that is not
letter by letter a way to join is never understood as joining while *any* reading of it (as written,
without repeated letters, without courtesies, without small words) lies within two slips of any way to
leave; and the reverse. Such a text is a near miss, and is answered with the thing in one tap. So
«di attiva iscrizione», two letters from joining and one from leaving, does neither. «riattiva
iscrizione», two slips from «disattiva iscrizione», is a way to join only letter by letter, and bans
leaving within one slip only, so that «disttiva iscrizione» still leaves. Two-letter words (sì, no, on,
off) are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from policy.rules import SHIPPED, topic_words
from subscribers import words
from subscribers.naming import MARKETING_TOPIC, Named, TopicWords, topics_in
from subscribers.spelling import distance, normalise, raw_tokens_of, tokens_of

SHIPPED_TOPICS: TopicWords = topic_words(SHIPPED)
LONGEST_TEXT = 400  # characters; nobody writes a command this long, and distance costs time
LONGEST_SENTENCE = 24  # words
BAN = 2  # slips


class Command(StrEnum):
    START = "start"
    STOP = "stop"
    MARKETING_STOP = "marketing_stop"
    TOPIC_ON = "topic_on"
    TOPIC_OFF = "topic_off"
    ASK = "ask"
    INFO = "info"
    CHOOSE = "choose"
    MY_DATA = "my_data"
    WHY = "why"
    NEAR = "near"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Understood:
    """`topic` is a category's slug; `near` is what a near miss was probably about, None if unclear."""

    command: Command
    topic: str | None = None
    language: str = "it"
    near: Command | None = None


def understand(text: str, *, topics: TopicWords = SHIPPED_TOPICS, language: str = "it") -> Understood:
    """What `text` asks for. Never raises, whatever the text.

    `topics` is slug → language → words (a town's own: `rules.topic_words(live_rules())`); `language` is
    what the person is known to speak, and stands where the text does not tell.
    """
    if len(text) > LONGEST_TEXT:
        return Understood(Command.NONE, language=language)
    flat = normalise(text)
    raw, written = raw_tokens_of(flat), tokens_of(flat)
    if not written:
        return Understood(Command.INFO if "?" in flat else Command.NONE, language=language)
    if len(written) > LONGEST_SENTENCE:
        return Understood(Command.NONE, language=language)
    left = _without_introduction(_without_courtesies(written), topics)
    reading = _Reading(
        (tuple(raw), tuple(_without_courtesies(raw)), tuple(written)), tuple(left), "?" in flat
    )
    found = (
        _whole(reading, language)
        or _with_topic(reading, topics, language)
        or _near(reading, topics, language)
    )
    return found or Understood(Command.NONE, language=language)


def from_reply_id(reply_id: str, *, language: str = "it") -> Understood:
    """What a tapped button or list row asks for: `cmd:stop`, `topic:farmacie:off`, `ask:farmacie`,
    `near:start`. Anything else is none."""
    match reply_id.split(":"):
        case ["cmd", name] if name in _TAPPED:
            return Understood(Command(name), language=language)
        case ["topic", slug, "on"] if _SLUG.fullmatch(slug):
            return Understood(Command.TOPIC_ON, slug, language)
        case ["topic", slug, "off"] if _SLUG.fullmatch(slug):
            return Understood(Command.TOPIC_OFF, slug, language)
        case ["ask", slug] if _SLUG.fullmatch(slug):
            return Understood(Command.ASK, slug, language)
        case ["near", name] if name in _TAPPED:
            return Understood(Command.NEAR, language=language, near=Command(name))
        case _:
            return Understood(Command.NONE, language=language)


_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAPPED = frozenset(
    {c.value for c in Command}
    - {Command.TOPIC_ON, Command.TOPIC_OFF, Command.ASK, Command.NEAR, Command.NONE}
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The words as they were `written` (as they are, without courtesies, without repeated letters), and
    those `left` in the end."""

    written: tuple[tuple[str, ...], ...]
    left: tuple[str, ...]
    asked: bool = False

    def cores(self) -> set[str]:
        """Every way to read it as one core."""
        stages = (*self.written, self.left)
        return {"".join(words_then) for words_then in stages} | {_bare(words_then) for words_then in stages}


def _without_courtesies(tokens: list[str]) -> list[str]:
    left: list[str] = []
    at = 0
    while at < len(tokens):
        length = _courtesy_length(tokens, at)
        if length == 0:
            left.append(tokens[at])
        at += length or 1
    return left


def _courtesy_length(tokens: list[str], at: int) -> int:
    """How many words from `at` on are one courtesy, 0 if none; long ones may have a slip."""
    lengths = [len(c) for c in words.COURTESIES if tuple(tokens[at : at + len(c)]) == c]
    if lengths:
        return max(lengths)
    token = tokens[at]
    if len(token) < 5 or token in _KNOWN:
        return 0
    return int(any(len(c) == 1 and len(c[0]) > 5 and distance(token, c[0], 1) <= 1 for c in words.COURTESIES))


def _without_introduction(tokens: list[str], topics: TopicWords) -> list[str]:
    """«Sono Maria Rossi, attiva iscrizione» without its first three words."""
    for introduction in words.INTRODUCTIONS:
        size = len(introduction)
        if tuple(tokens[:size]) == introduction:
            name = [t for t in tokens[size : size + 2] if _is_unknown(t, topics)]
            if name and tokens[size] == name[0]:
                return tokens[size + len(name) :]
    return tokens


def _bare(tokens: Sequence[str]) -> str:
    """The core: without small words, except the first word, which may be what is left of a prefix."""
    return "".join(t for at, t in enumerate(tokens) if at == 0 or t not in words.FILLERS)


# --- the whole message is one command -------------------------------------------------------------


def _core_table() -> dict[str, tuple[Command, str]]:
    table: dict[str, tuple[Command, str]] = {}
    for command, italian, english in (
        (Command.START, words.START_IT | words.START_EXACT_ONLY, words.START_EN),
        (Command.STOP, words.STOP_IT, words.STOP_EN),
        (Command.INFO, words.INFO_IT, words.INFO_EN),
        (Command.CHOOSE, words.CHOOSE_IT, words.CHOOSE_EN),
        (Command.MY_DATA, words.MY_DATA_IT, words.MY_DATA_EN),
        (Command.WHY, words.WHY_IT, words.WHY_EN),
    ):
        table.update(dict.fromkeys(italian, (command, "it")) | dict.fromkeys(english, (command, "en")))
    return table | dict.fromkeys(("resubscribe", "resubscribeme"), (Command.START, "en"))


CORES = _core_table()
_JOIN = frozenset(core for core, (command, _) in CORES.items() if command is Command.START)
_LEAVE = frozenset(core for core, (command, _) in CORES.items() if command is Command.STOP)
_JOIN_EXACT = words.START_EXACT_ONLY
_JOIN_GUESSED = _JOIN - _JOIN_EXACT
_SHORT_STOPS = frozenset({"stop", "basta"})  # the short ones that people use; «fine» or «quit» would be noise
_LONG_VERBS = frozenset({"attiva", "disattiva", "iscrivimi", "disiscrivimi", "cancella", "riattiva"})
_LEAVE_BY_LENGTH = (
    frozenset(c for c in _LEAVE if len(c) > 5) | _SHORT_STOPS,
    frozenset(c for c in _LEAVE if len(c) > 8),
)
_JOIN_BY_LENGTH = (frozenset(c for c in _JOIN if len(c) > 5), frozenset(c for c in _JOIN if len(c) > 8))
_LETTERS = {core: frozenset(core) for core in CORES}
_KNOWN = (
    words.FILLERS | words.WISH_IT | words.WISH_EN | words.JOIN_FORMS | words.LEAVE_FORMS | words.NEAR_OBJECTS
) | (words.TURNING | words.ASK_WORDS | frozenset(CORES))


def _whole(reading: _Reading, language: str) -> Understood | None:
    core = _core_command(reading)
    if core is None:
        return None
    command, spoken = core
    if spoken == "both":
        spoken = language
    return Understood(command, language=spoken)


def _core_command(reading: _Reading) -> tuple[Command, str] | None:
    """The command that the whole reading is, with its language, exactly or with slips."""
    for stage in reading.written[:2]:
        if "".join(stage) in CORES:
            return _spoken("".join(stage))  # letter by letter: there is no slip to guard against
    for core in ("".join(reading.left), _bare(reading.left)):
        if core in CORES:
            return None if _is_close_to_opposite(CORES[core][0], reading) else _spoken(core)
        if core in words.STOP_SLIPS:
            return Command.STOP, "both"
    return _guessed(reading)


def _spoken(core: str) -> tuple[Command, str]:
    command, spoken = CORES[core]
    return command, "both" if core in words.SAYS_STOP_IN_BOTH else spoken


def _guessed(reading: _Reading) -> tuple[Command, str] | None:
    bare = _bare(reading.left)
    if bare in words.OTHER_WORDS or any(t in words.TURNING for t in reading.left):
        return None
    nearest = _nearest(bare)
    if nearest is None or _is_close_to_opposite(nearest[0], reading):
        return None
    return nearest


@lru_cache(maxsize=4096)
def _nearest(bare: str) -> tuple[Command, str] | None:
    """The command of the strictly nearest core within the slips it forgives; None if two commands tie."""
    best, found = BAN + 1, set[tuple[Command, str]]()
    for core, meaning in CORES.items():
        forgiven = _forgiven(core)
        if core in _JOIN_EXACT or forgiven == 0 or not _may_be_within(bare, core, forgiven):
            continue
        away = distance(bare, core, forgiven)
        if away > forgiven or away > best:
            continue
        found = {meaning} if away < best else found | {meaning}
        best = away
    return next(iter(found)) if len({command for command, _ in found}) == 1 else None


def _forgiven(core: str) -> int:
    """How many slips a core forgives, by its length: short words are too near to other words."""
    return 0 if len(core) < 9 else 1 if len(core) < 12 else BAN


def _is_close_to_opposite(command: Command, reading: _Reading) -> bool:
    """Whether some reading lies within the banned slips of a core of the opposite polarity. A reading
    that is a core letter by letter is no slip."""
    guesses = [core for core in reading.cores() if core not in CORES or CORES[core][0] is not command]
    if command is Command.START:
        return any(_is_within(core, _LEAVE, BAN) for core in guesses)
    if command is Command.STOP:
        return any(
            _is_within(core, _JOIN_GUESSED, BAN) or _is_within(core, _JOIN_EXACT, 1) for core in guesses
        )
    return False


@lru_cache(maxsize=8192)
def _is_within(text: str, cores: frozenset[str], slips: int) -> bool:
    return any(_may_be_within(text, core, slips) and distance(text, core, slips) <= slips for core in cores)


def _may_be_within(text: str, core: str, slips: int) -> bool:
    """A cheap no: a slip changes the length by one at most, and the set of letters by two."""
    return abs(len(core) - len(text)) <= slips and len(_LETTERS[core].symmetric_difference(text)) <= 2 * slips


# --- a topic is named -----------------------------------------------------------------------------


def _with_topic(reading: _Reading, topics: TopicWords, language: str) -> Understood | None:
    named = topics_in(reading.left, topics, _KNOWN)
    if not named.slugs:
        return None
    bare = tuple(t for t in named.rest if t not in words.FILLERS or t in words.YES)
    if len(named.slugs) > 1:
        return _several_topics(bare, named, language)
    (slug,) = named.slugs
    wanted = _turn(bare, named.rest, topics_in(reading.written[1], topics, _KNOWN).rest)
    if wanted is not None:
        command, spoken = wanted
        spoken = {"both": named.language}.get(spoken, spoken)
        if slug != MARKETING_TOPIC:
            return Understood(command, slug, spoken)
        if command is Command.TOPIC_OFF:
            return Understood(Command.MARKETING_STOP, language=spoken)
        return Understood(Command.NEAR, language=spoken, near=Command.CHOOSE)
    asking = words.ASK_WORDS | (words.ASK_IF_QUESTION if reading.asked else frozenset())
    if slug != MARKETING_TOPIC and all(t in asking for t in bare):
        return Understood(Command.ASK, slug, named.language)
    return None


def _turn(bare: tuple[str, ...], rest: tuple[str, ...], raw: tuple[str, ...]) -> tuple[Command, str] | None:
    """Whether the words around a topic switch it on or off, and in which language they say so; `raw`
    are the same words as they were written."""
    if len(bare) == 1 and bare[0] in words.YES | words.NO:
        command = Command.TOPIC_ON if bare[0] in words.YES else Command.TOPIC_OFF
        return command, "both"
    reading = _Reading((raw,), rest)
    around = (_core_command(reading) or _turn_with_slip(reading)) if rest else None
    if around is None or around[0] not in (Command.START, Command.STOP):
        return None
    return (Command.TOPIC_ON if around[0] is Command.START else Command.TOPIC_OFF), around[1]


def _turn_with_slip(reading: _Reading) -> tuple[Command, str] | None:
    """«ativa farmacie»: beside a topic the short verb forgives one slip, under the same ban."""
    is_near = distance("".join(reading.left), "attiva", 1) <= 1
    if is_near and not _is_close_to_opposite(Command.START, reading):
        return Command.START, "it"
    return None


def _several_topics(bare: tuple[str, ...], named: Named, language: str) -> Understood | None:
    """More than one topic at once is answered with the list of topics, not with a guess."""
    words_left = tuple(t for t in bare if t not in words.JOINERS)
    if not words_left or _turn(words_left, words_left, words_left) is not None:
        return Understood(Command.NEAR, language=named.language or language, near=Command.CHOOSE)
    return None


# --- a near miss ----------------------------------------------------------------------------------


def _near(reading: _Reading, topics: TopicWords, language: str) -> Understood | None:
    """The thing that a sentence is probably about, if it is made wholly of words about it."""
    if _resembles(reading, _LEAVE_BY_LENGTH) or _resembles(reading, _JOIN_BY_LENGTH):
        return Understood(Command.NEAR, language=language, near=_sided(reading))
    named = topics_in(reading.left, topics, _KNOWN)
    slug = next(iter(named.slugs)) if len(named.slugs) == 1 else None
    if slug == MARKETING_TOPIC:
        slug = None
    rest = [_formal(t) for t in named.rest]
    if slug and rest and _is_verb_with_slips("".join(rest)):
        return Understood(Command.NEAR, slug, language)
    if any(_is_unknown(t, {}) for t in rest):
        return _with_name(rest, language)
    joins, leaves = any(t in words.JOIN_FORMS for t in rest), any(t in words.LEAVE_FORMS for t in rest)
    if not (joins or leaves or (slug and any(t in words.WISH_IT | words.WISH_EN for t in rest))):
        return None
    spoken = (
        "en" if sum(t in words.WISH_EN for t in rest) > sum(t in words.WISH_IT for t in rest) else language
    )
    if leaves and any(t in words.NEGATIONS for t in rest):
        return Understood(Command.NEAR, slug, spoken)
    leaving = leaves or any(t in words.NEGATIONS for t in rest)
    if slug:
        return Understood(Command.NEAR, slug, spoken, Command.TOPIC_OFF if leaving else Command.TOPIC_ON)
    return Understood(Command.NEAR, None, spoken, Command.STOP if leaving else Command.START)


def _resembles(reading: _Reading, sides: tuple[frozenset[str], frozenset[str]]) -> bool:
    """Whether it is a core with more slips than are forgiven, and no word of its own."""
    middling, long = sides
    if len(reading.left) == 1 and reading.left[0] in words.STOP_LOOKALIKES:
        return False
    return any(_is_within(core, middling, 1) or _is_within(core, long, BAN) for core in reading.cores())


def _is_verb_with_slips(rest: str) -> bool:
    """What stands beside a topic is almost a verb; what it wanted with the topic is asked, not guessed."""
    return _is_within(rest, _LONG_VERBS, BAN) or (_is_within(rest, _SHORT_STOPS, 1) and rest not in _KNOWN)


def _sided(reading: _Reading) -> Command | None:
    """The side on which it lies; None if it lies near both, and both are offered."""
    to_leave, to_join = _resembles(reading, _LEAVE_BY_LENGTH), _resembles(reading, _JOIN_BY_LENGTH)
    if to_leave == to_join:
        return None
    return Command.STOP if to_leave else Command.START


def _with_name(rest: Sequence[str], language: str) -> Understood | None:
    """«Iscrivimi Maria Rossi»: a full command and at most two words more, a name or a number."""
    for size in (2, 1):
        core, more = "".join(rest[:size]), rest[size:]
        if core not in CORES or len(core) < 9 or CORES[core][0] not in (Command.START, Command.STOP):
            continue
        if 0 < len(more) <= 2 and all(_is_unknown(t, {}) for t in more):
            return Understood(Command.NEAR, None, language, CORES[core][0])
    return None


def _formal(token: str) -> str:
    """A long verb with a slip as it should be written; any other word as it is."""
    if token in _KNOWN or len(token) < 8:
        return token
    forms: Iterable[str] = words.JOIN_FORMS | words.LEAVE_FORMS
    hits = [form for form in forms if distance(token, form, 1) <= 1]
    return hits[0] if len(hits) == 1 else token


def _is_unknown(token: str, topics: TopicWords) -> bool:
    return token not in _KNOWN and not topics_in([token], topics, _KNOWN).slugs
