"""Who is subscribed and the proof of it: to be looked at, never changed by hand. Numbers are masked."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from staff.admin_base import AuditedAdmin, ReadOnlyAdmin
from subscribers.models import ConsentEvent, Subscriber, Zone


@admin.register(Zone)
class ZoneAdmin(AuditedAdmin):
    """Frazioni and quarters."""

    list_display = ("name", "order")
    actions = None


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    """People by number of order and the last digits of their phone."""

    list_display = ("__str__", "masked", "state", "language", "consent_at", "last_inbound_at")
    list_filter = ("state", "language")
    fields = ("masked", "state", "language", "topics", "areas", "consent_at", "last_inbound_at", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    @admin.display(description=_("telefono"))
    def masked(self, person: Subscriber) -> str:
        return f"••• {person.phone[-3:]}" if person.phone else gettext("senza numero")

    @admin.display(description=_("argomenti"))
    def topics(self, person: Subscriber) -> str:
        return ", ".join(topic.name for topic in person.categories.all()) or gettext("nessun argomento")

    @admin.display(description=_("zone"))
    def areas(self, person: Subscriber) -> str:
        return ", ".join(zone.name for zone in person.zones.all()) or gettext("tutto il Comune")


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The ledger, newest first; it holds no number."""

    list_display = ("at", "act", "category", "command", "channel", "policy_version")
    list_filter = ("act", "channel")
    list_select_related = ("category", "policy_version")
    ordering = ("-id",)
