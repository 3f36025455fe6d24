"""The app's name in the admin, and its checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class PolicyConfig(AppConfig):
    """See the package's docstring."""

    name = "policy"
    verbose_name = _("Regole e promesse")

    def ready(self) -> None:
        """Register the check of the hours; its models are there by now."""
        from policy.checks import hours  # noqa: PLC0415

        checks.register(hours, checks.Tags.database)
