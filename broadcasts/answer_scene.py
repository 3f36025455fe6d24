"""What every answer is made with: whom it is for, and the words around its own part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from broadcasts.answer_words import BUTTONS, DANGER, LEAVING, POLICY, SMALL, STANDING, WORDINGS
from policy.calendar import ROME, say_day
from policy.models import Category, TownProfile
from subscribers.conversation import Answer
from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Content:
    """`wording` is the id of the words; `payload` the provider's message without its recipient."""

    wording: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer's own part: the words' id, what fills them, and what to do next: one button, rarely two,
    each (reply id, title)."""

    wording: str
    buttons: tuple[tuple[str, str], ...]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom the answer is for, and where and when."""

    subscriber: Subscriber
    town: TownProfile
    categories: Sequence[Category]
    now: datetime
    site_url: str
    language: str
    names: dict[str, str]  # of every topic, by slug, in the town's order

    def topics(self, slugs: Sequence[str]) -> str:
        return ", ".join(self.names[slug] for slug in slugs if slug in self.names) or self.small("none")

    def small(self, key: str, **values: str) -> str:
        return SMALL[key][self.language].format(**values)

    def button(self, key: str, reply_id: str = "") -> tuple[str, str]:
        return reply_id or f"cmd:{key}", BUTTONS[key][self.language]

    def day(self, moment: datetime) -> str:
        return say_day(moment.astimezone(ROME).date(), self.language, with_year=True)

    def contacts(self) -> str:
        town = self.town
        found = (town.office, town.office_phone, town.office_email)
        return ", ".join(part for part in found if part)

    def frame(self) -> dict[str, str]:
        """What any words may name."""
        return {
            "service": self.town.service_name,
            "town": self.town.name,
            "emergency": self.town.emergency_number,
            "contacts": self.contacts(),
            "policy": self.site_url + reverse("policy"),
            "all": self.site_url + reverse("notices"),
        }


def body_of(answer: Answer, said: Said, scene: Scene, most: int) -> str:
    """The whole text, at most so many characters: where it is longer, the middle gives way."""
    frame = scene.frame()
    first = STANDING[answer.active][scene.language].format(**frame)
    if answer.danger:
        first = f"{DANGER[scene.language].format(**frame)}\n\n{first}"
    last = POLICY[scene.language].format(**frame)
    if answer.active:
        last = f"{last}\n{LEAVING[scene.language]}"
    middle = WORDINGS[said.wording][scene.language].format(**frame | said.values)
    room = most - len(first) - len(last) - 4
    return f"{first}\n\n{short(middle, room)}\n\n{last}"


def short(text: str, most: int) -> str:
    """At most so many characters, cut at a word."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(None, 1)[0] + "…"
