"""What of the month's promise is used: how many ordinary notices have left, beside how many we promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from broadcasts.models import Broadcast
from policy.calendar import MONTHS, ROME, Severity
from policy.models import TownProfile
from policy.page import language


@dataclass(frozen=True, slots=True)
class Account:
    """One promise: `name` is the topic's, empty for the one that all others share."""

    name: str
    left: int
    most: int

    @property
    def full(self) -> bool:
        """Somebody may already have all that we promised."""
        return self.left >= self.most


@dataclass(frozen=True, slots=True)
class Promised:
    """The month's accounts, the shared one first."""

    month: str
    accounts: tuple[Account, ...]


def promised(town: TownProfile, now: datetime) -> Promised:
    """One query over the month's notices. Corrections, urgent notices and exercises count in no promise."""
    local = now.astimezone(ROME)
    begins = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    left = Broadcast.objects.filter(
        started_at__gte=begins, severity=Severity.ROUTINE, refers_to=None, exercise=False
    )
    rows = left.order_by().values_list("category__name", "category__monthly_promise").annotate(n=Count("id"))
    shared, own = 0, []
    for name, most, number in rows:
        if most is None:
            shared += number
        else:
            own.append(Account(name, number, most))
    month = MONTHS[language()][local.month - 1]
    return Promised(
        month, (Account("", shared, town.monthly_promise), *sorted(own, key=lambda one: one.name))
    )
