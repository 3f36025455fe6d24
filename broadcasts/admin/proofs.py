"""The reports of the monthly proofs: how long each step took, to be read and printed."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from broadcasts.exercises import step_words
from broadcasts.models import Proof
from staff.admin_base import ReadOnlyAdmin


@admin.register(Proof)
class ProofAdmin(ReadOnlyAdmin):
    """Newest first."""

    list_display = ("at", "passed", "phones", "arrived", "broadcast")
    list_select_related = ("broadcast",)
    fields = ("at", "broadcast", "passed", "phones", "arrived", "table")
    readonly_fields = fields

    @admin.display(description=_("passi"))
    def table(self, proof: Proof) -> SafeString:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td></tr>',
            ((name, words) for name, words in step_words(proof)),
        )
        return format_html("<table>{}</table>", rows)
