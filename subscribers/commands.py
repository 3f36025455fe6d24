"""What a citizen wants: pure recognition of commands, in Italian and in English.

A message is a command only as a whole: greetings, courtesies, small words, case, accents, punctuation,
spaces and emoji are taken away, and what is left must be the command and nothing else. A word that is
not known makes it a conversation, so «stop, il vigile non viene più» is none.

Slips are forgiven by distance (a letter more, less, wrong, or two swapped), and never across polarity:
`subscribers.cores` says what guarantees it. What is near to a command and is none is a near miss
(`subscribers.near`), answered with the thing in one tap. Two-letter words (sì, no, on, off) are never
guessed.
"""

from __future__ import annotations

from policy.rules import SHIPPED, topic_words
from subscribers import words
from subscribers import words_around as around
from subscribers.cores import CORES, Meaning, is_close_to_opposite, nearest, spoken
from subscribers.naming import MARKETING_TOPIC, Named, TopicWords, topics_in
from subscribers.near import near_miss
from subscribers.reading import KNOWN, Reading, bare, bare_words, read
from subscribers.spelling import distance
from subscribers.understood import Command, Understood, from_reply_id

__all__ = ["Command", "TopicWords", "Understood", "from_reply_id", "understand"]

SHIPPED_TOPICS: TopicWords = topic_words(SHIPPED)
LONGEST_TEXT = 400  # characters; nobody writes a command this long, and distance costs time
LONGEST_SENTENCE = 24  # words


def understand(
    text: str, *, topics: TopicWords = SHIPPED_TOPICS, language: str = "it", service: str = ""
) -> Understood:
    """What `text` asks for. Never raises, whatever the text.

    `topics` is slug → language → words (a town's own: `rules.topic_words(live_rules())`); `language` is
    what the person is known to speak, and stands where the text does not tell; `service` is the service's
    own name, which people write beside a command.
    """
    if len(text) > LONGEST_TEXT:
        return Understood(Command.NONE, language=language)
    reading = read(text, topics, service)
    if not reading.written[-1]:
        return Understood(Command.INFO if reading.asked else Command.NONE, language=language)
    if len(reading.written[-1]) > LONGEST_SENTENCE:
        return Understood(Command.NONE, language=language)
    found = (
        _whole(reading, language)
        or _with_topic(reading, topics, language)
        or near_miss(reading, topics, language)
    )
    return found or Understood(Command.NONE, language=language)


# --- the whole message is one command -------------------------------------------------------------


def _whole(reading: Reading, language: str) -> Understood | None:
    core = _core_command(reading)
    if core is None:
        return None
    command, told = core
    if told == "both":
        told = language
    if command is Command.SPEAK:
        return Understood(command, told, told)
    if command is Command.START and reading.asked and bare(reading.left) in words.START_UNLESS_ASKED:
        return Understood(Command.NEAR, language=told, near=Command.START)
    return Understood(command, language=told)


def _core_command(reading: Reading) -> Meaning | None:
    """The command that the whole reading is, with its language, exactly or with slips."""
    for stage in reading.written[:2]:
        if "".join(stage) in CORES:
            return spoken("".join(stage))  # letter by letter: there is no slip to guard against
    for core in ("".join(reading.left), bare(reading.left)):
        if core in CORES:
            return None if is_close_to_opposite(CORES[core][0], reading.cores()) else spoken(core)
        if core in words.STOP_SLIPS:
            return Command.STOP, "both"
    return _guessed(reading)


def _guessed(reading: Reading) -> Meaning | None:
    said = bare_words(reading.left)
    own = words.OTHER_WORDS | words.STOP_LOOKALIKES
    if not said or "".join(said) in own or any(t in own or t in around.TURNING for t in reading.left):
        return None
    found = nearest(said)
    if found is None or is_close_to_opposite(found[0], reading.cores()):
        return None
    return found


# --- a topic is named -----------------------------------------------------------------------------


def _with_topic(reading: Reading, topics: TopicWords, language: str) -> Understood | None:
    named = topics_in(reading.left, topics, KNOWN)
    if not named.slugs:
        return None
    small = tuple(t for t in named.rest if t not in around.FILLERS or t in words.YES)
    if len(named.slugs) > 1:
        return _several_topics(small, named, language)
    (slug,) = named.slugs
    wanted = _turn(small, named.rest, topics_in(reading.written[1], topics, KNOWN).rest, reading.asked)
    if wanted is not None:
        sighs = "".join(small) in words.SIGHS and any(t in words.EVERYDAY for t in reading.left)
        return _turned(wanted, slug, named.language, sighs)
    if slug != MARKETING_TOPIC and _is_question(named.rest, small, reading.asked):
        return Understood(Command.ASK, slug, named.language)
    return None


def _turned(wanted: Meaning, slug: str, language: str, sighs: bool) -> Understood:
    command, told = wanted
    told = language if told == "both" else told
    if sighs:
        return Understood(Command.NEAR, slug, told, command)
    if slug != MARKETING_TOPIC:
        return Understood(command, slug, told)
    if command is Command.TOPIC_OFF:
        return Understood(Command.MARKETING_STOP, language=told)
    return Understood(Command.NEAR, language=told, near=Command.CHOOSE)


def _is_question(rest: tuple[str, ...], small: tuple[str, ...], asked: bool) -> bool:
    """Whether the words beside a topic do nothing but ask about it."""
    for opener in around.ASK_OPENERS:
        if rest[: len(opener)] == opener:
            small = tuple(t for t in rest[len(opener) :] if t not in around.FILLERS)
    allowed = around.ASK_WORDS
    if asked or not any(t in around.SAID_TO_BE for t in small):
        allowed = allowed | around.ASK_IF_QUESTION
    return all(t in allowed for t in small)


def _turn(small: tuple[str, ...], rest: tuple[str, ...], raw: tuple[str, ...], asked: bool) -> Meaning | None:
    """Whether the words around a topic switch it on or off, and in which language they say so; `raw`
    are the same words as they were written."""
    if len(small) == 1 and small[0] in words.YES | words.NO:
        return (Command.TOPIC_ON if small[0] in words.YES else Command.TOPIC_OFF), "both"
    verb = "".join(small)
    if not asked and verb in words.ADD | words.REMOVE:
        return (Command.TOPIC_ON if verb in words.ADD else Command.TOPIC_OFF), "both"
    reading = Reading((raw,), rest)
    found = (_core_command(reading) or _turn_with_slip(reading)) if rest else None
    if found is None or found[0] not in (Command.START, Command.STOP):
        return None
    return (Command.TOPIC_ON if found[0] is Command.START else Command.TOPIC_OFF), found[1]


def _turn_with_slip(reading: Reading) -> Meaning | None:
    """«ativa farmacie»: beside a topic the short verb forgives one slip, under the same ban."""
    said = "".join(reading.left)
    is_near = distance(said, "attiva", 1) <= 1 and said[0] == "a" and said not in words.OTHER_WORDS
    if is_near and not is_close_to_opposite(Command.START, reading.cores()):
        return Command.START, "it"
    return None


def _several_topics(small: tuple[str, ...], named: Named, language: str) -> Understood | None:
    """More than one topic at once is answered with the list of topics, not with a guess."""
    left = tuple(t for t in small if t not in around.JOINERS)
    if not left or _turn(left, left, left, asked=False) is not None:
        return Understood(Command.NEAR, language=named.language or language, near=Command.CHOOSE)
    return None
