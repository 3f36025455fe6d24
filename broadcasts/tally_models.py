"""What stays of a notice when it has left: its count, and the report of an exercise (beside models.py)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tally(models.Model):
    """What a notice's rows came to when they were last counted: no page counts a million (broadcasts/tally).

    `rows` holds [state, receipt, reason, code, count], `over_time` [seconds from the start, entrusted,
    arrived, read] up to then; the times are real. `closed` is not counted again.
    """

    broadcast = models.OneToOneField(
        "broadcasts.Broadcast", on_delete=models.CASCADE, primary_key=True, related_name="tally"
    )
    counted_at = models.DateTimeField()
    seconds = models.FloatField(help_text="What counting took.")
    rows = models.JSONField(default=list)
    rate = models.FloatField(default=0)
    waiting_again = models.IntegerField(default=0)
    last_accepted = models.DateTimeField(null=True)
    over_time = models.JSONField(default=list)
    most_seconds = models.IntegerField(null=True, help_text="Until 95 % of the entrusted had arrived.")
    stops = models.IntegerField(null=True)
    closed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("conteggio di un avviso")
        verbose_name_plural = _("conteggi degli avvisi")

    def __str__(self) -> str:
        return f"{self.broadcast_id} {self.counted_at:%H:%M:%S}"


class Proof(models.Model):
    """The report of one exercise through the true path: how long each step took, who it reached.

    Filed once and not changed. `steps` holds [name, seconds or null] in their order (broadcasts/exercises).
    """

    broadcast = models.OneToOneField(
        "broadcasts.Broadcast",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="proof",
        verbose_name=_("avviso"),
    )
    at = models.DateTimeField(_("quando"))
    steps = models.JSONField(_("passi"))
    phones = models.PositiveIntegerField(_("telefoni di prova"))
    arrived = models.PositiveIntegerField(_("arrivati"))
    passed = models.BooleanField(_("riuscita"))

    class Meta:
        verbose_name = _("verbale di una prova")
        verbose_name_plural = _("verbali delle prove")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.broadcast} · {self.at:%d/%m/%Y}"
