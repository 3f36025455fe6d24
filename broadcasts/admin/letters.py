"""«Inviti e domande»: a number at the counter, an old list, and the one question to the narrow list."""

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
from django.views.decorators.http import require_POST

from broadcasts.letters import table, verbs
from broadcasts.letters.models import Letter
from broadcasts.lifecycle import NotAllowed
from staff.admin_base import ReadOnlyAdmin, person
from subscribers import numbers
from whatsempoli import clock

MOST_BYTES = 2_000_000


class ListForm(forms.Form):
    """An old list, as a file or pasted."""

    name = forms.CharField(
        label=gettext_lazy("Che lista è"),
        max_length=60,
        help_text=gettext_lazy("Per esempio: iscritti di gennaio 2026. Resta nel registro."),
    )
    file = forms.FileField(label=gettext_lazy("File CSV"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Oppure incolla la tabella"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Prima riga: numero;prova;data. La prova dice dove si trova il consenso e la data quando fu dato;"
            " chi non ce l'ha riceve un solo invito e nient'altro finché non risponde."
        ),
    )
    narrow = forms.BooleanField(
        label=gettext_lazy("È la lista ristretta: solo emergenze"),
        required=False,
        help_text=gettext_lazy(
            "Entrano con i soli argomenti essenziali; si può chiedere una volta se vogliono altro."
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        uploaded = cleaned.get("file")
        if uploaded is not None and uploaded.size > MOST_BYTES:
            self.add_error("file", _("Il file è troppo grande: al massimo 2 MB."))
        elif uploaded is not None:
            try:
                cleaned["text"] = uploaded.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("Il file non è un CSV in UTF-8: salvalo di nuovo e riprova."))
        elif not cleaned.get("text", "").strip():
            self.add_error("text", _("Carica un file o incolla la tabella."))
        return cleaned


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """Every letter, newest first, with the number masked."""

    list_display = ("created_at", "kind", "masked", "source", "state", "error", "by")
    list_filter = ("kind", "state")
    list_select_related = ("subscriber", "by")
    fields = ("kind", "masked", "source", "by", "created_at", "state", "sent_at", "error")
    readonly_fields = fields
    change_list_template = "desk/letters.html"

    @admin.display(description=gettext_lazy("telefono"))
    def masked(self, letter: Letter) -> str:
        return numbers.masked(letter.subscriber.phone)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("invite/", view(require_POST(self.invite)), name="broadcasts_letter_invite"),
            path("ask/", view(require_POST(self.ask)), name="broadcasts_letter_ask"),
            path("import/", view(self.take), name="broadcasts_letter_import"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may = request.user.has_perm("broadcasts.add_letter")
        extra = {"may_write": may, "to_ask": verbs.may_be_asked().count() if may else 0}
        return super().changelist_view(request, (extra_context or {}) | extra)

    def invite(self, request: HttpRequest) -> HttpResponse:
        """One number, from the counter; by POST, so that it is in no address and in no server's log."""
        try:
            verbs.invite(request.POST.get("number", ""), by=person(request), now=clock.now())
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Invito scritto: parte negli orari di servizio, una volta sola."))
        return _back()

    def ask(self, request: HttpRequest) -> HttpResponse:
        """The one question to the people of the narrow list."""
        try:
            count = verbs.ask_more(by=person(request), now=clock.now())
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            said = ngettext(
                "La domanda parte per %(n)s persona.", "La domanda parte per %(n)s persone.", count
            )
            messages.success(request, said % {"n": count})
        return _back()

    def take(self, request: HttpRequest) -> HttpResponse:
        """An old list: checked first, taken whole or not at all."""
        if not request.user.has_perm("broadcasts.add_letter"):
            raise PermissionDenied
        form = ListForm(request.POST or None, request.FILES or None)
        reading = None
        if request.method == "POST" and form.is_valid():
            reading = table.read(form.cleaned_data["text"], clock.now())
            if not reading.problems:
                done = verbs.take_list(
                    list(reading.entries),
                    by=person(request),
                    now=clock.now(),
                    source=form.cleaned_data["name"],
                    narrow=form.cleaned_data["narrow"],
                )
                said = _(
                    "Fatto: %(joined)s iscritti con la loro prova, %(invited)s invitati,"
                    " %(alone)s lasciati com'erano."
                )
                counts = {"joined": done.joined, "invited": done.invited, "alone": done.left_alone}
                messages.success(request, said % counts)
                return _back()
        context = self.admin_site.each_context(request) | {
            "title": _("Una vecchia lista"),
            "form": form,
            "problems": reading.problems if reading else (),
        }
        return TemplateResponse(request, "desk/letters_import.html", context)


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:broadcasts_letter_changelist"))
