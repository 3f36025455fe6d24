"""Who writes a letter, and to whom it may be written. Nothing leaves here: the post does (letters/post)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from broadcasts.letters.models import Letter
from broadcasts.letters.table import Entry
from broadcasts.lifecycle import NotAllowed
from staff.models import User, audit
from staff.phones import digits
from subscribers import consent, identity
from subscribers.models import ConsentEvent, Subscriber, Subscription

State = Subscriber.State
NARROW = "import-narrow"  # the channel of people imported from a list that was for emergencies alone
WITHIN_THE_DAY = timedelta(hours=23, minutes=30)  # what a free text may be sent within, with room for a delay


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list: people put in by their proof, people invited, and those left alone."""

    joined: int = 0
    invited: int = 0
    left_alone: int = 0


@transaction.atomic
def invite(number: str, *, by: User, now: datetime, source: str = "") -> Letter:
    """One invitation to a number, and never a second. Raises NotAllowed with a sentence for the person."""
    _require(by)
    phone = digits(number)
    if not phone:
        raise NotAllowed(_("Questo non è un numero di telefono: controllalo e scrivilo di nuovo."))
    letter, why = _invite(phone, by, now, source or _("sportello"))
    if letter is None:
        raise NotAllowed(why)
    audit(by, "invite", _("lettera %(id)s") % {"id": letter.pk}, source=letter.source)
    return letter


def _invite(phone: str, by: User, now: datetime, source: str) -> tuple[Letter | None, str]:
    """The letter, or why there is none. The number of somebody who left is not written down again."""
    known = identity.known(phone)
    if known is not None and known.state in (State.ACTIVE, State.UNREACHABLE):
        return None, _("Questa persona è già iscritta.")
    if known is not None and known.state in (State.STOPPED, State.ERASED) and known.consent_at:
        return None, _("Questa persona ha lasciato il servizio: può tornare solo se lo scrive lei.")
    if known is not None and Letter.objects.filter(subscriber=known, kind=Letter.Kind.INVITATION).exists():
        return None, _("Questa persona è già stata invitata: non si scrive due volte.")
    person = identity.find(phone, None, create=True)
    if person is None:
        return None, _("Questo non è un numero di telefono: controllalo e scrivilo di nuovo.")
    person.state = State.INVITED
    person.save(update_fields=["state"])
    identity.bind([person])
    return Letter.objects.create(
        kind=Letter.Kind.INVITATION, subscriber=person, by=by, source=source[:80], created_at=now
    ), ""


@transaction.atomic
def take_list(
    entries: list[Entry], *, by: User, now: datetime, source: str, narrow: bool = False
) -> Imported:
    """An old list: who has a proof of consent is in from its day, everybody else gets the one invitation.

    Who is known already is left as they are, whatever the list says: a stop is younger than any old list.
    `narrow` joins to the core topics only, and these people may be asked once whether they want more.
    """
    _require(by)
    joined = invited = alone = 0
    for entry in entries:
        if entry.proof and entry.since:
            in_now = _join_by_proof(entry, now, narrow)
            joined, alone = joined + in_now, alone + (not in_now)
        else:
            letter, _why = _invite(entry.phone, by, now, source)
            invited, alone = invited + (letter is not None), alone + (letter is None)
    audit(by, "import", source[:80], joined=joined, invited=invited, left_alone=alone)
    return Imported(joined, invited, alone)


def _join_by_proof(entry: Entry, now: datetime, narrow: bool) -> bool:
    known = identity.known(entry.phone)
    if (
        known is not None
        and known.state != State.INVITED
        and (known.consent_at or known.state != State.STOPPED)
    ):
        return False
    person = identity.find(entry.phone, None, create=True)
    if person is None or entry.since is None:
        return False
    more: dict[str, Any] = {"topics": [], "channel": NARROW} if narrow else {"channel": "import"}
    return consent.join(person, at=entry.since, now=now, command=f"prova: {entry.proof}"[:40], **more)


def may_be_asked() -> QuerySet[Subscriber]:
    """Who joined by the narrow list, has nothing but core topics still, and was not asked yet."""
    narrow = ConsentEvent.objects.filter(subject=OuterRef("subject"), act="join", channel=NARROW)
    others = Subscription.objects.filter(subscriber=OuterRef("pk"), category__core=False)
    asked = Letter.objects.filter(subscriber=OuterRef("pk"), kind=Letter.Kind.MORE)
    people = Subscriber.objects.filter(Exists(narrow), ~Exists(others), ~Exists(asked), state=State.ACTIVE)
    return people.order_by("pk")


@transaction.atomic
def ask_more(*, by: User, now: datetime) -> int:
    """Ask each of them once whether they want more; returns how many will be asked."""
    _require(by)
    rows = [
        Letter(kind=Letter.Kind.MORE, subscriber=person, by=by, created_at=now) for person in may_be_asked()
    ]
    Letter.objects.bulk_create(rows, ignore_conflicts=True)
    audit(by, "ask_more", _("lista ristretta"), people=len(rows))
    return len(rows)


def tell_promotions_stopped(
    subscriber: Subscriber, *, now: datetime, real_now: datetime, payload: dict[str, Any] | None
) -> Letter | None:
    """The provider's switch was used: the rest goes on, and may be left in one tap. Once a day; None if
    it was told, or if they are out. `payload` is the free text, for who wrote to us within the day."""
    told = Letter.objects.filter(
        subscriber=subscriber, kind=Letter.Kind.PROMOTIONS, created_at__gt=now - timedelta(days=1)
    )
    if subscriber.state != State.ACTIVE or told.exists():
        return None
    wrote = subscriber.last_inbound_at
    free = payload if wrote and real_now - wrote < WITHIN_THE_DAY else None
    return Letter.objects.create(
        kind=Letter.Kind.PROMOTIONS, subscriber=subscriber, payload=free, created_at=now
    )


def _require(by: User) -> None:
    if not (by.is_active and by.has_perm("broadcasts.add_letter")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
