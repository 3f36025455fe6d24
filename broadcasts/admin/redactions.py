"""Personal data published by mistake: one person says which words, another blacks them out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts import takedown
from broadcasts.models import Broadcast, Redaction
from broadcasts.published import public_broadcasts
from staff.admin_base import ReadOnlyAdmin, person
from whatsempoli import clock


class RedactionForm(forms.Form):
    """Which notice, which words, why."""

    code = forms.CharField(label=gettext_lazy("Codice dell'avviso"), max_length=12)
    passages = forms.CharField(
        label=gettext_lazy("Che cosa oscurare"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Come sta scritto nell'avviso, un passo per riga."),
    )
    reason = forms.CharField(label=gettext_lazy("Perché"), max_length=300)

    def clean_code(self) -> Broadcast:
        found = public_broadcasts().filter(code=self.cleaned_data["code"].strip().lower()).first()
        if found is None:
            raise ValidationError(_("Nessun avviso pubblicato ha questo codice."))
        return found


@admin.register(Redaction)
class RedactionAdmin(ReadOnlyAdmin):
    """The list is the trace; a proposal's page has the two buttons."""

    list_display = ("broadcast", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at", "done")
    list_select_related = ("broadcast", "proposed_by", "decided_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("broadcasts.add_redaction")

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        name = "broadcasts_redaction_decide"
        return [path("<int:pk>/<slug:verb>/", decide, name=name), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        form = RedactionForm(request.POST or None, initial={"code": request.GET.get("avviso", "")})
        if request.method == "POST" and form.is_valid() and self._propose(request, form):
            messages.success(request, _("Proposto: lo conferma un'altra persona."))
            return HttpResponseRedirect(reverse("admin:broadcasts_redaction_changelist"))
        context = self.admin_site.each_context(request) | {"title": _("Oscura dati personali"), "form": form}
        return TemplateResponse(request, "desk/redact.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        redaction = get_object_or_404(Redaction.objects.select_related("broadcast"), pk=object_id)
        context = self.admin_site.each_context(request) | {
            "title": _("Oscura dati personali: %(title)s") % {"title": redaction.broadcast.title},
            "redaction": redaction,
            "own": redaction.proposed_by_id == person(request).pk,
        }
        return TemplateResponse(request, "desk/redaction.html", context)

    def decide_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Confirm or refuse; only by a button."""
        verbs = {"confirm": takedown.confirm, "refuse": takedown.refuse}
        if request.method != "POST" or verb not in verbs:
            return HttpResponse(status=405)
        try:
            done = verbs[verb](pk, by=person(request), now=clock.now())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            said = _("Oscurato.") if done.done else _("Lasciato com'è.")
            messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:broadcasts_redaction_change", args=[pk]))

    def _propose(self, request: HttpRequest, form: RedactionForm) -> bool:
        found = form.cleaned_data
        try:
            takedown.propose(
                found["code"],
                found["passages"].splitlines(),
                reason=found["reason"],
                by=person(request),
                now=clock.now(),
            )
        except ValidationError as error:
            form.add_error("passages", error)
            return False
        return True
