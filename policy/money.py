"""What messages cost and what is left of the month: pure arithmetic in euros.

The provider bills each delivered template by its class, and since October 2026 answers too, at the
utility price, beyond a number free every month (WHATSAPP.md §7). The prices are the town's settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """Euros a message; None where nobody has set it yet. `free_replies` answers a month cost nothing."""

    utility: Decimal | None
    marketing: Decimal | None
    free_replies: int

    def of(self, template_class: str) -> Decimal | None:
        """The price of one message of that class ("UTILITY" or "MARKETING")."""
        return self.marketing if template_class.upper() == "MARKETING" else self.utility


@dataclass(frozen=True, slots=True)
class Sent:
    """What left this month: template messages of each class, and answers to who wrote."""

    utility: int = 0
    marketing: int = 0
    replies: int = 0


def cost(people: int, template_class: str, prices: Prices) -> Decimal | None:
    """What one message to so many people costs; None without a price."""
    price = prices.of(template_class)
    return None if price is None else price * people


def spent(sent: Sent, prices: Prices) -> Decimal | None:
    """What the month has cost so far; None if something of it has no price."""
    billed = max(0, sent.replies - prices.free_replies)
    parts = (
        cost(sent.utility + billed, "UTILITY", prices),
        cost(sent.marketing, "MARKETING", prices) if sent.marketing else Decimal(0),
    )
    return None if None in parts else sum(filter(None, parts), Decimal(0))


def is_short(price: Decimal | None, left: Decimal | None) -> bool:
    """Whether a message costs more than is left; what is not known stops nobody."""
    return price is not None and left is not None and price > left
