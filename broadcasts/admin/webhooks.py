"""What WhatsApp told us and could not be understood: put aside, visible, and tried again by a person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from broadcasts import intake
from broadcasts.models import WebhookEvent
from staff.admin_base import ReadOnlyAdmin, person


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """Never the content: it holds numbers and what people wrote."""

    list_display = ("id", "received_at", "state", "attempts", "error_words")
    list_filter = ("state",)
    ordering = ("-id",)
    fields = ("received_at", "state", "attempts", "error", "done_at")
    readonly_fields = fields
    actions: Any = ("replay",)

    @admin.display(description=_("errore"))
    def error_words(self, event: WebhookEvent) -> str:
        return event.error[:120]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("broadcasts.replay_webhookevent")

    @admin.action(description=_("Rielabora quelle messe da parte"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        count = intake.replay(list(queryset.values_list("pk", flat=True)), by=person(request))
        words = ngettext(
            "%(n)s comunicazione rimessa in lavorazione.",
            "%(n)s comunicazioni rimesse in lavorazione.",
            count,
        )
        self.message_user(request, words % {"n": count}, messages.SUCCESS if count else messages.WARNING)
