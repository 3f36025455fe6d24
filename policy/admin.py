"""What the town promises: its profile, topics and closed days; its texts are in policy/text_admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from policy import crest
from policy.contrast import readable_on_white
from policy.crest import validate_crest
from policy.forms import HoursField
from policy.models import Category, ElectionPeriod, Holiday, PublicFigure, TownCrest, TownProfile
from policy.text_admin import PolicyVersionAdmin
from staff.admin_base import AuditedAdmin
from whatsempoli import clock

__all__ = ["PolicyVersionAdmin"]  # found by Django when this module is read


def colour_field(**options: Any) -> forms.RegexField:
    """A colour as `#rrggbb`, with the browser's own picker."""
    picker = forms.TextInput(attrs={"type": "color"})
    return forms.RegexField(label=_("Colore"), regex=r"^#[0-9a-fA-F]{6}$", widget=picker, **options)


RENAMED = _(
    "Il nome fa parte dei modelli di WhatsApp: vanno mandati di nuovo in esame, e finché non sono approvati"
    " gli avvisi nuovi non partono."
)
IN_TEMPLATES = {"name", "service_name", "emergency_number"}  # see broadcasts/bulletins/templates


class TownForm(forms.ModelForm):
    """The profile, its hours as lines, and the crest, which is kept apart."""

    service_hours = HoursField(label=_("Orari di servizio"), empty=[])
    colour = colour_field(validators=[readable_on_white])
    public_figures = forms.MultipleChoiceField(
        label=_("Numeri pubblici"),
        choices=PublicFigure.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Che cosa mostra la pagina «I nostri conti». Nessuno: la pagina non c'è."),
    )
    crest = forms.FileField(
        label=_("Stemma"),
        required=False,
        validators=[validate_crest],
        help_text=_("PNG o JPEG, fino a 2 MB. Vuoto: resta quello che c'è."),
    )


@admin.register(TownProfile)
class TownProfileAdmin(AuditedAdmin):
    """There is one town: its list is its form."""

    form = TownForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = (
        (_("Il servizio"), {"fields": ("name", "service_name", "whatsapp_number", "minimum_age")}),
        (
            _("Chi lo gestisce"),
            {"fields": ("office", "office_email", "office_phone", "office_address", "dpo_contact")},
        ),
        (
            _("Siti"),
            {
                "fields": (
                    *("website", "region_name", "region_url", "channel_url", "telegram_url"),
                    *("accessibility_url", "accessibility_email", "legal_notes_url"),
                )
            },
        ),
        (_("Aspetto"), {"fields": ("colour", "crest")}),
        (_("Sul sito e fuori"), {"fields": ("public_figures", "banner_sites")}),
        (
            _("Emergenze"),
            {"fields": ("emergency_number", "civil_protection_phone", "alert_zone", "istat_code")},
        ),
        (
            _("Quando e quanto scriviamo"),
            {
                "fields": (
                    *("service_hours", "night_start", "night_end"),
                    *("only_emergencies", "monthly_promise", "lateness_minutes"),
                )
            },
        ),
        (
            _("Quanto costa"),
            {
                "fields": (
                    *("price_utility", "price_marketing", "prices_set_on"),
                    *("free_replies", "monthly_budget"),
                )
            },
        ),
        (_("Di notte"), {"fields": ("call_next_minutes",)}),
        (
            _("Per quanto si conserva"),
            {
                "fields": (
                    *("keep_webhooks_days", "keep_texts_days", "keep_deliveries_days", "keep_stopped_days"),
                    *("keep_erased_days", "keep_ledger_days", "keep_audit_days", "keep_journal_days"),
                )
            },
        ),
        (_("Chi scrive e chi non si raggiunge"), {"fields": ("inbox_open", "unreachable_after")}),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:policy_townprofile_change", args=[1]))

    def save_model(self, request: HttpRequest, obj: TownProfile, form: Any, change: bool) -> None:
        """The crest too, re-made as a PNG. A new name makes new templates, which WhatsApp has to approve."""
        if IN_TEMPLATES & set(form.changed_data):
            obj.template_revision += 1
            messages.warning(request, RENAMED)
        upload = form.cleaned_data.get("crest")
        if upload:
            TownCrest.objects.update_or_create(pk=1, defaults={"png": crest.remade(upload)})
            obj.crest_at = clock.real_now()
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CategoryForm(forms.ModelForm):
    """A topic, its own hours as lines; empty follows the service's."""

    own_hours = HoursField(
        label=_("Orari propri"),
        required=False,
        help_text=_("Vuoto: gli orari del servizio. Altrimenti un giorno per riga."),
    )
    colour = colour_field()


@admin.register(Category)
class CategoryAdmin(AuditedAdmin):
    """Topics are set up once; people subscribe to them, so none is added or deleted here."""

    form = CategoryForm
    list_display = ("name", "icon", "default_severity", "max_severity", "core", "monthly_promise")
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The slug of a topic that people are subscribed to does not change."""
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Holiday)
class HolidayAdmin(AuditedAdmin):
    """Days of the town's own on which the service is closed."""

    list_display = ("name", "day", "month")


@admin.register(ElectionPeriod)
class ElectionPeriodAdmin(AuditedAdmin):
    """The weeks in which only what is impersonal and indispensable is said."""

    list_display = ("kind", "first_day", "last_day", "note")
