"""What the service knows of its own health: alarms and the daily proof (beside models.py)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alarm(models.Model):
    """Something that was wrong from one moment to another (real time); told once at each end.

    `key` says what it is about («disk:/backups»); one alarm of a key is open at a time.
    """

    key = models.CharField(_("che cosa"), max_length=120)
    words = models.CharField(_("che cosa non va"), max_length=300)
    action = models.CharField(_("che cosa fare"), max_length=300, blank=True)
    since = models.DateTimeField(_("da quando"))
    told = models.BooleanField(_("detto"), default=False)
    over_at = models.DateTimeField(_("finito"), null=True)
    over_told = models.BooleanField(_("detto che è finito"), default=False)

    class Meta:
        verbose_name = _("allarme tecnico")
        verbose_name_plural = _("allarmi tecnici")
        ordering = ("-since",)
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(over_at=None), name="alarm_open_once"),
        ]

    def __str__(self) -> str:
        return self.words


class Canary(models.Model):
    """The message of one day to the office's test phone. Real times; nobody's number is in it."""

    day = models.DateField(_("giorno"), unique=True)
    sent_at = models.DateTimeField(_("partita"), null=True)
    arrived_at = models.DateTimeField(_("arrivata"), null=True)
    error = models.CharField(_("errore"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("prova quotidiana")
        verbose_name_plural = _("prove quotidiane")
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"
