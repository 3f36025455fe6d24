"""The admin of the office, with its own name and front page."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class TownAdminSite(AdminSite):
    """Django's admin; templates/admin adds the colours and the words."""

    site_title = _("Avvisi ai cittadini")
    site_header = _("Avvisi ai cittadini")
    index_title = _("La redazione")
