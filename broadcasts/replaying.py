"""After a restore: the stops and erasures that the backup does not know, read back from the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broadcasts.erasure import erase
from staff.models import User, audit
from subscribers import consent, journal
from subscribers.models import SubjectIdentity, Subscriber


@dataclass(slots=True)
class Replayed:
    """How many lines were read; how many people were put out or erased again; whose lines lead to nobody,
    since the backup is older than their joining."""

    lines: int = 0
    stopped: int = 0
    erased: int = 0
    unknown: int = 0


def replay(now: datetime, *, since: datetime | None = None, by: User | None = None) -> Replayed:
    """Do again what the journal holds. Safe to repeat: who joined after their stop stays in."""
    done = Replayed()
    for line in list(journal.read(since)):
        done.lines += 1
        person = _person(line)
        if person is None:
            done.unknown += 1
        elif line.act == journal.STOP:
            done.stopped += consent.stop(
                person, at=line.at, now=now, command="replay", channel=journal.CHANNEL
            )
        elif line.act == journal.ERASE and not _came_back(person, line.at):
            done.erased += erase(person.pk, now, channel=journal.CHANNEL)
    if done.stopped or done.erased:
        audit(by, "replay_stops", f"{done.stopped} + {done.erased}", lines=done.lines, unknown=done.unknown)
    return done


def _person(line: journal.Line) -> Subscriber | None:
    subjects = SubjectIdentity.objects.filter(identity_hash__in=line.who).values("subject")
    return Subscriber.objects.filter(subject__in=subjects).order_by("pk").first()


def _came_back(person: Subscriber, at: datetime) -> bool:
    later = person.consent_at is not None and person.consent_at > at
    return later and person.state not in (Subscriber.State.STOPPED, Subscriber.State.ERASED)
