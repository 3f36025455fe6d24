"""The monthly proof: an exercise goes the true way of every message, is timed, and files a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts import lifecycle
from broadcasts.durations import duration_words
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, Delivery, Proof
from broadcasts.states import State
from policy.calendar import ROME
from policy.models import Category, Severity
from staff import phones
from staff.models import User, audit
from subscribers.models import Subscription
from whatsempoli import clock

EVERY = timedelta(days=31)  # how old the last proof may get before the front page asks for one
PATIENCE = timedelta(minutes=10)  # how long an exercise waits for its last phone before it is filed
LASTS = timedelta(hours=2)

# What the phones show: like every message in the town's language, whatever language the office reads.
TITLE = "prova mensile del servizio"
WRITTEN = {
    "text": "Se leggi questo messaggio, la prova è arrivata. Non devi fare nulla.",
    "en": {
        "title": "monthly test of the service",
        "text": "If you read this, the test has arrived. There is nothing to do.",
    },
}

STEP_WORDS: dict[str, str | Promise] = {
    "approved": gettext_lazy("Dalla richiesta al sì di un collega"),
    "started": gettext_lazy("Dal sì alla partenza"),
    "began": gettext_lazy("Dalla partenza alla prima richiesta a WhatsApp"),
    "taken": gettext_lazy("WhatsApp prende il primo messaggio"),
    "arrived": gettext_lazy("Arriva sul primo telefono"),
    "all_arrived": gettext_lazy("Arriva sull'ultimo telefono"),
    "read": gettext_lazy("Il primo lo legge"),
}


@dataclass(frozen=True, slots=True)
class LastProof:
    """The newest report, and whether it is time for another."""

    proof: Proof | None
    days: int
    is_due: bool

    @property
    def ago(self) -> str:
        """«oggi», «ieri», «12 giorni fa»."""
        if self.days < 2:
            return _("ieri") if self.days else _("oggi")
        return _("%(n)s giorni fa") % {"n": self.days}


@transaction.atomic
def begin(*, by: User, now: datetime) -> Broadcast:
    """Write the monthly proof and hand it to a colleague: from here on it goes the way of every message."""
    topic = Category.objects.filter(core=True).order_by("order", "pk").first()
    joined = Subscription.objects.filter(
        category=topic, subscriber__state="active", subscriber__phone__in=phones.own()
    )
    if topic is None or not joined.exists():
        raise NotAllowed(
            _(
                "Nessun telefono della redazione è iscritto: manda «ATTIVA ISCRIZIONE» al numero del servizio"
                " da uno dei telefoni di prova, poi riprova."
            )
        )
    ends = now + LASTS
    fields = {
        "starts": _stored(now),
        "ends": _stored(ends),
    } | WRITTEN
    draft = Broadcast(
        kind="exercise",
        title=TITLE,
        category=topic,
        severity=Severity.EMERGENCY,  # on the road that has to work at any hour
        fields=fields,
        valid_until=ends,
        exercise=True,
    )
    saved = lifecycle.save_draft(draft, by=by, zones=[], now=now)
    return lifecycle.submit(saved.pk, by=by, now=now)


def _stored(at: datetime) -> str:
    return at.astimezone(ROME).replace(second=0, microsecond=0).isoformat(timespec="minutes")


# --- The report


def file_due(now: datetime) -> int:
    """File the report of every exercise that is over; returns how many."""
    over = Q(state=State.SENT) | Q(state__in=(State.CANCELLED, State.EXPIRED), started_at__isnull=False)
    ended = Broadcast.objects.filter(over, exercise=True, refers_to=None, proof=None)
    return sum(_file(one, now) for one in ended.order_by("id")[:20])


@transaction.atomic
def _file(broadcast: Broadcast, now: datetime) -> bool:
    rows = Delivery.objects.filter(broadcast=broadcast)
    reached = rows.aggregate(
        began=Min("begun_at"), taken=Min("accepted_at"), first=Min("delivered_at"), last=Max("delivered_at")
    ) | rows.aggregate(read=Min("read_at"))
    people = broadcast.audience_count or 0
    arrived = rows.filter(receipt__gte=2).count()
    waited = broadcast.finished_at is None or now - broadcast.finished_at > PATIENCE
    if arrived < people and not waited:
        return False
    _proof, made = Proof.objects.get_or_create(
        broadcast=broadcast,
        defaults={
            "at": broadcast.started_at or now,
            "steps": _steps(broadcast, reached),
            "phones": people,
            "arrived": arrived,
            "passed": people > 0 and 2 * arrived > people,
        },
    )
    if made:
        audit(None, "file_proof", f"avviso {broadcast.code}", phones=people, arrived=arrived)
    return made


def _steps(broadcast: Broadcast, reached: dict[str, datetime | None]) -> list[list[str | float | None]]:
    """[name, seconds] of each step from the request for approval on; None where one did not happen.

    What is ours is in real time, the rest in business time: the same but in the demo.
    """
    asked = broadcast.transitions.filter(verb="submit").aggregate(at=Max("at"))["at"]
    moved = clock.offset()
    began, taken = (at + moved if at else None for at in (reached["began"], reached["taken"]))
    road = [
        ("approved", asked, broadcast.approved_at),
        ("started", broadcast.approved_at, broadcast.started_at),
        ("began", broadcast.started_at, began),
        ("taken", began, taken),
        ("arrived", taken, reached["first"]),
        ("all_arrived", taken, reached["last"]),
        ("read", taken, reached["read"]),
    ]
    return [[name, _seconds(since, until)] for name, since, until in road]


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return round(max(0.0, (until - since).total_seconds()), 1) if since and until else None


def last_proof(now: datetime) -> LastProof:
    """How long ago the true path was tried; one query."""
    proof = Proof.objects.select_related("broadcast").first()
    if proof is None:
        return LastProof(None, 0, True)
    age = now - proof.at
    return LastProof(proof, max(0, age.days), age > EVERY or not proof.passed)


def step_words(proof: Proof) -> list[tuple[str, str]]:
    """The steps of a report with their times, as a person reads them."""
    return [(str(STEP_WORDS.get(name, name)), duration_words(seconds)) for name, seconds in proof.steps]
