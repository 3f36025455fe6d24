"""The month's money: what was spent, what is left, what a notice costs. One query, remembered where large."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from broadcasts import audience
from broadcasts.bulletins import dates
from broadcasts.models import Broadcast
from broadcasts.remembered import remembered
from policy import money
from policy.calendar import ROME, Severity, month_of
from policy.models import TownProfile
from policy.page import language

# Whatever has left or is leaving and was not surely refused: cautious, since receipts come later.
SENT = """
    SELECT count(*) FILTER (WHERE c.template_class <> 'MARKETING'),
           count(*) FILTER (WHERE c.template_class = 'MARKETING')
    FROM broadcasts_broadcast b
    JOIN policy_category c ON c.id = b.category_id
    JOIN broadcasts_delivery d ON d.broadcast_id = b.id
    WHERE b.started_at >= %(month)s - interval '7 days'
      AND d.state IN ('pending', 'claimed', 'sending', 'accepted', 'held', 'unconfirmed')
      AND COALESCE(d.accepted_at, b.started_at) >= %(month)s
"""
REPLIES = "SELECT count(*) FROM broadcasts_reply WHERE accepted_at >= %(month)s AND state = 'accepted'"
LARGE = 50_000


@dataclass(frozen=True, slots=True)
class Purse:
    """`cost` of one notice and `left` of the month before it; None where a price or a budget is missing."""

    cost: Decimal | None
    left: Decimal | None
    budget: Decimal | None
    prices_set_on: date | None

    @property
    def short(self) -> bool:
        """It costs more than is left."""
        return money.is_short(self.cost, self.left)

    @property
    def cost_words(self) -> str:
        return euros(self.cost) if self.cost is not None else ""

    @property
    def left_words(self) -> str:
        """What is left after it; never below zero."""
        if self.left is None:
            return ""
        return euros(max(Decimal(0), self.left - (self.cost or 0)))

    @property
    def since_words(self) -> str:
        day = self.prices_set_on
        return f"{dates.short_day(day, language())} {day.year}" if day else ""


def prices_of(town: TownProfile) -> money.Prices:
    return money.Prices(town.price_utility, town.price_marketing, town.free_replies)


def sent_in_month(now: datetime) -> money.Sent:
    """How many messages of each class left, or are leaving, in the month of `now`; remembered for a minute
    where it took long to count."""
    first = month_of(now)
    month = datetime(first.year, first.month, 1, tzinfo=ROME)

    def count() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(SENT, {"month": month})
            utility, marketing = cursor.fetchone()
            cursor.execute(REPLIES, {"month": month})
            return [utility, marketing, cursor.fetchone()[0]]

    return money.Sent(*remembered(f"sent:{first}", count, worth=lambda found: sum(found) > LARGE))


def purse(broadcast: Broadcast, people: int, now: datetime) -> Purse:
    """What this notice costs to so many people, and what is left of the month before it."""
    town = TownProfile.current()
    prices = prices_of(town)
    spent = None
    if town.monthly_budget is not None:
        spent = money.spent(sent_in_month(now), prices)
    left = None if town.monthly_budget is None or spent is None else town.monthly_budget - spent
    cost = money.cost(people, broadcast.category.template_class, prices)
    return Purse(cost, left, town.monthly_budget, town.prices_set_on)


def must_ask(broadcast: Broadcast, found: Purse) -> bool:
    """Whether a person has to say that it goes all the same; an emergency always goes."""
    return found.short and broadcast.severity != Severity.EMERGENCY and not broadcast.over_budget_reason


def is_short(broadcast: Broadcast, now: datetime) -> bool:
    """Whether a person has to say that it goes all the same; nothing is counted where there is no budget."""
    if broadcast.severity == Severity.EMERGENCY or broadcast.over_budget_reason:
        return False
    if TownProfile.current().monthly_budget is None:
        return False
    return must_ask(broadcast, purse(broadcast, audience.count(broadcast, now).total, now))


def unpaid(broadcast: Broadcast, now: datetime) -> str:
    """Why it does not start although it is approved and due; empty if the money is there."""
    if not is_short(broadcast, now):
        return ""
    return _("Il denaro del mese è finito: se deve partire lo stesso, decide una persona.")


def euros(amount: Decimal) -> str:
    """«12,50 €» in Italian, «€12.50» in English."""
    return _("%(amount)s €") % {"amount": number_format(amount, 2, use_l10n=True, force_grouping=True)}
