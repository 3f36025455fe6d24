"""People and the log of what they did. Who administers people cannot make themselves a superuser."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.admin_base import AuditedAdmin, ReadOnlyAdmin
from staff.models import AuditEntry, Deputyship, DutyShift, StaffMessage, TrialPhone, User
from staff.phones import digits
from staff.sentences import search, sentence

_PERSON = (None, {"fields": ("username", "password")})
_NAMES = (_("Chi è"), {"fields": ("first_name", "last_name", "email", "phone")})
_WORK = (_("Che cosa fa"), {"fields": ("is_active", "is_staff", "groups")})
_TIMES = (_("Date"), {"fields": ("last_login", "date_joined")})
_POWERS = (_("Poteri"), {"fields": ("is_superuser",)})


class RoleFilter(admin.RelatedFieldListFilter):
    """Roles by the words of whoever reads: a group's name is stored in Italian."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        found = super().field_choices(field, request, model_admin)
        return [(value, gettext(str(name))) for value, name in found]


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):
    """Named people with their roles."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("is_active", ("groups", RoleFilter))
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets: ClassVar[Any] = (_PERSON, _NAMES, _WORK, _TIMES)
    actions = None

    @admin.display(description=_("ruoli"))
    def roles(self, person: User) -> str:
        return ", ".join(gettext(group.name) for group in person.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return (*fieldsets, _POWERS) if obj and request.user.is_superuser else fieldsets

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser changes a superuser."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who has left is made inactive: the log keeps their name."""
        return False


class TrialPhoneForm(forms.ModelForm):
    """The number is checked when it is written, not when it is needed."""

    def clean_phone(self) -> str:
        written: str = self.cleaned_data["phone"]
        if not digits(written):
            raise forms.ValidationError(_("Non è un numero di telefono: per esempio +39 333 1234567."))
        return written


@admin.register(TrialPhone)
class TrialPhoneAdmin(AuditedAdmin):
    """Telephones that exercises reach, beside those of the staff."""

    form = TrialPhoneForm
    list_display = ("name", "phone")
    actions = None


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The log, newest first, in sentences; the search looks for words of the sentence."""

    list_display = ("at", "said", "place_words")
    list_filter = ("verb",)
    list_select_related = ("actor",)
    search_fields = ("target",)  # shows the box; `get_search_results` reads it
    search_help_text = _("Parole della frase: chi, che cosa, su che cosa, perché.")
    fields = ("at", "said", "place_words", "technical")
    readonly_fields = fields
    date_hierarchy = "at"

    @admin.display(description=_("che cosa è successo"))
    def said(self, entry: AuditEntry) -> str:
        return sentence(entry)

    @admin.display(description=_("da dove"))
    def place_words(self, entry: AuditEntry) -> str:
        return entry.place or gettext("dal server")

    @admin.display(description=_("dettagli tecnici"))
    def technical(self, entry: AuditEntry) -> SafeString:
        return format_html("<code>{}</code>", json.dumps(entry.detail, ensure_ascii=False))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        return search(queryset, search_term), False


class TurnAdmin(AuditedAdmin):
    """Dated rows: who, from when, until when."""

    list_select_related = ("person",)
    date_hierarchy = "starts"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = User.objects.filter(is_active=True, is_staff=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Deputyship)
class DeputyshipAdmin(TurnAdmin):
    """Who approves in somebody's place, and when."""

    list_display = ("person", "starts", "ends", "note")


@admin.register(DutyShift)
class DutyShiftAdmin(TurnAdmin):
    """The rota of who is called at night."""

    list_display = ("person", "starts", "ends", "rank")


@admin.register(StaffMessage)
class StaffMessageAdmin(ReadOnlyAdmin):
    """What the service told its own people, and what did not leave."""

    list_display = ("created_at", "person", "channel", "subject", "state", "error")
    list_filter = ("state", "channel")
    list_select_related = ("person",)
    fields = ("created_at", "person", "channel", "subject", "body", "state", "attempts", "error", "sent_at")


# Keys and codes are nobody's to read: a person sets up their own (staff/second_factor_views).
admin.site.unregister([TOTPDevice, StaticDevice])
admin.site.unregister(Group)  # roles are written by staff/roles.py, and read on a person's page
