"""«Avvisi che si ripetono»: made from a notice, shown with every text that is to be approved."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from broadcasts.bubble import bubble_html
from broadcasts.bulletins.form_fields import DayField
from broadcasts.bulletins.kinds import KINDS
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.plan import series as verbs
from broadcasts.plan.models import Series
from broadcasts.plan.recurrence import first_day_of
from broadcasts.states import State
from policy.calendar import ROME
from staff.admin_base import ReadOnlyAdmin, person
from whatsempoli import clock


class SeriesForm(forms.Form):
    """How a notice comes back. `first_day` is asked only where its content names no day."""

    first_day = DayField(label=gettext_lazy("Il primo giorno a cui si riferisce"))
    rule = forms.ChoiceField(
        label=gettext_lazy("Quando si ripete"), choices=Series.Rule.choices, widget=forms.RadioSelect
    )
    interval = forms.IntegerField(
        label=gettext_lazy("Ogni quanti"),
        min_value=1,
        max_value=12,
        initial=1,
        help_text=gettext_lazy("Per esempio 2, con la settimana: una sì e una no."),
    )
    last_day = DayField(
        label=gettext_lazy("Fino a"), required=False, help_text=gettext_lazy("Vuoto: finché non la chiudi.")
    )
    days_before = forms.IntegerField(
        label=gettext_lazy("Quanti giorni prima parte il messaggio"), min_value=0, max_value=30, initial=1
    )
    leave_at = forms.TimeField(
        label=gettext_lazy("A che ora parte"),
        initial=time(10),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("La fine viene prima dell'inizio."))
        return cleaned


@admin.register(Series)
class SeriesAdmin(ReadOnlyAdmin):
    """Every series, and its page."""

    list_display = ("title", "category", "rule", "first_day", "last_day", "stopped_at", "created_by")
    list_select_related = ("category", "created_by")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("from/<int:pk>/", view(self.repeat_view), name="broadcasts_series_from"),
            path("<int:pk>/do/<slug:verb>/", view(require_POST(self.act_view)), name="broadcasts_series_do"),
        ]
        return own + super().get_urls()

    def repeat_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a series of a notice."""
        if not request.user.has_perm("broadcasts.add_series"):
            raise PermissionDenied
        source = get_object_or_404(Broadcast.objects.select_related("category"), pk=pk)
        kind = KINDS[source.kind]
        if kind.follow_up or source.kind == "pharmacy_week":
            raise Http404
        named = first_day_of(kind.form_class, source.fields)
        form = SeriesForm(request.POST or None, initial={"first_day": named, "rule": Series.Rule.WEEKLY})
        if named:
            form.fields["first_day"].disabled = True
        if request.method == "POST" and form.is_valid():
            series = verbs.draft_from(source, form.cleaned_data["first_day"])
            for name in ("rule", "interval", "last_day", "days_before", "leave_at"):
                setattr(series, name, form.cleaned_data[name])
            zones = list(source.zones.values_list("pk", flat=True))
            done = verbs.create(series, by=person(request), zones=zones)
            words = ngettext("%(n)d bozza preparata.", "%(n)d bozze preparate.", done.made)
            messages.success(request, words % {"n": done.made})
            return HttpResponseRedirect(_address(series.pk))
        context = self.admin_site.each_context(request) | {
            "title": _("Ripeti «%(title)s»") % {"title": source.title},
            "opts": self.opts,
            "form": form,
            "source": source,
        }
        return TemplateResponse(request, "desk/series_form.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Its rule and every child, those to come with their whole text."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        series = get_object_or_404(Series.objects.select_related("category", "created_by"), pk=object_id)
        user, today = person(request), clock.now().astimezone(ROME).date()
        children = list(series.children.select_related("category").order_by("occurrence"))
        coming = [c for c in children if c.occurrence and c.occurrence >= today]
        review = [c for c in coming if c.state == State.IN_REVIEW]
        mine = any(user.pk in (c.submitted_by_id, c.last_edited_by_id) for c in review)
        drafts = sum(c.state in (State.DRAFT, State.RETURNED) for c in coming)
        writes = user.has_perm("broadcasts.change_series")
        context = self.admin_site.each_context(request) | {
            "title": series.title,
            "opts": self.opts,
            "series": series,
            "coming": [(child, bubble_html(child.rendered["it"]["phone_text"])) for child in coming],
            "past": [c for c in children if c not in coming][-12:],
            "drafts": drafts if writes else 0,
            "review": len(review),
            "may_approve": user.has_perm("broadcasts.approve_broadcast") and not mine,
            "may_stop": writes and series.stopped_at is None,
            "seen": verbs.seen_of(series),
        }
        return TemplateResponse(request, "desk/series.html", context)

    def act_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """One verb of the series, whose refusal is a sentence for the person."""
        get_object_or_404(Series, pk=pk)
        try:
            messages.success(request, self._do(request, pk, verb))
        except NotAllowed as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(_address(pk))

    def _do(self, request: HttpRequest, pk: int, verb: str) -> str:
        by = person(request)
        match verb:
            case "submit":
                done = verbs.submit(pk, by=by)
                for sentence in done.refused:
                    messages.warning(request, sentence)
                words = ngettext(
                    "%(n)d avviso mandato in approvazione: lo legge un collega.",
                    "%(n)d avvisi mandati in approvazione: li legge un collega.",
                    done.changed,
                )
                return words % {"n": done.changed}
            case "approve":
                done = verbs.approve(pk, by=by, seen=request.POST.get("seen", ""))
                words = ngettext(
                    "Approvato il testo di %(n)d avviso: parte da solo.",
                    "Approvati i testi di %(n)d avvisi: partono da soli.",
                    done.changed,
                )
                return words % {"n": done.changed}
            case "stop":
                verbs.stop(pk, by=by)
                return _("Chiusa: non se ne preparano altri. Quelli già preparati si fermano uno per uno.")
            case _:
                raise NotAllowed(_("Questa azione non esiste."))


def _address(pk: int) -> str:
    return reverse("admin:broadcasts_series_change", args=[pk])
