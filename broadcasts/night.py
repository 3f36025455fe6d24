"""The duty officer is called: one signed address a person and submission, the next when nobody answers.

The rows are the truth: beat asks `watch` every few seconds, and several at once call nobody twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from broadcasts import lifecycle, outbox, release
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast, NightLink, Transition
from broadcasts.states import State
from policy.models import Severity, TownProfile
from staff.mandates import approvers, on_duty
from staff.models import User

GOOD_FOR = timedelta(hours=12)
REMIND_EVERY = timedelta(hours=1)  # of a countersignature that is missing
REMIND_FOR = timedelta(days=3)


def watch(now: datetime) -> int:
    """Call whoever has to be called at `now`; returns how many messages are new."""
    waiting = Broadcast.objects.filter(state=State.IN_REVIEW).values_list("pk", flat=True)
    return sum(_watch_one(pk, now) for pk in list(waiting)) + remind(now)


@transaction.atomic
def _watch_one(broadcast_id: int, now: datetime) -> int:
    """The first of the rota at once, the next after some minutes, everybody when the rota is at its end."""
    rows = Broadcast.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
        "category", "submitted_by"
    )
    notice = rows.filter(pk=broadcast_id, state=State.IN_REVIEW).first()
    step = _submission(notice) if notice else None
    if notice is None or step is None or not _is_pressing(notice, now):
        return 0
    called = list(NightLink.objects.filter(submission=step).order_by("called_at"))
    patience = timedelta(minutes=TownProfile.current().call_next_minutes)
    if called and called[-1].called_at + patience > now:
        return 0
    known = {link.person_id for link in called} | {notice.submitted_by_id, notice.last_edited_by_id}
    ready = [person for person in on_duty(now) if person.pk not in known]
    if ready:
        return call(notice, step, ready[0], now)
    return _nobody_answers(notice, step, now) if called else 0


def _is_pressing(notice: Broadcast, now: datetime) -> bool:
    """Nobody is woken for what could not leave before the morning anyway."""
    leaves = release.leaves_at(notice, now)
    return notice.severity != Severity.ROUTINE or (leaves is not None and leaves <= now)


def _submission(notice: Broadcast) -> Transition | None:
    return notice.transitions.filter(verb="submit").order_by("-id").first()


def call(notice: Broadcast, step: Transition, person: User, now: datetime) -> int:
    """Make this person's link and tell them; the caller holds the notice's lock."""
    link = NightLink.objects.create(
        broadcast=notice,
        submission=step,
        person=person,
        fingerprint=fingerprint_of(notice),
        called_at=now,
        expires_at=now + GOOD_FOR,
    )
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Sei reperibile, da approvare: %(title)s") % {"title": notice.title}
        body = _("%(who)s chiede la tua approvazione. Il collegamento vale una volta, per dodici ore.") % {
            "who": step.by
        }
        path = outbox.page_of(notice)
        return outbox.queue(f"call:{step.pk}", [person], subject, body, path=path, call=True, link=link)


def _nobody_answers(notice: Broadcast, step: Transition, now: datetime) -> int:
    """Everybody who may approve, and who wrote it: there is a next step for them too."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Nessun reperibile ha risposto: %(title)s") % {"title": notice.title}
        body = _("Chi può approvarlo lo apra adesso.")
        if notice.severity == Severity.EMERGENCY:
            body += " " + _("Chi l'ha scritto può inviarlo da solo, e farlo convalidare dopo.")
        people = [*approvers(now), *([notice.submitted_by] if notice.submitted_by else [])]
        path = outbox.page_of(notice)
        return outbox.queue(f"nobody:{step.pk}", people, subject, body, path=path, call=True)


def remind(now: datetime) -> int:
    """Ask again, every hour for three days, for the countersignatures that are missing."""
    since = now - REMIND_FOR
    missing = Broadcast.objects.exclude(glass_reason="").filter(
        approved_at__gt=since, approved_by__isnull=False, countersigned_by=None, disputed_by=None
    )
    new = 0
    for notice in missing.select_related("approved_by"):
        turn = int((now - notice.approved_at) / REMIND_EVERY) if notice.approved_at else 0
        if turn < 1:
            continue
        with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
            subject = _("Ancora da convalidare: %(title)s") % {"title": notice.title}
            body = _("%(who)s l'ha inviato da solo: «%(why)s».") % {
                "who": notice.approved_by, "why": notice.glass_reason
            }  # fmt: skip
            key, path = f"sign:{notice.pk}:{turn}", outbox.page_of(notice)
            people = approvers(now).exclude(pk=notice.approved_by_id or 0)
            new += outbox.queue(key, people, subject, body, path=path, call=turn == 1)
    return new


# --- What the address opens ----------------------------------------------------------------------------


def trouble(link: NightLink, now: datetime) -> str:
    """Why this link does nothing any more, in a sentence; empty while it is good."""
    notice = link.broadcast
    if link.used_at is not None:
        return _("Questo collegamento è già stato usato.")
    if now >= link.expires_at:
        return _("Questo collegamento è scaduto.")
    if notice.state != State.IN_REVIEW:
        return _("Non c'è più niente da decidere: adesso l'avviso è «%(state)s».") % {
            "state": notice.get_state_display()
        }
    newest = _submission(notice)
    if newest is None or newest.pk != link.submission_id or fingerprint_of(notice) != link.fingerprint:
        return _("L'avviso è stato modificato dopo questa chiamata.")
    if not link.person.is_active or not link.person.has_perm("broadcasts.approve_broadcast"):
        return _("Il tuo turno è finito: non puoi più approvare.")
    return ""


@transaction.atomic
def decide(link_id: UUID, verb: str, *, reason: str, now: datetime, over_budget: str = "") -> Broadcast:
    """Approve or return through the link, which is used up. Raises NotAllowed with a sentence."""
    rows = NightLink.objects.select_for_update(of=("self",)).select_related("person", "broadcast__category")
    link = rows.get(pk=link_id)
    if why := trouble(link, now):
        raise NotAllowed(why)
    if verb == "approve":
        done = lifecycle.approve(
            link.broadcast_id, by=link.person, seen=link.fingerprint, over_budget=over_budget, now=now
        )
    elif verb == "return":
        done = lifecycle.send_back(link.broadcast_id, by=link.person, reason=reason, now=now)
    else:
        raise NotAllowed(_("Questa azione non esiste."))
    link.used_at = now
    link.save(update_fields=["used_at"])
    return done
