"""Near misses: a sentence that is no command and is about one, which the answer offers in one tap. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from subscribers import words
from subscribers import words_around as around
from subscribers.cores import BAN, CORES, JOIN_BY_LENGTH, LEAVE_BY_LENGTH, SHORT_STOPS, is_within, resembles
from subscribers.naming import MARKETING_TOPIC, TopicWords, topics_in
from subscribers.reading import KNOWN, Reading, bare, is_unknown
from subscribers.spelling import distance
from subscribers.understood import Command, Understood

# What a wish may be made of: fewer words than are known at all, or any sentence would be one.
_OF_WISHES = (
    around.FILLERS | around.WISH_IT | around.WISH_EN | around.JOIN_FORMS | around.LEAVE_FORMS
    | around.NEAR_OBJECTS | around.NEGATIONS | frozenset(CORES)
)  # fmt: skip
_LONG_VERBS = frozenset({"attiva", "disattiva", "iscrivimi", "disiscrivimi", "cancella", "riattiva"})


def near_miss(reading: Reading, topics: TopicWords, language: str) -> Understood | None:
    """The thing that a sentence is probably about, if it is made wholly of words about it."""
    said = bare(reading.left)
    if said in words.OTHER_WORDS or "".join(reading.left) in words.OTHER_WORDS:
        return None
    if said in around.NEAR_JOIN or said in around.NEAR_LEAVE:
        near = Command.START if said in around.NEAR_JOIN else Command.STOP
        return Understood(Command.NEAR, language=language, near=near)
    if _resembles(reading, LEAVE_BY_LENGTH) or _resembles(reading, JOIN_BY_LENGTH):
        return Understood(Command.NEAR, language=language, near=_sided(reading))
    named = topics_in(reading.left, topics, KNOWN)
    slug = next(iter(named.slugs)) if len(named.slugs) == 1 else None
    if slug == MARKETING_TOPIC:
        slug = None
    rest = [_formal(t) for t in named.rest]
    if slug and rest and _is_verb_with_slips("".join(rest)):
        return Understood(Command.NEAR, slug, language)
    if any(t not in _OF_WISHES for t in rest):
        return None if any(t in around.OTHER_MATTERS for t in rest) else _with_name(rest, language)
    return _wish(rest, slug, language)


def _wish(rest: Sequence[str], slug: str | None, language: str) -> Understood | None:
    joins, leaves = any(t in around.JOIN_FORMS for t in rest), any(t in around.LEAVE_FORMS for t in rest)
    if not (joins or leaves or (slug and any(t in around.WISH_IT | around.WISH_EN for t in rest))):
        return None
    english = sum(t in around.WISH_EN for t in rest) > sum(t in around.WISH_IT for t in rest)
    told = "en" if english else language
    negated = any(t in around.NEGATIONS for t in rest)
    if leaves and negated:
        return Understood(Command.NEAR, slug, told)
    leaving = leaves or negated
    if slug:
        return Understood(Command.NEAR, slug, told, Command.TOPIC_OFF if leaving else Command.TOPIC_ON)
    return Understood(Command.NEAR, None, told, Command.STOP if leaving else Command.START)


def _resembles(reading: Reading, sides: tuple[frozenset[str], frozenset[str]]) -> bool:
    """Whether it is a core with more slips than are forgiven, and no word of its own."""
    middling, long = sides
    said = [t for t in reading.left if t not in around.FILLERS]
    if len(said) == 1 and said[0] in words.STOP_LOOKALIKES:
        return False
    if (said and said[0] in words.OTHER_WORDS) or (len(said) > 1 and any(t.isdigit() for t in said)):
        return False
    return any(resembles(way, middling, 1) or resembles(way, long, BAN) for way in reading.ways())


def _is_verb_with_slips(rest: str) -> bool:
    """What stands beside a topic is almost a verb; what it wanted with the topic is asked, not guessed."""
    if rest in words.OTHER_WORDS:
        return False
    return (
        rest in words.ADD | words.REMOVE
        or is_within(rest, _LONG_VERBS, BAN)
        or (is_within(rest, SHORT_STOPS, 1) and rest not in KNOWN)
    )


def _sided(reading: Reading) -> Command | None:
    """The side on which it lies; None if it lies near both, and both are offered."""
    to_leave, to_join = _resembles(reading, LEAVE_BY_LENGTH), _resembles(reading, JOIN_BY_LENGTH)
    if to_leave == to_join:
        return None
    return Command.STOP if to_leave else Command.START


def _with_name(rest: Sequence[str], language: str) -> Understood | None:
    """«Iscrivimi Maria Rossi»: a full command and at most two words more, a name or a number."""
    for size in (2, 1):
        core, more = "".join(rest[:size]), rest[size:]
        if core not in CORES or CORES[core][0] not in (Command.START, Command.STOP):
            continue
        whole = core.endswith(("mi", "iscrizione", "servizio"))  # nobody cancels something of theirs with it
        if whole and 0 < len(more) <= 2 and all(is_unknown(t, {}) for t in more):
            return Understood(Command.NEAR, None, language, CORES[core][0])
    return None


def _formal(token: str) -> str:
    """A long verb with a slip as it should be written; any other word as it is."""
    if token in KNOWN or len(token) < 8:
        return token
    forms: Iterable[str] = around.JOIN_FORMS | around.LEAVE_FORMS
    hits = [form for form in forms if distance(token, form, 1) <= 1]
    return hits[0] if len(hits) == 1 else token
