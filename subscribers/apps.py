"""The app's name in the admin."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscribersConfig(AppConfig):
    """See the package's docstring."""

    name = "subscribers"
    verbose_name = _("Iscritti")
