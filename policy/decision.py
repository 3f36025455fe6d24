"""The rule: may this message go to this person now?

Pure, and in the order of the law: consent, topic, validity, hours, cap, send. The SQL that claims rows
in sets is tested against it. Zones are not here: they say who is in the audience when it is frozen, and
nobody is left out of a message afterwards for having moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from policy import cap
from policy.calendar import Hours, LeaveReason, Severity, may_leave_at

ACTIVE = "active"
UNREACHABLE_STATE = "unreachable"
ALERT_COLOURS = ("gialla", "arancione", "rossa")  # from the palest, in the words of the national scale


class Reason(StrEnum):
    """Why a message did not leave, as it is written on the delivery row."""

    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    TOPIC = "topic"
    COLOUR = "colour"
    MARKETING = "marketing"
    EXPIRED = "expired"
    HOURS = "hours"
    NIGHT = "night"
    CAPPED = "capped"


class Kind(StrEnum):
    """What a broadcast is to an earlier one."""

    ORIGINAL = "original"
    CORRECTION = "correction"
    UPDATE = "update"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person as the message sees them.

    `state` is the subscriber's state; `subscribed` is about the message's category; `marketing_stopped`
    says that they told the provider to stop promotions; `used` is what the counter that the category is
    charged to (`cap.counter_for`) holds for the local month of `now`; `lowest_colour` is the rank of the
    palest alert that they want.
    """

    state: str
    subscribed: bool
    marketing_stopped: bool = False
    used: int = 0
    lowest_colour: int = 1


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """`marketing` is the class of the approved template, `night_reason` says that the approver saw a
    reason to leave at night, `cap_override` that they saw one to go beyond the promise; `colour` is the
    rank of an alert's colour, 0 for what has none."""

    severity: Severity
    valid_until: datetime | None = None
    kind: Kind = Kind.ORIGINAL
    marketing: bool = False
    night_reason: bool = False
    cap_override: bool = False
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The hours that hold for the category, its own promise if it has one, and the general one."""

    hours: Hours
    general_promise: int
    own_promise: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Now. `counts` says that one unit of the month is to be reserved for it."""

    counts: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before `until`; None if with these hours it never opens."""

    until: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skip:
    """Not to this person, for good."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Expire:
    """What it said is over, for everybody."""

    reason: Reason = Reason.EXPIRED


Decision = Send | Wait | Skip | Expire


def decide(person: PersonFacts, message: MessageFacts, limits: Limits, now: datetime) -> Decision:
    """What is to become of this message for this person at `now`, an aware moment."""
    now = now.astimezone(UTC)  # two moments of one zone would be compared by their wall clock
    if person.state != ACTIVE:
        return Skip(Reason.UNREACHABLE if person.state == UNREACHABLE_STATE else Reason.STOPPED)
    if not person.subscribed:
        return Skip(Reason.TOPIC)
    if is_too_pale(message.colour, person.lowest_colour, message.severity):
        return Skip(Reason.COLOUR)
    if message.marketing and person.marketing_stopped:
        return Skip(Reason.MARKETING)
    if message.valid_until is not None and now >= message.valid_until:
        return Expire()
    severity = effective_severity(message.severity, message.kind)
    leave = may_leave_at(severity, now, limits.hours, night_reason=message.night_reason)
    if leave.at is None or leave.at > now:
        return Wait(leave.at, Reason.NIGHT if leave.reason is LeaveReason.NIGHT else Reason.HOURS)
    counts = counts_in_month(message.severity, message.kind)
    limit = cap.limit_for(limits.own_promise, limits.general_promise)
    if counts and not message.cap_override and cap.allowance(limit, person.used) == 0:
        return Skip(Reason.CAPPED)
    return Send(counts)


def colour_rank(colours: Iterable[str]) -> int:
    """The rank of the darkest of an alert's colours, from 1; 0 if none is one of `ALERT_COLOURS`."""
    return max((ALERT_COLOURS.index(each) + 1 for each in colours if each in ALERT_COLOURS), default=0)


def is_too_pale(colour: int, lowest: int, severity: Severity) -> bool:
    """Whether an alert stays below the lowest colour that somebody wants; an emergency never does."""
    return 0 < colour < lowest and severity is not Severity.EMERGENCY


def effective_severity(severity: Severity, kind: Kind) -> Severity:
    """A correction, an update and an ending are at least urgent: who has read the first one must know."""
    if kind is not Kind.ORIGINAL and severity is Severity.ROUTINE:
        return Severity.URGENT
    return severity


def counts_in_month(severity: Severity, kind: Kind) -> bool:
    """Whether it takes a unit of the monthly promise: only a routine message that follows no other."""
    return effective_severity(severity, kind) is Severity.ROUTINE
