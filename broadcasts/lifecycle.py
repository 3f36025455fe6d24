"""(1) A person decides: every change of state of a broadcast, one verb each.

A verb locks the row, asks the table in broadcasts/states, guards, changes, writes the transition and the
audit line, and enqueues on commit. It raises `NotAllowed` with a sentence for the person.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from broadcasts import companions, exercise_rules, render, spending, states, storm, wake
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery, Transition
from broadcasts.readiness import template_trouble
from broadcasts.restraint import refusal_words
from broadcasts.states import State
from broadcasts.steps import NotAllowed
from broadcasts.steps import guard as _guard
from broadcasts.steps import locked as _locked
from broadcasts.steps import move as _move
from broadcasts.steps import note as _note
from broadcasts.steps import reason_given as _reason
from broadcasts.steps import require as _require
from policy import rules
from policy.live import live_restraints
from policy.models import Severity, TownProfile
from staff.models import User, audit
from whatsempoli import clock

log = logging.getLogger(__name__)

# Kept in the history as it is here, whatever language the office reads the page in.
EDITED = gettext_noop("Modificato: va approvato di nuovo.")


@transaction.atomic
def save_draft(
    broadcast: Broadcast,
    *,
    by: User,
    zones: list[int] | None = None,
    seen: str = "",
    now: datetime | None = None,
) -> Broadcast:
    """Store what an editor wrote, render it, and void any approval it had.

    `zones` replaces the zones when given; `seen` is the fingerprint of what the editor began from, and what
    a colleague stored meanwhile is not overwritten. The texts are derived here, so that what is shown,
    approved and sent is one and the same.
    """
    _require(by, "change_broadcast")
    now = now or clock.now()
    broadcast.last_edited_by = by
    if broadcast.kind == exercise_rules.KIND or (broadcast.refers_to and broadcast.refers_to.exercise):
        broadcast.exercise = True  # never a box to tick: it follows from the form, or from what it is about
    if broadcast.pk is None:
        broadcast.created_by = by
        broadcast.rendered = render.render(broadcast)
        broadcast.save()
        Transition.objects.create(
            broadcast=broadcast, at=now, verb="create", source="", target=State.DRAFT, by=by
        )
    else:
        current = _locked(broadcast.pk)
        if seen and seen != fingerprint_of(current):
            raise NotAllowed(
                _("Nel frattempo un collega l'ha modificato: apri la sua versione prima di salvare.")
            )
        _guard(current, "edit")
        broadcast.state = current.state
        broadcast.rendered = render.render(broadcast)
        broadcast.approved_by = broadcast.approved_at = None
        broadcast.submitted_by = None
        broadcast.fingerprint = broadcast.glass_reason = broadcast.over_budget_reason = ""
        broadcast.opened_by, broadcast.opened_reason = None, ""
        broadcast.save()
        if current.state == State.SCHEDULED:
            _move(broadcast, "edit", by=by, now=now, reason=EDITED)
    if zones is not None:
        broadcast.zones.set(zones)
    return broadcast


@transaction.atomic
def submit(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """Hand it to somebody else for approval."""
    _require(by, "change_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _complete(broadcast, now)
    if companions.wanted(broadcast):
        for companion in companions.drafts(broadcast, now):
            save_draft(companion, by=by, now=now)
    _move(broadcast, "submit", by=by, now=now, submitted_by=by, fingerprint=fingerprint_of(broadcast))
    transaction.on_commit(wake.staff)  # somebody may have to be called
    return broadcast


@transaction.atomic
def withdraw(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """Take it back from approval, to go on writing."""
    _require(by, "change_broadcast")
    return _move(
        _locked(broadcast_id), "withdraw", by=by, now=now or clock.now(), submitted_by=None, fingerprint=""
    )


@transaction.atomic
def send_back(broadcast_id: int, *, by: User, reason: str, now: datetime | None = None) -> Broadcast:
    """Return it to the author with a reason."""
    _require(by, "approve_broadcast")
    return _move(
        _locked(broadcast_id), "return", by=by, now=now or clock.now(), reason=_reason(reason), fingerprint=""
    )


@transaction.atomic
def reject(broadcast_id: int, *, by: User, reason: str, now: datetime | None = None) -> Broadcast:
    """Refuse it for good, with a reason."""
    _require(by, "approve_broadcast")
    return _move(_locked(broadcast_id), "reject", by=by, now=now or clock.now(), reason=_reason(reason))


@transaction.atomic
def approve(
    broadcast_id: int,
    *,
    by: User,
    seen: str,
    together: str = "",
    over_budget: str = "",
    now: datetime | None = None,
) -> Broadcast:
    """A second person approves exactly what they saw (`seen` is its fingerprint); it is scheduled.

    `together` is `companions.together` of the companions that they read with it: unless it still holds, these
    are not approved. `over_budget` is why it goes although the month's money is short (broadcasts/spending).
    """
    _require(by, "approve_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _guard(broadcast, "approve")
    if by.pk in (broadcast.submitted_by_id, broadcast.last_edited_by_id):
        raise NotAllowed(_("L'hai scritto o mandato tu: deve approvarlo un'altra persona."))
    if not seen or seen != fingerprint_of(broadcast):
        raise NotAllowed(_("Nel frattempo l'avviso è cambiato: rileggilo prima di approvare."))
    _complete(broadcast, now)
    trouble = template_trouble(broadcast)
    if trouble and broadcast.severity != Severity.EMERGENCY:
        raise NotAllowed(
            _("%(trouble)s Si potrà approvare quando WhatsApp lo accetta.") % {"trouble": trouble}
        )
    _pay(broadcast, over_budget, now)
    _move(
        broadcast,
        "approve",
        by=by,
        now=now,
        reason=over_budget.strip()[:300],
        approved_by=by,
        approved_at=now,
        fingerprint=seen,
        over_budget_reason=over_budget.strip()[:300],
    )
    if together and together == companions.together(broadcast):
        companions.approve(broadcast, by=by, now=now)
    if broadcast.media_id:
        transaction.on_commit(wake.files)
    transaction.on_commit(wake.release)
    return broadcast


@transaction.atomic
def open_exercise(broadcast_id: int, *, by: User, reason: str, now: datetime | None = None) -> Broadcast:
    """Let an exercise reach everybody who follows its topic, not only the office's own phones.

    Done by who may approve it, before it is approved: the approval is then of that audience.
    """
    _require(by, "approve_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _guard(broadcast, "open_exercise")
    if not exercise_rules.is_limited(broadcast):
        raise NotAllowed(_("Si apre ai cittadini solo un'esercitazione da approvare."))
    if by.pk in (broadcast.submitted_by_id, broadcast.last_edited_by_id):
        raise NotAllowed(_("L'hai scritta o mandata tu: può aprirla un'altra persona."))
    reason = _reason(reason)
    return _move(
        broadcast, "open_exercise", by=by, now=now, reason=reason, opened_by=by, opened_reason=reason
    )


@transaction.atomic
def break_glass(
    broadcast_id: int, *, by: User, reason: str, seen: str | None = None, now: datetime | None = None
) -> Broadcast:
    """An emergency leaves on one person's word, with a reason; a second person must countersign.

    `seen` is the fingerprint of what that person read: a colleague may have edited the draft meanwhile.
    """
    _require(by, "change_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    if broadcast.severity != Severity.EMERGENCY:
        raise NotAllowed(_("Da soli si invia solo un'emergenza."))
    if broadcast.opened_by_id:
        raise NotAllowed(_("Un'esercitazione aperta ai cittadini parte solo con il sì di un collega."))
    _guard(broadcast, "break_glass")
    if seen is not None and seen != fingerprint_of(broadcast):
        raise NotAllowed(_("Nel frattempo l'avviso è cambiato: rileggilo prima di inviarlo."))
    _complete(broadcast, now)
    if companions.wanted(broadcast) and not broadcast.submitted_by_id:
        for companion in companions.drafts(broadcast, now):
            save_draft(companion, by=by, now=now)
    _move(
        broadcast,
        "break_glass",
        by=by,
        now=now,
        reason=_reason(reason),
        submitted_by=by,
        approved_by=by,
        approved_at=now,
        glass_reason=_reason(reason),
        fingerprint=fingerprint_of(broadcast),
    )
    companions.approve(broadcast, by=None, now=now)
    transaction.on_commit(wake.release)
    return broadcast


@transaction.atomic
def countersign(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """A second person has looked at what left through broken glass."""
    _require(by, "approve_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    if not broadcast.needs_countersignature:
        raise NotAllowed(_("Non c'è niente da convalidare."))
    if by.pk == broadcast.approved_by_id:
        raise NotAllowed(_("L'hai inviato tu: deve convalidarlo un'altra persona."))
    broadcast.countersigned_by, broadcast.countersigned_at = by, now
    broadcast.save(update_fields=["countersigned_by", "countersigned_at"])
    companions.approve(broadcast, by=by, now=now)
    _note(broadcast, "countersign", by=by, now=now)
    return broadcast


@transaction.atomic
def pause(broadcast_id: int, *, by: User | None, reason: str, now: datetime | None = None) -> Broadcast:
    """Stop it where it is and keep its place. `by` is None when the system does it."""
    if by is not None:
        _require(by, "pause_broadcast")
    return _move(_locked(broadcast_id), "pause", by=by, now=now or clock.now(), reason=_reason(reason))


@transaction.atomic
def resume(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """Go on from where it stopped."""
    _require(by, "pause_broadcast")
    broadcast = _locked(broadcast_id)
    seen = storm.looked_at(broadcast)
    _move(broadcast, "resume", by=by, now=now or clock.now(), waits_until=None, brake_after=seen)
    transaction.on_commit(lambda: wake.send(broadcast))
    return broadcast


@transaction.atomic
def cancel(broadcast_id: int, *, by: User, reason: str, now: datetime | None = None) -> Broadcast:
    """«Non inviare più»: whoever has not got it will not; final."""
    _require(by, "pause_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _move(broadcast, "cancel", by=by, now=now, reason=_reason(reason), finished_at=now)
    Delivery.objects.filter(broadcast=broadcast, state=states.Delivery.PENDING).update(
        state=states.Delivery.SKIPPED, reason="cancelled"
    )
    return broadcast


@transaction.atomic
def send_now(broadcast_id: int, *, by: User, now: datetime | None = None) -> Broadcast:
    """It should have left before; a person says «invia adesso». The approved moment is kept in the log."""
    _require(by, "pause_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _guard(broadcast, "send_now")
    if broadcast.fingerprint != fingerprint_of(broadcast):  # a new moment must not approve a new text
        raise NotAllowed(_("Il contenuto non è quello approvato: fermalo e scrivilo di nuovo."))
    broadcast.due_at = now
    changes: dict[str, Any] = {"due_at": now, "fingerprint": fingerprint_of(broadcast)}
    if spending.is_short(broadcast, now):  # it waited for somebody to decide, and this is the decision
        changes["over_budget_reason"] = _("Deciso con «Invia adesso».")
    _move(broadcast, "send_now", by=by, now=now, **changes)
    transaction.on_commit(wake.release)
    return broadcast


@transaction.atomic
def retry_failed(broadcast_id: int, *, by: User, now: datetime | None = None) -> int:
    """Send again to those whom the provider refused for a passing reason; returns how many."""
    _require(by, "pause_broadcast")
    broadcast, now = _locked(broadcast_id), now or clock.now()
    _guard(broadcast, "retry")
    if broadcast.valid_until and broadcast.valid_until <= now:
        raise NotAllowed(_("L'avviso è scaduto: non si può più inviare."))
    failed = Delivery.objects.filter(broadcast=broadcast, state=states.Delivery.FAILED)
    rows = failed.exclude(error_code__in=states.FINAL_CODES)
    count = rows.update(**states.again())
    if not count:
        raise NotAllowed(_("Non c'è nessuno a cui riprovare."))
    _move(broadcast, "retry", by=by, now=now, finished_at=None)
    transaction.on_commit(lambda: wake.send(broadcast))
    return count


@transaction.atomic
def put_first(broadcast_id: int, zones: Collection[int], *, by: User) -> Broadcast:
    """An emergency goes to the people of these zones first; none for no order. What was approved stays.

    It takes hold at the next claim, within a second where it is leaving.
    """
    _require(by, "change_broadcast")
    broadcast = _locked(broadcast_id)
    if broadcast.severity != Severity.EMERGENCY:
        raise NotAllowed(_("Solo un'emergenza ha zone che vengono prima."))
    if broadcast.state in states.FINAL or broadcast.state == State.SENT:
        raise NotAllowed(_("È già finito: l'ordine non cambia più niente."))
    among = set(broadcast.zones.values_list("id", flat=True))
    if among and not set(zones) <= among:
        raise NotAllowed(_("Scegli fra le zone dell'avviso."))
    broadcast.zones_first.set(zones)
    names = ", ".join(broadcast.zones_first.values_list("name", flat=True))
    audit(by, "zones_first", f"avviso {broadcast.code}", zones=names)
    return broadcast


# --- What beat and the workers do, in the same words --------------------------------------------------


def start(broadcast: Broadcast, *, now: datetime) -> Broadcast:
    """Scheduled → sending; the caller holds the row's lock and freezes the audience with it."""
    return _move(broadcast, "start", by=None, now=now, started_at=now, waits_until=None)


def miss(broadcast: Broadcast, *, now: datetime) -> Broadcast:
    """It should have left long ago: a person decides."""
    return _move(broadcast, "miss", by=None, now=now, reason=_("Doveva partire prima: decide una persona."))


def expire(broadcast: Broadcast, *, now: datetime, reason: str) -> Broadcast:
    """Over before it left; the rows still pending expire with it."""
    _move(broadcast, "expire", by=None, now=now, reason=reason, finished_at=now)
    Delivery.objects.filter(broadcast=broadcast, state=states.Delivery.PENDING).update(
        state=states.Delivery.EXPIRED
    )
    return broadcast


def overtake(broadcast: Broadcast, *, now: datetime, reason: str) -> Broadcast:
    """It waited, and its own follow-up says it better: it never leaves. The caller holds the lock."""
    return _move(broadcast, "overtake", by=None, now=now, reason=reason[:300], finished_at=now)


def reopen(broadcast: Broadcast, *, now: datetime) -> Broadcast:
    """Sent → sending: an emergency still holds, and some have not got it. The caller holds the lock."""
    reason = _("Va di nuovo a chi non l'ha ancora ricevuto.")
    return _move(broadcast, "retry", by=None, now=now, reason=reason, finished_at=None)


def finish(broadcast: Broadcast, *, now: datetime) -> Broadcast:
    """Nothing is pending, claimed or sending any more."""
    return _move(broadcast, "finish", by=None, now=now, finished_at=now, waits_until=None)


def _pay(broadcast: Broadcast, reason: str, now: datetime) -> None:
    """When the month's money is short a person says why it goes; an emergency always goes."""
    if not reason.strip() and spending.is_short(broadcast, now):
        raise NotAllowed(_("Il denaro del mese non basta: scrivi perché deve partire lo stesso."))


def _complete(broadcast: Broadcast, now: datetime) -> None:
    """What a broadcast needs before anybody may approve it."""
    if broadcast.valid_until and broadcast.valid_until <= now:
        raise NotAllowed(_("La validità è già finita: correggi «vale fino a»."))
    if broadcast.severity != Severity.ROUTINE and not broadcast.valid_until:
        raise NotAllowed(_("Un avviso urgente deve dire fino a quando vale."))
    if broadcast.due_at and broadcast.valid_until and broadcast.valid_until <= broadcast.due_at:
        raise NotAllowed(_("Finisce di valere prima di partire: correggi le date."))
    ceiling = rules.Severity(broadcast.category.max_severity)
    follow_up = broadcast.refers_to_id is not None  # as urgent as its original, whatever the topic
    if rules.Severity(broadcast.severity).rank > ceiling.rank and not follow_up:
        raise NotAllowed(_("Questo argomento non può essere così urgente."))
    leaves = max(now, broadcast.due_at) if broadcast.due_at else now
    held_back = refusal_words(broadcast, live_restraints(TownProfile.current()), leaves)
    if held_back:
        raise NotAllowed(held_back)
    if confused := exercise_rules.confusion(broadcast):
        raise NotAllowed(confused)
    problems = render.problems(broadcast)
    if problems:
        raise NotAllowed(" ".join(problems))
