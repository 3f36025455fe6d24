"""One row per recipient, to be read: fast on millions, without a number in sight."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from broadcasts.models import Delivery
from broadcasts.report import why_words
from broadcasts.states import Delivery as State
from broadcasts.states import Receipt
from staff.admin_base import ReadOnlyAdmin


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Newest first; `why` says in words what a code means."""

    list_display = ("id", "broadcast_id", "state", "arrival", "why", "accepted_at")
    list_filter = ("state",)
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    fields = (
        *("broadcast", "state", "why", "arrival", "attempts", "repeated"),
        *("begun_at", "accepted_at", "delivered_at"),
    )
    readonly_fields = fields
    raw_id_fields = ("broadcast", "subscriber")

    @admin.display(description=_("ricevuta"))
    def arrival(self, row: Delivery) -> str:
        """That one person read it is shown to nobody: reads are shown in sum only."""
        return str(Receipt(min(row.receipt, Receipt.DELIVERED)).label)

    @admin.display(description=_("perché"))
    def why(self, row: Delivery) -> str:
        settled = row.state in (State.ACCEPTED, State.PENDING, State.CLAIMED, State.SENDING)
        return "" if settled else why_words(row.state, row.reason, row.error_code)
