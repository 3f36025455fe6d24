"""The office's pages of a notice: choose a kind, write, look, decide, watch. Thin: each calls one thing.

They are views of the admin (broadcasts/admin/broadcasts.py gives them their addresses and asks who may).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from broadcasts import (
    copies,
    emergency,
    exercise_rules,
    exercises,
    lifecycle,
    reminders,
    report,
    steps,
    trial,
)
from broadcasts.admin import buttons, decisions, files, roads, zones_first
from broadcasts.admin.composer import Composer, open_composer
from broadcasts.bubble import bubble_html
from broadcasts.bulletins import languages
from broadcasts.bulletins.form_fields import MomentField
from broadcasts.bulletins.kinds import KINDS, LANGUAGES, Kind
from broadcasts.fingerprint import fingerprint_of
from broadcasts.forecast import Forecast, forecast
from broadcasts.models import Broadcast
from broadcasts.plan.matches import road_fields
from broadcasts.plan.models import Match
from broadcasts.restraint import refusal_words
from broadcasts.states import EDITABLE, PUBLIC, State
from broadcasts.typed_word import TYPED_WORD, typed_right
from policy.calendar import ROME, say_when
from policy.calendar import Severity as Rank
from policy.live import live_restraints
from policy.models import Category, TownProfile
from policy.page import language
from staff.admin_base import person
from staff.models import User
from whatsempoli import clock

BEFORE = frozenset({State.DRAFT, State.IN_REVIEW, State.RETURNED, State.SCHEDULED, State.OVERDUE})
MOVING = frozenset({State.SCHEDULED, State.SENDING, State.PAUSED})
STOPS = frozenset({"pause", "cancel"})  # stopping is never too late for a page that has aged


def notice_address(broadcast: Broadcast) -> str:
    """The office's page of this notice."""
    return reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])


def choose(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Cards with the kinds; those that follow another notice start from its page."""
    icons = dict(Category.objects.values_list("slug", "icon"))
    cards = [
        (kind, icons.get(kind.categories[0], "") if kind.categories else "✏️")
        for kind in KINDS.values()
        if not kind.follow_up
    ]
    context |= {
        "kinds": [card for card in cards if not card[0].exercise],
        "exercises": [card for card in cards if card[0].exercise],
        "title": _("Che cosa vuoi dire?"),
    }
    return TemplateResponse(request, "desk/choose.html", context)


def new_notice(request: HttpRequest, kind: Kind, original: Broadcast | None) -> Broadcast:
    """An unsaved notice of this kind with what is known of it."""
    notice = Broadcast(kind=kind.slug, exercise=kind.exercise, severity=kind.default_severity.value)
    if original is not None:
        notice.refers_to, notice.category = original, original.category
        notice.exercise = original.exercise
        ranks = (Rank.URGENT, Rank(original.severity))
        notice.severity = max(ranks, key=lambda rank: rank.rank).value
        notice.title = f"{kind.label}: {original.title}"[:120]
    played = request.GET.get("match", "")
    match = Match.objects.filter(pk=played).first() if played.isdecimal() and kind.slug == "road" else None
    if match is not None:
        last = Broadcast.objects.filter(kind="road", fields__event__startswith=match.team).order_by("-id")
        earlier = last.values_list("fields", flat=True).first() or {}
        notice.title = _("Strade chiuse per %(match)s") % {"match": match}
        notice.fields = road_fields(match, earlier)
    return notice


def compose(request: HttpRequest, notice: Broadcast, context: dict[str, Any]) -> HttpResponse:
    """Write or go on writing. What was typed is never lost: errors come back beside the fields."""
    now = clock.now()
    data, bad_file = files.with_upload(request)
    composer = open_composer(notice, now, data)
    composer.bad_file = bad_file
    if request.method == "POST" and "preview" not in request.POST and composer.is_valid():
        saved = _save(request, composer)
        if saved is not None:
            return saved
    kind = composer.kind
    edited = bool(notice.pk)
    context |= {
        "title": notice.title if edited else kind.label,
        "kind": kind,
        "composer": composer,
        "preview": _copy(composer, data).preview() if data else None,
        "preview_url": _preview_address(notice),
        "english_shown": request.POST.get("tab") == "en",
        "notice": notice,
        "was_scheduled": notice.state == State.SCHEDULED,
        "file": composer.file(),
        "behind": composer.english.labels_of(composer.behind()) if edited else [],
        "english_first": bool(composer.english.errors) and not composer.bulletin.errors,
    }
    return TemplateResponse(request, "desk/compose.html", context)


def _copy(composer: Composer, data: QueryDict) -> Composer:
    """A second composer for the preview, which writes on its notice; the page keeps the first."""
    notice = composer.broadcast
    fresh = Broadcast(
        kind=notice.kind,
        severity=notice.severity,
        refers_to=notice.refers_to,
        exercise=notice.exercise,
        fields=notice.fields,
    )
    return open_composer(fresh, composer.now, data)


def _preview_address(notice: Broadcast) -> str:
    address = reverse("admin:broadcasts_broadcast_preview", args=[notice.kind])
    about = {"refers_to": notice.refers_to_id, "notice": notice.pk}
    query = urlencode({name: pk for name, pk in about.items() if pk})
    return f"{address}?{query}" if query else address


def _save(request: HttpRequest, composer: Composer) -> HttpResponse | None:
    """Store it; None when it cannot be, with the reason in the form, where nothing typed is lost."""
    by, seen = person(request), composer.envelope.cleaned_data.get("seen", "")
    try:
        notice = lifecycle.save_draft(composer.apply(), by=by, zones=composer.zones(), seen=seen)
    except lifecycle.NotAllowed as error:
        composer.envelope.add_error(None, str(error))
        return None
    try:
        if "submit" in request.POST:
            lifecycle.submit(notice.pk, by=by)
            messages.success(request, _("Mandato in approvazione: lo legge un collega."))
        else:
            messages.success(request, _("Bozza salvata."))
        if "trial" in request.POST:
            _try(request, notice)
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(notice_address(notice))


def _try(request: HttpRequest, notice: Broadcast) -> None:
    try:
        trial.send_trial(notice, by=person(request))
    except trial.TrialFailed as error:
        messages.error(request, _("La prova non è partita. %(why)s") % {"why": error})
    else:
        messages.success(request, _("Prova inviata al tuo telefono."))


@require_POST
def preview(request: HttpRequest, kind: Kind, original: Broadcast | None) -> HttpResponse:
    """The phone beside the form, drawn again while one writes."""
    notice = new_notice(request, kind, original)
    stored = request.GET.get("notice", "")
    if stored.isdecimal():  # what its English was written for
        known = Broadcast.objects.filter(pk=stored, kind=kind.slug).values_list("fields", flat=True)
        notice.fields = known.first() or {}
    composer = open_composer(notice, clock.now(), request.POST, stored=False)
    shown = {"preview": composer.preview(), "english_shown": request.POST.get("tab") == "en"}
    return TemplateResponse(request, "desk/preview.html", shown)


def show(
    request: HttpRequest, notice: Broadcast, context: dict[str, Any], typed: dict[str, str] | None = None
) -> HttpResponse:
    """One page for a notice's whole life. `typed` is what a person wrote at a button that could not be."""
    now, user = clock.now(), person(request)
    foreseen = forecast(notice, now) if notice.state in BEFORE else None
    counts = report.progress(notice, clock.real_now())
    over = bool(notice.valid_until and notice.valid_until <= now)
    editable = notice.state in EDITABLE and user.has_perm("broadcasts.change_broadcast")
    decided, history = decisions.context(request, notice, foreseen), _history(notice)
    context |= _progress_context(notice, counts) | {
        "title": notice.title,
        "kind": KINDS[notice.kind],
        "file": notice.media,
        "texts": [(lang, _text(notice.rendered[lang])) for lang in LANGUAGES if lang in notice.rendered],
        "forecast": foreseen,
        "held_back": _held_back(notice, now),
        "buttons": buttons.buttons_for(
            notice, user, foreseen, 0 if over else counts.retriable, ask_code=decided["ask_code"]
        ),
        "typed": typed,
        "seen": fingerprint_of(notice),
        "history": history,
        "step": history[0]["row"].pk if history else "",
        **decided,
        "editable": editable,
        "may_write": user.has_perm("broadcasts.add_broadcast"),
        "follow_ups": _follow_ups(notice, user),
        "followed": list(notice.follow_ups.exclude(companion=True, state=State.DRAFT).order_by("id"))
        if notice.started_at
        else [],
        "zones": list(notice.zones.all()),
        "public": notice.state in PUBLIC and notice.started_at is not None,
        "zones_first": zones_first.panel(notice, user, foreseen, counts.to_go),
        "remind": notice.remind_at is not None
        and reminders.open_ended(now).filter(pk=notice.pk).exists()
        and user.has_perm("broadcasts.change_broadcast"),
        "behind": bool(languages.behind(notice.fields, notice.title, KINDS[notice.kind].form_class.texts)),
        "next": buttons.what_next(notice, foreseen, _waits(notice)),
    }
    return TemplateResponse(request, "desk/notice.html", context)


def _held_back(notice: Broadcast, now: datetime) -> str:
    """What of the town's own restraints keeps it from leaving when it would; empty when none does."""
    if notice.state not in BEFORE and notice.state != State.PAUSED:
        return ""
    leaves = max(now, notice.due_at) if notice.due_at else now
    return refusal_words(notice, live_restraints(TownProfile.current()), leaves)


def _text(text: dict[str, Any]) -> dict[str, Any]:
    return text | {"html": bubble_html(text["phone_text"])}


def _history(notice: Broadcast) -> list[dict[str, Any]]:
    return [
        {"row": row, "words": buttons.VERB_WORDS.get(row.verb, row.verb)}
        for row in sorted(notice.transitions.all(), key=lambda row: -row.pk)
    ]


def _follow_ups(notice: Broadcast, user: User) -> list[Kind]:
    """The kinds that may follow this notice, once somebody may have got it; an update of one that is held
    goes in its place."""
    left = notice.started_at is not None and notice.state in PUBLIC
    if notice.state == State.SCHEDULED and notice.waits_until and user.has_perm("broadcasts.add_broadcast"):
        return [KINDS["update"]]
    if not left or notice.refers_to_id or not user.has_perm("broadcasts.add_broadcast"):
        return []
    # What is ready as it is stands in its own panel.
    waiting = notice.follow_ups.filter(companion=True, state__in=EDITABLE - {State.SCHEDULED})
    ready = set(waiting.values_list("kind", flat=True))
    return [kind for kind in KINDS.values() if kind.follow_up and kind.slug not in ready]


def _waits(notice: Broadcast) -> str:
    """When it goes on; of one that is late, when it should have left and what time it is."""
    now = clock.now()
    if notice.state == State.OVERDUE:
        time = now.astimezone(ROME)
        words = (
            _("%(when)s, adesso è l'%(clock)s") if time.hour == 1 else _("%(when)s, adesso sono le %(clock)s")
        )
        when = say_when(notice.due_at or notice.approved_at or now, now, language())
        return words % {"when": when, "clock": f"{time.hour}:{time.minute:02}"}
    waits = notice.waits_until
    return say_when(waits, now, language()) if waits and waits > now and notice.state == State.SENDING else ""


def _progress_context(notice: Broadcast, counts: report.Progress) -> dict[str, Any]:
    return {
        "notice": notice,
        "progress": counts,
        "moving": notice.state in MOVING,
        "waits": _waits(notice),
    }


def progress(request: HttpRequest, notice: Broadcast) -> HttpResponse:
    """The live part of the page; a change of state asks for the whole page, with its new buttons."""
    if request.GET.get("state") != notice.state:
        return HttpResponseClientRefresh()
    context = _progress_context(notice, report.progress(notice, clock.real_now()))
    return TemplateResponse(request, "desk/progress.html", context)


@require_POST
def begin_proof(request: HttpRequest) -> HttpResponse:
    """The monthly proof with one press: written, handed over, and shown to whoever pressed."""
    try:
        notice = exercises.begin(by=person(request), now=clock.now())
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:index"))
    messages.success(request, _("La prova è pronta: parte quando un collega la approva."))
    return HttpResponseRedirect(notice_address(notice))


@require_POST
def act(request: HttpRequest, notice_id: int, verb: str, context: dict[str, Any]) -> HttpResponse:
    """Press a button: one verb of the lifecycle. A refusal is a sentence for the person, on the
    page as it now is and with what they had typed."""
    notice = get_object_or_404(Broadcast, pk=notice_id)
    if verb == zones_first.VERB:
        return zones_first.choose(request, notice, notice_address(notice))
    if verb == "trial":
        _try(request, notice)
        return HttpResponseRedirect(notice_address(notice))
    if verb == "duplicate":
        return _duplicate(request, notice)
    if verb == "road":
        return roads.take(request, notice, notice_address(notice))
    if verb == "remind":
        return _remind(request, notice)
    try:
        decisions.check_code(request, verb)  # before the lock: a wrong code is counted whatever follows
        with transaction.atomic():
            if verb not in STOPS and request.POST.get("step"):
                steps.as_seen(notice_id, request.POST["step"])
            done = _do(verb, notice_id, person(request), request)
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
        typed = {name: request.POST.get(name, "") for name in ("reason", "word")} | {"verb": verb}
        notice.refresh_from_db()
        return show(request, notice, context, typed)
    messages.success(request, done)
    return HttpResponseRedirect(decisions.after(notice, verb) or notice_address(notice))


def _remind(request: HttpRequest, notice: Broadcast) -> HttpResponse:
    """It still holds: ask again later."""
    try:
        until = MomentField().clean(request.POST.get("remind_at", ""))
        reminders.put_off(notice.pk, by=person(request), until=until)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Va bene: te lo chiediamo di nuovo allora."))
    return HttpResponseRedirect(notice_address(notice))


def _duplicate(request: HttpRequest, notice: Broadcast) -> HttpResponse:
    """A new draft like this one, open to be written."""
    try:
        copied = copies.duplicate(notice.pk, by=person(request))
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(notice_address(notice))
    messages.success(request, _("Questa è una nuova bozza, uguale all'altra: controlla date e orari."))
    return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_edit", args=[copied.pk]))


def _do(verb: str, pk: int, by: User, request: HttpRequest) -> str:
    """Call the verb and return what to say when it is done."""
    reason = request.POST.get("reason", "")
    match verb:
        case "submit":
            lifecycle.submit(pk, by=by)
            return _("Mandato in approvazione: lo legge un collega.")
        case "withdraw":
            lifecycle.withdraw(pk, by=by)
            return _("Ripreso: è di nuovo una bozza.")
        case "return":
            lifecycle.send_back(pk, by=by, reason=reason)
            return _("Rimandato all'autore con il tuo motivo.")
        case "reject":
            lifecycle.reject(pk, by=by, reason=reason)
            return _("Respinto: non verrà inviato.")
        case "open_exercise":
            _typed_exercise(request)
            lifecycle.open_exercise(pk, by=by, reason=reason)
            return _("Aperta ai cittadini: adesso rileggi a quanti arriva, e approvala.")
        case "approve":
            if Broadcast.objects.filter(pk=pk, opened_by__isnull=False).exists():
                _typed_exercise(request)
            _word(request, pk)
            approved = lifecycle.approve(
                pk,
                by=by,
                seen=request.POST.get("seen", ""),
                together=request.POST.get("together", ""),
                over_budget=reason,
            )
            return _("Approvato: %(what)s.") % {"what": _sentence(approved)}
        case "break_glass":
            _word(request, pk)
            lifecycle.break_glass(pk, by=by, reason=reason, seen=request.POST.get("seen"))
            return _("Inviato da solo: un'altra persona deve convalidarlo.")
        case _:
            return _do_later(verb, pk, by, reason)


def _typed_exercise(request: HttpRequest) -> None:
    """An exercise for the citizens wants its own word, which no real alert asks for."""
    if not exercise_rules.typed_right(request.POST.get("word", "")):
        raise lifecycle.NotAllowed(
            _("Per un'esercitazione ai cittadini scrivi la parola «%(word)s».")
            % {"word": exercise_rules.WORD}
        )


def _word(request: HttpRequest, pk: int) -> None:
    """A real emergency wants the word typed, so that it cannot be taken for anything else."""
    real = Broadcast.objects.filter(pk=pk, severity=Rank.EMERGENCY.value, exercise=False).exists()
    if real and not typed_right(request.POST.get("word", "")):
        raise lifecycle.NotAllowed(
            _("Per inviare un'emergenza scrivi la parola «%(word)s».") % {"word": TYPED_WORD}
        )


def _do_later(verb: str, pk: int, by: User, reason: str) -> str:
    """The verbs of a notice that was approved."""
    match verb:
        case "countersign":
            lifecycle.countersign(pk, by=by)
            return _("Convalidato.")
        case "dispute":
            emergency.dispute(pk, by=by, reason=reason)
            return _("Segnato come non convalidato. La rettifica è pronta qui sotto.")
        case "launch":
            launched = emergency.launch(pk, by=by)
            return _("In partenza: %(what)s.") % {"what": _sentence(launched)}
        case "spare":
            emergency.use_spare(pk, by=by)
            return _("Adesso usa il modello di riserva: leggi il testo nuovo e approvalo.")
        case "pause":
            lifecycle.pause(pk, by=by, reason=reason)
            return _("In pausa: chi non l'ha ricevuto aspetta.")
        case "resume":
            lifecycle.resume(pk, by=by)
            return _("Ripreso da dov'era.")
        case "cancel":
            lifecycle.cancel(pk, by=by, reason=reason)
            return _("Fermato: non parte più per nessuno.")
        case "send_now":
            lifecycle.send_now(pk, by=by)
            return _("Parte adesso, negli orari permessi.")
        case "retry":
            again = lifecycle.retry_failed(pk, by=by)
            return _("Si riprova con %(count)s.") % {"count": again}
        case _:
            raise lifecycle.NotAllowed(_("Questa azione non esiste."))


def _sentence(notice: Broadcast) -> str:
    foreseen: Forecast = forecast(notice, clock.now())
    return foreseen.sentence
