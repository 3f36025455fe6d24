"""What a message can ask for, and what a tap says: values, pure.

A tap is never interpreted: its id says exactly one thing, or nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """`topic` of an Understood is a category's slug, but where a line says otherwise."""

    START = "start"
    STOP = "stop"
    MARKETING_STOP = "marketing_stop"
    TOPIC_ON = "topic_on"
    TOPIC_OFF = "topic_off"
    ASK = "ask"
    INFO = "info"
    MORE = "more"  # everything that one may ask, behind the menu's button
    CHOOSE = "choose"  # `topic`: the page of the list, from 0
    ZONES = "zones"  # `topic`: the page
    ZONE_ON = "zone_on"  # `topic`: a zone's slug
    ZONE_OFF = "zone_off"
    WHOLE_TOWN = "whole_town"
    LANGUAGES = "languages"
    SPEAK = "speak"  # `topic`: it or en
    COLOURS = "colours"
    COLOUR = "colour"  # `topic`: the lowest alert colour that the person wants
    MY_DATA = "my_data"
    WHY = "why"
    ENOUGH = "enough"  # «vuoi altri argomenti?» was asked once, and they want no more
    NEAR = "near"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Understood:
    """`topic` is a category's slug (see Command); `near` is what a near miss was probably about, None if
    unclear."""

    command: Command
    topic: str | None = None
    language: str = "it"
    near: Command | None = None


_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PAGE = re.compile(r"[0-9]{1,2}")
_PAGED = frozenset({Command.CHOOSE, Command.ZONES})
_TAPPED = frozenset(
    {c.value for c in Command}
    - {Command.TOPIC_ON, Command.TOPIC_OFF, Command.ASK, Command.NEAR, Command.NONE}
    - {Command.ZONE_ON, Command.ZONE_OFF, Command.SPEAK, Command.COLOUR}
)
# With a value: the part of the id before it, and what it asks for.
_VALUED = {
    "ask": Command.ASK,
    "speak": Command.SPEAK,
    "colour": Command.COLOUR,
}
_TURNED = {
    ("topic", "on"): Command.TOPIC_ON,
    ("topic", "off"): Command.TOPIC_OFF,
    ("zone", "on"): Command.ZONE_ON,
    ("zone", "off"): Command.ZONE_OFF,
}


def from_reply_id(reply_id: str, *, language: str = "it") -> Understood:
    """What a tapped button or list row asks for: `cmd:stop`, `cmd:zones:2`, `topic:farmacie:off`,
    `zone:avane:on`, `ask:farmacie`, `speak:en`, `colour:arancione`, `near:start`. Anything else is none."""
    match reply_id.split(":"):
        case ["cmd", name] if name in _TAPPED:
            return Understood(Command(name), language=language)
        case ["cmd", name, page] if name in _PAGED and _PAGE.fullmatch(page):
            return Understood(Command(name), page, language)
        case [kind, slug, turn] if (kind, turn) in _TURNED and _SLUG.fullmatch(slug):
            return Understood(_TURNED[kind, turn], slug, language)
        case [kind, value] if kind in _VALUED and _SLUG.fullmatch(value):
            return Understood(_VALUED[kind], value, language)
        case ["near", name] if name in _TAPPED:
            return Understood(Command.NEAR, language=language, near=Command(name))
        case _:
            return Understood(Command.NONE, language=language)
