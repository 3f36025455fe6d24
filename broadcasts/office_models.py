"""What the office does beside notices: what it deletes, what it answers, what it asks everybody."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from policy.models import PolicyVersion
from staff.models import User
from subscribers.models import Conversation, Subscriber


class Purge(models.Model):
    """What one day's deletions came to, by kind of thing; the night's and the hourly ones together."""

    day = models.DateField(_("giorno"), unique=True)
    at = models.DateTimeField(_("l'ultima volta"))
    counts = models.JSONField(_("quanto"), default=dict)

    class Meta:
        verbose_name = _("cancellazione per scadenza")
        verbose_name_plural = _("cancellazioni per scadenza")
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class OfficeAnswer(models.Model):
    """What a person of the office wrote to a citizen. Without `reply` it waits until the citizen writes: the
    24 hours were over, and a template has asked them to."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="answers")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("chi"))
    at = models.DateTimeField(_("quando"))
    text = models.TextField(_("testo"))
    reply = models.OneToOneField("broadcasts.Reply", on_delete=models.SET_NULL, null=True)
    ask = models.OneToOneField(
        "broadcasts.Reply", on_delete=models.SET_NULL, null=True, related_name="asks_for"
    )

    class Meta:
        verbose_name = _("risposta dell'ufficio")
        verbose_name_plural = _("risposte dell'ufficio")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.at:%d/%m/%Y %H:%M}"


class Reconsent(models.Model):
    """One question to everybody: do you stay, now that the policy has changed? Who does not say yes by the
    deadline is out."""

    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, verbose_name=_("policy"))
    change = models.CharField(_("che cosa cambia"), max_length=200)
    asked_from = models.DateTimeField(_("si chiede da"))
    deadline = models.DateTimeField(_("entro"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("chi"))
    confirmed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("approvata da")
    )
    cursor = models.BigIntegerField(default=0, editable=False)
    closed_at = models.DateTimeField(_("chiusa"), null=True)

    class Meta:
        verbose_name = _("richiesta di conferma")
        verbose_name_plural = _("richieste di conferma")
        ordering = ("-id",)
        permissions = [("approve_reconsent", "Può approvare una richiesta di conferma scritta da altri")]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("by")), name="reconsent_four_eyes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy} · {self.deadline:%d/%m/%Y}"


class ReconsentAsk(models.Model):
    """One person who was asked, and the message that asked them."""

    reconsent = models.ForeignKey(Reconsent, on_delete=models.CASCADE, related_name="asks")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE)
    reply = models.OneToOneField("broadcasts.Reply", on_delete=models.SET_NULL, null=True)
    answer = models.CharField(_("risposta"), max_length=8, blank=True)  # yes, no, lapsed

    class Meta:
        verbose_name = _("persona interpellata")
        verbose_name_plural = _("persone interpellate")
        constraints = [models.UniqueConstraint(fields=["reconsent", "subscriber"], name="ask_once")]

    def __str__(self) -> str:
        return f"{self.reconsent_id}/{self.subscriber_id}"
