"""The switch for all sending: one row, read before every claim and by the statement that begins requests.

A person switches it. It switches itself off after a long standstill, and in a database restored from a
backup, whose rows do not know what left meanwhile. Then a person decides. A restored copy is told by two
signs, whatever its age: it stands in another place than it was written in (another cluster, a forked
timeline, a new database or table), or Valkey has seen more heartbeats than it remembers.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from redis import RedisError

from broadcasts import replaying, wake
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Sending
from staff.models import User, audit
from staff.once import once
from whatsempoli import clock

log = logging.getLogger(__name__)

# Beat writes it every two seconds. A server that was off for the night asks a person: what was right then may
# not be now.
STALE = timedelta(hours=6)
_ONE = 1


# The system identifier is the cluster's, the timeline changes at a recovery to a point in time or a failover,
# the two numbers when the database or the table is made anew from a dump.
HERE = """
    concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'broadcasts_sending'::regclass::oid)
"""
WITNESS = "heartbeats"  # in the cache: how many were written, as far as anybody outside the database knows


@once
def current() -> Sending:
    """The row as it is stored; the defaults where nobody has written one yet."""
    return Sending.objects.filter(pk=_ONE).first() or Sending(pk=_ONE)


def is_armed() -> bool:
    """Whether anything may leave now."""
    return not halted()


@once
def halted() -> str:
    """Why nothing may leave, in a sentence for the office; empty when all is well."""
    row = Sending.objects.filter(pk=_ONE).annotate(here=RawSQL(HERE, [])).first()  # noqa: S611  a constant
    if row is None:
        return ""
    if not row.armed:
        return row.reason or _("Li ha fermati una persona.")
    return _doubt(row, clock.real_now(), row.here, witnessed=0)


def _doubt(row: Sending, now: datetime, here: str, witnessed: int) -> str:
    """Why a person should look before anything leaves; empty if nothing is odd.

    The demo's data may rest for days. `witnessed` heartbeats were seen outside the database. A row without a
    place has never lived.
    """
    if row.place and (row.place != here or witnessed > row.beats):
        return _(
            "I dati vengono da una copia di riserva, che non sa che cosa è uscito dopo:"
            " prima di ripartire una persona deve controllarlo."
        )
    if not settings.DEMO and row.heartbeat is not None and row.heartbeat < now - STALE:
        return _(
            "Il motore è rimasto fermo a lungo: prima di ripartire una persona deve controllare"
            " che cosa è già uscito e se il resto va ancora inviato."
        )
    return ""


def _witnessed() -> int:
    """How many heartbeats the cache has seen; 0 if it is away or knows nothing."""
    try:
        return int(cache.get(WITNESS) or 0)
    except RedisError as error:
        log.warning("The cache is away, nobody bears witness: %s", type(error).__name__)
        return 0


def _tell_witness(beats: int) -> None:
    try:
        cache.set(WITNESS, beats, timeout=None)
    except RedisError as error:
        log.warning("The cache is away, nobody bears witness: %s", type(error).__name__)


@transaction.atomic
def beat(now: datetime) -> bool:
    """Write the heartbeat, or switch off if something is odd; whether anything may leave."""
    witnessed = _witnessed()  # before the lock: what was told outside had been committed
    row, _made = Sending.objects.select_for_update().get_or_create(pk=_ONE)
    here = _here()
    doubt = _doubt(row, now, here, witnessed) if row.armed else ""
    if doubt:
        row.armed, row.reason, row.by, row.since = False, doubt, None, now
        audit(None, "sending_off", "motore degli invii", reason=row.reason)
    _live(row, now, here, witnessed)
    return row.armed


def _here() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {HERE}")
        return str(cursor.fetchone()[0])


def _live(row: Sending, now: datetime, here: str, witnessed: int) -> None:
    """Write that the engine lives, here and now; the caller holds the row's lock."""
    row.heartbeat, row.place, row.beats = now, here, max(row.beats, witnessed) + 1
    row.save(update_fields=["armed", "reason", "by", "since", "heartbeat", "beats", "place"])
    beats = row.beats
    transaction.on_commit(lambda: _tell_witness(beats))


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
        _live(row, now, _here(), _witnessed())
        transaction.on_commit(wake.release)
    else:
        row.save(update_fields=["armed", "reason", "by", "since"])
    audit(by, "sending_on" if on else "sending_off", "motore degli invii", reason=row.reason)
    return row
