"""The project's own app (system checks) and the admin with our front page."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

from whatsempoli import checks


class ProjectConfig(AppConfig):
    """Registers the system checks of the installation."""

    name = "whatsempoli"

    def ready(self) -> None:
        """Register the checks once the settings are read."""
        checks.register()


class AdminConfig(DjangoAdminConfig):
    """Django's own admin, with the town's front page."""

    default_site = "whatsempoli.admin_site.TownAdminSite"
