"""One row per recipient, to be read: fast on millions, without a number in sight."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from broadcasts.models import Delivery
from broadcasts.report import why_words
from broadcasts.states import NOT_REACHED, Receipt
from broadcasts.states import Delivery as State
from staff.admin_base import ReadOnlyAdmin


class ReachedFilter(admin.SimpleListFilter):
    """One choice, for which there is an index: a filter by state would look at a million rows."""

    title = _("chi non l'ha ricevuto")
    parameter_name = "missed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("solo chi non l'ha ricevuto"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(state__in=NOT_REACHED) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Newest first; `why` says in words what a code means."""

    list_display = ("number", "notice", "state", "arrival", "why", "accepted_at")
    list_display_links = ("number",)
    list_filter = (ReachedFilter,)
    list_select_related = ("broadcast",)
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    fields = (
        *("broadcast", "state", "why", "arrival", "attempts", "repeated"),
        *("begun_at", "accepted_at", "delivered_at"),
    )
    readonly_fields = fields
    raw_id_fields = ("broadcast", "subscriber")

    @admin.display(description=_("numero"), ordering="id")
    def number(self, row: Delivery) -> int:
        return row.pk

    @admin.display(description=_("avviso"))
    def notice(self, row: Delivery) -> str:
        return row.broadcast.title

    @admin.display(description=_("ricevuta"))
    def arrival(self, row: Delivery) -> str:
        """That one person read it is shown to nobody: reads are shown in sum only."""
        return str(Receipt(min(row.receipt, Receipt.DELIVERED)).label)

    @admin.display(description=_("perché"))
    def why(self, row: Delivery) -> str:
        settled = row.state in (State.ACCEPTED, State.PENDING, State.CLAIMED, State.SENDING)
        return "" if settled else why_words(row.state, row.reason, row.error_code)
