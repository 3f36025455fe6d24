"""Compare the phones' ledger with the promises. Pure: a chapter's account in, a verdict out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from policy.calendar import Hours, Severity, may_leave_at, month_of

AFTER_STOP_SECONDS = 1.0
HOURS_SECONDS = 1.0  # a batch that was let go just before the window closed
OVERTAKE_SECONDS = 1.0  # in which an emergency takes the whole budget
START_SECONDS = 4.0  # from an emergency's moment to its first request
OVERTAKE_SHARE = 0.1  # of an emergency's size: how many others may begin while it leaves

# Each promise, and its column in the table.
BROKEN = {
    "duplicates": "doppi",
    "lost": "persi",
    "after_opt_out": "stop",
    "out_of_hours": "orario",
    "unapproved": "testo",
    "uninvited": "estranei",
    "untimely": "momento",
    "over_cap": "mese",
    "out_of_order": "ordine",
    "behind": "urgenza",
    "misreported": "conti",
    "unanswered": "risposte",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One line of the phones' ledger: a request that the provider took for this phone.

    `began` is real time in Unix seconds, `broadcast` the id in our mark, 0 for anything else; `arrived`
    says that the phone has it, `failed` that the provider said it never will.
    """

    phone: str
    broadcast: int
    began: float
    text: str
    arrived: bool = True
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What a chapter knows of one broadcast. `expected` are the phones that must get it, `allowed`
    those that may (they were leaving while it was sent); `approved_text` is what a second person read;
    `counter` is the month's account that it is charged to, None if to none."""

    id: int
    title: str
    severity: Severity
    expected: frozenset[str]
    allowed: frozenset[str]
    approved_text: str
    two_people: bool
    night_reason: bool = False
    due_at: datetime | None = None
    valid_until: datetime | None = None
    refers_to: int = 0
    counter: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What the office's own account says of one person's message."""

    broadcast: int
    phone: str
    state: str
    arrived: bool
    repeated: bool = False


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


@dataclass(frozen=True, slots=True)
class Account:
    """What happened, as told by everybody but the phones. `left_at` is when each stop was stored (real
    Unix seconds), `limits` leads from a month's account to its number of messages, `answers` from a phone
    to how many answers it must have got."""

    sent: Mapping[int, Sent]
    left_at: Mapping[str, float]
    rows: tuple[Row, ...]
    hours: Hours
    limits: Mapping[str, int]
    clock: Clock
    answers: Mapping[str, int] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()  # numbers that are not on WhatsApp, by the chapter's own reckoning
    rests_after: int = 1  # failures in a row


@dataclass(slots=True)
class Verdict:
    """How many times each promise was broken, with an example of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, promise: str, example: str, count: int = 1) -> None:
        """Count `count` breaches of a promise and keep the first as an example."""
        if count:
            self.counts[promise] += count
            self.examples.setdefault(promise, example)

    @property
    def kept(self) -> bool:
        """Every promise was kept."""
        return not self.counts

    def as_dict(self) -> dict[str, int]:
        """The counts alone, those of kept promises too."""
        return {promise: self.counts[promise] for promise in BROKEN}


def judge(ledger: Iterable[Received], account: Account) -> Verdict:
    """Every promise against every line of the ledger."""
    verdict, lines = Verdict(), list(ledger)
    by_broadcast: dict[int, list[Received]] = {id: [] for id in account.sent}
    for line in lines:
        if not line.broadcast:
            continue
        known = account.sent.get(line.broadcast)
        if known is None:
            verdict.note("unapproved", f"un messaggio che nessuno ha scritto (n. {line.broadcast})")
            continue
        by_broadcast[known.id].append(line)
        _judge_line(verdict, line, known, account)
    for id, taken in by_broadcast.items():
        _judge_broadcast(verdict, account.sent[id], taken, account.rows, _resting(lines, taken, account))
        _judge_order(verdict, account.sent[id], taken, by_broadcast)
    _judge_emergencies(verdict, by_broadcast, account.sent, account.clock)
    _judge_month(verdict, by_broadcast, account)
    _judge_answers(verdict, lines, account.answers)
    return verdict


def _judge_line(verdict: Verdict, line: Received, known: Sent, account: Account) -> None:
    left = account.left_at.get(line.phone)
    if left is not None and line.began > left + AFTER_STOP_SECONDS:
        verdict.note("after_opt_out", f"«{known.title}» {line.began - left:.1f} s dopo lo stop")
    at, grace = account.clock.business(line.began), timedelta(seconds=HOURS_SECONDS)
    if not any(_may_leave(known, moment, account.hours) for moment in (at, at - grace)):
        verdict.note("out_of_hours", f"«{known.title}» alle {at:%d/%m %H:%M} UTC")
    if (known.due_at and at < known.due_at) or (known.valid_until and at - grace >= known.valid_until):
        verdict.note("untimely", f"«{known.title}» alle {at:%d/%m %H:%M} UTC")
    if not known.two_people or line.text != known.approved_text:
        verdict.note("unapproved", f"«{known.title}» non è il testo approvato da due persone")


def _may_leave(known: Sent, at: datetime, hours: Hours) -> bool:
    leave = may_leave_at(known.severity, at, hours, night_reason=known.night_reason).at
    return leave is not None and leave.astimezone(UTC) == at


def _resting(lines: list[Received], taken: list[Received], account: Account) -> set[str]:
    """Numbers that are not on WhatsApp and had failed so often in a row, before this broadcast began, that
    the service may let them rest. One failure less, and the message is owed."""
    began = min((line.began for line in taken), default=0.0)
    failures: Counter[str] = Counter()
    for line in sorted((one for one in lines if one.began < began), key=lambda one: one.began):
        if line.arrived:
            failures[line.phone] = 0
        elif line.failed and line.broadcast:
            failures[line.phone] += 1
    return {phone for phone in account.absent if failures[phone] >= account.rests_after}


def _judge_broadcast(
    verdict: Verdict, known: Sent, taken: list[Received], rows: Iterable[Row], resting: set[str]
) -> None:
    phones, ours = Counter(line.phone for line in taken), [row for row in rows if row.broadcast == known.id]
    repeated = {row.phone for row in ours if row.repeated}
    doubtful = {row.phone for row in ours if row.state == "unconfirmed"}  # nobody repeats on a guess
    quoted = f"«{known.title}»"
    twice = [phone for phone, times in phones.items() if times > 1 + (phone in repeated)]
    verdict.note("duplicates", quoted, len(twice))
    verdict.note("lost", quoted, len(known.expected - phones.keys() - doubtful - resting))
    verdict.note("uninvited", quoted, len(phones.keys() - known.expected - known.allowed))
    arrived, told = {line.phone for line in taken if line.arrived}, {row.phone for row in ours if row.arrived}
    boasted = {row.phone for row in ours if row.state == "accepted"} - phones.keys()
    verdict.note(
        "misreported", f"{quoted}: l'ufficio vede altro dai telefoni", len((arrived ^ told) | boasted)
    )


def _judge_order(
    verdict: Verdict, known: Sent, taken: list[Received], others: Mapping[int, list[Received]]
) -> None:
    """A follow-up comes after what it follows on every phone; once it goes, nothing of the other begins."""
    first = others.get(known.refers_to) if known.refers_to else None
    if not first or not taken:
        return
    mine = {line.phone: line.began for line in taken}
    gone = min(mine.values()) + AFTER_STOP_SECONDS  # requests that had begun are under way
    wrong = [line for line in first if line.began > gone or line.began > mine.get(line.phone, line.began)]
    verdict.note("out_of_order", f"«{known.title}» prima di quello che segue", len(wrong))


def _judge_emergencies(
    verdict: Verdict, by_broadcast: Mapping[int, list[Received]], sent: Mapping[int, Sent], clock: Clock
) -> None:
    """An emergency begins at its moment; while it leaves, next to nothing else begins."""
    for id, taken in by_broadcast.items():
        if sent[id].severity is not Severity.EMERGENCY or not taken:
            continue
        firsts: dict[str, float] = {}
        for line in taken:
            firsts[line.phone] = min(line.began, firsts.get(line.phone, line.began))
        begun, due = clock.business(min(firsts.values())), sent[id].due_at
        if due and begun - due > timedelta(seconds=START_SECONDS):
            verdict.note(
                "behind", f"«{sent[id].title}» {(begun - due).total_seconds():.1f} s dopo la sua ora"
            )
        start, end = min(firsts.values()) + OVERTAKE_SECONDS, max(firsts.values())
        lines = [
            line
            for other, lines in by_broadcast.items()
            for line in lines
            if sent[other].severity is not Severity.EMERGENCY and start < line.began < end
        ]
        if len(lines) > OVERTAKE_SHARE * len(firsts):
            verdict.note("behind", f"{len(lines)} altri messaggi durante «{sent[id].title}»", len(lines))


def _judge_month(verdict: Verdict, by_broadcast: Mapping[int, list[Received]], account: Account) -> None:
    """No phone gets more in a month than was promised, whatever the office counts."""
    used: Counter[tuple[str, str, date]] = Counter()
    for id, taken in by_broadcast.items():
        counter = account.sent[id].counter
        for line in taken if counter is not None else ():
            month = month_of(account.clock.business(line.began))
            used[line.phone, str(counter), month] += not line.failed
    over = [key for key, count in used.items() if count > account.limits[key[1]]]
    verdict.note("over_cap", f"{len(over)} telefoni oltre la promessa del mese", len(over))


def _judge_answers(verdict: Verdict, lines: Iterable[Received], answers: Mapping[str, int]) -> None:
    """Who wrote was answered, once each time."""
    got = Counter(line.phone for line in lines if not line.broadcast)
    wrong = [phone for phone, count in answers.items() if got[phone] != count]
    verdict.note("unanswered", f"{len(wrong)} persone senza la loro risposta, o con due", len(wrong))
