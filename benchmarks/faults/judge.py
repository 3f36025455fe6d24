"""The phones' ledger against the rows. Pure: what both say in, what was broken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

STOP_SECONDS = 0.5  # a request that was on its way when the stop was stored may still arrive
OPEN = frozenset({"pending", "claimed", "sending"})


@dataclass(frozen=True, slots=True)
class Row:
    """What the database says of one person. `repeated`: an emergency may have gone a second time."""

    phone: str
    state: str
    repeated: bool = False
    unit: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request that the provider took; `began` in Unix seconds."""

    phone: str
    began: float


@dataclass(slots=True)
class Verdict:
    """How often what was broken; all but the last two must be zero.

    `unsettled` rows are in doubt though the receipt came. `miscounted` units of the month belong to
    nobody's message. `blocked` people waited because somebody else's row was in another's hand. `in_doubt`
    routine rows never reached a phone and say so; `repeats` are emergencies that were sent a second time for
    want of an answer.
    """

    lost: int = 0
    doubled: int = 0
    after_opt_out: int = 0
    unsettled: int = 0
    miscounted: int = 0
    out_of_hours: int = 0
    blocked: int = 0
    in_doubt: int = 0
    repeats: int = 0

    @property
    def kept(self) -> bool:
        """Nothing was broken."""
        return not any(value for name, value in asdict(self).items() if name not in ("in_doubt", "repeats"))

    def add(self, other: Verdict) -> None:
        """Count another verdict's numbers too."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def judge(
    rows: Iterable[Row],
    arrived: Iterable[Arrived],
    stopped: Mapping[str, float],
    *,
    emergency: bool,
    audience: int,
    may_repeat: bool = True,
) -> Verdict:
    """One broadcast. `stopped` maps a phone to when its stop was stored."""
    verdict, known, lines = Verdict(), list(rows), list(arrived)
    times = Counter(line.phone for line in lines)
    verdict.lost += abs(audience - len(known))
    for row in known:
        n = times.pop(row.phone, 0)
        allowed = 1 + (emergency and may_repeat and row.repeated)
        verdict.doubled += max(0, n - allowed)
        verdict.repeats += emergency and n == 2 and row.repeated
        if n == 0:
            _judge_missed(verdict, row, emergency)
        elif row.state in OPEN or row.state in ("unconfirmed", "skipped", "failed", "expired"):
            verdict.unsettled += 1
    verdict.doubled += sum(times.values())  # to people who are in no row
    for line in lines:
        stop = stopped.get(line.phone)
        verdict.after_opt_out += stop is not None and line.began > stop + STOP_SECONDS
    return verdict


def _judge_missed(verdict: Verdict, row: Row, emergency: bool) -> None:
    if row.state in ("skipped", "expired", "failed"):
        return  # said so, with the reason
    if row.state == "unconfirmed" and not emergency:
        verdict.in_doubt += 1
    else:
        verdict.lost += 1
