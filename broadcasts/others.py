"""«Avvisa anche gli altri?»: an emergency for some zones, and everybody else in words of their own.

A notice whose `others_of` names the first goes only to people whom the first does not reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import audience, lifecycle
from broadcasts.forecast import people_words
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import Severity
from staff.models import User
from whatsempoli import clock

LONGEST = 500
OVER = (State.REJECTED, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks; `answered` is the notice for the others once there is one."""

    people: str
    text: str
    answered: Broadcast | None


def question(first: Broadcast) -> Question | None:
    """The question for this notice; None where there are no others, or nobody need ask."""
    if first.severity != Severity.EMERGENCY or first.refers_to_id or first.others_of_id:
        return None
    zones = list(first.zones.all())
    if not zones:
        return None
    answered = first.for_others.exclude(state__in=OVER).order_by("-id").first()
    count = audience.count(_unsaved(first), clock.now()).total
    names = ", ".join(zone.name for zone in zones)
    text = f"L'emergenza riguarda solo {names}. Chi abita altrove non deve fare niente: evitate quelle zone."
    return Question(people_words(count), text, answered) if count or answered else None


@transaction.atomic
def write(first: Broadcast, text: str, *, by: User, now: datetime) -> Broadcast:
    """Store it and send it for approval; the same urgency, so that it too may be sent alone at night."""
    found = question(first)
    if found is None:
        raise NotAllowed(_("Questo avviso arriva già a tutti."))
    if found.answered is not None:
        raise NotAllowed(_("L'avviso per gli altri c'è già: aprilo dalla pagina."))
    words = " ".join(text.split())
    if not words or len(words) > LONGEST:
        raise NotAllowed(_("Scrivi il testo per gli altri, al massimo 500 caratteri."))
    notice = _unsaved(first)
    notice.fields = {"title": notice.title, "text": words}
    saved = lifecycle.save_draft(notice, by=by, now=now)
    return lifecycle.submit(saved.pk, by=by, now=now)


def _unsaved(first: Broadcast) -> Broadcast:
    return Broadcast(
        kind="notice",
        title=f"Per chi abita altrove: {first.title}"[:120],
        category=first.category,
        severity=first.severity,
        exercise=first.exercise,
        others_of=first,
        valid_until=first.valid_until,
    )
