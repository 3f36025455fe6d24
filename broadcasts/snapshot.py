"""What was submitted or approved, kept with the step that did it, and how a later text differs from it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins import dates
from broadcasts.models import Broadcast, Transition
from policy.models import Severity

KEPT = frozenset({"submit", "approve", "break_glass"})
APPROVED = ("approve", "break_glass")
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
FACTS: dict[str, str | Promise] = {
    "title": gettext_lazy("Titolo"),
    "category": gettext_lazy("Argomento"),
    "severity": gettext_lazy("Urgenza"),
    "zones": gettext_lazy("Zone"),
    "due_at": gettext_lazy("Parte"),
    "valid_until": gettext_lazy("Vale fino a"),
    "night_reason": gettext_lazy("Anche di notte"),
    "cap_override_reason": gettext_lazy("Oltre i messaggi promessi"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text: «same», «gone» (only before) or «new» (only now)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing beside the text that is not what it was."""

    label: str | Promise
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Difference:
    """From an earlier content to this one. `since` says which, in words; `texts` are by language."""

    since: str
    texts: tuple[tuple[str, tuple[Part, ...]], ...]
    facts: tuple[Fact, ...]

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.facts) or any(part.kind != "same" for _lang, parts in self.texts for part in parts)


def content_of(broadcast: Broadcast) -> dict[str, Any]:
    """What a recipient gets and what decides who and when, as JSON."""
    return {
        "texts": {lang: text["phone_text"] for lang, text in broadcast.rendered.items()},
        "pages": {lang: text["page_text"] for lang, text in broadcast.rendered.items()},
        "title": broadcast.title,
        "category": broadcast.category.name,
        "severity": broadcast.severity,
        "zones": ", ".join(broadcast.zones.order_by("order", "id").values_list("name", flat=True)),
        "due_at": broadcast.due_at.isoformat() if broadcast.due_at else "",
        "valid_until": broadcast.valid_until.isoformat() if broadcast.valid_until else "",
        "night_reason": broadcast.night_reason,
        "cap_override_reason": broadcast.cap_override_reason,
    }


def words(before: str, now: str) -> tuple[Part, ...]:
    """The difference word by word; `same` and `new` together are `now`, `same` and `gone` are `before`."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(now)
    parts: list[Part] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part("same", "".join(new[c:d])))
            continue
        if b > a:
            parts.append(Part("gone", "".join(old[a:b])))
        if d > c:
            parts.append(Part("new", "".join(new[c:d])))
    return tuple(parts)


def difference(broadcast: Broadcast) -> Difference | None:
    """From what was last approved; failing that from what was submitted before, or from the notice that
    this one is about. None for a first text, which can only be read."""
    found = _earlier(broadcast)
    if found is None:
        return None
    since, before = found
    now = content_of(broadcast)
    texts = [
        (f"{language}{suffix}", words(before.get(kind, {}).get(language, ""), text))
        for kind, suffix in (("texts", ""), ("pages", "-page"))
        for language, text in now[kind].items()
    ]
    shown = tuple(one for one in texts if "-page" not in one[0] or _changed(one[1]))
    return Difference(since, shown, tuple(_facts(before, now)))


def _changed(parts: tuple[Part, ...]) -> bool:
    return any(part.kind != "same" for part in parts)


def _earlier(broadcast: Broadcast) -> tuple[str, dict[str, Any]] | None:
    mine = sorted((step for step in broadcast.transitions.all() if step.content), key=lambda step: -step.pk)
    if approved := next((step for step in mine if step.verb in APPROVED), None):
        return _("Rispetto a quello che era stato approvato"), approved.content
    submitted = [step for step in mine if step.verb == "submit"]
    if len(submitted) > 1:
        return _("Rispetto a com'era quando è stato mandato la volta prima"), submitted[1].content
    if broadcast.refers_to_id:
        steps = Transition.objects.filter(broadcast=broadcast.refers_to_id, verb__in=APPROVED)
        original = steps.exclude(content={}).order_by("-id").first()
        if original:
            return _("Rispetto al primo messaggio, che era stato approvato"), original.content
    return None


def _facts(before: dict[str, Any], now: dict[str, Any]) -> list[Fact]:
    return [
        Fact(label, _say(name, before.get(name, "")), _say(name, now[name]))
        for name, label in FACTS.items()
        if before.get(name, "") != now[name]
    ]


def _say(name: str, value: str) -> str:
    if name == "severity" and value in Severity.values:
        return str(Severity(value).label)
    if name in ("due_at", "valid_until") and value:
        return dates.at(dates.read_moment(value))
    if name == "zones":
        return value or _("tutto il Comune")
    return value or "—"
