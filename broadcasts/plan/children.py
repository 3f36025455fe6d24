"""The children of a series or a rota, taken together: handed over, and approved text by text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from broadcasts import lifecycle
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.states import State
from staff.models import User


@dataclass(slots=True)
class Done:
    """What became of the children; `refused` has a sentence for each that could not be taken along."""

    made: int = 0
    changed: int = 0
    kept: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Together:
    """A rota or a series with texts that wait for one person, and the page on which they are read."""

    title: str
    address: str
    count: int


def waiting_for(user: User) -> list[Together]:
    """What this person may approve, a line for each rota and series; two small queries."""
    others = Broadcast.objects.filter(state=State.IN_REVIEW).exclude(
        Q(submitted_by=user) | Q(last_edited_by=user)
    )
    found = []
    for parent in ("rota", "series"):
        title = "rota__name" if parent == "rota" else "series__title"
        rows = others.exclude(**{parent: None}).values_list(f"{parent}_id", title)
        for pk, name, count in rows.annotate(n=Count("id")).order_by(f"{parent}_id"):
            address = reverse(f"admin:broadcasts_{parent}_change", args=[pk])
            found.append(Together(name, address, count))
    return found


def submit_all(children: QuerySet[Broadcast], *, by: User, now: datetime | None) -> Done:
    """Hand every draft to somebody else for approval; raises NotAllowed if none could be."""
    done = Done()
    for child in children.filter(state__in=(State.DRAFT, State.RETURNED)).order_by("occurrence"):
        try:
            with transaction.atomic():
                lifecycle.submit(child.pk, by=by, now=now)
            done.changed += 1
        except NotAllowed as refused:
            done.refused.append(f"{child.title}: {refused}")
    if not done.changed:
        raise NotAllowed(" ".join(done.refused[:3]) or _("Non c'è niente da mandare in approvazione."))
    return done


def waiting(children: QuerySet[Broadcast]) -> list[Broadcast]:
    """Those that wait for approval, in order."""
    return list(children.filter(state=State.IN_REVIEW).select_related("category").order_by("occurrence"))


def seen_of(about: Sequence[str], children: Iterable[Broadcast]) -> str:
    """A fingerprint of everything that one approval approves: what they share and each text."""
    parts = [*about, *(fingerprint_of(child) for child in children)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def approve_all(children: Iterable[Broadcast], *, by: User, now: datetime) -> int:
    """Approve each by itself, with its own fingerprint: nothing leaves that nobody read."""
    count = 0
    for child in children:
        lifecycle.approve(child.pk, by=by, seen=fingerprint_of(child), now=now)
        count += 1
    return count
