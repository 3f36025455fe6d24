"""Every public address that can be a file, and a stamp of what each is drawn from.

PostgreSQL gives each version of a row a number and a place (xmin, ctid): a stamp of them changes with any
change of any row, and reads no text.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Func, TextField
from django.urls import reverse
from django.utils import translation
from psycopg.sql import SQL, Identifier

from broadcasts.ical import KINDS_WITH_A_DATE
from broadcasts.models import Proof, Redaction
from broadcasts.published import public_broadcasts
from broadcasts.tally_models import Tally
from policy.calendar import ROME
from policy.models import Category, ElectionPeriod, Holiday, PolicyVersion, TownCrest, TownProfile
from subscribers.models import Zone

FRAME = (TownProfile, TownCrest, Category, Zone, Holiday, ElectionPeriod, PolicyVersion)
ROW = '"broadcasts_broadcast"."xmin"::text || "broadcasts_broadcast"."ctid"::text'


@dataclass(frozen=True, slots=True)
class Address:
    """A path of the site and the stamp of what stands there now."""

    path: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Part:
    """A public notice, as far as a stamp needs it."""

    code: str
    core: bool
    dated: bool
    stamp: str


def addresses(now: datetime) -> list[Address]:
    """All of them in every language, what is looked at first comes first."""
    frame = _stamp(_release(), *(_rows(model) for model in FRAME), _in_force(now))
    notices = list(_notices(now))
    everything = _stamp(frame, now.astimezone(ROME).date(), _rows(Redaction), *(n.stamp for n in notices))
    found: list[Address] = []
    for path in _in_all_languages(_lists()):
        found.append(Address(path, everything))
    for notice in notices:
        stamp = _stamp(frame, notice.stamp)
        found += [Address(path, stamp) for path in _in_all_languages(_of_notice(notice))]
    for path in _in_all_languages(_texts(now)):
        found.append(Address(path, frame))
    sums = _stamp(everything, _rows(Proof), _rows(Tally))
    found += [Address(p, sums) for p in _in_all_languages([("accounts",), ("accounts-messages",)])]
    found += [Address(reverse(name), everything) for name in ("sitemap-index", "robots", "colours", "crest")]
    name = "django.contrib.sitemaps.views.sitemap"
    found += [Address(reverse(name, args=[part]), everything) for part in ("pagine", "avvisi")]
    return found


def _in_all_languages(names: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for name, *args in list(names):
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                path = reverse(name, args=args)
            yield path


def _lists() -> Iterator[tuple[Any, ...]]:
    """What changes with every notice."""
    yield from ((name,) for name in ("home", "notices", "atom", "cap-index", "calendar", "join"))
    for slug in Category.objects.values_list("slug", flat=True):
        yield from ((name, slug) for name in ("topic-atom", "topic-calendar"))
    for slug in Zone.objects.values_list("slug", flat=True):
        yield ("zone-atom", slug)


def _of_notice(notice: Part) -> Iterator[tuple[Any, ...]]:
    yield ("notice", notice.code)
    if notice.core:
        yield ("notice-cap", notice.code)
    if notice.dated:
        yield ("notice-calendar", notice.code)
    yield ("notice-sheet", notice.code)


def _texts(now: datetime) -> Iterator[tuple[Any, ...]]:
    """What changes with the rules alone."""
    yield from ((name,) for name in ("policy", "privacy", "rules"))
    published = PolicyVersion.objects.filter(published_at__lte=now)
    for kind, number in published.values_list("kind", "number"):
        yield (f"{kind}-version", number)
        if number > 1:
            yield (f"{kind}-changes", number)
    yield from ((name,) for name in ("join-card", "join-poster", "join-qr", "join-png"))
    for slug in Category.objects.values_list("slug", flat=True):
        yield from ((name, slug) for name in ("topic-qr", "topic-png"))


def _notices(now: datetime) -> Iterator[Part]:
    """Newest first. A notice's stamp is that of its whole story, with what of it is over."""
    rows = list(
        public_broadcasts()
        .annotate(row=Func(template=ROW, output_field=TextField()))
        .values_list("pk", "refers_to_id", "code", "category__core", "kind", "row", "valid_until")
    )
    parents = {pk: parent for pk, parent, *_rest in rows}
    stories: dict[int, list[str]] = defaultdict(list)
    first = {pk: _first(pk, parents) for pk in parents}
    for pk, _parent, _code, _core, _kind, row, until in rows:
        stories[first[pk]].append(f"{row}{until is not None and until <= now}")
    stamps = {pk: _stamp(*story) for pk, story in stories.items()}
    for pk, _parent, code, core, kind, _row, _until in rows:
        yield Part(code, core, kind in KINDS_WITH_A_DATE, stamps[first[pk]])


def _first(pk: int, parents: Mapping[int, int | None]) -> int:
    """Where a story begins; where a loop of references closes, its smallest number."""
    seen = [pk]
    while (parent := parents.get(seen[-1])) is not None and parent in parents:
        if parent in seen:
            return min(seen[seen.index(parent) :])
        seen.append(parent)
    return seen[-1]


def _in_force(now: datetime) -> str:
    """What changes with time alone: a text published for later, an election time."""
    today = now.astimezone(ROME).date()
    texts = PolicyVersion.objects.filter(published_at__lte=now).count()
    votes = ElectionPeriod.objects.filter(first_day__lte=today, last_day__gte=today).count()
    return f"{texts} {votes}"


def _rows(model: type[Any]) -> str:
    """A stamp of all rows of a small table."""
    query = SQL("SELECT md5(string_agg(xmin::text || ctid::text, ' ')) FROM {}")
    with connection.cursor() as cursor:
        cursor.execute(query.format(Identifier(model._meta.db_table)))
        return str(cursor.fetchone()[0])


@cache
def _release() -> str:
    """What this release draws with; read once a process."""
    base = Path(settings.BASE_DIR)
    files = [
        *base.glob("templates/**/*.html"),
        *base.glob("locale/**/*.mo"),
        *base.glob("static/public/**/*"),
    ]
    bodies = (each.read_bytes() for each in sorted(files) if each.is_file())
    return hashlib.sha256(b"\0".join(bodies)).hexdigest()


def _stamp(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
