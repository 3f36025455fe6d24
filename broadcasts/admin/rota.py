"""«Turni delle farmacie»: paste or upload a year once, look at what it makes, have it approved."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from broadcasts.bubble import bubble_html
from broadcasts.bulletins.form_fields import LineField
from broadcasts.lifecycle import NotAllowed
from broadcasts.plan import rota as verbs
from broadcasts.plan.models import Rota
from broadcasts.plan.shifts import Reading, read_shifts, spans_words
from broadcasts.plan.table import MAX_BYTES, Unreadable, as_text, read_file, read_text
from broadcasts.plan.weeks import Week, leaves_at, weeks_of
from broadcasts.states import State
from policy.calendar import DAYS, say_when
from policy.page import language
from staff.admin_base import ReadOnlyAdmin, person
from whatsempoli import clock

WEEKDAYS = [(number, name) for number, name in enumerate(DAYS["it"])]


class RotaForm(forms.Form):
    """The table and how its weeks leave. What was pasted stays in the form, an upload becomes its text."""

    name = LineField(
        label=gettext_lazy("Nome"), max_length=80, help_text=gettext_lazy("Per esempio: Turni 2027.")
    )
    file = forms.FileField(
        label=gettext_lazy("File (CSV o XLSX)"),
        required=False,
        help_text=gettext_lazy("Oppure incolla la tabella qui sotto, anche da Excel. Al massimo 2 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Tabella"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "table-text"}),
        help_text=gettext_lazy(
            "Una riga per turno. Colonne: data (oppure dal e al), turno (giorno, notte o 24 ore), farmacia, "
            "indirizzo, orario, telefono. La prima riga dice i titoli."
        ),
    )
    week_start = forms.TypedChoiceField(
        label=gettext_lazy("La settimana comincia di"), coerce=int, choices=WEEKDAYS, initial=5
    )
    days_before = forms.IntegerField(
        label=gettext_lazy("Quanti giorni prima parte il messaggio"), min_value=0, max_value=7, initial=1
    )
    leave_at = forms.TimeField(
        label=gettext_lazy("A che ora parte"),
        initial=time(16),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    night_note = LineField(
        label=gettext_lazy("Come funziona di notte"),
        required=False,
        help_text=gettext_lazy("Per esempio «dalle 20 alle 8 a battenti chiusi, con ricetta urgente»."),
    )
    election_reason = LineField(
        long=True,
        label=gettext_lazy("Per le settimane in periodo elettorale: perché è impersonale e indispensabile"),
        required=False,
        max_length=300,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            cleaned["rows"] = self._rows(cleaned)
        except Unreadable as error:
            self.add_error("file" if cleaned.get("file") else "text", str(error))
            return cleaned
        if not cleaned["rows"]:
            self.add_error("text", _("Incolla la tabella, o scegli un file."))
        self._check_week(cleaned)
        return cleaned

    def _rows(self, cleaned: dict[str, Any]) -> list[list[str]]:
        upload = cleaned.get("file")
        if not upload:
            return read_text(cleaned.get("text") or "")
        if upload.size > MAX_BYTES:
            raise Unreadable(_("Il file è troppo grande: al massimo 2 MB."))
        return read_file(upload.name, upload.read())

    def _check_week(self, cleaned: dict[str, Any]) -> None:
        """Weeks that begin on another day than those there are would overlap them."""
        living = verbs.living_weeks().filter(valid_until__gt=clock.now()).first()
        if living is None or living.occurrence is None or cleaned.get("week_start") is None:
            return
        if living.occurrence.weekday() != cleaned["week_start"]:
            day = DAYS["it"][living.occurrence.weekday()]
            self.add_error("week_start", _("Le settimane già caricate cominciano di %(day)s.") % {"day": day})


@admin.register(Rota)
class RotaAdmin(ReadOnlyAdmin):
    """The uploads, newest first; each page shows its weeks and their texts."""

    list_display = ("name", "first_day", "last_day", "created_by", "approved_by", "approved_at")
    list_select_related = ("created_by", "approved_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("broadcasts.add_rota")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/submit/", view(require_POST(self.submit_view)), name="broadcasts_rota_submit"),
            path("<int:pk>/approve/", view(require_POST(self.approve_view)), name="broadcasts_rota_approve"),
        ]
        return own + super().get_urls()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Errors by row and column, a preview of the weeks, and only then the drafts."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RotaForm(request.POST or None, request.FILES or None)
        reading: Reading | None = None
        if request.method == "POST":
            valid = form.is_valid()
            reading = read_shifts(form.cleaned_data["rows"]) if form.cleaned_data.get("rows") else None
            if valid and reading and not reading.problems and "save" in request.POST:
                return self._save(request, form, reading)
            form = _with_text(form, request)
        context = self.admin_site.each_context(request) | {
            "title": _("Carica i turni di un anno"),
            "opts": self.opts,
            "form": form,
            "reading": reading,
            "bare_days": spans_words(reading.bare_days) if reading else "",
            "bare_nights": spans_words(reading.bare_nights) if reading else "",
            "weeks": _preview(form, reading, clock.now()) if reading and not reading.problems else [],
        }
        return TemplateResponse(request, "desk/rota_form.html", context)

    def _save(self, request: HttpRequest, form: RotaForm, reading: Reading) -> HttpResponse:
        cleaned = form.cleaned_data
        rota = Rota(source=as_text(cleaned["rows"]))
        for name in ("name", "week_start", "days_before", "leave_at", "night_note", "election_reason"):
            setattr(rota, name, cleaned[name])
        done = verbs.save(rota, reading.shifts, by=person(request))
        words = _("Turni salvati: %(made)d settimane nuove, %(changed)d cambiate, %(kept)d come prima.")
        messages.success(request, words % {"made": done.made, "changed": done.changed, "kept": done.kept})
        for sentence in done.refused:
            messages.warning(request, sentence)
        return HttpResponseRedirect(_address(rota.pk))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Every week with its whole text, since approving the rota approves them all."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rota = get_object_or_404(Rota.objects.select_related("created_by", "approved_by"), pk=object_id)
        user = person(request)
        children = list(rota.children.select_related("category").order_by("occurrence"))
        drafts = [c for c in children if c.state in (State.DRAFT, State.RETURNED)]
        review = [c for c in children if c.state == State.IN_REVIEW]
        context = self.admin_site.each_context(request) | {
            "title": rota.name,
            "opts": self.opts,
            "rota": rota,
            "weeks": [(child, bubble_html(child.rendered["it"]["phone_text"])) for child in children],
            "shifts": list(rota.shifts.all()),
            "drafts": len(drafts) if user.has_perm("broadcasts.change_broadcast") else 0,
            "review": len(review),
            "may_approve": user.has_perm("broadcasts.approve_broadcast") and user.pk != rota.created_by_id,
            "to_approve": bool(review) or not rota.approved_at,
            "seen": verbs.seen_of(rota),
        }
        return TemplateResponse(request, "desk/rota.html", context)

    def submit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("broadcasts.change_broadcast"):
            raise PermissionDenied
        try:
            done = verbs.submit(pk, by=person(request))
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            words = ngettext(
                "%(n)d settimana mandata in approvazione: la legge un collega.",
                "%(n)d settimane mandate in approvazione: le legge un collega.",
                done.changed,
            )
            messages.success(request, words % {"n": done.changed})
            for sentence in done.refused:
                messages.warning(request, sentence)
        return HttpResponseRedirect(_address(pk))

    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            done = verbs.approve(pk, by=person(request), seen=request.POST.get("seen", ""))
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            words = ngettext(
                "Approvati i turni e il testo di %(n)d settimana: parte da sola.",
                "Approvati i turni e i testi di %(n)d settimane: partono da sole.",
                done.changed,
            )
            messages.success(request, words % {"n": done.changed})
        return HttpResponseRedirect(_address(pk))


def _address(pk: int) -> str:
    return reverse("admin:broadcasts_rota_change", args=[pk])


def _with_text(form: RotaForm, request: HttpRequest) -> RotaForm:
    """The same form with an upload turned into its text, so that it can be corrected and sent again."""
    rows = form.cleaned_data.get("rows")
    if form.cleaned_data.get("file") and rows:
        data = request.POST.copy()
        data["text"] = as_text(rows)
        form = RotaForm(data)
        form.is_valid()
    return form


def _preview(form: RotaForm, reading: Reading, now: datetime) -> list[tuple[Week, str, str]]:
    """Each week, when it leaves in words, and what is wrong with its length."""
    cleaned = form.cleaned_data
    if not {"week_start", "days_before", "leave_at"} <= cleaned.keys():
        return []
    weeks = weeks_of(
        reading.shifts, week_start=cleaned["week_start"], night_note=cleaned.get("night_note", "")
    )
    found = []
    for week in (week for week in weeks if week.valid_until > now):
        due = leaves_at(week, days_before=cleaned["days_before"], at=cleaned["leave_at"], now=now)
        words = say_when(due, now, language()) if due else _("appena approvato")
        found.append((week, words, " ".join(verbs.too_long(week))))
    return found
