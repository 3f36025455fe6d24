"""Notices by e-mail to who asked for them: rows first, once for each notice and address; a worker sends them.

A row is locked while its mail leaves. A worker killed in that instant sends it again with the same
Message-ID, which a mailbox shows once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from broadcasts import render
from broadcasts.published import listed
from broadcasts.roads.models import ListAddress, ListMail
from broadcasts.states import State
from policy.models import TownProfile

log = logging.getLogger(__name__)
LATEST = timedelta(hours=12)  # after the notice began to leave: later it is no news
MOST_ATTEMPTS = 8
LEAVING = (State.SENDING, State.PAUSED, State.SENT)


def queue(now: datetime) -> int:
    """Write a row for each address that wants a notice which has begun to leave; returns how many rows were
    proposed. Never for an exercise, nor for an address that came after the notice."""
    notices = listed().filter(
        started_at__gt=now - LATEST, started_at__lte=now, state__in=LEAVING, exercise=False
    )
    rows: list[ListMail] = []
    for notice in notices.exclude(kind="exercise").exclude(refers_to__kind="exercise"):
        wanted = ListAddress.objects.filter(active=True, created_at__lte=notice.started_at)
        wanted = wanted.filter(Q(topics=None) | Q(topics=notice.category)).exclude(mails__broadcast=notice)
        rows += [ListMail(broadcast=notice, address=address) for address in wanted.distinct()]
    ListMail.objects.bulk_create(rows, ignore_conflicts=True)  # another worker may be as far
    return len(rows)


def send_pending(real_now: datetime, most: int = 100) -> int:
    """Send what waits; returns how many left. Several workers at once share the rows."""
    due = Q(not_before=None) | Q(not_before__lte=real_now)
    waiting = ListMail.objects.filter(due, state=ListMail.State.PENDING).order_by("broadcast_id")
    return sum(_send_one(pk, real_now) for pk in list(waiting.values_list("pk", flat=True)[:most]))


@transaction.atomic
def _send_one(pk: UUID, real_now: datetime) -> bool:
    rows = ListMail.objects.select_for_update(skip_locked=True, of=("self",))
    row = rows.select_related("address", "broadcast").filter(pk=pk, state=ListMail.State.PENDING).first()
    if row is None:  # another worker has it
        return False
    row.attempts += 1
    row.error = ""
    try:
        if row.address.active:
            _message(row).send()
        else:
            row.error, row.attempts = "inactive", MOST_ATTEMPTS
    except (OSError, SMTPException) as error:
        row.error = type(error).__name__
    if not row.error:
        row.state, row.sent_at = ListMail.State.SENT, real_now
    elif row.attempts >= MOST_ATTEMPTS:
        row.state = ListMail.State.FAILED
    else:
        row.not_before = real_now + timedelta(minutes=min(2 ** (row.attempts - 1), 60))
    row.save(update_fields=["attempts", "state", "error", "sent_at", "not_before"])
    if row.error:
        log.warning("A notice by e-mail: %s", row.error)
    return not row.error


def _message(row: ListMail) -> EmailMessage:
    town = TownProfile.current()
    language = row.address.language if row.address.language in row.broadcast.rendered else "it"
    text = row.broadcast.rendered.get(language, {})
    with translation.override(row.address.language):
        subject = quote(_("Cancellami"))  # beside the string: gettext does not look into it
        leave = f"mailto:{town.office_email or settings.DEFAULT_FROM_EMAIL}?subject={subject}"
        foot = _(
            "Lo stesso avviso, aggiornato, è qui: %(address)s\n\n-- \n%(town)s, %(service)s\n"
            "Ricevi questa e-mail perché l'hai chiesta. Per non riceverne più: %(leave)s"
        ) % {
            "address": render.public_url(row.broadcast, language),
            "town": town.name,
            "service": town.service_name,
            "leave": leave,
        }
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    title = " ".join(str(text.get("title") or row.broadcast.title).split())
    return EmailMessage(
        f"{town.service_name}: {title}",
        f"{str(text.get('page_text', '')).strip()}\n\n{foot}",
        to=[row.address.email],
        headers={
            "Message-ID": f"<{row.pk}@{host}>",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{leave}>",
        },
    )
