"""What is wrong with the installation now, from its rows and disks: each a sentence and the next action.

`doctor` prints it, `alarms` tells it once, `/readyz` asks whether it can serve at all.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.utils.translation import gettext as _

from broadcasts import backup, provider, switch
from broadcasts.models import Broadcast, Canary, Reply, Sending, WebhookEvent
from broadcasts.states import State
from policy.calendar import ROME
from subscribers import identity
from subscribers.models import ConsentEvent, Subscriber

BEAT_DEAD = timedelta(minutes=1)
QUEUE_OLD = timedelta(minutes=1)
SILENCE = timedelta(days=1)
CANARY_PATIENCE = timedelta(minutes=15)
BACKUP_OLD = timedelta(hours=26)
DISK_SHARE, DISK_BYTES = 0.1, 1024**3  # free: less than either is too little
LEAVERS_LEAST, LEAVERS_TIMES = 10, 5  # in a day: so many, and so many times the month's usual


@dataclass(frozen=True, slots=True)
class Finding:
    """`key` is the same as long as the same thing is wrong; `urgent` is worth a call."""

    key: str
    words: str
    action: str
    urgent: bool = True


def everything(now: datetime) -> list[Finding]:
    """All that can be told without asking the network. `now` is real time."""
    checks = (sending, beat, broker, queues, leavers, proof_of_life, daily_proof, disk, backups, journal)
    return [finding for check in checks for finding in check(now)]


def not_ready(now: datetime) -> dict[str, str]:
    """What keeps this installation from serving: name → fault, in words for a machine; empty when ready."""
    faults = {}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            faults["migrations"] = "some are not applied"
        elif beat(now):
            faults["beat"] = "no heartbeat for a minute"
    except Exception as error:  # noqa: BLE001 - whatever it is, the database does not serve
        faults["database"] = type(error).__name__
    if broker(now):
        faults["redis"] = "does not answer"
    return faults


def sending(now: datetime) -> list[Finding]:
    """The switch is off, whoever it was."""
    why = switch.halted()
    if not why:
        return []
    action = _("Guarda perché nella pagina «Motore degli invii», poi riattiva lì o con: manage.py sending on")
    return [Finding("sending", _("Tutti gli invii sono fermi. %(why)s") % {"why": why}, action)]


def beat(now: datetime) -> list[Finding]:
    """Beat, broker, a worker and the database write it together every two seconds."""
    at = Sending.objects.values_list("heartbeat", flat=True).first()
    if at is not None and at > now - BEAT_DEAD:
        return []
    since = _("mai") if at is None else f"{at.astimezone(ROME):%d/%m %H:%M}"
    return [
        Finding(
            "beat",
            _("Il motore non dà segni di vita (l'ultimo: %(since)s): niente parte.") % {"since": since},
            _("Controlla che «beat» e il lavoratore «emergency» siano in funzione, e i loro registri."),
        )
    ]


def broker(now: datetime) -> list[Finding]:
    """Valkey answers."""
    if provider.budget().state()["reachable"]:
        return []
    action = _("Controlla che Valkey sia in funzione e che REDIS_URL sia giusto.")
    return [Finding("broker", _("Valkey non risponde: niente di nuovo parte."), action)]


def queues(now: datetime) -> list[Finding]:
    """What waits for longer than a minute although it might go."""
    before = now - QUEUE_OLD
    oldest = {
        "intake": WebhookEvent.objects.filter(state="pending", attempts=0, not_before=None),
        "replies": Reply.objects.filter(state="pending", attempts=0),
    }
    moments = {
        "intake": oldest["intake"].aggregate(at=Min("received_at"))["at"],
        "replies": oldest["replies"].aggregate(at=Min("created_at"))["at"],
        "emergency": _overdue_start(),
    }
    words = {
        "intake": _("Le comunicazioni di WhatsApp aspettano da %(since)s: uscite e ricevute tardano."),
        "replies": _("Chi ha scritto aspetta una risposta da %(since)s."),
        "emergency": _("Un avviso doveva cominciare a partire alle %(since)s e non è partito."),
    }
    return [
        Finding(
            f"queue:{name}",
            words[name] % {"since": f"{at.astimezone(ROME):%H:%M}"},
            _("Controlla che il lavoratore «%(name)s» sia in funzione, e il suo registro.") % {"name": name},
        )
        for name, at in moments.items()
        if at is not None and at < before
    ]


def _overdue_start() -> datetime | None:
    due = Broadcast.objects.filter(state=State.SCHEDULED, severity="emergency", due_at__isnull=False)
    at: datetime | None = due.aggregate(at=Min("due_at"))["at"] if not switch.halted() else None
    return at


def leavers(now: datetime) -> list[Finding]:
    """Many more people than usual left within a day: the last notice was one too many, or something broke."""
    stops = ConsentEvent.objects.filter(act=ConsentEvent.Act.STOP)
    today = stops.filter(at__gt=now - timedelta(days=1), at__lte=now).count()
    month = stops.filter(at__gt=now - timedelta(days=31), at__lte=now - timedelta(days=1)).count()
    if today < LEAVERS_LEAST or today < LEAVERS_TIMES * month / 30:
        return []
    words = _("In un giorno sono uscite %(n)s persone, molte più del solito.") % {"n": today}
    action = _("Guarda che cosa è stato inviato ieri e oggi, e che cosa scrivono i cittadini.")
    return [Finding("leavers", words, action, urgent=False)]


def proof_of_life(now: datetime) -> list[Finding]:
    """The provider has told us something within a day: a receipt, a word of a citizen."""
    row = Sending.objects.filter(armed=True).first()
    last = WebhookEvent.objects.order_by("-received_at").values_list("received_at", flat=True).first()
    if row is None or not Subscriber.objects.filter(state=Subscriber.State.ACTIVE).exists():
        return []
    if last is not None and last > now - SILENCE:
        return []
    return [
        Finding(
            "silence",
            _("Da più di un giorno WhatsApp non ci dice niente: né ricevute né messaggi dei cittadini."),
            _("Controlla nell'app di Meta che il webhook sia attivo e che l'indirizzo sia raggiungibile."),
        )
    ]


def daily_proof(now: datetime) -> list[Finding]:
    """The message of today to the test phone left and arrived."""
    if not settings.CANARY_PHONE:
        return []
    person = identity.find(settings.CANARY_PHONE.lstrip("+"), None, create=False)
    if person is None or person.state != Subscriber.State.ACTIVE:
        action = _("Da quel telefono scrivi al servizio «ATTIVA ISCRIZIONE».")
        return [Finding("canary:phone", _("Il telefono della prova quotidiana non è iscritto."), action)]
    row = Canary.objects.order_by("-day").first()
    if row is None or row.arrived_at or (row.sent_at and row.sent_at > now - CANARY_PATIENCE):
        return []
    action = _("Controlla che il telefono sia acceso e in rete; poi: manage.py doctor")
    if row.error or row.sent_at is None:
        words = _("La prova quotidiana non è partita: %(why)s.") % {"why": row.error or _("interrotta")}
    else:
        words = _("La prova quotidiana è partita e la ricevuta non è tornata.")
    return [Finding("canary", words, action)]


def disk(now: datetime) -> list[Finding]:
    """Room where we write: the code's own disk, the journal, the backups."""
    found: dict[int, Finding] = {}
    for folder in (str(settings.BASE_DIR), settings.JOURNAL_DIR, settings.BACKUP_DIR):
        path = Path(folder) if folder else None
        if path is None or not path.exists():
            continue
        usage = shutil.disk_usage(path)
        if usage.free < DISK_BYTES or usage.free < DISK_SHARE * usage.total:
            words = _("Il disco di %(folder)s è quasi pieno: restano %(free)s GB.") % {
                "folder": folder,
                "free": round(usage.free / 1024**3, 1),
            }
            action = _("Libera spazio o allarga il disco: senza spazio il database si ferma.")
            found.setdefault(path.stat().st_dev, Finding(f"disk:{folder}", words, action))
    return list(found.values())


def backups(now: datetime) -> list[Finding]:
    """The last one is of last night."""
    if not (settings.BACKUP_DIR and settings.BACKUP_KEY):
        action = _("Metti BACKUP_DIR e BACKUP_KEY nell'ambiente; poi: manage.py backup")
        return [Finding("backup", _("Nessuno fa copie di riserva."), action, urgent=False)]
    last = backup.latest(Path(settings.BACKUP_DIR))
    at = backup.moment_of(last) if last else None
    if at is not None and at > now - BACKUP_OLD:
        return []
    words = (
        _("L'ultima copia di riserva è del %(day)s.") % {"day": f"{at.astimezone(ROME):%d/%m alle %H:%M}"}
        if at
        else _("Non c'è ancora nessuna copia di riserva.")
    )
    action = _("Guarda perché quella di stanotte non c'è; poi: manage.py backup")
    return [Finding("backup", words, action, urgent=False)]


def journal(now: datetime) -> list[Finding]:
    """Stops and erasures can be written a second time."""
    folder = settings.JOURNAL_DIR
    if not folder:
        action = _("Metti JOURNAL_DIR nell'ambiente, possibilmente su un altro disco.")
        words = _("Le uscite non si scrivono una seconda volta: dopo un ripristino se ne perderebbero.")
        return [Finding("journal", words, action, urgent=False)]
    try:
        probe = Path(folder) / ".probe"
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        action = _("Dai all'utente del servizio il diritto di scrivere in quella cartella.")
        words = _("Il diario delle uscite non si può scrivere in %(folder)s.") % {"folder": folder}
        return [Finding("journal", words, action)]
    return []
