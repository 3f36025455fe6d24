"""The message templates as WhatsApp knows them: read only, with their state."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import MessageTemplate
from staff.admin_base import ReadOnlyAdmin


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    """Which may be used now, and why the others may not."""

    list_display = ("name", "language", "kind_words", "category", "status", "reason", "synced_at")
    list_filter = ("status", "language", "category")
    search_fields = ("name",)

    @admin.display(description=_("tipo di avviso"), ordering="kind")
    def kind_words(self, template: MessageTemplate) -> str:
        kind = KINDS.get(template.kind)
        return str(kind.label) if kind else template.kind
