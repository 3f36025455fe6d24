"""«Che cosa si è cancellato»: a row a day, in words."""

from __future__ import annotations

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from broadcasts.forecast import grouped
from broadcasts.models import Purge
from staff.admin_base import ReadOnlyAdmin

WORDS: dict[str, str | Promise] = {
    "webhooks": _("dati grezzi di WhatsApp"),
    "texts": _("messaggi ricevuti"),
    "answers": _("risposte"),
    "numbers": _("numeri di chi è uscito"),
    "erased": _("impronte di chi si è fatto cancellare"),
    "deliveries": _("righe di consegna, ridotte a somme"),
    "months": _("conti mensili"),
    "ledger": _("persone tolte dal registro dei consensi"),
    "erasures": _("richieste di cancellazione"),
    "audit": _("righe del registro delle operazioni"),
    "admin_log": _("righe delle modifiche in redazione"),
    "sessions": _("accessi scaduti"),
    "links": _("collegamenti ai propri dati"),
    "journal": _("giornate del diario di uscite e cancellazioni"),
    "notes": _("conversazioni chiuse, con le note"),
}


@admin.register(Purge)
class PurgeAdmin(ReadOnlyAdmin):
    """Newest first."""

    list_display = ("day", "what", "at")
    fields = ("day", "at", "what")
    readonly_fields = fields
    ordering = ("-day",)

    @admin.display(description=_("che cosa"))
    def what(self, purge: Purge) -> SafeString | str:
        """Only what there was of it."""
        rows = [(grouped(count), WORDS.get(name, name)) for name, count in purge.counts.items() if count]
        if not rows:
            return gettext("niente: non c'era nulla di scaduto")
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {}</li>", rows))
