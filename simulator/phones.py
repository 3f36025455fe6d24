"""The people behind the phones: who they are, what habits they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator import ids

PERSONAS = (
    "normal",
    "receipts_off",  # never says that it read
    "offline",  # delivered only once brought online
    "not_on_whatsapp",  # failed 131026
    "blocked_us",  # never delivered, and nobody says so
    "username_only",  # has a username: the number is in no webhook
    "no_marketing",  # stopped marketing in the app: 131050
    "experiment",  # 130472 for marketing
    "marketing_limit",  # 131049 for marketing
)
WINDOW = 24 * 3600.0  # seconds in which free text may answer
VISIBLE = 30 * 24 * 3600.0  # seconds for which a number that we wrote to stays in webhooks
CHAT_LENGTH = 300

_NAMES = ("Anna", "Luca", "Giulia", "Marco", "Sara", "Paolo", "Elena", "Andrea", "Chiara", "Matteo",
          "Francesca", "Lorenzo", "Martina", "Simone", "Laura", "Alessio", "Silvia", "Davide", "Irene",
          "Stefano")  # fmt: skip
_SURNAMES = ("Rossi", "Bianchi", "Mancini", "Fontanelli", "Bagnoli", "Corsi", "Nardi", "Taddei", "Ciampi",
             "Gori", "Pucci", "Benvenuti", "Cioni", "Salvadori", "Lelli", "Masini")  # fmt: skip


@dataclass(slots=True, eq=False)
class Phone:
    """One person's phone. `number` is what the person has, shown to the business or not."""

    number: str
    user_id: str
    name: str
    persona: str = "normal"
    username: str = ""
    online: bool = True
    marketing_stopped: bool = False
    wrote_at: float = 0.0  # provider's clock; 0 never
    visible_until: float = 0.0
    generation: int = 0
    pair_tokens: float = 45.0
    pair_at: float = 0.0
    last_at: float = 0.0
    unread: int = 0
    typing_until: float = 0.0
    chat: list[Any] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)

    @property
    def receipts_off(self) -> bool:
        """Whether the person hides what was read."""
        return self.persona == "receipts_off"

    def window_open(self, now: float) -> bool:
        """Whether free text may be sent to this person."""
        return bool(self.wrote_at) and now - self.wrote_at < WINDOW

    def shows_number(self, now: float) -> bool:
        """Whether webhooks name the number."""
        return self.persona != "username_only" or now < self.visible_until

    def remember(self, item: Any, at: float) -> None:
        """Put a message at the end of the chat."""
        self.chat.append(item)
        self.last_at = at
        if len(self.chat) > CHAT_LENGTH:
            del self.chat[: CHAT_LENGTH // 3]


class Phones:
    """Everybody, by number and by business-scoped id."""

    def __init__(self, seed: int, mix: str = "") -> None:
        self.seed = seed
        self.mix = mix
        self._by_number: dict[str, Phone] = {}
        self._by_user: dict[str, Phone] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Phone]:
        return iter(self._by_number.values())

    def find(self, key: str) -> Phone | None:
        """The phone with this number (digits) or user id, if it is known."""
        return self._by_number.get(key) or self._by_user.get(key)

    def ensure(self, number: str) -> Phone:
        """The phone with this number, invented if it is new: the name and habits come from the seed."""
        if known := self._by_number.get(number):
            return known
        person = Phone(number, ids.user_id(number, self.seed), self._name(number))
        self._add(person)
        self.dress(person, self._persona(number))
        return person

    def stranger(self, user_id: str) -> Phone:
        """Nobody: a user id that is not of this portfolio."""
        return Phone("", user_id, "", persona="not_on_whatsapp")

    def dress(self, person: Phone, persona: str) -> None:
        """Give a person another habit."""
        if persona not in PERSONAS:
            raise ValueError(f"persona: one of {', '.join(PERSONAS)}")
        person.persona = persona
        person.online = persona != "offline"
        person.marketing_stopped = persona == "no_marketing"
        person.username = ""
        if persona == "username_only":
            person.username = re.sub(r"[^a-z0-9]+", ".", person.name.lower()).strip(".") or "utente"

    def renumber(self, person: Phone, number: str) -> None:
        """The person takes a new number, and with it a new user id."""
        if number in self._by_number:
            raise ValueError("number: already somebody's")
        self._forget(person)
        person.number = number
        person.user_id = ids.user_id(number, self.seed)
        self._add(person)

    def new_user_id(self, person: Phone) -> str:
        """Give the person another user id; returns the old one."""
        old = person.user_id
        self._forget(person)
        person.generation += 1
        person.user_id = ids.user_id(person.number, self.seed, person.generation)
        self._add(person)
        return old

    def search(self, query: str, limit: int) -> list[Phone]:
        """People whose name or number holds `query`; those who spoke last come first."""
        wanted = query.casefold().strip().lstrip("+")
        found = [p for p in self if not wanted or wanted in p.name.casefold() or wanted in p.number]
        found.sort(key=lambda p: (-p.last_at, p.name))
        return found[:limit]

    def clear(self) -> None:
        """Forget everybody."""
        self._by_number.clear()
        self._by_user.clear()

    def _add(self, person: Phone) -> None:
        self._by_number[person.number] = person
        self._by_user[person.user_id] = person

    def _forget(self, person: Phone) -> None:
        self._by_number.pop(person.number, None)
        self._by_user.pop(person.user_id, None)

    def _name(self, number: str) -> str:
        first = _NAMES[int(ids.share(self.seed, "first", number) * len(_NAMES))]
        last = _SURNAMES[int(ids.share(self.seed, "last", number) * len(_SURNAMES))]
        return f"{first} {last}"

    def _persona(self, number: str) -> str:
        die = ids.share(self.seed, "persona", number)
        for part in filter(None, self.mix.split(",")):
            name, _, weight = part.partition("=")
            die -= float(weight)
            if die < 0:
                return name.strip()
        return "normal"


def normalise(number: str, quirks: bool = True) -> str | None:
    """The digits that the provider knows a number by, or None for what is no international number.

    Mexico and Argentina take a digit after the country code, Brazil may drop one: the three known cases
    where the answer's `wa_id` is not what was asked for.
    """
    digits = re.sub(r"[\s+().-]", "", number)
    if not (digits.isascii() and digits.isdigit()) or not 7 <= len(digits) <= 15 or digits[0] == "0":
        return None
    if not quirks:
        return digits
    if digits.startswith("52") and len(digits) == 12:
        return "521" + digits[2:]
    if digits.startswith("54") and len(digits) == 12:
        return "549" + digits[2:]
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9" and int(digits[2:4]) > 30:
        return digits[:4] + digits[5:]
    return digits
