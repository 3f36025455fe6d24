"""A notice that comes back: its children are made ahead as drafts, each approved before it leaves."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import lifecycle
from broadcasts.bulletins.kinds import KINDS
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.plan import children
from broadcasts.plan.children import Done
from broadcasts.plan.models import Series
from broadcasts.plan.recurrence import days_of, moved
from policy.calendar import ROME, localise
from staff.models import User, audit
from whatsempoli import clock

log = logging.getLogger(__name__)
AHEAD = timedelta(days=60)  # children are made so long before; the next one always is
SEARCH = timedelta(days=800)  # how far the next day of a yearly series, every second year, may be


def draft_from(source: Broadcast, first_day: date) -> Series:
    """An unsaved series that repeats a notice; its fields count from `first_day`."""
    return Series(
        kind=source.kind,
        title=source.title,
        category=source.category,
        severity=source.severity,
        fields=source.fields,
        first_day=first_day,
    )


@transaction.atomic
def create(series: Series, *, by: User, zones: list[int], now: datetime | None = None) -> Done:
    """Store a series and make its first children."""
    _require(by, "broadcasts.add_series")
    series.created_by = by
    series.save()
    series.zones.set(zones)
    audit(by, "add", f"serie {series.title}", rule=series.rule)
    return Done(made=len(_make(series, now or clock.now())))


def make_ahead(now: datetime) -> int:
    """Make the children whose time has come, of every series, and hand them over; how many were made."""
    made = 0
    for series in Series.objects.filter(stopped_at=None).select_related("category", "created_by"):
        try:
            with transaction.atomic():
                fresh = _make(Series.objects.select_for_update(of=("self",)).get(pk=series.pk), now)
                made += len(fresh)
        except Exception:  # one series' defect must not keep the others from being made
            log.exception("Series %s could not be continued", series.pk)
            continue
        for child in fresh:
            try:
                lifecycle.submit(child.pk, by=series.created_by, now=now)
            except NotAllowed as refused:
                log.info("Broadcast %s stays a draft: %s", child.code, refused)
    return made


def days_ahead(series: Series, now: datetime) -> list[date]:
    """The days for which there should be a child by now: those near, and the next one however far."""
    today = now.astimezone(ROME).date()
    until = min(filter(None, (series.last_day, today + SEARCH)))
    every = days_of(
        series.rule,
        series.first_day,
        interval=series.interval,
        after=today - timedelta(days=1),
        until=until,
    )
    return [day for day in every if day <= today + AHEAD] or every[:1]


def _make(series: Series, now: datetime) -> list[Broadcast]:
    known = set(series.children.values_list("occurrence", flat=True))
    fresh = []
    for day in days_ahead(series, now):
        if day not in known:
            child = _child(series, day, now)
            if child.valid_until is None or child.valid_until > now:
                zones = list(series.zones.values_list("pk", flat=True))
                fresh.append(lifecycle.save_draft(child, by=series.created_by, zones=zones, now=now))
    return fresh


def _child(series: Series, day: date, now: datetime) -> Broadcast:
    """The notice of one day: the same words, every date moved."""
    fields = moved(KINDS[series.kind].form_class, series.fields, day - series.first_day)
    due = localise(datetime.combine(day - timedelta(days=series.days_before), series.leave_at))
    end, remind = _moments(series.kind, fields, now)
    return Broadcast(
        kind=series.kind,
        title=series.title,
        category=series.category,
        severity=series.severity,
        fields=fields,
        series=series,
        occurrence=day,
        due_at=due if due > now else None,
        valid_until=end or localise(datetime.combine(day + timedelta(days=1), datetime.min.time())),
        remind_at=remind,
    )


def _moments(kind: str, fields: dict[str, Any], now: datetime) -> tuple[datetime | None, datetime | None]:
    """The end and the reminder that these fields say by themselves."""
    form = KINDS[kind].form(KINDS[kind].initial_from(fields), now=now)
    return (form.valid_until(), form.reminder()) if form.is_valid() else (None, None)


@transaction.atomic
def submit(series_id: int, *, by: User, now: datetime | None = None) -> Done:
    """Hand every draft child to somebody else for approval."""
    series = Series.objects.select_for_update(of=("self",)).get(pk=series_id)
    return children.submit_all(series.children.all(), by=by, now=now)


@transaction.atomic
def approve(series_id: int, *, by: User, seen: str, now: datetime | None = None) -> Done:
    """Approve the text of every child that waits, exactly as it was seen."""
    series, now = Series.objects.select_for_update(of=("self",)).get(pk=series_id), now or clock.now()
    ready = children.waiting(series.children.all())
    if seen != seen_of(series):
        raise NotAllowed(_("Nel frattempo qualcosa è cambiato: rileggi i testi prima di approvare."))
    if not ready:
        raise NotAllowed(_("Non c'è niente da approvare."))
    return Done(changed=children.approve_all(ready, by=by, now=now))


def seen_of(series: Series) -> str:
    """A fingerprint of every text that approving now would approve."""
    return children.seen_of([f"series {series.pk}"], children.waiting(series.children.all()))


@transaction.atomic
def stop(series_id: int, *, by: User, now: datetime | None = None) -> Series:
    """Make no more children; those there are go their own way."""
    _require(by, "broadcasts.change_series")
    series = Series.objects.select_for_update(of=("self",)).get(pk=series_id)
    if series.stopped_at is None:
        series.stopped_at = now or clock.now()
        series.save(update_fields=["stopped_at"])
        audit(by, "stop", f"serie {series.title}")
    return series


def _require(by: User, permission: str) -> None:
    if not (by.is_active and by.has_perm(permission)):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
