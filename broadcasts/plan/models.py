"""The rows of what is known ahead. A child of a series or of a rota is an ordinary notice."""

from __future__ import annotations

from datetime import time

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from policy.models import Category, Severity
from staff.models import User
from subscribers.models import Zone


class Series(models.Model):
    """A notice that comes back. `fields` are those of its first day; a child's dates are moved to its own."""

    class Rule(models.TextChoices):
        WEEKLY = "weekly", _("ogni settimana, lo stesso giorno")
        MONTHLY_DAY = "monthly_day", _("ogni mese, lo stesso numero")
        MONTHLY_WEEKDAY = (
            "monthly_weekday",
            _("ogni mese, lo stesso giorno della settimana (il primo lunedì…)"),
        )
        YEARLY = "yearly", _("ogni anno, lo stesso giorno")

    kind = models.CharField(_("tipo di avviso"), max_length=20)
    title = models.CharField(_("titolo"), max_length=120)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("argomento"))
    severity = models.CharField(_("urgenza"), max_length=10, choices=Severity, default=Severity.ROUTINE)
    zones = models.ManyToManyField(Zone, blank=True, verbose_name=_("zone"))
    fields = models.JSONField(_("contenuto"), default=dict)
    rule = models.CharField(_("quando si ripete"), max_length=16, choices=Rule)
    interval = models.PositiveSmallIntegerField(
        _("ogni quanti"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    first_day = models.DateField(_("primo giorno"))
    last_day = models.DateField(_("ultimo giorno"), null=True, blank=True)
    days_before = models.PositiveSmallIntegerField(
        _("quanti giorni prima parte"), default=1, validators=[MaxValueValidator(30)]
    )
    leave_at = models.TimeField(_("a che ora parte"), default=time(10))
    stopped_at = models.DateTimeField(_("chiusa"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("scritta da")
    )
    created_at = models.DateTimeField(_("creata"), auto_now_add=True)

    class Meta:
        verbose_name = _("avviso che si ripete")
        verbose_name_plural = _("avvisi che si ripetono")
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(condition=models.Q(interval__gte=1), name="series_goes_forward"),
        ]

    def __str__(self) -> str:
        return self.title


class Rota(models.Model):
    """One upload of the pharmacies' rota. Its weeks are notices; its shifts answer FARMACIA from the moment
    a second person has approved it."""

    name = models.CharField(_("nome"), max_length=80)
    source = models.TextField(_("tabella"), editable=False)
    first_day = models.DateField(_("dal"), editable=False)
    last_day = models.DateField(_("al"), editable=False)
    week_start = models.PositiveSmallIntegerField(_("la settimana comincia di"), default=5)
    days_before = models.PositiveSmallIntegerField(_("quanti giorni prima parte"), default=1)
    leave_at = models.TimeField(_("a che ora parte"), default=time(16))
    night_note = models.CharField(_("come funziona di notte"), max_length=160, blank=True)
    election_reason = models.CharField(_("perché è impersonale e indispensabile"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("caricata da")
    )
    created_at = models.DateTimeField(_("caricata"), auto_now_add=True)
    approved_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("approvata da"),
    )
    approved_at = models.DateTimeField(_("approvata"), null=True, editable=False)

    class Meta:
        verbose_name = _("turni delle farmacie")
        verbose_name_plural = _("turni delle farmacie")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("created_by")),
                name="rota_four_eyes",
            )
        ]

    def __str__(self) -> str:
        return self.name


class PharmacyShift(models.Model):
    """One pharmacy on duty for one day or one night. A night is that of the evening of `date`."""

    class Period(models.TextChoices):
        DAY = "day", _("giorno")
        NIGHT = "night", _("notte")

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="shifts", db_index=False)
    date = models.DateField(_("giorno"))
    period = models.CharField(_("turno"), max_length=5, choices=Period)
    name = models.CharField(_("farmacia"), max_length=80)
    address = models.CharField(_("indirizzo"), max_length=120, blank=True)
    hours = models.CharField(_("orario"), max_length=80, blank=True)
    phone = models.CharField(_("telefono"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("turno di una farmacia")
        verbose_name_plural = _("turni di una farmacia")
        ordering = ("date", "period", "id")
        constraints = [
            models.UniqueConstraint(fields=["rota", "date", "period", "name"], name="shift_once"),
        ]
        indexes = [models.Index(fields=["date"], name="shift_date")]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.name}"


class Match(models.Model):
    """A home match of the town's team: roads close around it, so the calendar proposes a road notice."""

    kick_off = models.DateTimeField(_("inizio"), unique=True)
    team = models.CharField(_("squadra di casa"), max_length=40)
    opponent = models.CharField(_("avversario"), max_length=40)
    competition = models.CharField(_("competizione"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("partita in casa")
        verbose_name_plural = _("partite in casa")
        ordering = ("kick_off",)

    def __str__(self) -> str:
        return f"{self.team}-{self.opponent}"
