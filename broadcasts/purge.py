"""Delete what was kept for the stated days: policy/keeping has the table, the privacy page prints it.

In batches, each a transaction of its own and oldest first, for a bounded time: what is left over is for the
next hour. A row a day says what went (`Purge`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Count, Exists, OuterRef, Q

from broadcasts.models import Broadcast, Delivery, MonthlyUsage, Purge, Reply, WebhookEvent
from broadcasts.states import OPEN, PUBLIC, State
from policy.calendar import ROME
from policy.keeping import cutoff
from policy.models import TownProfile
from subscribers import identity, journal
from subscribers.models import Conversation, DataLink, Erasure, InboundMessage, SubjectIdentity, Subscriber

log = logging.getLogger(__name__)
INVITED_FOR = timedelta(days=30)  # to answer an invitation; then the number goes, and its hash stays
AT_LEAST = timedelta(hours=1)  # zero days still lets a webhook be read, and the goodbye leave and come back
BATCH = 5_000
SECONDS = 200.0  # of one run; Celery allows 300
OVER = PUBLIC - {State.SENDING, State.PAUSED}


def purge(now: datetime) -> dict[str, int]:
    """Delete and reduce what is old enough; `now` is real time. Returns how many of each, and keeps it.

    An inbound row goes whole: its provider id holds the writer's number.
    """
    until, gone = time.monotonic() + SECONDS, {}
    for name, one_batch in _steps(TownProfile.current(), now):
        count = 0
        while time.monotonic() < until and (batch := one_batch()):
            count += batch
        gone[name] = count
    _keep(gone, now)
    log.info("Purged: %s", gone)
    return gone


def _steps(town: TownProfile, now: datetime) -> list[tuple[str, Callable[[], int]]]:
    """What there is to delete, each by a function that does one batch and says how many it was."""

    def before(setting: str) -> datetime:
        return cutoff(town, setting, now)

    def at_least(setting: str) -> datetime:
        return min(before(setting), now - AT_LEAST)

    left, texts, raw = (at_least(f"keep_{what}_days") for what in ("stopped", "texts", "webhooks"))
    staff, ledger, rows = (before(f"keep_{what}_days") for what in ("audit", "ledger", "deliveries"))
    return [
        ("webhooks", lambda: _oldest(WebhookEvent, "received_at", raw)),
        ("texts", lambda: _oldest(InboundMessage, "received_at", texts)),
        ("answers", lambda: _oldest(Reply, "created_at", texts)),
        ("notes", lambda: _limited(Conversation.objects.filter(touched_at__lt=texts))),
        ("numbers", lambda: _reduce_batch(left)),
        ("erased", lambda: _forget_hashes(before("keep_erased_days"))),
        ("deliveries", lambda: _fold_one(rows)),
        ("months", lambda: _limited(MonthlyUsage.objects.filter(month__lt=rows.date()))),
        ("ledger", lambda: _forget_leavers(ledger)),
        ("erasures", lambda: _limited(Erasure.objects.filter(asked_at__lt=ledger, phone=None, user_id=None))),
        ("audit", lambda: _forget_audit(staff)),
        ("admin_log", lambda: _oldest(LogEntry, "action_time", staff)),
        ("sessions", lambda: _limited(Session.objects.filter(expire_date__lt=now))),
        ("links", lambda: _limited(DataLink.objects.filter(expires_at__lt=now - timedelta(days=1)))),
        ("journal", lambda: journal.drop(before("keep_journal_days"))),
    ]


def _keep(gone: dict[str, int], now: datetime) -> None:
    """Add to the day's row."""
    with transaction.atomic():
        day, _new = Purge.objects.select_for_update().get_or_create(
            day=now.astimezone(ROME).date(), defaults={"at": now}
        )
        day.at = now
        day.counts = {name: day.counts.get(name, 0) + count for name, count in gone.items()}
        day.save()


def _oldest(model: type[models.Model], moment: str, before: datetime) -> int:
    """A batch of a table whose ids grow with time: the first ones are the oldest, and nothing is searched."""
    rows = model._default_manager.order_by("pk").values_list("pk", moment)[:BATCH]
    return _delete(model, [pk for pk, at in rows if at < before])


def _limited(rows: models.QuerySet[Any]) -> int:
    return _delete(rows.model, list(rows.values_list("pk", flat=True)[:BATCH]))


def _delete(model: type[models.Model], ids: list[Any]) -> int:
    if ids:
        model._default_manager.filter(pk__in=ids).delete()
    return len(ids)


def reduce_stopped(before: datetime) -> int:
    """Forget the number and the id of who left before `before`; their keyed hash still honours the stop."""
    count = 0
    while batch := _reduce_batch(before):
        count += batch
    return count


@transaction.atomic
def _reduce_batch(before: datetime) -> int:
    goodbye = Reply.objects.filter(subscriber=OuterRef("pk"), state__in=OPEN)
    asked = Conversation.objects.filter(subscriber=OuterRef("pk"), waiting_since__isnull=False)
    states = Subscriber.State
    unanswered = Q(state=states.INVITED, created_at__lt=before - INVITED_FOR)
    left = Subscriber.objects.filter(Q(state=states.STOPPED, consent_at__lt=before) | unanswered)
    people = list(
        left.exclude(phone=None, user_id=None)
        .exclude(Exists(goodbye))
        .exclude(Exists(asked))  # who asked something is answered first; a conversation ends too
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:BATCH]
    )
    identity.bind(people)
    ids = [person.pk for person in people]
    return Subscriber.objects.filter(pk__in=ids).update(phone=None, user_id=None)


def _fold_one(before: datetime) -> int:
    """A batch of the rows of one notice that is over; its sums are written first, and stay."""
    ended = Broadcast.objects.filter(state__in=OVER, started_at__lt=before)
    has_rows = Delivery.objects.filter(broadcast=OuterRef("pk"))
    notice = ended.filter(Exists(has_rows)).order_by("pk").first()
    if notice is None:
        return 0
    if notice.sums is None:
        grouped = Delivery.objects.filter(broadcast=notice).order_by()
        sums = grouped.values_list("state", "receipt", "reason", "error_code").annotate(n=Count("id"))
        Broadcast.objects.filter(pk=notice.pk).update(sums=[list(row) for row in sums])
    return _limited(Delivery.objects.filter(broadcast=notice))


@transaction.atomic
def _forget_hashes(before: datetime) -> int:
    """The fingerprints of who was erased long enough ago and has not written since."""
    gone = Subscriber.objects.filter(state=Subscriber.State.ERASED, phone=None, user_id=None)
    subjects = Erasure.objects.filter(asked_at__lt=before, subject__in=gone.values("subject"))
    known = SubjectIdentity.objects.filter(subject__in=subjects.values("subject"))
    return _limited(known)


@transaction.atomic
def _forget_leavers(before: datetime) -> int:
    """The ledger, the fingerprint and the empty row of who left long ago and was never seen again."""
    left = Subscriber.objects.filter(
        state__in=(Subscriber.State.STOPPED, Subscriber.State.ERASED),
        phone=None,
        user_id=None,
        consent_at__lt=before,
    ).exclude(Exists(Delivery.objects.filter(subscriber=OuterRef("pk"))))
    people = list(left.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:BATCH])
    subjects = [person.subject for person in people]
    SubjectIdentity.objects.filter(subject__in=subjects).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT forget_consent(%s::uuid[], 'infinity')", [subjects])
    Subscriber.objects.filter(pk__in=[person.pk for person in people]).delete()
    return len(people)


@transaction.atomic
def _forget_audit(before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT forget_audit(%s, %s)", [before, BATCH])
        count: int = cursor.fetchone()[0]
    return count
