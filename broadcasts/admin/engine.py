"""«Motore degli invii»: how fast, what waits, what goes wrong, and the switch for everything."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from broadcasts import switch
from broadcasts.engine_state import engine_state
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Sending
from staff.admin_base import ReadOnlyAdmin, person
from whatsempoli import clock


@admin.register(Sending)
class SendingAdmin(ReadOnlyAdmin):
    """One page in place of a list: there is one engine."""

    def get_urls(self) -> list[URLPattern]:
        """The page itself keeps the address of a list."""
        view = self.admin_site.admin_view
        return [
            path("", view(never_cache(self.engine)), name="broadcasts_sending_changelist"),
            path("turn/", view(require_POST(self.turn)), name="broadcasts_sending_turn"),
        ]

    def engine(self, request: HttpRequest) -> HttpResponse:
        """How it stands; the switch for who may use it."""
        by = person(request)
        if not by.has_perm("broadcasts.view_sending"):
            return HttpResponse(status=403)
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": _("Motore degli invii"),
            "engine": engine_state(clock.real_now()),
            "row": switch.current(),
            "may_turn": by.has_perm("broadcasts.change_sending"),
        }
        return TemplateResponse(request, "desk/engine.html", context)

    def turn(self, request: HttpRequest) -> HttpResponse:
        """Switch all sending on or off."""
        on = request.POST.get("to") == "on"
        try:
            switch.turn(on, by=person(request), reason=request.POST.get("reason", ""))
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            done = _("Gli invii ripartono.") if on else _("Tutti gli invii sono fermi.")
            messages.success(request, done)
        return HttpResponseRedirect(reverse("admin:broadcasts_sending_changelist"))
