"""The message templates as WhatsApp has them: what may be used, what may not and why, and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from broadcasts import catalogue, wake
from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import MessageTemplate
from broadcasts.readiness import class_words
from broadcasts.render import town_of
from policy.models import TownProfile
from staff.admin_base import ReadOnlyAdmin, person
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsempoli import clock

Status, Quality = MessageTemplate.Status, MessageTemplate.Quality
OTHERS = gettext_lazy("Altri messaggi: ai colleghi e a singole persone")
ARCHIVED_AFTER = timedelta(days=330)  # WhatsApp archives what nobody sent for twelve months
# What a person does about it; a state that is not here needs nothing.
NEXT_STEP: dict[str, str | Promise] = {
    Status.UNKNOWN: gettext_lazy("Mandalo in esame con il bottone qui sopra."),
    Status.PENDING: gettext_lazy("Di solito basta qualche minuto, a volte un giorno: non serve fare nulla."),
    Status.IN_APPEAL: gettext_lazy("WhatsApp lo sta riesaminando: non serve fare nulla."),
    Status.REJECTED: gettext_lazy(
        "Le parole vanno cambiate da chi cura il programma: serve un modello nuovo."
    ),
    Status.PAUSED: gettext_lazy(
        "La pausa finisce da sola: tre ore la prima volta, sei la seconda. Intanto scrivete meno e più utile."
    ),
    Status.DISABLED: gettext_lazy("Non torna: serve un modello nuovo."),
    Status.LIMIT_EXCEEDED: gettext_lazy(
        "Fate verificare l'azienda da Meta, oppure cancellate modelli vecchi."
    ),
    Status.ARCHIVED: gettext_lazy("Nessuno l'ha usato per un anno: si riprende dal gestore di WhatsApp."),
    Status.PENDING_DELETION: gettext_lazy("Qualcuno lo sta cancellando dal gestore di WhatsApp."),
    Status.DELETED: gettext_lazy("È stato cancellato: mandalo di nuovo in esame con il bottone qui sopra."),
}


@dataclass(slots=True)
class Trouble:
    """One template that cannot be used, or soon may not be: in what state, why, and what to do."""

    name: str
    language: str
    state: str
    why: str
    step: str | Promise
    stops: bool = True


@dataclass(slots=True)
class Family:
    """The templates of one kind of notice: how many may be used, and what is wrong with the others."""

    label: str | Promise
    ready: int = 0
    total: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    rows: list[MessageTemplate] = field(default_factory=list)

    def add(self, trouble: Trouble) -> None:
        """The same trouble in another language is one line."""
        for known in self.troubles:
            if (known.name, known.state, known.why) == (trouble.name, trouble.state, trouble.why):
                known.language += f", {trouble.language}"
                return
        self.troubles.append(trouble)

    @property
    def fine(self) -> bool:
        return not self.troubles


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    """One page by kind of notice. The technical list stays behind, for whoever runs the service."""

    list_display = ("name", "language", "kind_words", "category", "status", "quality", "reason", "synced_at")
    list_filter = ("status", "quality", "language", "category")
    search_fields = ("name",)

    @admin.display(description=gettext_lazy("tipo di avviso"), ordering="kind")
    def kind_words(self, template: MessageTemplate) -> str:
        kind = KINDS.get(template.kind)
        return str(kind.label) if kind else template.kind

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        own = [
            path("stato/", page(self.state_view), name="broadcasts_messagetemplate_state"),
            path("stato/chiedi/", page(self.ask_view), name="broadcasts_messagetemplate_ask"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page by kind first; the list where it is asked for."""
        if not request.GET:
            return HttpResponseRedirect(reverse("admin:broadcasts_messagetemplate_state"))
        return super().changelist_view(request, extra_context)

    def state_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        families = families_of(MessageTemplate.objects.all())
        context = self.admin_site.each_context(request) | {
            "title": _("Modelli di messaggio"),
            "opts": self.opts,
            "families": families,
            "wrong": sum(not family.fine for family in families),
            "missing": catalogue.missing(),
            "without_files": not settings.WHATSAPP_APP_ID,
            "may_ask": request.user.has_perm("broadcasts.change_messagetemplate"),
            "asked": MessageTemplate.objects.order_by("-synced_at")
            .values_list("synced_at", flat=True)
            .first(),
        }
        return TemplateResponse(request, "desk/templates.html", context)

    def ask_view(self, request: HttpRequest) -> HttpResponse:
        return _ask(request)


@require_POST
def _ask(request: HttpRequest) -> HttpResponse:
    """Read the state of all, or submit what WhatsApp lacks."""
    if not request.user.has_perm("broadcasts.change_messagetemplate"):
        raise PermissionDenied
    if "submit" in request.POST:
        wake.templates(person(request).pk)  # more than a hundred questions: too many for a page to wait for
        messages.success(request, _("Li stiamo mandando a WhatsApp: guarda qui fra qualche minuto."))
        return HttpResponseRedirect(reverse("admin:broadcasts_messagetemplate_state"))
    try:
        counts = catalogue.refresh()
    except (ApiError, NotSent, Unanswered):
        messages.error(request, _("WhatsApp non ha risposto: riprova fra poco."))
    else:
        ready = counts.get(Status.APPROVED, 0)
        messages.success(
            request,
            ngettext(
                "WhatsApp ha risposto: %(n)s modello approvato.",
                "WhatsApp ha risposto: %(n)s modelli approvati.",
                ready,
            )
            % {"n": ready},
        )
    return HttpResponseRedirect(reverse("admin:broadcasts_messagetemplate_state"))


def families_of(rows: Iterable[MessageTemplate]) -> list[Family]:
    """One for each kind of notice, in their order; what is no longer ours is left out."""
    town = town_of(TownProfile.current())
    ours = {template.name_for(town): template for _kind, template in catalogue.wanted()}
    found = {slug: Family(kind.label) for slug, kind in KINDS.items()} | {"": Family(OTHERS)}
    for row in rows:
        template, family = ours.get(row.name), found.get(row.kind, found[""])
        if template is None:
            continue
        family.rows.append(row)
        family.total += 1
        trouble = trouble_of(row, template.category, template.ttl_seconds)
        family.ready += trouble is None or not trouble.stops
        if trouble is not None:
            family.add(trouble)
    return list(found.values())


def trouble_of(row: MessageTemplate, wanted: str, ttl: int | None) -> Trouble | None:
    """What a person should know of a template; None if all is well. Pure but for the clock of its use."""
    named = (row.name, row.language)
    if row.status != Status.APPROVED:
        return Trouble(*named, str(row.get_status_display()), row.why, NEXT_STEP.get(row.status, ""))
    if row.category != wanted:
        state = _("considerato %(is)s") % {"is": class_words(row.category)}
        return Trouble(
            *named, state, "", _("Si può chiedere un riesame dal gestore di WhatsApp, entro 60 giorni.")
        )
    if ttl is not None and (row.ttl_seconds is None or row.ttl_seconds > ttl):
        return Trouble(*named, _("senza scadenza"), "", _("Si rimette con «Manda in esame»."))
    if row.correct_category and row.correct_category != wanted:
        state = _("domani diventa %(what)s") % {"what": class_words(row.correct_category)}
        step = _("Fino ad allora si usa; si può chiedere un riesame dal gestore di WhatsApp.")
        return Trouble(*named, state, "", step, stops=False)
    if row.quality in (Quality.YELLOW, Quality.RED, Quality.FLAGGED):
        step = _("Se continua WhatsApp lo mette in pausa: scrivete meno, e solo a chi riguarda.")
        return Trouble(*named, str(row.get_quality_display()), row.why, step, stops=False)
    if row.used_at and row.used_at < clock.real_now() - ARCHIVED_AFTER:
        step = _("Usalo in una prova: dopo un anno WhatsApp lo archivia.")
        return Trouble(*named, _("non usato da quasi un anno"), "", step, stops=False)
    return None
