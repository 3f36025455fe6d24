"""Finding public notices: by topic, zone, days and words, and by what a citizen has on the phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import Q, QuerySet

from broadcasts.models import CODE_LENGTH, NOTICE_WORDS, Broadcast
from broadcasts.published import listed, public_broadcasts
from policy.calendar import ROME
from policy.models import Category
from subscribers.models import Zone

LONGEST = 5000  # characters of a pasted message; the provider's own limit is 1,024
CANDIDATES = 20
ALIKE = 0.6  # below this two texts have only words in common
SIGNIFICANT = 5  # letters of a word that helps to find a text

_CODE = re.compile(rf"[a-z0-9]{{{CODE_LENGTH}}}")
_ADDRESS = re.compile(rf"/a/([a-z0-9]{{{CODE_LENGTH}}})\b")
_NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks the archive for; what is empty is not asked."""

    topic: Category | None = None
    zone: Zone | None = None
    since: date | None = None
    until: date | None = None  # that day included
    words: str = ""


def matching(wanted: Wanted) -> QuerySet[Broadcast]:
    """The public notices that fit, newest first; by relevance where words are given."""
    found = listed()
    if wanted.topic is not None:
        found = found.filter(category=wanted.topic)
    if wanted.zone is not None:  # what is for the whole town is for every zone
        found = found.filter(Q(zones=None) | Q(zones=wanted.zone)).distinct()
    if wanted.since is not None:
        found = found.filter(started_at__gte=_midnight(wanted.since))
    if wanted.until is not None:
        found = found.filter(started_at__lt=_midnight(wanted.until + timedelta(days=1)))
    return _with_words(found, wanted.words) if wanted.words.strip() else found


def _with_words(found: QuerySet[Broadcast], words: str) -> QuerySet[Broadcast]:
    query = SearchQuery(words, config="italian", search_type="websearch")
    vector = SearchVector(*NOTICE_WORDS, config="italian")  # as the index has it
    ranked = found.annotate(search=vector).filter(search=query)
    return ranked.annotate(rank=SearchRank(vector, query)).order_by("-rank", "-started_at", "-id")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=ROME)


class Verdict(StrEnum):
    """What can be said of a message that somebody holds in their hand."""

    OURS = "ours"  # this text, or this code, is the town's
    CHANGED = "changed"  # it carries a code of ours or resembles a notice, and says something else
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict and the notice that it is about; no notice for UNKNOWN."""

    verdict: Verdict
    broadcast: Broadcast | None = None


def verify(asked: str) -> Verification:
    """Whether the town sent this: a code alone, or the text of a message, with or without its link.

    A text that carries a true code and other words is CHANGED: a forger copies the link first.
    """
    text = asked.strip()[:LONGEST]
    linked = _ADDRESS.search(text.lower())
    code = text.lower() if _CODE.fullmatch(text.lower()) else linked[1] if linked else ""
    named = public_broadcasts().filter(code=code).first() if code else None
    if code and len(text.split()) == 1:  # the code alone, or the link alone
        return Verification(Verdict.OURS, named) if named else Verification(Verdict.UNKNOWN)
    candidates = [named] if named else _resembling(text)
    if not candidates:
        return Verification(Verdict.UNKNOWN)
    best = max(candidates, key=lambda one: likeness(text, one))
    if _says_the_same(text, best):
        return Verification(Verdict.OURS, best)
    resembles = named is not None or likeness(text, best) >= ALIKE
    return Verification(Verdict.CHANGED, best) if resembles else Verification(Verdict.UNKNOWN)


def likeness(text: str, broadcast: Broadcast) -> float:
    """How much of a pasted text and of the nearest language of a notice is the same, 0 to 1."""
    asked = _bare(text)
    shares = (SequenceMatcher(None, asked, _bare(sent), autojunk=False).ratio() for sent in _texts(broadcast))
    return max(shares, default=0.0)


def _says_the_same(text: str, broadcast: Broadcast) -> bool:
    """Word for word; marks, case and blanks aside, which copying changes."""
    return any(_bare(text) == _bare(sent) for sent in _texts(broadcast))


def _texts(broadcast: Broadcast) -> list[str]:
    return [text["phone_text"] for text in broadcast.rendered.values() if text.get("phone_text")]


def _bare(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _resembling(text: str) -> list[Broadcast]:
    """Notices with some of the text's longer words, the likeliest first."""
    words = sorted({w for w in _bare(text).split() if len(w) >= SIGNIFICANT}, key=len, reverse=True)
    if not words:
        return []
    query = SearchQuery(words[0], config="italian")
    for word in words[1:12]:
        query |= SearchQuery(word, config="italian")
    vector = SearchVector(*NOTICE_WORDS, config="italian")
    ranked = listed().annotate(search=vector).filter(search=query)
    return list(ranked.annotate(rank=SearchRank(vector, query)).order_by("-rank", "-id")[:CANDIDATES])
