"""Who was called to decide, about what, and whether they did."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.models import User


class NightLink(models.Model):
    """A call to one person to look at one submission. Its signed address opens once (broadcasts/night).

    It is good for exactly the content it was made for, until it expires, is used, or anything is edited.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    broadcast = models.ForeignKey(
        "broadcasts.Broadcast", on_delete=models.PROTECT, related_name="night_links"
    )
    submission = models.ForeignKey("broadcasts.Transition", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("chi"))
    fingerprint = models.CharField(max_length=64)
    called_at = models.DateTimeField(_("chiamato"))
    expires_at = models.DateTimeField(_("scade"))
    used_at = models.DateTimeField(_("usato"), null=True)

    class Meta:
        verbose_name = _("chiamata del reperibile")
        verbose_name_plural = _("chiamate del reperibile")
        ordering = ("called_at",)
        constraints = [models.UniqueConstraint(fields=["submission", "person"], name="called_once")]

    def __str__(self) -> str:
        return str(self.person)
