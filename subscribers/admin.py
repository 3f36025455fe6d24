"""Who is subscribed and the proof of it: to be looked at, never changed by hand. Numbers are masked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from staff.admin_base import AuditedAdmin, ReadOnlyAdmin, person
from subscribers import numbers
from subscribers.models import ConsentEvent, Erasure, Subscriber, Zone


@admin.register(Zone)
class ZoneAdmin(AuditedAdmin):
    """Frazioni and quarters."""

    list_display = ("name", "order")
    actions = None


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    """People by number of order and the last digits of their phone; a whole number is asked for with a
    reason, and that is written in the log."""

    list_display = ("__str__", "masked", "state", "language", "consent_at", "last_inbound_at")
    list_filter = ("state", "language")
    fields = (
        *("masked", "state", "unreachable_since", "language", "topics", "areas"),
        *("consent_at", "last_inbound_at", "created_at"),
    )
    readonly_fields = fields
    ordering = ("-id",)
    change_form_template = "desk/person.html"
    change_list_template = "desk/people.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        reveal_view, find_view = never_cache(require_POST(self.reveal)), never_cache(require_POST(self.find))
        return [
            path("<int:pk>/reveal/", view(reveal_view), name="subscribers_subscriber_reveal"),
            path("find/", view(find_view), name="subscribers_subscriber_find"),
            *super().get_urls(),
        ]

    def reveal(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The whole number, once, on a page that nobody keeps."""
        by = person(request)
        try:
            subscriber = numbers.reveal(pk, by=by, reason=request.POST.get("reason", ""))
        except numbers.NotAllowed as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:subscribers_subscriber_change", args=[pk]))
        context = self.admin_site.each_context(request) | {
            "title": gettext("Numero intero"),
            "subscriber": subscriber,
        }
        return TemplateResponse(request, "desk/revealed.html", context)

    def find(self, request: HttpRequest) -> HttpResponse:
        """Whose number this is: by POST, so that it is in no address and in no server's log."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = numbers.look_up(request.POST.get("number", ""), by=person(request))
        if found is None:
            messages.warning(request, gettext("Questo numero non è fra gli iscritti, né fra chi è uscito."))
            return HttpResponseRedirect(reverse("admin:subscribers_subscriber_changelist"))
        return HttpResponseRedirect(reverse("admin:subscribers_subscriber_change", args=[found.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = (extra_context or {}) | {"may_reveal": request.user.has_perm("subscribers.reveal_number")}
        return super().change_view(request, object_id, form_url, extra)

    @admin.display(description=_("telefono"))
    def masked(self, subscriber: Subscriber) -> str:
        return numbers.masked(subscriber.phone)

    @admin.display(description=_("argomenti"))
    def topics(self, subscriber: Subscriber) -> str:
        held = [topic.name for topic in subscriber.categories.all()]
        return ", ".join(held) or gettext("nessun argomento")

    @admin.display(description=_("zone"))
    def areas(self, subscriber: Subscriber) -> str:
        return ", ".join(zone.name for zone in subscriber.zones.all()) or gettext("tutto il Comune")


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The ledger, newest first; it holds no number."""

    list_display = ("at", "act", "category", "command", "channel", "policy_version")
    list_filter = ("act", "channel")
    list_select_related = ("category", "policy_version")
    ordering = ("-id",)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Who asked is not here: only that somebody did, and how far it is."""

    list_display = ("asked_at", "provider_at", "blanked_at", "attempts")
    fields = list_display
    ordering = ("-id",)
