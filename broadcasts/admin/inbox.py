"""«Conversazioni»: who waits for the office, and the thread of one of them. Thin: each calls one verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from broadcasts import office
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import OfficeAnswer, Reply
from broadcasts.states import OPEN, Receipt
from broadcasts.states import Delivery as D
from policy.models import TownProfile
from staff.admin_base import AuditedAdmin, ReadOnlyAdmin, person
from staff.models import User
from subscribers.models import Conversation, InboundMessage, Note, QuickAnswer, Subscriber
from subscribers.numbers import masked
from whatsapp.errors import classify
from whatsempoli import clock

ROWS_A_PAGE = 50
KINDS = {
    "audio": gettext_lazy("un messaggio vocale, che non si può ascoltare"),
    "image": gettext_lazy("una foto, che non si apre"),
    "video": gettext_lazy("un video, che non si apre"),
    "sticker": gettext_lazy("un adesivo"),
    "document": gettext_lazy("un documento, che non si apre"),
    "location": gettext_lazy("una posizione"),
    "call": gettext_lazy("una chiamata"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in a thread, in words. `tone` is them, us, note; `wrong` marks what did not arrive."""

    at: datetime
    tone: str
    who: str
    text: str
    outcome: str = ""
    wrong: bool = False


def outcome_of(answer: OfficeAnswer) -> tuple[str, bool]:
    """What became of an answer, and whether it must not be taken for sent."""
    reply = answer.reply
    if reply is None:
        if answer.ask is None:
            return _("NON inviata: si aspettava che scrivesse, e la conversazione è stata chiusa"), True
        if answer.ask.state in (D.FAILED, D.EXPIRED):
            return _("NON inviata: l'avviso che la annuncia non è arrivato"), True
        return _("aspetta: parte da sola quando questa persona scrive"), False
    return reply_words(reply)


def reply_words(reply: Reply) -> tuple[str, bool]:
    """The state of one message; that it was read is not shown of one person."""
    if reply.receipt >= Receipt.DELIVERED:
        return _("arrivata"), False
    if reply.state == D.FAILED:
        reason = _(classify(reply.error_code, where="webhook").reason) if reply.error_code else ""
        return _("NON arrivata") + (f": {reason}" if reason else ""), True
    if reply.state == D.UNCONFIRMED:
        return _("WhatsApp non ha risposto: potrebbe non essere arrivata"), True
    if reply.state in OPEN:
        return _("in partenza"), False
    return _("affidata a WhatsApp, non ancora arrivata"), False


def thread(conversation: Conversation) -> list[Line]:
    """What was said and noted, oldest first; only what is still kept."""
    person_ = conversation.subscriber
    lines = [
        Line(row.sent_at, "them", _("il cittadino"), row.text or str(KINDS.get(row.kind, row.kind)))
        for row in InboundMessage.objects.filter(subscriber=person_)
    ]
    answers = OfficeAnswer.objects.filter(conversation__subscriber=person_)
    for answer in answers.select_related("by", "reply", "ask"):
        words, wrong = outcome_of(answer)
        lines.append(Line(answer.at, "us", str(answer.by), answer.text, words, wrong))
    for note in Note.objects.filter(conversation__subscriber=person_).select_related("by"):
        lines.append(Line(note.at, "note", str(note.by), note.text))
    return sorted(lines, key=lambda line: line.at)


def waiting(rows: Iterable[Conversation], now: datetime) -> list[dict[str, Any]]:
    """A page of the list, with the clock of each."""
    return [
        {
            "conversation": row,
            "masked": masked(row.subscriber.phone),
            "window": clock_of(row.subscriber, now),
        }
        for row in rows
    ]


def clock_of(person_: Subscriber, now: datetime) -> dict[str, Any]:
    """How long a free text may still go to them."""
    ends = office.window_ends(person_)
    is_open = office.window_is_open(person_, now)
    minutes = int((ends - now).total_seconds() // 60) if ends and is_open else 0
    return {"open": is_open, "ends": ends, "hours": minutes // 60, "minutes": minutes % 60}


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """The list keeps its address, and so does one of them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(never_cache(self.inbox)), name="subscribers_conversation_changelist"),
            path("<int:pk>/", view(never_cache(self.one)), name="subscribers_conversation_change"),
            path("<int:pk>/<str:verb>/", view(require_POST(self.act)), name="subscribers_conversation_act"),
        ]

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"title": title, "town_profile": TownProfile.current()}

    def inbox(self, request: HttpRequest) -> HttpResponse:
        """Who waits longest stands first."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        rows = Conversation.objects.select_related("subscriber", "assigned_to").filter(closed_at=None)
        if request.GET.get("mine"):
            rows = rows.filter(assigned_to=person(request))
        failed = Q(answers__reply__state=D.FAILED) | Q(answers__ask__state=D.FAILED)
        trouble = set(rows.filter(failed).values_list("pk", flat=True))
        ordered = rows.order_by("waiting_since", "-touched_at")  # nulls stand last
        page = Paginator(ordered, ROWS_A_PAGE).get_page(request.GET.get("page"))
        context = self._context(request, _("Conversazioni")) | {
            "page": page,
            "lines": waiting(page.object_list, clock.now()),
            "trouble": trouble,
            "mine": bool(request.GET.get("mine")),
        }
        return TemplateResponse(request, "desk/inbox.html", context)

    def one(self, request: HttpRequest, pk: int, text: str = "") -> HttpResponse:
        """The thread, and what may be done with it."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        conversation = get_object_or_404(Conversation.objects.select_related("subscriber"), pk=pk)
        quick = request.GET.get("quick", "")
        chosen = (
            QuickAnswer.objects.filter(pk=quick).first() if quick.isdecimal() and len(quick) < 10 else None
        )
        by = person(request)
        context = self._context(request, _("Conversazione %(id)s") % {"id": conversation}) | {
            "conversation": conversation,
            "masked": masked(conversation.subscriber.phone),
            "lines": thread(conversation),
            "window": clock_of(conversation.subscriber, clock.now()),
            "may_answer": by.has_perm(office.PERMISSION) and TownProfile.current().inbox_open,
            "quick": QuickAnswer.objects.all(),
            "text": text or (chosen.text if chosen else ""),
            "colleagues": _colleagues(),
            "most": office.MAX_TEXT,
        }
        return TemplateResponse(request, "desk/thread.html", context)

    def act(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Press a button; a refusal leaves what was written in the form."""
        by, now = person(request), clock.now()
        text = request.POST.get("text", "")
        verbs: dict[str, Callable[[], object]] = {
            "answer": lambda: office.answer(pk, by=by, text=text, now=now),
            "note": lambda: office.note(pk, by=by, text=text, now=now),
            "assign": lambda: office.assign(pk, by=by, to=_chosen(request)),
            "close": lambda: office.close(pk, by=by, now=now),
        }
        if verb not in verbs:
            return HttpResponse(status=404)
        try:
            verbs[verb]()
        except NotAllowed as error:
            messages.error(request, str(error))
            if verb == "answer" and self.has_view_permission(request):
                return self.one(request, pk, text)
            return HttpResponseRedirect(reverse("admin:subscribers_conversation_changelist"))
        if verb == "close":
            messages.success(request, _("Chiusa."))
            return HttpResponseRedirect(reverse("admin:subscribers_conversation_changelist"))
        return HttpResponseRedirect(reverse("admin:subscribers_conversation_change", args=[pk]))


def _colleagues() -> list[User]:
    permitted = User.objects.filter(is_active=True, groups__permissions__codename="answer_conversation")
    return list(permitted.distinct().order_by("first_name", "username"))


def _chosen(request: HttpRequest) -> User | None:
    pk = request.POST.get("to", "")
    return User.objects.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 10 else None


@admin.register(QuickAnswer)
class QuickAnswerAdmin(AuditedAdmin):
    """Words that are written often."""

    list_display = ("title", "text")
