"""What every change of state does: lock, guard, change, write the step, tell those whom it concerns.

The verbs are in broadcasts/lifecycle and, for what only an emergency needs, in broadcasts/emergency.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from broadcasts import outbox, snapshot, states
from broadcasts.models import Broadcast, Transition
from broadcasts.states import State
from policy.calendar import ROME
from staff.models import User, audit

log = logging.getLogger(__name__)


class NotAllowed(Exception):
    """This person may not do this now; str() is the sentence that tells them why."""


def locked(broadcast_id: int) -> Broadcast:
    return (
        Broadcast.objects.select_for_update(of=("self",))
        .select_related("category", "refers_to")
        .get(pk=broadcast_id)
    )


def guard(broadcast: Broadcast, verb: str) -> State:
    target = states.target(verb, broadcast.state)
    if target is None:
        raise NotAllowed(
            _("Non si può più fare: adesso l'avviso è «%(state)s».")
            % {"state": broadcast.get_state_display()}
        )
    return target


def require(by: User, permission: str) -> None:
    if not (by.is_active and by.has_perm(f"broadcasts.{permission}")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))


def reason_given(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise NotAllowed(_("Scrivi il motivo: lo leggerà chi ha scritto l'avviso."))
    return reason[:300]


def move(
    broadcast: Broadcast, verb: str, *, by: User | None, now: datetime, reason: str = "", **changes: Any
) -> Broadcast:
    """Change the state and what goes with it; the row is locked by the caller."""
    source, target = broadcast.state, guard(broadcast, verb)
    broadcast.state, broadcast.state_reason = target, reason
    for name, value in changes.items():
        setattr(broadcast, name, value)
    broadcast.save(update_fields=["state", "state_reason", *changes])
    note(broadcast, verb, by=by, now=now, source=source, reason=reason)
    return broadcast


def note(
    broadcast: Broadcast, verb: str, *, by: User | None, now: datetime, source: str = "", reason: str = ""
) -> None:
    """Write the step, with what was submitted or approved, and tell those whom it concerns."""
    step = Transition.objects.create(
        broadcast=broadcast,
        at=now,
        verb=verb,
        source=source or broadcast.state,
        target=broadcast.state,
        by=by,
        reason=reason,
        content=snapshot.content_of(broadcast) if verb in snapshot.KEPT else {},
    )
    audit(by, verb, f"avviso {broadcast.code}", source=step.source, target=step.target, reason=reason)
    log.info("Broadcast %s: %s", broadcast.code, verb)
    outbox.tell(broadcast, step)


def as_seen(broadcast_id: int, step: str) -> None:
    """Raise NotAllowed if anything happened after the step that a person's page ended with: their button was
    about what they saw. Locks the row, so nothing happens before the verb that follows either."""
    broadcast = locked(broadcast_id)
    last = broadcast.transitions.select_related("by").order_by("-id").first()
    if last is None or str(last.pk) == step:
        return
    who = str(last.by) if last.by else _("il sistema")
    raise NotAllowed(
        _(
            "Nel frattempo è cambiato (%(who)s, ore %(clock)s): adesso è «%(state)s»."
            " Guarda la pagina com'è ora."
        )
        % {
            "who": who,
            "clock": last.at.astimezone(ROME).strftime("%H:%M"),
            "state": broadcast.get_state_display(),
        }
    )
