"""The admin of the office, with its own name and front page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from broadcasts.desk import desk
from policy.page import language_links
from staff.models import User
from staff.roles import PERMISSIONS
from whatsempoli import clock


class TownAdminSite(AdminSite):
    """Django's admin; templates/admin adds the colours and the words."""

    site_title = _("Avvisi ai cittadini")
    site_header = _("Avvisi ai cittadini")
    index_title = _("La redazione")
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the same page in the other language; the log-in's drops where it was going to lead."""
        path = request.get_full_path() if request.user.is_authenticated else request.path
        return super().each_context(request) | {"languages": language_links(path)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits for this person, what is leaving, what comes."""
        context = dict(extra_context or {})
        if isinstance(request.user, User):
            context["desk"] = desk(request.user, clock.now())
        return super().index(request, context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """In the demo the page names the people one may be."""
        context = dict(extra_context or {})
        if settings.DEMO:
            people = User.objects.filter(groups__name__in=PERMISSIONS, is_active=True).prefetch_related(
                "groups"
            )
            context["demo_people"] = people.distinct().order_by("pk")[:6]
            context["demo_password"] = settings.DEMO_PASSWORD
        return super().login(request, context)
