"""Where a broadcast stands and what became of it, in words. Counting is broadcasts/tally."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from broadcasts import tally
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import FINAL_CODES, NOT_REACHED, OPEN, Receipt
from broadcasts.states import Delivery as D
from broadcasts.tally import Counted
from subscribers.models import Subscriber
from subscribers.numbers import masked
from whatsapp.errors import classify

# Why our own engine did not send, as a colleague would say it.
REASON_WORDS: dict[str, str | Promise] = {
    "stopped": gettext_lazy("si è disiscritto prima che partisse"),
    "topic": gettext_lazy("ha tolto questo argomento prima che partisse"),
    "unreachable": gettext_lazy("non è raggiungibile"),
    "colour": gettext_lazy("ha chiesto solo allerte di un colore più grave"),
    "marketing": gettext_lazy("ha fermato le promozioni da WhatsApp"),
    "capped": gettext_lazy("ha già avuto i messaggi promessi per questo mese"),
    "cancelled": gettext_lazy("l'invio è stato fermato prima"),
    "superseded": gettext_lazy("non l'aveva ancora ricevuto quando è partito il messaggio che lo supera"),
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
    at: datetime | None = None  # when it was counted (real time), where that was not just now

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
    return progress_of(tally.counted(broadcast, real_now))


def progress_of(counted: Counted) -> Progress:
    """Words and sums for counted rows."""
    states: Counter[str] = Counter()
    receipts: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    retriable = 0
    for state, receipt, reason, code, count in counted.rows:
        states[state] += count
        receipts[receipt] += count
        if state == D.FAILED and code not in FINAL_CODES:
            retriable += count
        if state in NOT_REACHED and count:
            reasons[why_words(state, reason, code)] += count
    whys = tuple(Why(count, words) for words, count in reasons.most_common())
    return Progress(states, receipts, whys, counted.rate, retriable, counted.at)


def why_words(state: str, reason: str, code: int | None) -> str:
    """Why one person did not get it, in plain Italian."""
    if reason in REASON_WORDS:
        return str(REASON_WORDS[reason])
    if code is not None and state == D.FAILED:
        return gettext(classify(code, where="webhook").reason)
    return str(STATE_WORDS.get(state, state))


@dataclass(frozen=True, slots=True)
class Missed:
    """One person who did not get it: the row, the last digits of the number, and why."""

    row: int
    masked: str
    state: str
    words: str


def missed_page(broadcast: Broadcast, *, after: int = 0, before: int = 0, most: int) -> list[Delivery]:
    """Rows of who did not get it, in the order they were frozen: the first, or those beside a row's id.

    Reads `most` rows of an index made for this, wherever the page is among a million.
    """
    rows = Delivery.objects.filter(broadcast=broadcast, state__in=NOT_REACHED)
    if before:
        return list(rows.filter(id__lt=before).order_by("-id")[:most])[::-1]
    return list(rows.filter(id__gt=after).order_by("id")[:most])


def missed(rows: list[Delivery]) -> list[Missed]:
    """Their words and last digits, with one query for the numbers."""
    people = [row.subscriber_id for row in rows]
    phones = dict(Subscriber.objects.filter(pk__in=people).values_list("pk", "phone"))
    return [missed_one(row, phones.get(row.subscriber_id)) for row in rows]


def missed_one(row: Delivery, phone: str | None) -> Missed:
    """One line of the list."""
    words = why_words(row.state, row.reason, row.error_code)
    return Missed(row.pk, masked(phone), row.get_state_display(), words)
