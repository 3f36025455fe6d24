"""Update, correction and all-clear of an emergency: written with it, approved with it, sent by one click.

They are drafts like any other and may be edited, which voids what was approved. `fields["auto"]` marks a
text that is still ours; the form drops it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from broadcasts.bubble import bubble_html
from broadcasts.bulletins.kinds import KINDS
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import Severity
from staff.models import User

KINDS_READY = ("update", "correction", "ending")
HOLDS = timedelta(hours=24)
# What citizens read, in their language: plain, true whatever the emergency was.
TEXTS = {
    "update": {
        "it": "L'emergenza non è finita: l'avviso resta valido. Seguite ancora le indicazioni già date.",
        "en": "The emergency is not over: the notice still holds. Keep following the instructions given.",
    },
    "correction": {
        "it": "Il messaggio non era corretto: non tenetene conto. Vi scriviamo appena possibile.",
        "en": "The message was not correct: please disregard it. We will write again as soon as possible.",
    },
    "ending": {
        "it": "L'emergenza è finita. Si possono riprendere le normali attività.",
        "en": "The emergency is over. Normal activities may be resumed.",
    },
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A companion on the page of its original."""

    broadcast: Broadcast
    label: str | Promise
    text: str
    html: SafeString | str
    ready: bool  # one click sends it


def wanted(broadcast: Broadcast) -> bool:
    """Real emergencies have companions; what follows another message has none of its own."""
    real = broadcast.severity == Severity.EMERGENCY and not broadcast.exercise
    return real and not broadcast.refers_to_id


def drafts(original: Broadcast, now: datetime) -> list[Broadcast]:
    """The companions to store, unsaved: new ones, and those that nobody has edited, composed anew."""
    known = {one.kind: one for one in _of(original)}
    fresh = []
    for kind in KINDS_READY:
        companion = known.get(kind) or Broadcast(kind=kind, refers_to=original, companion=True)
        if companion.pk and not (companion.fields.get("auto") and companion.state == State.DRAFT):
            continue
        companion.title = f"{KINDS[kind].label}: {original.title}"[:120]
        companion.category, companion.severity = original.category, original.severity
        companion.exercise, companion.fields = original.exercise, _fields(kind, original)
        companion.valid_until = original.valid_until or now + HOLDS
        fresh.append(companion)
    return fresh


def _fields(kind: str, original: Broadcast) -> dict[str, Any]:
    fields: dict[str, Any] = {"auto": True, "text": TEXTS[kind]["it"], "en": {"text": TEXTS[kind]["en"]}}
    if kind == "update" and original.fields.get("ends"):
        fields["ends"] = original.fields["ends"]
    return fields


def _of(original: Broadcast) -> list[Broadcast]:
    found = Broadcast.objects.filter(refers_to=original, companion=True).select_related("category")
    return list(found.order_by("id"))


def together(original: Broadcast) -> str:
    """One word for all that is written in them: who approves says which they read."""
    parts = [fingerprint_of(one) for one in _of(original) if one.state == State.DRAFT]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest() if parts else ""


def approve(original: Broadcast, *, by: User | None, now: datetime) -> None:
    """Mark them as read and approved with their original. `by` is None when it leaves on one person's word:
    then one click sends them too, and asks for a countersignature like it."""
    for one in _of(original):
        hands = (one.submitted_by_id, one.last_edited_by_id)
        if one.state != State.DRAFT or (by is not None and by.pk in hands):
            continue
        approved = {"approved_by": by, "approved_at": now if by else None}
        Broadcast.objects.filter(pk=one.pk).update(fingerprint=fingerprint_of(one), **approved)


def shown(original: Broadcast) -> list[Shown]:
    """Those still to be sent, for the page."""
    return [
        Shown(
            one,
            KINDS[one.kind].label,
            str(one.fields.get("text", "")),
            bubble_html(one.rendered["it"]["phone_text"]),
            ready=is_ready(one),
        )
        for one in _of(original)
        if one.state in (State.DRAFT, State.IN_REVIEW, State.RETURNED)
    ]


def is_ready(one: Broadcast) -> bool:
    """Exactly as it was approved with its original."""
    return one.state == State.DRAFT and bool(one.fingerprint) and one.fingerprint == fingerprint_of(one)
