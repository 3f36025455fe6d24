"""Who gets notices by e-mail, one row a mail, and which road somebody took by hand."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from policy.models import Category
from staff.models import User
from whatsempoli import clock


class ListAddress(models.Model):
    """A school, an association, a newsroom that asked for notices by e-mail. No topic means every topic."""

    class Kind(models.TextChoices):
        SCHOOL = "school", _("scuola")
        ASSOCIATION = "association", _("associazione")
        PRESS = "press", _("stampa")
        OTHER = "other", _("altro")

    class Language(models.TextChoices):
        ITALIAN = "it", _("italiano")
        ENGLISH = "en", _("inglese")

    name = models.CharField(_("chi è"), max_length=120)
    email = models.EmailField(_("e-mail"), unique=True)
    kind = models.CharField(_("che cosa è"), max_length=12, choices=Kind)
    topics = models.ManyToManyField(
        Category, blank=True, verbose_name=_("argomenti"), help_text=_("Nessuno: li riceve tutti.")
    )
    language = models.CharField(_("lingua"), max_length=2, choices=Language, default=Language.ITALIAN)
    active = models.BooleanField(_("riceve"), default=True)
    created_at = models.DateTimeField(_("da quando"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("indirizzo e-mail per gli avvisi")
        verbose_name_plural = _("indirizzi e-mail per gli avvisi")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ListMail(models.Model):
    """One notice to one address, once; written from the notice's text when it leaves."""

    class State(models.TextChoices):
        PENDING = "pending", _("in partenza")
        SENT = "sent", _("partita")
        FAILED = "failed", _("non riuscita")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    broadcast = models.ForeignKey("broadcasts.Broadcast", on_delete=models.PROTECT, related_name="list_mails")
    address = models.ForeignKey(ListAddress, on_delete=models.CASCADE, related_name="mails")
    state = models.CharField(_("stato"), max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    error = models.CharField(_("errore"), max_length=80, blank=True)
    sent_at = models.DateTimeField(_("partita il"), null=True)

    class Meta:
        verbose_name = _("e-mail di un avviso")
        verbose_name_plural = _("e-mail degli avvisi")
        constraints = [models.UniqueConstraint(fields=["broadcast", "address"], name="listmail_once")]
        indexes = [models.Index(fields=["not_before"], name="listmail_pending", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.broadcast_id} {self.state}"


class RoadTaken(models.Model):
    """Somebody has put a notice where only a person can put it."""

    class Road(models.TextChoices):
        CHANNEL = "channel", _("Canale WhatsApp")
        SOCIAL = "social", _("Telegram e gli altri social")
        BOARD = "board", _("Bacheca")
        VAN = "van", _("Auto con altoparlante")

    broadcast = models.ForeignKey("broadcasts.Broadcast", on_delete=models.PROTECT, related_name="roads")
    road = models.CharField(_("dove"), max_length=8, choices=Road)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("chi"))
    at = models.DateTimeField(_("quando"))

    class Meta:
        verbose_name = _("avviso messo altrove")
        verbose_name_plural = _("avvisi messi altrove")
        constraints = [models.UniqueConstraint(fields=["broadcast", "road"], name="road_once")]

    def __str__(self) -> str:
        return f"{self.broadcast_id} {self.road}"
