"""How much of everything: whole, or a smoke of two minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """People, messages, statuses and repetitions of each figure."""

    runs: int
    cap_1000: int
    cap_80: int
    uncapped: int
    naive: int
    naive_sizes: tuple[int, ...]
    backlog: int
    emergency: int
    audience: int
    statuses: int
    singles: int
    joins: int


WHOLE = Size(3, 60_000, 5_000, 20_000, 1_000, (8, 16, 32, 64), 50_000, 2_000, 1_000_000, 45_000, 4_500, 1_000)
QUICK = Size(1, 6_000, 400, 4_000, 400, (32,), 6_000, 500, 100_000, 9_000, 900, 200)
