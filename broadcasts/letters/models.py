"""One row a letter. An invitation and the question are written once to a person, for good."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.models import User
from subscribers.models import Subscriber


class Letter(models.Model):
    """`source` says where an invited number comes from; `payload` is a free text for who wrote within the
    day, null for the kind's template."""

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("invito a iscriversi")
        MORE = "more", _("domanda: vuoi altri argomenti?")
        PROMOTIONS = "promotions", _("promozioni fermate: il resto continua")

    class State(models.TextChoices):
        PENDING = "pending", _("da mandare")
        SENT = "sent", _("affidata a WhatsApp")
        FAILED = "failed", _("non riuscita")
        SKIPPED = "skipped", _("non serve più")

    kind = models.CharField(_("che cosa"), max_length=10, choices=Kind)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, verbose_name=_("a chi"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("chi"))
    source = models.CharField(_("da dove"), max_length=80, blank=True)
    payload = models.JSONField(null=True)
    state = models.CharField(_("stato"), max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    error = models.CharField(_("perché"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("scritta"))
    sent_at = models.DateTimeField(_("partita"), null=True)

    class Meta:
        verbose_name = _("lettera a una persona")
        verbose_name_plural = _("inviti e domande")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "kind"],
                condition=Q(kind__in=["invitation", "more"]),
                name="letter_once",
            )
        ]
        indexes = [models.Index(fields=["id"], name="letter_pending", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.subscriber_id}"
