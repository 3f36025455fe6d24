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
    storm: int  # seconds


WHOLE = Size(
    runs=3,
    cap_1000=60_000,
    cap_80=5_000,
    uncapped=20_000,
    naive=1_000,
    naive_sizes=(8, 16, 32, 64),
    backlog=50_000,
    emergency=2_000,
    audience=1_000_000,
    statuses=45_000,
    singles=4_500,
    joins=1_000,
    storm=15,
)
QUICK = Size(1, 6_000, 400, 4_000, 400, (32,), 6_000, 500, 100_000, 9_000, 900, 200, 3)
