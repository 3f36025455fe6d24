"""Compare the phones' ledger with the promises. Pure: the story's account in, a verdict out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from policy.calendar import Hours, Severity, may_leave_at

AFTER_STOP_SECONDS = 1.0
BROKEN = ("duplicates", "lost", "after_opt_out", "out_of_hours", "unapproved", "uninvited")


@dataclass(frozen=True, slots=True)
class Received:
    """One line of the phones' ledger: a request that the provider took for this phone.

    `began` is real time in Unix seconds, `broadcast` the id in our mark, 0 for anything else.
    """

    phone: str
    broadcast: int
    began: float
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What the story knows of one broadcast. `expected` are the phones that must get it, `allowed`
    those that may (they were leaving while it was sent); `approved_text` is what a second person read."""

    id: int
    title: str
    severity: Severity
    expected: frozenset[str]
    allowed: frozenset[str]
    approved_text: str
    two_people: bool
    night_reason: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """How far business time stood from real time: (real seconds from which it holds, offset)."""

    moves: tuple[tuple[float, timedelta], ...]

    def business(self, real: float) -> datetime:
        """The business time of a real moment."""
        offset = timedelta(0)
        for since, value in self.moves:
            if since <= real:
                offset = value
        return datetime.fromtimestamp(real, UTC) + offset


@dataclass(slots=True)
class Verdict:
    """How many times each promise was broken, with an example of each."""

    duplicates: int = 0
    lost: int = 0
    after_opt_out: int = 0
    out_of_hours: int = 0
    unapproved: int = 0
    uninvited: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, promise: str, example: str, count: int = 1) -> None:
        """Count `count` breaches of a promise and keep the first as an example."""
        if count:
            setattr(self, promise, getattr(self, promise) + count)
            self.examples.setdefault(promise, example)

    @property
    def kept(self) -> bool:
        """Every promise was kept."""
        return not any(getattr(self, promise) for promise in BROKEN)

    def as_dict(self) -> dict[str, int]:
        """The counts alone."""
        return {name: value for name, value in asdict(self).items() if name != "examples"}


def judge(
    ledger: Iterable[Received],
    sent: Mapping[int, Sent],
    left_at: Mapping[str, float],
    repeated: frozenset[tuple[int, str]],
    hours: Hours,
    clock: Clock,
) -> Verdict:
    """`repeated` are the (broadcast, phone) pairs that an emergency may have sent twice."""
    verdict = Verdict()
    by_broadcast: dict[int, Counter[str]] = {id: Counter() for id in sent}
    for line in ledger:
        if not line.broadcast:
            continue
        known = sent.get(line.broadcast)
        if known is None:
            verdict.note("unapproved", f"un messaggio che nessuno ha scritto (n. {line.broadcast})")
            continue
        by_broadcast[known.id][line.phone] += 1
        _judge_line(verdict, line, known, left_at, hours, clock)
    for id, phones in by_broadcast.items():
        _judge_broadcast(verdict, sent[id], phones, repeated)
    return verdict


def _judge_line(
    verdict: Verdict, line: Received, known: Sent, left_at: Mapping[str, float], hours: Hours, clock: Clock
) -> None:
    left = left_at.get(line.phone)
    if left is not None and line.began > left + AFTER_STOP_SECONDS:
        verdict.note("after_opt_out", f"«{known.title}» {line.began - left:.1f} s dopo lo stop")
    at = clock.business(line.began)
    leave = may_leave_at(known.severity, at, hours, night_reason=known.night_reason)
    if leave.at is None or leave.at > at:
        verdict.note("out_of_hours", f"«{known.title}» alle {at:%d/%m %H:%M} UTC")
    if not known.two_people or line.text != known.approved_text:
        verdict.note("unapproved", f"«{known.title}» non è il testo approvato da due persone")


def _judge_broadcast(
    verdict: Verdict, known: Sent, phones: Counter[str], repeated: frozenset[tuple[int, str]]
) -> None:
    twice = [phone for phone, times in phones.items() if times > (2 if (known.id, phone) in repeated else 1)]
    verdict.note("duplicates", f"«{known.title}»", len(twice))
    verdict.note("lost", f"«{known.title}»", len(known.expected - phones.keys()))
    verdict.note("uninvited", f"«{known.title}»", len(phones.keys() - known.expected - known.allowed))
