"""The pharmacies' rota for a year: saved once, its weeks are drafts; approved, they leave by themselves.

Approving the rota approves each week's text, which the page shows; a week that is changed afterwards is
approved again by itself, as any notice is.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from broadcasts import lifecycle, render
from broadcasts.bulletins.kinds import KINDS
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.plan import children
from broadcasts.plan.children import Done
from broadcasts.plan.models import PharmacyShift, Rota
from broadcasts.plan.shifts import Shift
from broadcasts.plan.weeks import Week, leaves_at, weeks_of
from broadcasts.states import EDITABLE, FINAL, State
from policy.models import Category
from staff.models import User, audit
from whatsempoli import clock

KIND = KINDS["pharmacy_week"]


@transaction.atomic
def save(rota: Rota, shifts: tuple[Shift, ...], *, by: User, now: datetime | None = None) -> Done:
    """Store a rota and make a draft of each week that is not over.

    A week that an earlier rota made is changed in place where its text differs, which voids its approval,
    and keeps its approval where it does not.
    """
    _require(by, "broadcasts.add_rota")
    now = now or clock.now()
    days = [shift.date for shift in shifts]
    rota.first_day, rota.last_day, rota.created_by = min(days), max(days), by
    rota.save()
    PharmacyShift.objects.bulk_create(
        PharmacyShift(
            rota=rota,
            date=s.date,
            period=s.period,
            name=s.name,
            address=s.address,
            hours=s.hours,
            phone=s.phone,
        )
        for s in shifts
    )
    audit(by, "add", f"turni {rota.name}", first=str(rota.first_day), last=str(rota.last_day))
    weeks = weeks_of(shifts, week_start=rota.week_start, night_note=rota.night_note)
    done, earlier = Done(), {child.occurrence: child for child in living_weeks().order_by("id")}
    for week in (week for week in weeks if week.valid_until > now):
        _keep_week(rota, week, earlier.get(week.first), by, now, done)
    return done


def living_weeks() -> QuerySet[Broadcast]:
    """The weekly notices of every rota that may still leave, or have left."""
    found = Broadcast.objects.filter(rota__isnull=False).exclude(state__in=FINAL)
    return found.select_related("category", "rota")


def _keep_week(rota: Rota, week: Week, child: Broadcast | None, by: User, now: datetime, done: Done) -> None:
    due = leaves_at(week, days_before=rota.days_before, at=rota.leave_at, now=now)
    if child is None:
        child = Broadcast(kind=KIND.slug, category=Category.objects.get(slug=KIND.categories[0]))
        done.made += 1
    elif child.title == week.title and child.fields == week.fields and child.due_at == due:
        Broadcast.objects.filter(pk=child.pk).update(rota=rota)
        done.kept += 1
        return
    elif child.state not in (*EDITABLE, State.IN_REVIEW):
        words = _("«%(title)s» è già partito: se è cambiato, scrivi una rettifica.")
        done.refused.append(words % {"title": child.title})
        return
    else:
        if child.state == State.IN_REVIEW:
            child = lifecycle.withdraw(child.pk, by=by, now=now)
        done.changed += 1
    child.title, child.fields, child.due_at = week.title, week.fields, due
    child.valid_until, child.rota, child.occurrence = week.valid_until, rota, week.first
    child.election_reason = rota.election_reason
    lifecycle.save_draft(child, by=by, now=now)


@transaction.atomic
def submit(rota_id: int, *, by: User, now: datetime | None = None) -> Done:
    """Hand every draft week to somebody else for approval."""
    return children.submit_all(_locked(rota_id).children.all(), by=by, now=now)


@transaction.atomic
def approve(rota_id: int, *, by: User, seen: str, now: datetime | None = None) -> Done:
    """Approve the text of every week that waits, exactly as it was seen, and with them the rota itself."""
    _require(by, "broadcasts.approve_broadcast")
    rota, now = _locked(rota_id), now or clock.now()
    if by.pk == rota.created_by_id:
        raise NotAllowed(_("L'hai scritto o mandato tu: deve approvarlo un'altra persona."))
    if seen != seen_of(rota):
        raise NotAllowed(_("Nel frattempo qualcosa è cambiato: rileggi i turni prima di approvare."))
    done = Done(changed=children.approve_all(waiting(rota), by=by, now=now))
    if not done.changed and rota.approved_at:
        raise NotAllowed(_("Non c'è niente da approvare."))
    rota.approved_by, rota.approved_at = by, now
    rota.save(update_fields=["approved_by", "approved_at"])
    audit(by, "approve", f"turni {rota.name}", weeks=done.changed)
    return done


def waiting(rota: Rota) -> list[Broadcast]:
    """Its weeks that wait for approval, in order."""
    return children.waiting(rota.children.all())


def seen_of(rota: Rota) -> str:
    """A fingerprint of everything that approving this rota approves: its table and every waiting text."""
    return children.seen_of([f"rota {rota.pk}", rota.source], waiting(rota))


def too_long(week: Week) -> list[str]:
    """What the provider would refuse in this week's text, in sentences."""
    category = Category.objects.get(slug=KIND.categories[0])
    notice = Broadcast(kind=KIND.slug, category=category, title=week.title, fields=week.fields)
    notice.rendered = render.render(notice)
    return render.problems(notice)


def _locked(rota_id: int) -> Rota:
    return Rota.objects.select_for_update().get(pk=rota_id)


def _require(by: User, permission: str) -> None:
    if not (by.is_active and by.has_perm(permission)):
        raise NotAllowed(_("Il tuo ruolo non comprende questa azione."))
