"""Every command as a core, and how near a text may be to it. Pure.

**Nobody joins by a slip of leaving, or leaves by a slip of joining.** Four things guarantee it, and the
property tests of tests/subscribers/test_slips.py try to break them:

1. The two sides share no core, and what is taught lies three slips apart («attiva» and «disattiva»).
2. A core written letter by letter is that command. «riattiva», two slips from «disattiva», is an alias and
   only that: it is on the list that is never guessed (`words.START_EXACT_ONLY`).
3. Anything else is a guess, and a guess is banned (`is_close_to_opposite`) while *any* reading of the text
   (as written, without repeated letters, without courtesies, without small words) lies within two slips of
   any core of the other side. So «di attiva iscrizione», two letters from joining and one from leaving, does
   neither: it is a near miss, and both are offered.
4. A guess of joining keeps its first letter, since the beginning is what tells «attiva» from «disattiva»
   (and from «cattivo servizio»); and every word takes its own slips, a long one two and another one, so that
   «arriva messaggio» is no slip of «attiva messaggi».
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from subscribers import words
from subscribers.spelling import distance
from subscribers.understood import Command

BAN = 2  # slips
Meaning = tuple[Command, str]  # the command, and the language it was said in


def _table() -> dict[str, Meaning]:
    table: dict[str, Meaning] = {}
    for command, italian, english in (
        (Command.START, words.START_IT | words.START_EXACT_ONLY, words.START_EN),
        (Command.STOP, words.STOP_IT | words.STOP_ELSEWHERE, words.STOP_EN),
        (Command.INFO, words.INFO_IT, words.INFO_EN),
        (Command.CHOOSE, words.CHOOSE_IT, words.CHOOSE_EN),
        (Command.ZONES, words.ZONES_IT, words.ZONES_EN),
        (Command.LANGUAGES, words.LANGUAGES_IT, words.LANGUAGES_EN),
        (Command.COLOURS, words.COLOURS_IT, words.COLOURS_EN),
        (Command.SPEAK, words.SPEAK_IT, words.SPEAK_EN),
        (Command.MY_DATA, words.MY_DATA_IT, words.MY_DATA_EN),
        (Command.WHY, words.WHY_IT, words.WHY_EN),
    ):
        table.update(dict.fromkeys(italian, (command, "it")) | dict.fromkeys(english, (command, "en")))
    return table | dict.fromkeys(("resubscribe", "resubscribeme"), (Command.START, "en"))


CORES = _table()
JOIN = frozenset(core for core, (command, _) in CORES.items() if command is Command.START)
LEAVE = frozenset(core for core, (command, _) in CORES.items() if command is Command.STOP)
SHORT_STOPS = frozenset({"stop", "basta"})  # the short ones that people use; «fine» or «quit» would be noise
LEAVE_BY_LENGTH = (
    frozenset(c for c in LEAVE if len(c) > 5) | SHORT_STOPS,
    frozenset(c for c in LEAVE if len(c) > 8),
)
JOIN_BY_LENGTH = (frozenset(c for c in JOIN if len(c) > 5), frozenset(c for c in JOIN if len(c) > 8))
_JOIN_GUESSED = JOIN - words.START_EXACT_ONLY


@lru_cache(maxsize=32)
def _by_length(cores: frozenset[str]) -> dict[int, list[tuple[str, int]]]:
    """Cores and the letters in them, by length."""
    found: dict[int, list[tuple[str, int]]] = {}
    for core in sorted(cores):
        found.setdefault(len(core), []).append((core, _letters(core)))
    return found


@lru_cache(maxsize=8192)
def _letters(text: str) -> int:
    """A bit for each letter of the alphabet in it, one for all others."""
    bits = 0
    for letter in text:
        bits |= 1 << min(max(ord(letter) - ord("a"), -1) + 1, 27)
    return bits


def _candidates(text: str, cores: frozenset[str], slips: int) -> Iterator[str]:
    """The cores worth measuring: a slip changes the length by one at most, and the set of letters by two."""
    table, letters = _by_length(cores), _letters(text)
    for length in range(len(text) - slips, len(text) + slips + 1):
        for core, others in table.get(length, ()):
            if (letters ^ others).bit_count() <= 2 * slips:
                yield core


_GUESSED = frozenset(CORES) - words.START_EXACT_ONLY


def spoken(core: str) -> Meaning:
    """What a core asks for; «stop» is said in both languages."""
    command, language = CORES[core]
    return command, "both" if core in words.SAYS_STOP_IN_BOTH else language


@lru_cache(maxsize=4096)
def nearest(said: tuple[str, ...]) -> Meaning | None:
    """The command of the strictly nearest core within the slips it forgives; None if two commands tie."""
    bare = "".join(said)
    best, found = BAN + 1, set[Meaning]()
    for core in _candidates(bare, _GUESSED, BAN):
        meaning = CORES[core]
        forgiven = min(_forgiven(core, meaning[0]), best)
        away = distance(bare, core, forgiven) if forgiven else BAN + 1
        if away > forgiven or not _word_by_word(said, core):
            continue
        if meaning[0] is Command.START and bare[0] != core[0]:
            continue
        found = {meaning} if away < best else found | {meaning}
        best = away
    return next(iter(found)) if len({command for command, _ in found}) == 1 else None


def _forgiven(core: str, command: Command) -> int:
    """How many slips a core forgives, by its length: short words are too near to other words. Two only where
    it matters, in joining and leaving: «cancellare la tari» is two from «cancellare i dati»."""
    if len(core) < 9:
        return 0
    return BAN if len(core) > 11 and command in (Command.START, Command.STOP) else 1


def _word_by_word(said: Sequence[str], core: str) -> bool:
    """Whether the core can be cut into as many pieces as there are words, each with the slips of its length;
    a single word has those of the whole."""
    if len(said) == 1:
        return distance(said[0], core, BAN) <= _slips(core)
    first, rest = said[0], said[1:]
    return any(
        distance(first, core[:cut], BAN) <= _slips(core[:cut]) and _word_by_word(rest, core[cut:])
        for cut in range(max(0, len(first) - BAN), min(len(core), len(first) + BAN) + 1)
    )


def _slips(piece: str) -> int:
    return 1 if len(piece) < 9 else BAN


def is_close_to_opposite(command: Command, readings: Collection[str]) -> bool:
    """Whether some reading lies within the banned slips of a core of the opposite polarity. A reading
    that is a core of `command` letter by letter is no slip."""
    guesses = [core for core in readings if core not in CORES or CORES[core][0] is not command]
    if command is Command.START:
        return any(is_within(core, LEAVE, BAN) for core in guesses)
    if command is Command.STOP:
        return any(
            is_within(core, _JOIN_GUESSED, BAN) or is_within(core, words.START_EXACT_ONLY, 1)
            for core in guesses
        )
    return False


@lru_cache(maxsize=8192)
def is_within(text: str, cores: frozenset[str], slips: int) -> bool:
    """Whether `text` is so many slips from one of these, or fewer."""
    return any(distance(text, core, slips) <= slips for core in _candidates(text, cores, slips))


def resembles(said: tuple[str, ...], cores: frozenset[str], slips: int) -> bool:
    """Like `is_within`, with no more slips in a word than a word of its length has."""
    text = "".join(said)
    return any(
        distance(text, core, slips) <= slips and _word_by_word(said, core)
        for core in _candidates(text, cores, slips)
    )
