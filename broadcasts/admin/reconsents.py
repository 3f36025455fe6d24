"""«Richieste di conferma»: one person writes the question, another lets it leave, all see the answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from broadcasts import reconsent
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Reconsent
from staff.admin_base import LabelledAdmin, person
from staff.once import once
from whatsempoli import clock


class ReconsentForm(forms.ModelForm):
    """What changes, in one sentence of the message, and until when one may answer."""

    class Meta:
        model = Reconsent
        fields = ("change", "deadline")
        widgets = {"change": forms.Textarea(attrs={"rows": 3, "maxlength": 200})}

    def clean_deadline(self) -> Any:
        """Far enough away."""
        deadline = self.cleaned_data["deadline"]
        if deadline < clock.now() + reconsent.LEAST_NOTICE:
            days = reconsent.LEAST_NOTICE.days
            raise forms.ValidationError(
                gettext("Lascia almeno %(days)s giorni per rispondere."), params={"days": days}
            )
        return deadline

    def clean_change(self) -> str:
        """One line: it stands in the middle of a message."""
        return " ".join(self.cleaned_data["change"].split())


@once
def _one_is_open() -> bool:
    return Reconsent.objects.filter(closed_at=None).exists()


@admin.register(Reconsent)
class ReconsentAdmin(LabelledAdmin):
    """Written once; afterwards only looked at, approved or given up."""

    form = ReconsentForm
    list_display = ("policy", "change", "deadline", "by", "confirmed_by", "numbers", "closed_at")
    actions = ("approve", "give_up")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One question at a time."""
        return super().has_add_permission(request) and not _one_is_open()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("broadcasts.approve_reconsent")

    def has_propose_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("broadcasts.add_reconsent")

    def save_model(self, request: HttpRequest, obj: Reconsent, form: Any, change: bool) -> None:
        """Through the verb, which guards and writes the log."""
        made = reconsent.propose(
            change=obj.change, deadline=obj.deadline, by=person(request), now=clock.now()
        )
        obj.pk, obj.policy, obj.by, obj.asked_from = made.pk, made.policy, made.by, made.asked_from

    @admin.display(description=_("risposte"))
    def numbers(self, row: Reconsent) -> str:
        found = reconsent.standing(row)
        return gettext(
            "chieste %(asked)s · restano %(yes)s · uscite %(out)s · senza risposta %(silent)s"
            " · scadute %(lapsed)s · non arrivate %(failed)s"
        ) % {
            "asked": found.asked,
            "yes": found.yes,
            "out": found.out,
            "silent": found.silent,
            "lapsed": found.lapsed,
            "failed": found.failed,
        }

    @admin.action(description=_("Approva: la richiesta parte a tutti"), permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Reconsent]) -> None:
        """Let the chosen one leave."""
        for row in queryset:
            try:
                reconsent.approve(row.pk, by=person(request), now=clock.now())
            except NotAllowed as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, gettext("Approvata: parte negli orari di servizio."))

    @admin.action(description=_("Ritira: nessuno viene tolto"), permissions=["propose"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Reconsent]) -> None:
        """Ask nobody else."""
        for row in queryset:
            try:
                reconsent.give_up(row.pk, by=person(request), now=clock.now())
            except NotAllowed as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, gettext("Ritirata: chi non ha risposto resta iscritto."))
