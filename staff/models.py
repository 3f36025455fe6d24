"""People who work here and the append-only log of what they did."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from staff import where


class User(AbstractUser):
    """A named person of the office; never shared, never a role."""

    phone = models.CharField(
        _("telefono"),
        max_length=20,
        blank=True,
        help_text=_(
            "Con il prefisso, per esempio +39 333 1234567. Qui arrivano le prove"
            " e, a chi approva, le chiamate su WhatsApp."
        ),
    )

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("persone")

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class TrialPhone(models.Model):
    """A telephone that exercises reach beside those of the staff: the duty phone, a colleague's old one.

    Like everybody's it receives nothing until it has joined the service itself.
    """

    name = models.CharField(_("di chi è"), max_length=60)
    phone = models.CharField(
        _("telefono"), max_length=20, help_text=_("Con il prefisso, per esempio +39 333 1234567.")
    )

    class Meta:
        verbose_name = _("telefono di prova")
        verbose_name_plural = _("telefoni di prova")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


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


class Turn(models.Model):
    """A person from one moment to another (half open); while it lasts they may approve."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, verbose_name=_("chi"), related_name="+")
    starts = models.DateTimeField(_("dal"))
    ends = models.DateTimeField(_("fino al"), db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.person)

    def clean(self) -> None:
        if self.starts and self.ends and self.ends <= self.starts:
            raise ValidationError({"ends": say("Finisce prima di cominciare.")})


class Deputyship(Turn):
    """Somebody of another office approves for a time, for August for instance. Never what they wrote."""

    note = models.CharField(_("perché"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("sostituzione di chi approva")
        verbose_name_plural = _("sostituzioni di chi approva")
        ordering = ("-starts", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")), name="deputyship_ends_after"
            )
        ]


class DutyShift(Turn):
    """One turn of the rota: whom the service calls when something must be approved. Lower ranks first."""

    rank = models.PositiveSmallIntegerField(
        _("ordine di chiamata"),
        default=1,
        help_text=_("Il primo è chiamato subito, il secondo se il primo non risponde, e così via."),
    )

    class Meta:
        verbose_name = _("turno di reperibilità")
        verbose_name_plural = _("turni di reperibilità")
        ordering = ("-starts", "rank", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")), name="dutyshift_ends_after"
            )
        ]


class StaffMessage(models.Model):
    """The outbox of what the service tells its own people: one row, one message, whatever crashes.

    `key` says what it is about («transition:412»); with person and channel it is unique. `link` names the
    secret of an address that is written into the text only when it leaves, so that no row holds one.
    Nothing about citizens is in it.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WHATSAPP = "whatsapp", _("WhatsApp")

    class State(models.TextChoices):
        PENDING = "pending", _("in partenza")
        SENT = "sent", _("partito")
        FAILED = "failed", _("non riuscito")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=60)
    person = models.ForeignKey(User, on_delete=models.PROTECT, verbose_name=_("a chi"), related_name="+")
    channel = models.CharField(_("come"), max_length=8, choices=Channel)
    subject = models.CharField(_("oggetto"), max_length=200)
    body = models.TextField(_("testo"))
    path = models.CharField(max_length=200, blank=True)
    link = models.UUIDField(null=True)
    state = models.CharField(_("stato"), max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)
    not_before = models.DateTimeField(null=True)
    error = models.CharField(_("errore"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("quando"), auto_now_add=True)
    sent_at = models.DateTimeField(_("partito"), null=True)

    class Meta:
        verbose_name = _("messaggio ai colleghi")
        verbose_name_plural = _("messaggi ai colleghi")
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["key", "person", "channel"], name="staff_told_once"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="staffmessage_pending", condition=models.Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return self.subject
