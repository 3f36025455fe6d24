"""What a decision needs beside the notice: the second factor, what is ready with it, what to say elsewhere,
who else must know; and the page with three big buttons for the night."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from broadcasts import audience, companions, elsewhere, lifecycle, others, snapshot
from broadcasts.admin.buttons import FINAL
from broadcasts.bulletins.kinds import KINDS
from broadcasts.forecast import Forecast, people_words
from broadcasts.models import Broadcast
from broadcasts.roads import taken
from broadcasts.states import State
from policy.models import Severity
from staff import second_factor
from staff.admin_base import person
from whatsempoli import clock

LIVE = (State.SCHEDULED, State.SENDING, State.PAUSED, State.SENT)
DECIDED = (State.DRAFT, State.IN_REVIEW, State.RETURNED)


def asks_code(request: HttpRequest) -> bool:
    """Whether what cannot be undone asks this person for their code: they have one, proved a while ago."""
    if second_factor.is_fresh(request.session):
        return False
    return second_factor.device_of(person(request)) is not None


def check_code(request: HttpRequest, verb: str) -> None:
    """Raises NotAllowed where the code is wanted and wrong; a right one is good for some minutes."""
    if verb not in FINAL or not asks_code(request):
        return
    if not second_factor.check(person(request), request.POST.get("code", "")):
        raise lifecycle.NotAllowed(
            _(
                "Il codice non va bene: aspetta il prossimo e riprova, oppure scrivi un codice di riserva."
                " Quello che hai scritto è rimasto."
            )
        )
    second_factor.remember(request.session)


def context(request: HttpRequest, notice: Broadcast, foreseen: Forecast | None) -> dict[str, Any]:
    """What the page of a notice shows for a decision; only what its state calls for is asked for."""
    ready = companions.shown(notice) if companions.wanted(notice) else []
    leaving = notice.started_at is not None
    urgent = notice.severity == Severity.EMERGENCY
    return {
        "together": companions.together(notice) if ready and not leaving else "",
        "difference": snapshot.difference(notice) if notice.state in DECIDED else None,
        "companions": ready,
        "ask_code": asks_code(request),
        "companions_people": people_words(audience.count(ready[0].broadcast, clock.now()).total)
        if ready and leaving
        else "",
        "elsewhere": elsewhere.texts(notice) if urgent or leaving else [],
        "roads": taken.roads(notice) if leaving else [],
        "may_take": taken.may_take(person(request)) if leaving else False,
        "others": others.question(notice) if foreseen or leaving else None,
        "calls": list(notice.night_links.select_related("person").order_by("-called_at")[:5])
        if notice.submitted_by_id
        else [],
    }


def after(notice: Broadcast, verb: str) -> str:
    """Where to go on after a button: a companion's original tells the story; empty for the notice itself."""
    if verb == "launch" and notice.refers_to_id:
        return reverse("admin:broadcasts_broadcast_change", args=[notice.pk])
    return ""


@require_POST
def tell_others(request: HttpRequest, notice: Broadcast) -> HttpResponse:
    """«Avvisa anche gli altri»: a notice of its own, for those whom this one does not reach."""
    try:
        made = others.write(notice, request.POST.get("text", ""), by=person(request), now=clock.now())
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_change", args=[notice.pk]))
    messages.success(request, _("L'avviso per gli altri è in approvazione."))
    return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_change", args=[made.pk]))


def night(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """«Allerta», «Aggiorna», «Cessato»: what one needs at night, on a phone, and nothing else."""
    now, user = clock.now(), person(request)
    live = [_live(notice) for notice in _live_notices(now)]
    context |= {
        "title": _("Emergenze"),
        "live": live,
        "may_write": user.has_perm("broadcasts.add_broadcast"),
        "alert": KINDS["alert"],
        "ask_code": asks_code(request),
        "waiting": Broadcast.objects.filter(state=State.IN_REVIEW, category__core=True).order_by("id")[:5],
    }
    return TemplateResponse(request, "desk/night.html", context)


def _live_notices(now: datetime) -> list[Broadcast]:
    """Notices of the core topics that still hold and that nothing has ended."""
    holding = Q(valid_until=None) | Q(valid_until__gt=now)
    found = Broadcast.objects.filter(holding, category__core=True, state__in=LIVE, refers_to=None)
    endings = Broadcast.objects.filter(kind="ending", started_at__isnull=False, refers_to__isnull=False)
    return list(
        found.exclude(pk__in=endings.values("refers_to")).exclude(exercise=True).order_by("-started_at")[:8]
    )


def _live(notice: Broadcast) -> dict[str, Any]:
    """One of them with its ready update and all-clear."""
    ready = {one.broadcast.kind: one for one in companions.shown(notice)}
    last = {}
    for kind, one in ready.items():
        last[kind] = one.broadcast.transitions.order_by("-id").values_list("pk", flat=True).first()
    return {
        "notice": notice,
        "update": ready.get("update"),
        "ending": ready.get("ending"),
        "ending_step": last.get("ending"),
        "left": notice.started_at is not None,
    }
