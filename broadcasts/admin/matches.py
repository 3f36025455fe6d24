"""«Partite in casa»: typed one by one or pasted for a season."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadcasts.bulletins.form_fields import LineField
from broadcasts.plan.matches import read_matches
from broadcasts.plan.models import Match
from broadcasts.plan.shifts import Problem
from broadcasts.plan.table import Unreadable, read_text
from staff.admin_base import AuditedAdmin, person
from staff.models import audit


class SeasonForm(forms.Form):
    """The team and its home matches, a line each."""

    team = LineField(label=gettext_lazy("Squadra di casa"), max_length=40)
    text = forms.CharField(
        label=gettext_lazy("Partite in casa"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "table-text"}),
        help_text=gettext_lazy(
            "Una partita per riga, anche incollata da Excel: data; ora; avversario; competizione. "
            "Per esempio «28/11/2026; 15:00; Pisa; Serie B»."
        ),
    )


@admin.register(Match)
class MatchAdmin(AuditedAdmin):
    """Home matches; a whole season is pasted at once."""

    list_display = ("kick_off", "team", "opponent", "competition")
    date_hierarchy = "kick_off"
    change_list_template = "admin/broadcasts/match/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = [path("paste/", self.admin_site.admin_view(self.paste_view), name="broadcasts_match_paste")]
        return own + super().get_urls()

    def paste_view(self, request: HttpRequest) -> HttpResponse:
        """All or nothing: with a problem nothing is saved, and what was pasted stays."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        last = Match.objects.order_by("-kick_off").first()
        form = SeasonForm(request.POST or None, initial={"team": last.team if last else ""})
        problems: list[Problem] = []
        if request.method == "POST" and form.is_valid():
            problems = self._store(request, form)
            if not problems and form.is_valid():
                return HttpResponseRedirect(reverse("admin:broadcasts_match_changelist"))
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": _("Incolla le partite della stagione"),
            "opts": self.opts,
            "form": form,
            "problems": problems,
        }
        return TemplateResponse(request, "desk/season.html", context)

    def _store(self, request: HttpRequest, form: SeasonForm) -> list[Problem]:
        try:
            found, problems = read_matches(read_text(form.cleaned_data["text"]))
        except Unreadable as error:
            form.add_error("text", str(error))
            return []
        if problems:
            return problems
        for one in found:
            values = {
                "team": form.cleaned_data["team"],
                "opponent": one.opponent,
                "competition": one.competition,
            }
            Match.objects.update_or_create(kick_off=one.kick_off, defaults=values)
        audit(person(request), "add", f"partite: {len(found)}")
        words = ngettext("%(n)d partita salvata.", "%(n)d partite salvate.", len(found))
        messages.success(request, words % {"n": len(found)})
        return []
