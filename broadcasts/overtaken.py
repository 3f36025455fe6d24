"""What was held for the night, or for the window to open, is looked at again before it leaves.

A notice that is over by then expires (broadcasts/release). One that its own correction, update or ending
has overtaken is not sent either: the later message says it better, and goes to the people who were meant
to get the first.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from broadcasts import lifecycle
from broadcasts.models import Broadcast
from broadcasts.states import FINAL, State

FOLLOWING = ("correction", "update", "ending")
WAITING = (State.SCHEDULED, State.OVERDUE)


def overtaken_by(broadcast: Broadcast, now: datetime) -> Broadcast | None:
    """The approved follow-up that may leave in its place at `now`; the newest, if there are several."""
    ready = broadcast.follow_ups.filter(kind__in=FOLLOWING, state=State.SCHEDULED, state_reason="")
    ready = ready.filter(Q(due_at=None) | Q(due_at__lte=now))
    return ready.filter(Q(valid_until=None) | Q(valid_until__gt=now)).order_by("-id").first()


def drop_if_overtaken(broadcast: Broadcast, now: datetime) -> bool:
    """Do not send a notice that waited, and that its follow-up has overtaken; the caller holds its lock."""
    later = overtaken_by(broadcast, now) if broadcast.waits_until else None
    if later is None:
        return False
    lifecycle.overtake(broadcast, now=now, reason=_overtaken_words(later))
    return True


def make_way(follow_up: Broadcast, now: datetime) -> str:
    """What keeps a follow-up from leaving because its original has not: empty if nothing does.

    An original that was due and waits is dropped here: it will not leave. One whose time has not come is
    waited for. An ending of what never left has nobody to tell, and ends with it.
    """
    original = follow_up.refers_to
    if original is None or original.started_at:
        return ""
    held = Broadcast.objects.select_for_update(of=("self",)).get(pk=original.pk)
    if held.started_at:
        return ""
    waited = held.waits_until is not None or held.state == State.OVERDUE
    due = held.due_at is None or held.due_at <= now
    if held.state in WAITING and waited and due and follow_up.kind in FOLLOWING:
        lifecycle.overtake(held, now=now, reason=_overtaken_words(follow_up))
    elif held.state not in FINAL:
        return _("Il primo avviso non è ancora partito: questo lo segue.")
    follow_up.refers_to = held
    if follow_up.kind == "ending":
        return _("Il primo avviso non è mai partito: non c'è niente da chiudere.")
    return ""


def _overtaken_words(later: Broadcast) -> str:
    return _("Superato da «%(title)s» prima di poter partire.") % {"title": later.title}
