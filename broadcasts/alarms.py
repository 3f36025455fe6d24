"""Alarms to whoever looks after the server: one message when something goes wrong, one when it is over.

The rows are the truth, so beat and the `watch` process may both ask every few seconds and say nothing twice.
A message that could not leave is tried again at the next round.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from redis import RedisError

from broadcasts import canary, checkup, doctor, outbox
from broadcasts.checkup import Finding
from broadcasts.models import Alarm
from policy.calendar import ROME
from staff import roles
from staff.models import User

log = logging.getLogger(__name__)
LOCK = 0x5745_414C  # of PostgreSQL's advisory locks: one round at a time
ASK_PROVIDER_EVERY = 300  # seconds


def watch(now: datetime) -> int:
    """One round; `now` is real time. Returns how many mails left. The demo may rest: not watched."""
    if settings.DEMO:
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        canary.send_due(now)
        asked = _may_ask_provider()
        provider = doctor.provider_alarms(now) if asked else []
        return settle([*checkup.everything(now), *provider], now, with_provider=asked)


def _may_ask_provider() -> bool:
    try:
        return bool(cache.add("alarms-asked-provider", 1, ASK_PROVIDER_EVERY))
    except RedisError:
        return False


@transaction.atomic
def settle(found: Sequence[Finding], now: datetime, *, with_provider: bool = True) -> int:
    """Open what is new, close what is over, tell both. The provider's alarms stay when it was not asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    wrong = {finding.key: finding for finding in found}
    opened = {alarm.key: alarm for alarm in Alarm.objects.filter(over_at=None)}
    for key, alarm in opened.items():
        if key not in wrong and (with_provider or not key.startswith("provider:")):
            alarm.over_at = now
            alarm.over_told = not alarm.told  # nobody heard of it, so nobody hears that it is over
            alarm.save(update_fields=["over_at", "over_told"])
    for key, finding in wrong.items():
        if key not in opened:
            _open(finding, now)
    return _tell(now)


def _open(finding: Finding, now: datetime) -> None:
    alarm = Alarm.objects.create(
        key=finding.key[:120], words=finding.words[:300], action=finding.action[:300], since=now
    )
    log.warning("Alarm %s", alarm.key)
    if finding.urgent:
        called = User.objects.filter(groups__name=roles.ADMINISTRATOR, is_active=True).exclude(phone="")
        page = reverse("admin:broadcasts_sending_changelist")
        outbox.queue(f"alarm:{alarm.pk}", called, alarm.words, alarm.action, path=page, call=True)


def _tell(now: datetime) -> int:
    """E-mails of what nobody has heard yet, to the technician."""
    left = 0
    for alarm in Alarm.objects.filter(over_at=None, told=False):
        if _mail(alarm.words, f"{alarm.words}\n\n{alarm.action}", alarm, "on"):
            Alarm.objects.filter(pk=alarm.pk).update(told=True)
            left += 1
    for alarm in Alarm.objects.filter(over_at__isnull=False, over_told=False):
        since = f"{alarm.since.astimezone(ROME):%d/%m %H:%M}"
        body = _("Era così da: %(since)s") % {"since": since}
        if _mail(_("Risolto: %(words)s") % {"words": alarm.words}, body, alarm, "off"):
            Alarm.objects.filter(pk=alarm.pk).update(over_told=True)
            left += 1
    return left


def _mail(subject: str, body: str, alarm: Alarm, which: str) -> bool:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return mail(subject, body, message_id=f"<alarm-{alarm.pk}-{which}@{host}>")


def mail(subject: str, body: str, *, message_id: str = "") -> bool:
    """Write to the technician; whether it left. Needs neither database nor broker."""
    if not settings.ALARMS_TO:
        return True
    headers = {"Auto-Submitted": "auto-generated"} | ({"Message-ID": message_id} if message_id else {})
    host = urlsplit(settings.SITE_URL).hostname
    message = EmailMessage(
        f"[{host}] {subject}"[:200], f"{body}\n\n{settings.SITE_URL}", to=settings.ALARMS_TO, headers=headers
    )
    try:
        message.send()
    except (OSError, SMTPException) as error:
        log.warning("An alarm could not be mailed: %s", type(error).__name__)
        return False
    return True
