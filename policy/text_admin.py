"""The public texts in the admin: written with the page beside the form, published by another person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policy import markdown, publishing
from policy.difference import side_by_side
from policy.facts import facts_of
from policy.models import PolicyVersion, TownProfile
from staff.admin_base import AuditedAdmin, person
from whatsempoli import clock


class PublishForm(forms.Form):
    """From when a text holds; empty is at once."""

    from_ = forms.SplitDateTimeField(
        label=_("In vigore dal"),
        required=False,
        widget=forms.SplitDateTimeWidget(date_attrs={"type": "date"}, time_attrs={"type": "time"}),
        help_text=_("Vuoto: da subito."),
    )


@admin.register(PolicyVersion)
class PolicyVersionAdmin(AuditedAdmin):
    """Texts: written as a draft, then published for ever."""

    list_display = ("__str__", "edited_by", "published_at", "published_by")
    list_filter = ("kind",)
    fields = ("kind", "number", "body", "body_en", "changes", "edited_by", "published_at", "published_by")
    readonly_fields = ("number", "edited_by", "published_at", "published_by")
    actions = None
    change_form_template = "admin/policy/text.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("preview/", view(self.preview_view), name="policy_policyversion_preview"),
            path("<int:pk>/publish/", view(self.publish_view), name="policy_policyversion_publish"),
        ]
        return own + super().get_urls()

    def get_readonly_fields(self, request: HttpRequest, obj: PolicyVersion | None = None) -> Any:
        return ("kind", *self.readonly_fields) if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        """A published text does not change."""
        return super().has_change_permission(request, obj) and not (obj and obj.published_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: bool) -> None:
        """A new text takes the next number of its kind; whoever touched it last is its writer."""
        if not change:
            last = PolicyVersion.objects.filter(kind=obj.kind).aggregate(last=Max("number"))["last"]
            obj.number = (last or 0) + 1
        obj.edited_by = person(request)
        super().save_model(request, obj, form, change)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The page that the form's text would make, for the panel beside it; nothing is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        texts = {language: request.POST.get(name, "") for language, name in BODIES.items()}
        return TemplateResponse(request, "admin/policy/preview.html", {"texts": drawn(texts)})

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What it will look like, what changes, and the one button."""
        version = get_object_or_404(PolicyVersion, pk=pk)
        if not request.user.has_perm("policy.publish_policyversion"):
            raise PermissionDenied
        form = PublishForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._publish(request, version, form):
            return HttpResponseRedirect(reverse("admin:policy_policyversion_changelist"))
        before = PolicyVersion.in_force(version.kind, clock.now())
        context = self.admin_site.each_context(request) | {
            "title": gettext("Pubblica: %(version)s") % {"version": version},
            "version": version,
            "form": form,
            "problems": publishing.problems_of(version),
            "own": version.edited_by_id == person(request).pk,
            "texts": drawn({"it": version.body, "en": version.body_en}),
            "before": before,
            "rows": [row for row in side_by_side(before.body, version.body) if row.changed] if before else [],
        }
        return TemplateResponse(request, "admin/policy/publish.html", context)

    def _publish(self, request: HttpRequest, version: PolicyVersion, form: PublishForm) -> bool:
        now = clock.now()
        try:
            done = publishing.publish(
                version.pk, by=person(request), from_=form.cleaned_data["from_"] or now, now=now
            )
        except ValidationError as error:
            for message in error.messages:
                form.add_error(None, message)
            return False
        words = gettext("%(version)s: in vigore da adesso.") if done.published_at == now else ""
        words = words or gettext("%(version)s: pubblicata, vale dal giorno che hai scelto.")
        self.message_user(request, words % {"version": done}, messages.SUCCESS)
        return True


BODIES = {"it": "body", "en": "body_en"}


def drawn(texts: dict[str, str]) -> list[tuple[str, SafeString | str, str]]:
    """For each language its HTML, and the sentence that says why there is none."""
    town = TownProfile.current()
    made: list[tuple[str, SafeString | str, str]] = []
    for language, text in texts.items():
        if not text.strip():
            continue
        try:
            html = markdown.render(text, facts_of(town, language).values)
        except ValueError as error:
            made.append((language, "", str(error)))
        else:
            made.append((language, mark_safe(html), ""))  # noqa: S308  nh3 has cleaned it
    return made
