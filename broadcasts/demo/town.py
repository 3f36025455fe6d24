"""Put the demo's town together: what was sent is given the rows and receipts that it would have."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from broadcasts import audience, catalogue, lifecycle
from broadcasts.bulletins import notices
from broadcasts.bulletins.kinds import KINDS, LANGUAGES
from broadcasts.demo.notices import DemoNotice, around
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, MessageTemplate, Transition
from broadcasts.render import town_of
from broadcasts.states import State
from policy.models import Category, TownProfile
from staff.models import User
from subscribers.models import Zone

# What became of each row, by a fixed share of a hash of its id: as believable as it is repeatable.
RECEIVED = """
UPDATE broadcasts_delivery d SET
    state = CASE WHEN h.n < 8 THEN 'failed' ELSE 'accepted' END,
    error_code = CASE WHEN h.n < 8 THEN 131026 END,
    attempts = 1,
    receipt = CASE WHEN h.n < 8 THEN 0 WHEN h.n < 20 THEN 1 WHEN h.n < 330 THEN 2 ELSE 3 END,
    begun_at = %(at)s + make_interval(secs => h.rank / 80.0),
    accepted_at = CASE WHEN h.n >= 8 THEN %(at)s + make_interval(secs => h.rank / 80.0) END,
    delivered_at = CASE WHEN h.n >= 20 THEN %(at)s + make_interval(secs => h.rank / 80.0 + 1 + h.n %% 90) END,
    read_at = CASE WHEN h.n >= 330 THEN %(at)s + make_interval(secs => 60 + h.n * 13) END
FROM (SELECT id, (hashint8(id) & 1023) AS n, row_number() OVER (ORDER BY id) AS rank
      FROM broadcasts_delivery WHERE broadcast_id = %(broadcast)s) h
WHERE d.id = h.id
"""


def make_templates() -> None:
    """As the simulator will have them in a moment: nothing is approved on a template that nobody knows."""
    town = town_of(TownProfile.current())
    MessageTemplate.objects.bulk_create(
        (
            MessageTemplate(
                name=template.name_for(town),
                language=language,
                kind=kind,
                category=template.category,
                status=MessageTemplate.Status.APPROVED,
                ttl_seconds=template.ttl_seconds,
            )
            for kind, template in catalogue.wanted()
            for language in LANGUAGES
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def make_notices(now: datetime) -> int:
    """Write every notice of the demo; returns how many."""
    anna, bruno = User.objects.get(username="anna"), User.objects.get(username="bruno")
    written = around(now)
    for demo in written:
        broadcast = _write(demo, anna, now)
        if demo.state in ("in_review", "scheduled"):
            lifecycle.submit(broadcast.pk, by=anna, now=now)
        if demo.state == "scheduled":
            lifecycle.approve(broadcast.pk, by=bruno, seen=fingerprint_of(broadcast), now=now)
        if demo.state == "sent":
            _have_sent(broadcast, demo.leaves, anna, bruno)
    return len(written)


def _write(demo: DemoNotice, by: User, now: datetime) -> Broadcast:
    notice = notices.read(demo.notice)
    fields = notice.fields
    original = Broadcast.objects.filter(title=notice.refers_to).first() if notice.refers_to else None
    kind = KINDS[notice.kind]
    zones = list(Zone.objects.filter(slug__in=notice.zones).values_list("id", flat=True))
    broadcast = Broadcast(
        kind=kind.slug,
        title=notice.title,
        category=Category.objects.get(slug=notice.category),
        severity=notice.severity,
        fields={"title": notice.title, **fields},
        refers_to=original,
        due_at=None if demo.state == "sent" else demo.leaves,
        valid_until=demo.valid_until,
    )
    return lifecycle.save_draft(broadcast, by=by, zones=zones, now=min(demo.leaves - timedelta(hours=1), now))


def _have_sent(broadcast: Broadcast, at: datetime, anna: User, bruno: User) -> None:
    """What the lifecycle would have written, in the past."""
    steps = (
        ("submit", State.DRAFT, State.IN_REVIEW, anna, -50),
        ("approve", State.IN_REVIEW, State.SCHEDULED, bruno, -20),
        ("start", State.SCHEDULED, State.SENDING, None, 0),
        ("finish", State.SENDING, State.SENT, None, 1),
    )
    Transition.objects.bulk_create(
        Transition(broadcast=broadcast, at=at + timedelta(minutes=m), verb=verb, source=a, target=b, by=by)
        for verb, a, b, by, m in steps
    )
    Broadcast.objects.filter(pk=broadcast.pk).update(
        created_at=at - timedelta(hours=1),
        submitted_by=anna,
        approved_by=bruno,
        approved_at=at - timedelta(minutes=20),
        fingerprint=fingerprint_of(broadcast),
        state=State.SENT,
        started_at=at,
        finished_at=at + timedelta(minutes=1),
    )
    broadcast.refresh_from_db()
    audience.freeze_chunk(broadcast)
    with connection.cursor() as cursor:
        cursor.execute(RECEIVED, {"broadcast": broadcast.pk, "at": at})
