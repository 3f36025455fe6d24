"""People who act by themselves: drawn by seed, with habits, on the provider's clock. Values only, no wire.

Every die is thrown from the seed, the person and what it is about, never from a shared generator: the same
seed and the same messages give the same acts, in whatever order requests arrive.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator import ids
from simulator.content import Message

HOUR = 3600.0
LARGEST = 100_000
HABITS: dict[str, str] = {
    "plain": "joins and reads",
    "off_for_hours": "the phone is off for 2 to 10 hours at a time",
    "receipts_off": "never says that it read",
    "not_on_whatsapp": "failed 131026",
    "blocked_us": "never delivered, and nobody says so",
    "blocks": "blocks us after the second message, which the template's quality feels",
    "username_only": "the number is in no webhook until we wrote to it",
    "new_number": "changes number after the first message",
    "new_id": "the business-scoped id changes after the first message",
    "mistakes": "writes the commands with mistakes",
    "taps_late": "taps the first button hours later",
    "thanks": "answers «grazie»",
    "stops_third": "leaves after the third message",
    "returns": "leaves after the second message, comes back after a day",
}
DEFAULT_MIX: dict[str, float] = {
    "off_for_hours": 0.12,
    "receipts_off": 0.12,
    "not_on_whatsapp": 0.01,
    "blocked_us": 0.01,
    "blocks": 0.005,
    "username_only": 0.05,
    "new_number": 0.005,
    "new_id": 0.005,
    "mistakes": 0.08,
    "taps_late": 0.03,
    "thanks": 0.05,
    "stops_third": 0.03,
    "returns": 0.02,
}
WORDS = {
    "join": "ATTIVA ISCRIZIONE",
    "leave": "DISATTIVA ISCRIZIONE",
    "thanks": "grazie",
}
_THANKS = ("{}", "{} mille", "{} 👍", "Perfetto, {}", "{}!")
_PERSONAS = frozenset({"receipts_off", "not_on_whatsapp", "blocked_us", "username_only"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How many people, with which habits (shares; the rest are plain), joining within how many seconds."""

    size: int
    mix: dict[str, float]
    join_s: float
    words: dict[str, str]


NOBODY = Plan(0, {}, 0.0, WORDS)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that one person does: say, tap, off, on, block, new_number, new_id."""

    number: str
    name: str
    text: str = ""
    message_id: str = ""


@dataclass(slots=True, eq=False)
class Person:
    """One of them. `number` changes when the person takes another."""

    number: str
    key: str  # the first number, which the dice go by
    habit: str
    received: int = 0
    turns: int = 0  # how often the phone was switched

    @property
    def persona(self) -> str:
        """What the phone itself does."""
        return self.habit if self.habit in _PERSONAS else "normal"


@dataclass(slots=True)
class People:
    """Everybody who acts, and what they will do, soonest first."""

    plan: Plan = NOBODY
    seed: int = 0
    acted: Counter[str] = field(default_factory=Counter)
    _now: float = 0.0
    _order: int = 0
    _persons: dict[str, Person] = field(default_factory=dict)
    _acts: list[tuple[float, int, Act]] = field(default_factory=list)

    def start(self, plan: Plan, seed: int, now: float) -> list[Person]:
        """Draw the people of `plan` in place of those there were; returns them."""
        self.stop()
        self.plan, self.seed, self._now = plan, seed, now
        for index in range(plan.size):
            number = f"39351{seed % 100:02}{index:05}"
            person = Person(number, number, _habit(plan, ids.share(seed, "habit", number)))
            self._persons[number] = person
            self._begin(person, now)
        return list(self._persons.values())

    def stop(self) -> None:
        """Nobody acts any more; the phones stay as they are."""
        self.plan = NOBODY
        self._persons.clear()
        self._acts.clear()
        self.acted.clear()

    def due(self, now: float, limit: int) -> Iterator[Act]:
        """What is to be done by `now`, at most `limit` acts, each once."""
        self._now = now
        for _ in range(limit):
            if not self._acts or self._acts[0][0] > now:
                return
            at, _, act = heapq.heappop(self._acts)
            self.acted[act.name] += 1
            person = self._persons.get(act.number)
            if person is not None:
                self._follow(person, act, at)
            yield act

    def received(self, message: Message) -> None:
        """A phone has this message: what the person does of it. Answers to what they wrote are only read."""
        person = self._persons.get(message.phone.number)
        if person is None or message.content.type != "template":
            return
        person.received += 1
        at = message.delivered_at or self._now
        self._react(person, message, at)

    def as_json(self) -> dict[str, Any]:
        """How many there are of each habit, what they did, what they will do."""
        habits = Counter(person.habit for person in self._persons.values())
        return {
            "size": len(self._persons),
            "habits": dict(habits),
            "acted": dict(self.acted),
            "to_come": len(self._acts),
            "known_habits": HABITS,
        }

    def _begin(self, person: Person, now: float) -> None:
        at = now + self._die(person, "joins") * self.plan.join_s
        if person.habit != "not_on_whatsapp":  # who is not there cannot write
            self._say(person, at, "join")
        if person.habit == "off_for_hours":
            self._plan(at + self.plan.join_s + self._die(person, "off", 0) * 12 * HOUR, person, "off")

    def _follow(self, person: Person, act: Act, at: float) -> None:
        """What an act brings with it: a phone that goes off comes on, and so on."""
        if act.name in ("off", "on"):
            person.turns += 1
            hours = 2 + 8 * self._die(person, act.name, person.turns)
            self._plan(at + hours * HOUR, person, "on" if act.name == "off" else "off")
        elif act.name == "new_number":
            del self._persons[person.number]
            person.number = act.text
            self._persons[person.number] = person
            self._acts = [_to(entry, act.number, act.text) for entry in self._acts]

    def _react(self, person: Person, message: Message, at: float) -> None:
        habit, count = person.habit, person.received
        soon = at + 20 + 100 * self._die(person, "soon", count)
        if habit == "thanks" and self._die(person, "thanks?", count) < 0.6:
            self._say(person, soon, "thanks")
        elif habit == "taps_late":
            late = at + (2 + 10 * self._die(person, "late", count)) * HOUR
            self._plan(late, person, "tap", message_id=message.id)
        elif habit == "blocks" and count == 2:
            self._plan(soon, person, "block", message_id=message.id)
        elif habit == "stops_third" and count == 3:
            self._say(person, soon, "leave")
        elif habit == "returns" and count == 2:
            self._say(person, soon, "leave")
            self._say(person, soon + (24 + 24 * self._die(person, "back")) * HOUR, "join")
        elif habit == "new_number" and count == 1:
            self._plan(soon, person, "new_number", "39352" + person.number[5:])
        elif habit == "new_id" and count == 1:
            self._plan(soon, person, "new_id")

    def _say(self, person: Person, at: float, word: str) -> None:
        text = self.plan.words[word]
        if word == "thanks":
            text = _THANKS[int(self._die(person, "thanks", person.received) * len(_THANKS))].format(text)
        if person.habit == "mistakes":
            text = misspelt(text, self._die(person, "mistake", word))
        self._plan(at, person, "say", text)

    def _plan(self, at: float, person: Person, name: str, text: str = "", message_id: str = "") -> None:
        self._order += 1
        heapq.heappush(self._acts, (at, self._order, Act(person.number, name, text, message_id)))

    def _die(self, person: Person, *about: object) -> float:
        return ids.share(self.seed, person.key, *about)


def plan(body: dict[str, Any]) -> Plan:
    """A plan as the control API takes it; raises ValueError naming what does not fit."""
    size, mix, join_s = body.get("size", 100), body.get("mix", DEFAULT_MIX), body.get("join_s", 60)
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= LARGEST:
        raise ValueError(f"size: 1 to {LARGEST}")
    if not isinstance(mix, dict) or not all(_is_share(value) for value in mix.values()):
        raise ValueError("mix: shares from 0 to 1 by habit")
    if unknown := set(mix) - set(HABITS):
        raise ValueError(f"mix: {', '.join(sorted(unknown))} is no habit; there are {', '.join(HABITS)}")
    if sum(mix.values()) > 1.000001:
        raise ValueError("mix: the shares are more than 1 together")
    if isinstance(join_s, bool) or not isinstance(join_s, int | float) or not 0 <= join_s <= 86_400:
        raise ValueError("join_s: 0 to 86400")
    words = body.get("words", {})
    if not isinstance(words, dict) or not set(words) <= set(WORDS) or not all(map(_is_text, words.values())):
        raise ValueError(f"words: texts for {', '.join(WORDS)}")
    return Plan(size, dict(mix), float(join_s), WORDS | words)


def misspelt(text: str, die: float) -> str:
    """A text as a hurried person writes it: another case, a letter dropped, doubled or swapped, a point."""
    if len(text) < 4:
        return text.lower()
    middle = max(1, min(len(text) - 2, int(die * 7919) % max(1, len(text))))
    kind = int(die * 104_729) % 5
    if kind == 0:
        return f"  {text.lower()}."
    if kind == 1:
        return text[:middle] + text[middle + 1 :]
    if kind == 2:
        return text[:middle] + text[middle] + text[middle:]
    if kind == 3:
        return text[:middle] + text[middle + 1] + text[middle] + text[middle + 2 :]
    return text.capitalize() + "!!"


def _habit(plan: Plan, die: float) -> str:
    for name, share in plan.mix.items():
        die -= share
        if die < 0:
            return name
    return "plain"


def _to(entry: tuple[float, int, Act], old: str, new: str) -> tuple[float, int, Act]:
    at, order, act = entry
    return (at, order, Act(new, act.name, act.text, act.message_id)) if act.number == old else entry


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 200
