"""What the provider holds of ours: templates and files (beside models.py)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from staff.models import User


class MessageTemplate(models.Model):
    """One typed template as the provider knows it, in one language.

    `ttl_seconds` and `body_hash` are of what the provider has, not of what we sent. The three moments are the
    provider's own, of what it last said about each; `used_at` is when we last sent it.
    """

    class Status(models.TextChoices):
        UNKNOWN = "UNKNOWN", _("mai inviato a WhatsApp")
        PENDING = "PENDING", _("in esame da WhatsApp")
        IN_APPEAL = "IN_APPEAL", _("in riesame da WhatsApp")
        APPROVED = "APPROVED", _("approvato")
        REJECTED = "REJECTED", _("respinto")
        PAUSED = "PAUSED", _("in pausa")
        DISABLED = "DISABLED", _("disattivato")
        LIMIT_EXCEEDED = "LIMIT_EXCEEDED", _("oltre il numero di modelli permesso")
        ARCHIVED = "ARCHIVED", _("archiviato")
        PENDING_DELETION = "PENDING_DELETION", _("in cancellazione")
        DELETED = "DELETED", _("cancellato")

    class Quality(models.TextChoices):
        UNKNOWN = "UNKNOWN", _("non ancora valutato")
        GREEN = "GREEN", _("buono")
        YELLOW = "YELLOW", _("qualcuno si lamenta")
        RED = "RED", _("molti si lamentano")
        FLAGGED = "FLAGGED", _("segnalato: rischia la sospensione")

    name = models.CharField(_("nome"), max_length=120)
    language = models.CharField(_("lingua"), max_length=5)
    kind = models.CharField(_("tipo di avviso"), max_length=20)
    category = models.CharField(_("classe"), max_length=20, default="UTILITY")
    correct_category = models.CharField(_("classe annunciata"), max_length=20, blank=True)
    category_at = models.DateTimeField(null=True)
    status = models.CharField(_("stato"), max_length=20, choices=Status, default=Status.UNKNOWN)
    status_at = models.DateTimeField(null=True)
    quality = models.CharField(_("giudizio"), max_length=10, choices=Quality, default=Quality.UNKNOWN)
    quality_at = models.DateTimeField(null=True)
    body_hash = models.CharField(max_length=64, blank=True)
    ttl_seconds = models.PositiveIntegerField(_("validità (secondi)"), null=True)
    provider_id = models.CharField(max_length=40, blank=True)
    reason = models.CharField(_("motivo"), max_length=200, blank=True)
    synced_at = models.DateTimeField(_("aggiornato"), null=True)
    used_at = models.DateTimeField(_("usato"), null=True)

    class Meta:
        verbose_name = _("modello di messaggio")
        verbose_name_plural = _("modelli di messaggio")
        ordering = ("kind", "language")
        constraints = [models.UniqueConstraint(fields=["name", "language"], name="template_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def why(self) -> str:
        """The provider's reason, as a sentence; empty if it gave none."""
        return gettext("Motivo: %(reason)s.") % {"reason": self.reason} if self.reason else ""


class WithoutContent(models.Manager["MediaFile"]):
    """Rows without their bytes, which are read on purpose only."""

    def get_queryset(self) -> models.QuerySet[MediaFile]:
        return super().get_queryset().defer("content")


class MediaFile(models.Model):
    """A picture or a PDF as it is sent, once for each content. `provider_at` is real time."""

    sha256 = models.CharField(max_length=64, unique=True)
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField(_("byte"))
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    content = models.BinaryField()
    provider_id = models.CharField(max_length=100, blank=True)
    provider_at = models.DateTimeField(null=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WithoutContent()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("file")
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.mime} {self.sha256[:8]}"

    @property
    def header(self) -> str:
        """The kind of template header that carries it."""
        return "DOCUMENT" if self.mime == "application/pdf" else "IMAGE"
