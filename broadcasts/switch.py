"""The switch for all sending: one row, read before every claim and by the statement that begins requests.

A person switches it. It switches itself off when its heartbeat is old: after a long standstill, or in a
database restored from a backup, whose rows do not know what left meanwhile. Then a person decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import replaying, wake
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Sending
from staff.models import User, audit
from whatsempoli import clock

# Beat writes it every two seconds. A night's backup is older than this when it is restored in the morning,
# and a server that was off for the night asks a person too: what was right then may not be now.
STALE = timedelta(hours=6)
_ONE = 1


def current() -> Sending:
    """The row as it is stored; the defaults where nobody has written one yet."""
    return Sending.objects.filter(pk=_ONE).first() or Sending(pk=_ONE)


def is_stale(row: Sending, now: datetime) -> bool:
    """Whether nobody knows what happened since its last heartbeat. The demo's data may rest for days."""
    return not settings.DEMO and row.heartbeat is not None and row.heartbeat < now - STALE


def is_armed() -> bool:
    """Whether anything may leave now."""
    row = current()
    return row.armed and not is_stale(row, clock.real_now())


def halted() -> str:
    """Why nothing may leave, in a sentence for the office; empty when all is well."""
    row = current()
    if row.armed:
        return _stale_words() if is_stale(row, clock.real_now()) else ""
    return row.reason or _("Li ha fermati una persona.")


def _stale_words() -> str:
    return _(
        "Il motore è rimasto fermo a lungo, o i dati vengono da una copia di riserva:"
        " prima di ripartire una persona deve controllare che cosa è già uscito."
    )


@transaction.atomic
def beat(now: datetime) -> bool:
    """Write the heartbeat, or switch off if the last one is old; whether anything may leave."""
    row, _made = Sending.objects.select_for_update().get_or_create(pk=_ONE)
    if row.armed and is_stale(row, now):
        row.armed, row.reason, row.by, row.since = False, _stale_words(), None, now
        audit(None, "sending_off", "motore degli invii", reason=row.reason)
    row.heartbeat = now
    row.save(update_fields=["armed", "reason", "by", "since", "heartbeat"])
    return row.armed


@transaction.atomic
def turn(on: bool, *, by: User | None, reason: str, now: datetime | None = None) -> Sending:
    """Switch all sending on or off, with a reason. `by` is None for the operator's command.

    Raises NotAllowed with a sentence for the person. What is in flight ends; nothing else begins.
    """
    if by is not None and not (by.is_active and by.has_perm("broadcasts.change_sending")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    if not reason.strip():
        raise NotAllowed(_("Scrivi il motivo: resta nel registro."))
    now = now or clock.real_now()
    row, _made = Sending.objects.select_for_update().get_or_create(pk=_ONE)
    row.armed, row.reason, row.by, row.since = on, reason.strip()[:300], by, now
    if on:
        replaying.replay(clock.now(), by=by)  # what a restored backup does not know of who left
        row.heartbeat = now
        transaction.on_commit(wake.release)
    row.save(update_fields=["armed", "reason", "by", "since", "heartbeat"])
    audit(by, "sending_on" if on else "sending_off", "motore degli invii", reason=row.reason)
    return row
