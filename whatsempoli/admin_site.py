"""The admin of the office, with its own name and front page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from broadcasts.desk import desk
from policy.page import language_links
from staff import second_factor_views
from staff.models import User
from staff.roles import PERMISSIONS
from whatsempoli import clock


class TownAdminSite(AdminSite):
    """Django's admin; templates/admin adds the colours and the words."""

    site_title = _("Avvisi ai cittadini")
    site_header = _("Avvisi ai cittadini")
    index_title = _("La redazione")
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        """With the two pages of the second factor, for who is logged in."""

        def page(view: Callable[..., HttpResponse]) -> Any:
            return self.admin_view(never_cache(partial(view, site=self)))

        own = [
            path("second-factor/", page(second_factor_views.prove), name="second_factor"),
            path("second-factor/setup/", page(second_factor_views.set_up), name="second_factor_setup"),
        ]
        return own + super().get_urls()

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the same page in the other language; the log-in's drops where it was going to lead."""
        here = request.get_full_path() if request.user.is_authenticated else request.path
        return super().each_context(request) | {"languages": language_links(here)}

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
