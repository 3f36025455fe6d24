"""What the service tells its own people: one message for each change of state, by e-mail, and a call on
WhatsApp to who has to decide. Rows first, in the verb's own transaction; a worker sends them.

A row is locked while its message leaves, so that two workers send it once. A worker killed in that
instant sends it again with the same Message-ID, which a mailbox shows once; nothing is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException
from urllib.parse import urlsplit
from uuid import UUID

import phonenumbers
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts import provider, render, wake
from broadcasts.bulletins import staff_template
from broadcasts.models import Broadcast, NightLink, Transition
from broadcasts.night_address import address_of
from policy.models import TownProfile
from staff.mandates import approvers
from staff.models import StaffMessage, User
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsapp.errors import ErrorClass
from whatsapp.payloads import Recipient

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 8
Channel = StaffMessage.Channel
AUTHORS, APPROVERS, WHO_APPROVED = "authors", "approvers", "who_approved"
# verb → whom it concerns besides who did it, and the subject they read. A start is not told: the message
# of the approval says when it leaves, the one of its end that it has left.
TOLD: dict[str, tuple[tuple[str, ...], str | Promise]] = {
    "submit": ((APPROVERS,), gettext_lazy("Da approvare: %(title)s")),
    "withdraw": ((APPROVERS,), gettext_lazy("Ripreso dall'autore: %(title)s")),
    "return": ((AUTHORS,), gettext_lazy("Da correggere: %(title)s")),
    "reject": ((AUTHORS,), gettext_lazy("Respinto: %(title)s")),
    "approve": ((AUTHORS,), gettext_lazy("Approvato: %(title)s")),
    "break_glass": (
        (APPROVERS, AUTHORS),
        gettext_lazy("Inviato da una persona sola, da convalidare: %(title)s"),
    ),
    "countersign": ((AUTHORS, WHO_APPROVED), gettext_lazy("Convalidato: %(title)s")),
    "dispute": ((AUTHORS, WHO_APPROVED, APPROVERS), gettext_lazy("NON convalidato: %(title)s")),
    "edit": ((WHO_APPROVED,), gettext_lazy("Modificato, non è più approvato: %(title)s")),
    "open_exercise": ((AUTHORS,), gettext_lazy("Esercitazione aperta ai cittadini: %(title)s")),
    "launch": ((AUTHORS, WHO_APPROVED), gettext_lazy("In partenza: %(title)s")),
    "miss": ((AUTHORS, WHO_APPROVED), gettext_lazy("In ritardo, decidi tu: %(title)s")),
    "send_now": ((AUTHORS, WHO_APPROVED), gettext_lazy("Inviato adesso: %(title)s")),
    "pause": ((AUTHORS, WHO_APPROVED), gettext_lazy("In pausa: %(title)s")),
    "resume": ((AUTHORS, WHO_APPROVED), gettext_lazy("Ripreso l'invio: %(title)s")),
    "cancel": ((AUTHORS, WHO_APPROVED), gettext_lazy("Fermato: %(title)s")),
    "expire": ((AUTHORS, WHO_APPROVED), gettext_lazy("Scaduto: %(title)s")),
    "finish": ((AUTHORS,), gettext_lazy("Inviato: %(title)s")),
    "retry": ((AUTHORS,), gettext_lazy("Si riprova con chi manca: %(title)s")),
}
CALLED = frozenset({"submit", "break_glass", "dispute"})  # these need somebody now: on WhatsApp too


def tell(broadcast: Broadcast, step: Transition) -> None:
    """Write the messages of one change of state, in the caller's transaction."""
    if step.verb not in TOLD:
        return
    roles, subject = TOLD[step.verb]
    with translation.override(settings.LANGUAGE_CODE):
        title = str(subject) % {"title": broadcast.title}
        queue(
            f"step:{step.pk}",
            (person for role in roles for person in _people(role, broadcast, step.at)),
            title,
            _body(broadcast, step, title),
            path=page_of(broadcast),
            without=step.by_id,
            call=step.verb in CALLED,
        )


def queue(
    key: str,
    people: Iterable[User],
    subject: str,
    body: str,
    *,
    path: str,
    without: int | None = None,
    call: bool = False,
    link: NightLink | None = None,
) -> int:
    """One row a person and channel, once for each `key`; returns how many are new."""
    rows: list[StaffMessage] = []
    for person in {person.pk: person for person in people}.values():
        channels = [Channel.EMAIL] if person.email else []
        channels += [Channel.WHATSAPP] if call and person.phone else []
        rows += [
            StaffMessage(
                key=key,
                person=person,
                channel=channel,
                subject=subject[:200],
                body=body,
                path=path,
                link=link.pk if link else None,
            )
            for channel in channels
            if person.pk != without
        ]
    told = set(StaffMessage.objects.filter(key=key).values_list("person", "channel"))
    fresh = [row for row in rows if (row.person_id, row.channel) not in told]
    if fresh:
        StaffMessage.objects.bulk_create(fresh, ignore_conflicts=True)  # another worker may be as far
        transaction.on_commit(wake.staff)
    return len(fresh)


def page_of(broadcast: Broadcast) -> str:
    """The office's page of this notice, without the site's name."""
    return reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])


def _people(role: str, broadcast: Broadcast, now: datetime) -> list[User]:
    if role == AUTHORS:
        ids = {broadcast.created_by_id, broadcast.last_edited_by_id, broadcast.submitted_by_id}
    elif role == WHO_APPROVED:
        ids = {broadcast.approved_by_id or _last_approver(broadcast)}
    else:
        hands = {broadcast.submitted_by_id, broadcast.last_edited_by_id}  # these may not approve it
        return [person for person in approvers(now) if person.pk not in hands]
    return list(User.objects.filter(pk__in=[pk for pk in ids if pk], is_active=True))


def _last_approver(broadcast: Broadcast) -> int | None:
    """An edit has wiped it from the row; the steps still know."""
    found = broadcast.transitions.filter(verb__in=("approve", "break_glass")).order_by("-id").first()
    return found.by_id if found else None


def _body(broadcast: Broadcast, step: Transition, title: str) -> str:
    who = str(step.by) if step.by else _("Il sistema")
    lines = [title, _("Chi: %(who)s") % {"who": who}]
    if step.reason:
        lines.append(_("Perché: %(reason)s") % {"reason": step.reason})
    lines.append(f"{broadcast.category} · {broadcast.get_severity_display()}")
    return "\n".join(lines)


# --- What a worker does --------------------------------------------------------------------------------


def send_pending(real_now: datetime, most: int = 200) -> int:
    """Send what waits; returns how many left. Several workers at once share the rows."""
    due = Q(not_before=None) | Q(not_before__lte=real_now)
    waiting = StaffMessage.objects.filter(due, state=StaffMessage.State.PENDING).order_by("created_at")
    return sum(_send_one(pk, real_now) for pk in list(waiting.values_list("pk", flat=True)[:most]))


@transaction.atomic
def _send_one(pk: UUID, real_now: datetime) -> bool:
    rows = StaffMessage.objects.select_for_update(skip_locked=True, of=("self",)).select_related("person")
    row = rows.filter(pk=pk, state=StaffMessage.State.PENDING).first()
    if row is None:  # another worker has it
        return False
    row.attempts += 1
    final, row.error = True, ""
    try:
        _by_whatsapp(row) if row.channel == Channel.WHATSAPP else _by_email(row)
    except (OSError, SMTPException, NotSent) as error:  # it surely, or probably, did not leave
        final, row.error = row.attempts >= MOST_ATTEMPTS, type(error).__name__
    except Unanswered:
        row.error = _("WhatsApp non ha risposto: potrebbe essere arrivato")
    except (ApiError, Undeliverable) as error:
        passing = isinstance(error, ApiError) and error.info.cls in (ErrorClass.RETRY, ErrorClass.THROTTLE)
        final = not passing or row.attempts >= MOST_ATTEMPTS
        row.error = str(error.info.reason if isinstance(error, ApiError) else error)[:200]
    sent = final and (not row.error or row.error == _("WhatsApp non ha risposto: potrebbe essere arrivato"))
    if final:
        row.state = StaffMessage.State.SENT if sent else StaffMessage.State.FAILED
        row.sent_at = real_now if sent else None
    else:
        row.not_before = real_now + timedelta(minutes=min(2 ** (row.attempts - 1), 60))
    row.save(update_fields=["attempts", "state", "error", "sent_at", "not_before"])
    if row.error:
        log.warning("A message to a colleague: %s", "given up" if final and not sent else "tried again later")
    return sent


class Undeliverable(Exception):
    """This person cannot be written to this way; str() says why, for the office."""


def _address(row: StaffMessage) -> str:
    path = address_of(row.link) if row.link else row.path
    return f"{settings.SITE_URL}{path}"


def _by_email(row: StaffMessage) -> None:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    with translation.override(settings.LANGUAGE_CODE):
        why = _("Ricevi questo messaggio perché lavori con il servizio degli avvisi.")
    EmailMessage(
        row.subject,
        f"{row.body}\n\n{_address(row)}\n\n-- \n{why}",
        to=[row.person.email],
        headers={"Message-ID": f"<{row.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    ).send()


def _by_whatsapp(row: StaffMessage) -> None:
    try:
        number = phonenumbers.parse(row.person.phone, "IT")
    except phonenumbers.NumberParseException:
        raise Undeliverable(_("Il numero di telefono non è valido.")) from None
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    payload = staff_template.payload(
        render.town_of(TownProfile.current()), what=row.subject, address=_address(row)
    )
    provider.client().send(payload | Recipient(phone).fields() | {"biz_opaque_callback_data": "t:staff"})
