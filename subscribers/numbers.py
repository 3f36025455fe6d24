"""Numbers in the office: masked everywhere, shown whole to who says why, found by who knows them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from staff.models import User, audit
from staff.phones import digits
from subscribers.identity import hash_of
from subscribers.models import SubjectIdentity, Subscriber

LEAST_REASON = 5  # letters: «ok» is no reason


class NotAllowed(Exception):
    """Refused, with a sentence for the person."""


def masked(phone: str | None) -> str:
    """The last three digits alone."""
    return f"••• {phone[-3:]}" if phone else _("senza numero")


@transaction.atomic
def reveal(subscriber_id: int, *, by: User, reason: str) -> Subscriber:
    """One person with their whole number, after a line in the log that holds the reason and not the number.

    Raises NotAllowed.
    """
    if not (by.is_active and by.has_perm("subscribers.reveal_number")):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    reason = reason.strip()[:300]
    if len(reason) < LEAST_REASON:
        raise NotAllowed(_("Scrivi perché ti serve il numero: resta nel registro."))
    subscriber = Subscriber.objects.filter(pk=subscriber_id).first()
    if subscriber is None:
        raise NotAllowed(_("Questa persona non c'è più."))
    audit(by, "reveal", _("iscritto %(id)s") % {"id": subscriber}, reason=reason)
    return subscriber


@transaction.atomic
def look_up(text: str, *, by: User) -> Subscriber | None:
    """Whose number this is, whoever has left included as long as their stop is honoured; None if nobody's.

    That somebody looked is in the log, the number is not.
    """
    phone = digits(text)
    found = Subscriber.objects.filter(phone=phone).first() if phone else None
    if found is None and phone:
        known = SubjectIdentity.objects.filter(identity_hash=hash_of(phone)).values("subject")
        found = Subscriber.objects.filter(subject__in=known).first()
    audit(by, "look_up", _("iscritto %(id)s") % {"id": found} if found else _("nessun iscritto"))
    return found
