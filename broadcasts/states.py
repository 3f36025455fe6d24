"""The lifecycle in one table: it drives the model, the buttons and the documentation.

Read `EDGES` first. `sent` means that nothing is pending, claimed or sending any more.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from whatsapp.errors import ERRORS, ErrorClass


class State(models.TextChoices):
    """Where a broadcast stands."""

    DRAFT = "draft", _("bozza")
    IN_REVIEW = "in_review", _("da approvare")
    RETURNED = "returned", _("da correggere")
    REJECTED = "rejected", _("respinto")
    SCHEDULED = "scheduled", _("programmato")
    OVERDUE = "overdue", _("in ritardo: decide una persona")
    SENDING = "sending", _("in partenza")
    PAUSED = "paused", _("in pausa")
    SENT = "sent", _("inviato")
    CANCELLED = "cancelled", _("fermato")
    EXPIRED = "expired", _("scaduto")


S = State

# verb → {from: to}. A verb that is not here does not exist; a pair that is not here is refused.
EDGES: dict[str, dict[State, State]] = {
    "submit": {S.DRAFT: S.IN_REVIEW, S.RETURNED: S.IN_REVIEW},
    "withdraw": {S.IN_REVIEW: S.DRAFT},
    "return": {S.IN_REVIEW: S.RETURNED},
    "reject": {S.IN_REVIEW: S.REJECTED},
    "open_exercise": {S.IN_REVIEW: S.IN_REVIEW},
    "approve": {S.IN_REVIEW: S.SCHEDULED},
    "break_glass": {S.DRAFT: S.SCHEDULED, S.RETURNED: S.SCHEDULED, S.IN_REVIEW: S.SCHEDULED},
    "edit": {S.DRAFT: S.DRAFT, S.RETURNED: S.RETURNED, S.SCHEDULED: S.DRAFT},
    "spare": {
        S.DRAFT: S.DRAFT,
        S.RETURNED: S.RETURNED,
        S.IN_REVIEW: S.IN_REVIEW,
        S.SCHEDULED: S.IN_REVIEW,
    },
    "launch": {S.DRAFT: S.SCHEDULED},
    "start": {S.SCHEDULED: S.SENDING},
    "miss": {S.SCHEDULED: S.OVERDUE},
    "send_now": {S.OVERDUE: S.SCHEDULED},
    "pause": {S.SENDING: S.PAUSED},
    "resume": {S.PAUSED: S.SENDING},
    "cancel": {
        S.SCHEDULED: S.CANCELLED,
        S.OVERDUE: S.CANCELLED,
        S.SENDING: S.CANCELLED,
        S.PAUSED: S.CANCELLED,
    },
    "overtake": {S.SCHEDULED: S.CANCELLED, S.OVERDUE: S.CANCELLED},
    "expire": {S.SCHEDULED: S.EXPIRED, S.OVERDUE: S.EXPIRED, S.SENDING: S.EXPIRED, S.PAUSED: S.EXPIRED},
    "finish": {S.SENDING: S.SENT},
    "retry": {S.SENT: S.SENDING},
}

FINAL = frozenset({S.REJECTED, S.CANCELLED, S.EXPIRED})
EDITABLE = frozenset(EDGES["edit"])
# What the public site shows: from the moment it starts to leave, and for ever.
PUBLIC = frozenset({S.SENDING, S.PAUSED, S.SENT, S.CANCELLED, S.EXPIRED})


def target(verb: str, source: str) -> State | None:
    """Where `verb` leads from `source`, or None if the table has no such edge."""
    return EDGES[verb].get(State(source))


def verbs_from(source: str) -> list[str]:
    """The verbs that the table allows from `source`."""
    return [verb for verb, edges in EDGES.items() if State(source) in edges]


class Delivery(models.TextChoices):
    """What our engine did with one recipient. The provider's receipts live in a column of their own."""

    PENDING = "pending", _("in attesa")
    CLAIMED = "claimed", _("preso in carico")
    SENDING = "sending", _("in consegna a WhatsApp")
    ACCEPTED = "accepted", _("affidato a WhatsApp")
    HELD = "held", _("trattenuto da WhatsApp")
    FAILED = "failed", _("non riuscito")
    SKIPPED = "skipped", _("non inviato")
    EXPIRED = "expired", _("scaduto prima di partire")
    UNDELIVERED = "undelivered", _("mai arrivato")
    UNCONFIRMED = "unconfirmed", _("senza risposta")


# The codes that concern the person and will not change by trying again: see whatsapp/errors.
FINAL_CODES = frozenset(
    code for code, info in ERRORS.items() if info.cls in (ErrorClass.PERSON, ErrorClass.PERSON_MARKETING)
)
OPEN = (Delivery.PENDING, Delivery.CLAIMED, Delivery.SENDING)
# Who did not get it, or of whom we do not know.
NOT_REACHED = (
    Delivery.FAILED,
    Delivery.SKIPPED,
    Delivery.EXPIRED,
    Delivery.UNDELIVERED,
    Delivery.UNCONFIRMED,
    Delivery.HELD,
)
# Who may have got the original: the people a correction, an update or an ending goes to.
MAY_HAVE_RECEIVED = (
    Delivery.SENDING,
    Delivery.ACCEPTED,
    Delivery.HELD,
    Delivery.UNCONFIRMED,
    Delivery.UNDELIVERED,
)


def again() -> dict[str, Any]:
    """What a row becomes that is sent anew: nothing of the try before holds for the next one."""
    return {
        "state": Delivery.PENDING,
        "reason": "",
        "error_code": None,
        "not_before": None,
        "attempts": 0,
        "tries": Least(Greatest(models.F("tries"), 1) + 1, 32_000),
        "message_hash": None,
    }


class Receipt(models.IntegerChoices):
    """The provider's receipts in rank order: a row only moves up."""

    NONE = 0, _("nessuna ricevuta")
    SENT = 1, _("partito")
    DELIVERED = 2, _("arrivato")
    READ = 3, _("letto")
