"""People who work here and the append-only log of what they did."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from staff import where


class User(AbstractUser):
    """A named person of the office; never shared, never a role."""

    phone = models.CharField(
        _("telefono per le prove"),
        max_length=20,
        blank=True,
        help_text=_("Con il prefisso, per esempio +39 333 1234567. Qui arrivano le prove, e nient'altro."),
    )

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("persone")

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class AuditEntry(models.Model):
    """Who did what to what, when. A database trigger refuses changes and deletions."""

    at = models.DateTimeField(_("quando"), auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, verbose_name=_("chi"), related_name="+"
    )
    verb = models.CharField(_("che cosa"), max_length=60)
    target = models.CharField(_("su che cosa"), max_length=200)
    detail = models.JSONField(_("dettagli"), default=dict, blank=True)
    place = models.CharField(_("da dove"), max_length=45, blank=True)

    class Meta:
        verbose_name = _("voce del registro")
        verbose_name_plural = _("registro delle operazioni")
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.verb}: {self.target}"


def audit(actor: User | None, verb: str, target: object, /, **detail: Any) -> None:
    """Write one line of the log, in the caller's transaction."""
    place = where.current()
    AuditEntry.objects.create(actor=actor, verb=verb, target=str(target)[:200], detail=detail, place=place)
