"""The list of addresses that get notices by e-mail, and the tick «messo» of a notice's page."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.translation import gettext as _

from broadcasts.models import Broadcast
from broadcasts.roads import taken
from broadcasts.roads.models import ListAddress
from staff.admin_base import AuditedAdmin, person
from whatsempoli import clock


@admin.register(ListAddress)
class ListAddressAdmin(AuditedAdmin):
    """Schools, associations, press: each with the topics it asked for."""

    list_display = ("name", "email", "kind", "language", "active")
    list_filter = ("kind", "active", "topics")
    search_fields = ("name", "email")
    # Boxes to tick: seven topics need no two lists, and Django's are no good to a screen reader.
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}


def take(request: HttpRequest, notice: Broadcast, back: str) -> HttpResponse:
    """«Messo»: this notice is where only a person can put it."""
    try:
        taken.take(notice, request.POST.get("road", ""), by=person(request), now=clock.now())
    except ValueError:
        return HttpResponseBadRequest(
            _("Non è una strada che conosco."), content_type="text/plain; charset=utf-8"
        )
    messages.success(request, _("Segnato."))
    return HttpResponseRedirect(back)
