"""What only an emergency needs: a refused countersignature, one click for what is ready, the spare template.

Verbs like those of broadcasts/lifecycle, which holds the one that breaks the glass.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import companions, render, wake
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.readiness import spare_trouble
from broadcasts.steps import NotAllowed, guard, locked, move, note, reason_given, require
from policy.models import Severity
from staff.models import User
from whatsempoli import clock


@transaction.atomic
def dispute(broadcast_id: int, *, by: User, reason: str, now: datetime | None = None) -> Broadcast:
    """A second person looked at what left through broken glass, and it should not have: it is marked, and the
    correction that was written with it is theirs to send with one click, or to edit."""
    require(by, "approve_broadcast")
    broadcast, now = locked(broadcast_id), now or clock.now()
    if not broadcast.needs_countersignature:
        raise NotAllowed(_("Non c'è niente da convalidare."))
    if by.pk == broadcast.approved_by_id:
        raise NotAllowed(_("L'hai inviato tu: deve guardarlo un'altra persona."))
    broadcast.disputed_by, broadcast.disputed_at, broadcast.dispute_reason = by, now, reason_given(reason)
    broadcast.save(update_fields=["disputed_by", "disputed_at", "dispute_reason"])
    companions.approve(broadcast, by=by, now=now)
    note(broadcast, "dispute", by=by, now=now, reason=broadcast.dispute_reason)
    return broadcast


@transaction.atomic
def launch(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """One click: a companion leaves exactly as it was approved with its original.

    Where the original left on one person's word and nobody has looked since, so does this: a second person
    countersigns it too.
    """
    require(by, "pause_broadcast")
    broadcast, now = locked(broadcast_id), now or clock.now()
    original = broadcast.refers_to
    guard(broadcast, "launch")
    alone = broadcast.approved_by_id is None
    unread = alone and not (original and original.glass_reason)
    if original is None or unread or not companions.is_ready(broadcast):
        raise NotAllowed(
            _("È stato modificato: mandalo in approvazione, o se è un'emergenza invialo da solo.")
        )
    if original.started_at is None:
        raise NotAllowed(_("Il primo avviso non è ancora partito: puoi fermare quello."))
    glass: dict[str, Any] = {} if not alone else {
        "approved_by": by, "approved_at": now, "submitted_by": by, "glass_reason": original.glass_reason
    }  # fmt: skip
    # It holds from when it leaves; the text is the one that was read.
    broadcast.valid_until = max(now + companions.HOLDS, broadcast.valid_until or now)
    until: dict[str, Any] = {
        "valid_until": broadcast.valid_until,
        "fingerprint": fingerprint_of(broadcast),
        "submitted_by": broadcast.submitted_by or broadcast.created_by,
    }
    move(broadcast, "launch", by=by, now=now, **(until | glass))
    transaction.on_commit(wake.release)
    return broadcast


@transaction.atomic
def use_spare(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """WhatsApp does not carry its template: the same values leave in the spare one's words. Nobody becomes an
    author by it, and any approval is void, so that a tired person alone is not locked out."""
    if not (by.has_perm("broadcasts.approve_broadcast") or by.has_perm("broadcasts.change_broadcast")):
        require(by, "change_broadcast")
    broadcast, now = locked(broadcast_id), now or clock.now()
    if broadcast.severity != Severity.EMERGENCY or broadcast.spare_template:
        raise NotAllowed(_("Il modello di riserva serve solo a un'emergenza che non può usare il suo."))
    if trouble := spare_trouble(broadcast):
        raise NotAllowed(trouble)
    broadcast.spare_template = True
    broadcast.rendered = render.render(broadcast)
    changes = {"spare_template": True, "rendered": broadcast.rendered, "approved_by": None,
               "approved_at": None, "glass_reason": "", "fingerprint": ""}  # fmt: skip
    return move(broadcast, "spare", by=by, now=now, **changes)
