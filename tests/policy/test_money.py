"""Euros: prices by class, answers beyond the free ones, what is not known stops nobody."""

from __future__ import annotations

from decimal import Decimal

import pytest

from policy.money import Prices, Sent, cost, is_short, spent

PRICES = Prices(Decimal("0.025"), Decimal("0.057"), free_replies=1000)


@pytest.mark.parametrize(
    ("people", "template_class", "euros"),
    [(8000, "UTILITY", "200"), (8000, "MARKETING", "456"), (0, "UTILITY", "0"), (1, "utility", "0.025")],
)
def test_a_message_costs_by_its_class(people: int, template_class: str, euros: str) -> None:
    assert cost(people, template_class, PRICES) == Decimal(euros)


@pytest.mark.parametrize(("replies", "euros"), [(0, "0"), (1000, "0"), (1001, "0.025"), (2000, "25")])
def test_answers_cost_beyond_the_free_ones(replies: int, euros: str) -> None:
    assert spent(Sent(replies=replies), PRICES) == Decimal(euros)


def test_the_month_is_the_sum() -> None:
    assert spent(Sent(utility=1000, marketing=100, replies=1100), PRICES) == Decimal("33.2")


def test_a_missing_price_is_not_a_price_of_nothing() -> None:
    nothing = Prices(None, None, 1000)
    assert cost(10, "UTILITY", nothing) is None
    assert spent(Sent(utility=1), nothing) is None
    assert spent(Sent(utility=1), Prices(Decimal(1), None, 0)) == 1  # nothing of the other class left
    assert spent(Sent(utility=1, marketing=1), Prices(Decimal(1), None, 0)) is None


@pytest.mark.parametrize(
    ("price", "left", "short"),
    [("10", "10", False), ("10.01", "10", True), (None, "1", False), ("9", None, False)],
)  # fmt: skip
def test_only_what_is_known_to_be_short_is(price: str | None, left: str | None, short: bool) -> None:
    assert is_short(*(None if v is None else Decimal(v) for v in (price, left))) is short
