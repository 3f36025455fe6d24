"""Where a broadcast stands and what became of it: one grouped query, then words. No phone leaves here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from broadcasts.models import Broadcast, Delivery
from broadcasts.states import FINAL_CODES, OPEN, Receipt
from broadcasts.states import Delivery as D
from subscribers.models import Subscriber
from subscribers.numbers import masked
from whatsapp.errors import classify

RATE_WINDOW = timedelta(seconds=10)

# Why our own engine did not send, as a colleague would say it.
REASON_WORDS: dict[str, str | Promise] = {
    "stopped": gettext_lazy("si è disiscritto prima che partisse"),
    "topic": gettext_lazy("ha tolto questo argomento prima che partisse"),
    "unreachable": gettext_lazy("non è raggiungibile"),
    "marketing": gettext_lazy("ha fermato le promozioni da WhatsApp"),
    "capped": gettext_lazy("ha già avuto i messaggi promessi per questo mese"),
    "cancelled": gettext_lazy("l'invio è stato fermato prima"),
    "superseded": gettext_lazy("ha ricevuto al suo posto il messaggio successivo"),
    "address": gettext_lazy("il numero non è valido"),
}
# A row without a reason or a code of its own.
STATE_WORDS: dict[str, str | Promise] = {
    D.HELD: gettext_lazy("WhatsApp lo trattiene e non dice fino a quando"),
    D.EXPIRED: gettext_lazy("la validità è finita prima che partisse"),
    D.UNDELIVERED: gettext_lazy("affidato a WhatsApp, ma mai arrivato al telefono"),
    D.UNCONFIRMED: gettext_lazy("WhatsApp non ha risposto: potrebbe essere arrivato"),
    D.SKIPPED: gettext_lazy("non inviato"),
    D.FAILED: gettext_lazy("non riuscito"),
}
NOT_REACHED = (D.FAILED, D.SKIPPED, D.EXPIRED, D.UNDELIVERED, D.UNCONFIRMED, D.HELD)


@dataclass(frozen=True, slots=True)
class Why:
    """One reason and how many people it kept from the message."""

    count: int
    words: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one broadcast's rows. `rate` is messages a second over the last ten seconds at most."""

    states: Counter[str] = field(default_factory=Counter)
    receipts: Counter[int] = field(default_factory=Counter)
    reasons: tuple[Why, ...] = ()
    rate: float = 0.0
    retriable: int = 0  # refused for a reason that may pass; who is not on WhatsApp is not asked again

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def to_go(self) -> int:
        return sum(self.states[state] for state in OPEN)

    @property
    def done(self) -> int:
        return self.total - self.to_go

    @property
    def percent(self) -> int:
        """How much of the audience is settled; whole only when nothing is left."""
        return 100 if not self.to_go else self.done * 100 // self.total

    @property
    def entrusted(self) -> int:
        """What WhatsApp took over: accepted, kept back, or later found never delivered."""
        return self.states[D.ACCEPTED] + self.states[D.HELD] + self.states[D.UNDELIVERED]

    @property
    def arrived(self) -> int:
        return self.receipts[Receipt.DELIVERED] + self.receipts[Receipt.READ]

    @property
    def read(self) -> int:
        return self.receipts[Receipt.READ]

    @property
    def unconfirmed(self) -> int:
        return self.states[D.UNCONFIRMED]

    @property
    def missed(self) -> int:
        """Everybody who did not get it, or of whom we do not know."""
        return sum(self.states[state] for state in NOT_REACHED)

    @property
    def seconds_left(self) -> int | None:
        """At the present pace; None while nothing moves."""
        return round(self.to_go / self.rate) if self.rate >= 1 and self.to_go else None


def progress(broadcast: Broadcast, real_now: datetime) -> Progress:
    """One query, whatever the audience. `real_now` is real time: outcomes are stamped with it."""
    if broadcast.sums is not None:  # the rows themselves have been kept for their days
        return _added_up([(*row, 0, None) for row in broadcast.sums], real_now)
    fresh = Q(accepted_at__gte=real_now - RATE_WINDOW)
    rows = (
        Delivery.objects.filter(broadcast=broadcast)
        .values_list("state", "receipt", "reason", "error_code")
        .order_by()
        .annotate(n=Count("id"), fresh=Count("id", filter=fresh), oldest=Min("accepted_at", filter=fresh))
    )
    return _added_up(rows, real_now)


def _added_up(rows: Iterable[tuple[Any, ...]], real_now: datetime) -> Progress:
    """Rows of (state, receipt, reason, code, how many, how many lately, the oldest of those)."""
    states: Counter[str] = Counter()
    receipts: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    recent = retriable = 0
    since = real_now
    for state, receipt, reason, code, count, lately, oldest in rows:
        states[state] += count
        receipts[receipt] += count
        recent += lately
        since = min(since, oldest or since)
        if state == D.FAILED and code not in FINAL_CODES:
            retriable += count
        if state in NOT_REACHED:
            reasons[why_words(state, reason, code)] += count
    whys = tuple(Why(count, words) for words, count in reasons.most_common())
    seconds = max((real_now - since).total_seconds(), 1.0)  # a send that just began has a shorter window
    return Progress(states, receipts, whys, recent / seconds, retriable)


def why_words(state: str, reason: str, code: int | None) -> str:
    """Why one person did not get it, in plain Italian."""
    if reason in REASON_WORDS:
        return str(REASON_WORDS[reason])
    if code is not None and state == D.FAILED:
        return gettext(classify(code, where="webhook").reason)
    return str(STATE_WORDS.get(state, state))


@dataclass(frozen=True, slots=True)
class Missed:
    """One person who did not get it: the last digits of the number, and why."""

    masked: str
    state: str
    words: str


def missed_rows(broadcast: Broadcast) -> QuerySet[Delivery]:
    """The rows behind the list of who did not get it, in the order they were frozen."""
    return Delivery.objects.filter(broadcast=broadcast, state__in=NOT_REACHED).order_by("id")


def missed(rows: list[Delivery]) -> list[Missed]:
    """One page of the list, with one query for its numbers."""
    phones = dict(
        Subscriber.objects.filter(pk__in=[row.subscriber_id for row in rows]).values_list("pk", "phone")
    )
    return [
        Missed(
            masked(phones.get(row.subscriber_id)),
            row.get_state_display(),
            why_words(row.state, row.reason, row.error_code),
        )
        for row in rows
    ]
