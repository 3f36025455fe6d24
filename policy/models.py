"""The town, its categories and hours, and what it published as a promise."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from policy.contrast import readable_on_white
from policy.sites import validate_sites
from staff.models import User
from staff.once import once


class Severity(models.TextChoices):
    """How much a notice may disturb (DESIGN: the table of severities)."""

    ROUTINE = "routine", _("Ordinario")
    URGENT = "urgent", _("Urgente")
    EMERGENCY = "emergency", _("Emergenza")


def default_windows() -> list[dict[str, Any]]:
    """The seed service's hours: Monday to Friday 9–13 and 15–18, Saturday 9–12."""
    week = [
        {"weekday": d, "start": s, "end": e}
        for d in range(5)
        for s, e in (("09:00", "13:00"), ("15:00", "18:00"))
    ]
    return [*week, {"weekday": 5, "start": "09:00", "end": "12:00"}]


class PublicFigure(models.TextChoices):
    """What the page of accounts may show; each is off until the town switches it on."""

    MESSAGES = "messages", _("Messaggi al mese, contro la promessa")
    REACH = "reach", _("Quanti arrivano, su quelli affidati a WhatsApp")
    TIME = "time", _("Tempo dall'approvazione all'arrivo al 95 %")
    LEAVERS = "leavers", _("Disiscritti ogni mille, entro un giorno")
    NIGHTS = "nights", _("Messaggi di notte, e perché")
    DRILL = "drill", _("Ultima prova")


class TownProfile(models.Model):
    """The one town this installation serves: nothing of it is in the code."""

    name = models.CharField(_("nome del Comune"), max_length=80, default="Comune")
    service_name = models.CharField(_("nome del servizio"), max_length=40, default="WhatsComune")
    whatsapp_number = models.CharField(
        _("numero WhatsApp"),
        max_length=20,
        validators=[RegexValidator(r"^\+\d{6,15}$")],
        default="+390000000000",
        help_text=_("Con il prefisso e senza spazi: +393386553630."),
    )
    office = models.CharField(_("ufficio che lo gestisce"), max_length=120, default="Ufficio comunicazione")
    office_email = models.EmailField(_("e-mail dell'ufficio"), blank=True)
    office_phone = models.CharField(_("telefono dell'ufficio"), max_length=30, blank=True)
    office_address = models.CharField(_("indirizzo"), max_length=200, blank=True)
    website = models.URLField(_("sito del Comune"), blank=True)
    region_name = models.CharField(_("Regione"), max_length=60, blank=True)
    region_url = models.URLField(_("sito della Regione"), blank=True)
    emergency_number = models.CharField(_("numero per le emergenze"), max_length=10, default="112")
    civil_protection_phone = models.CharField(
        _("telefono della Protezione civile"), max_length=30, blank=True
    )
    alert_zone = models.CharField(_("zona di allerta"), max_length=60, blank=True)
    dpo_contact = models.CharField(_("contatto del responsabile protezione dati"), max_length=120, blank=True)
    accessibility_url = models.URLField(_("dichiarazione di accessibilità"), blank=True)
    accessibility_email = models.EmailField(_("e-mail per segnalare problemi di accessibilità"), blank=True)
    legal_notes_url = models.URLField(_("note legali"), blank=True)
    channel_url = models.URLField(_("canale WhatsApp del Comune"), blank=True)
    telegram_url = models.URLField(_("Telegram del Comune"), blank=True)
    istat_code = models.CharField(
        _("codice ISTAT del Comune"),
        max_length=6,
        blank=True,
        validators=[RegexValidator(r"^\d{6}$")],
        help_text=_("Sei cifre, per i messaggi di protezione civile che leggono le macchine (CAP)."),
    )
    crest_at = models.DateTimeField(null=True, editable=False)  # when the crest was given; None without one
    public_figures = models.JSONField(_("numeri pubblici"), default=list, blank=True)
    banner_sites = models.TextField(
        _("siti che possono mostrare gli avvisi in vigore"),
        blank=True,
        validators=[validate_sites],
        help_text=_("Un indirizzo per riga, per esempio https://www.comune.esempio.it."),
    )
    colour = models.CharField(
        _("colore del Comune"),
        max_length=7,
        default="#0066cc",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$"), readable_on_white],
    )
    minimum_age = models.PositiveSmallIntegerField(_("età minima"), default=14)

    service_hours = models.JSONField(_("orari di servizio"), default=default_windows)
    night_start = models.TimeField(_("inizio della notte"), default=time(22))
    night_end = models.TimeField(_("fine della notte"), default=time(7))
    monthly_promise = models.PositiveSmallIntegerField(
        _("messaggi al mese"),
        default=5,
        help_text=_(
            "Quanti messaggi ordinari riceve al massimo una persona in un mese. Zero vuol dire nessuno."
        ),
    )
    only_emergencies = models.BooleanField(
        _("solo emergenze arancio e rosso"),
        default=False,
        help_text=_(
            "Partono soltanto le emergenze di protezione civile e le allerte arancioni o rosse. Tutto il "
            "resto non si può approvare né inviare, e il sito lo dice."
        ),
    )
    lateness_minutes = models.PositiveIntegerField(
        _("ritardo tollerato (minuti)"),
        default=60,
        help_text=_("Oltre questo ritardo un avviso programmato non parte da solo: decide una persona."),
    )
    # Part of every template's name at WhatsApp: rises with what is written into their words.
    template_revision = models.PositiveSmallIntegerField(default=1, editable=False)
    price_utility = models.DecimalField(
        _("prezzo di un messaggio di servizio (euro)"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Dal listino di WhatsApp per l'Italia, classe «utility». Vuoto: non si calcola."),
    )
    price_marketing = models.DecimalField(
        _("prezzo di un messaggio di eventi (euro)"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Dal listino di WhatsApp per l'Italia, classe «marketing»."),
    )
    prices_set_on = models.DateField(_("prezzi letti il"), null=True, blank=True)
    free_replies = models.PositiveIntegerField(
        _("risposte gratuite al mese"),
        default=1000,
        help_text=_("Oltre queste WhatsApp fa pagare anche le risposte, come messaggi di servizio."),
    )
    monthly_budget = models.DecimalField(
        _("denaro per un mese (euro)"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_(
            "Quando finisce le emergenze partono lo stesso; per il resto chi approva deve dire perché."
            " Vuoto: nessun limite."
        ),
    )
    call_next_minutes = models.PositiveSmallIntegerField(
        _("minuti prima di chiamare il prossimo reperibile"), default=10, validators=[MinValueValidator(1)]
    )
    keep_webhooks_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione dei dati grezzi"), default=30
    )
    keep_texts_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione dei testi ricevuti"), default=30
    )
    keep_stopped_days = models.PositiveSmallIntegerField(
        _("giorni prima di cancellare il numero di chi si è disiscritto"), default=0
    )
    keep_erased_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione dell'impronta di chi si è fatto cancellare"),
        default=30,
        validators=[MinValueValidator(8)],
        help_text=_(
            "Almeno 8: per una settimana WhatsApp può ripetere un messaggio scritto prima di cancellarsi."
        ),
    )
    keep_deliveries_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione delle consegne"),
        default=180,
        validators=[MinValueValidator(31)],
        help_text=_("Poi di ogni avviso restano soltanto le somme."),
    )
    keep_audit_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione del registro delle operazioni"),
        default=730,
        validators=[MinValueValidator(180)],
    )
    keep_ledger_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione del registro dei consensi dopo l'uscita"),
        default=730,
        validators=[MinValueValidator(30)],
    )
    keep_journal_days = models.PositiveSmallIntegerField(
        _("giorni di conservazione del diario di uscite e cancellazioni"),
        default=60,
        validators=[MinValueValidator(7)],
        help_text=_("Almeno quanto la copia di sicurezza più vecchia: serve dopo un ripristino."),
    )
    unreachable_after = models.PositiveSmallIntegerField(
        _("mancate consegne prima di mettere a riposo un numero"),
        default=3,
        validators=[MinValueValidator(1)],
        help_text=_("Di seguito, perché il numero non è su WhatsApp. Torna da solo quando scrive."),
    )
    inbox_open = models.BooleanField(
        _("l'ufficio risponde ai messaggi"),
        default=False,
        help_text=_(
            "Spento, come dice la policy: nessuno legge quello che i cittadini scrivono. Accendilo solo se "
            "c'è chi risponde, e dopo aver pubblicato una policy che lo dice."
        ),
    )

    class Meta:
        verbose_name = _("profilo del Comune")
        verbose_name_plural = _("profilo del Comune")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="policy_one_town")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """There is one town: its row is number 1."""
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    @once
    def current(cls) -> TownProfile:
        """The town; an unsaved default before the set-up."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class TownCrest(models.Model):
    """The town's crest as a PNG, re-made from what was uploaded. In the database, so that every server of
    an installation has it and a backup holds it."""

    png = models.BinaryField()

    class Meta:
        verbose_name = _("stemma")
        verbose_name_plural = _("stemma")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="policy_one_crest")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class Holiday(models.Model):
    """A day of the town's own on which the service is closed, every year (Empoli: 30 November)."""

    month = models.PositiveSmallIntegerField(_("mese"), validators=[MaxValueValidator(12)])
    day = models.PositiveSmallIntegerField(_("giorno"), validators=[MaxValueValidator(31)])
    name = models.CharField(_("nome"), max_length=80)

    class Meta:
        verbose_name = _("giorno festivo del Comune")
        verbose_name_plural = _("giorni festivi del Comune")
        ordering = ("month", "day")
        constraints = [models.UniqueConstraint(fields=["month", "day"], name="policy_holiday_once")]

    def __str__(self) -> str:
        return self.name


class ElectionPeriod(models.Model):
    """From the day a vote is called until the polls close: only what is impersonal and indispensable."""

    class Vote(models.TextChoices):
        MUNICIPAL = "municipal", _("elezioni comunali")
        REGIONAL = "regional", _("elezioni regionali")
        NATIONAL = "national", _("elezioni politiche")
        EUROPEAN = "european", _("elezioni europee")
        REFERENDUM = "referendum", _("referendum")

    kind = models.CharField(_("si vota per"), max_length=12, choices=Vote)
    first_day = models.DateField(
        _("dal"), help_text=_("Il giorno in cui sono convocati i comizi: da qui vale il divieto.")
    )
    last_day = models.DateField(
        _("al"), help_text=_("L'ultimo giorno di voto, ballottaggio compreso. Vale fino a mezzanotte.")
    )
    note = models.CharField(_("nota"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("periodo elettorale")
        verbose_name_plural = _("periodi elettorali")
        ordering = ("first_day",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="policy_election_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def clean(self) -> None:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValidationError({"last_day": _("La fine viene prima dell'inizio.")})


class Category(models.Model):
    """A topic one may subscribe to. Emergencies live in the core ones."""

    slug = models.SlugField(_("sigla"), unique=True)
    name = models.CharField(_("nome"), max_length=60)
    name_en = models.CharField(_("nome in inglese"), max_length=60, blank=True)
    description = models.CharField(_("di che cosa parla"), max_length=200, blank=True)
    icon = models.CharField(_("icona"), max_length=40, blank=True)
    colour = models.CharField(_("colore"), max_length=7, default="#0066cc")
    order = models.PositiveSmallIntegerField(_("ordine"), default=0)
    default_severity = models.CharField(
        _("urgenza proposta"), max_length=10, choices=Severity, default=Severity.ROUTINE
    )
    max_severity = models.CharField(
        _("urgenza massima"), max_length=10, choices=Severity, default=Severity.URGENT
    )
    core = models.BooleanField(
        _("essenziale"), default=False, help_text=_("Chi si iscrive la riceve; la si può lasciare.")
    )
    preselected = models.BooleanField(_("compresa nell'iscrizione"), default=False)
    monthly_promise = models.PositiveSmallIntegerField(
        _("promessa propria al mese"),
        null=True,
        blank=True,
        help_text=_("Vuoto: conta nella promessa generale. Zero vuol dire nessuno."),
    )
    own_hours = models.JSONField(_("orari propri"), null=True, blank=True)
    indispensable = models.BooleanField(
        _("indispensabile anche in periodo elettorale"),
        default=True,
        help_text=_("Se no, tra le date di un periodo elettorale non parte niente di questo argomento."),
    )
    template_class = models.CharField(
        _("classe del modello"),
        max_length=10,
        choices=[("UTILITY", "utility"), ("MARKETING", "marketing")],
        default="UTILITY",
    )
    legal_basis = models.CharField(_("base giuridica"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("argomento")
        verbose_name_plural = _("argomenti")
        ordering = ("order", "name")

    def __str__(self) -> str:
        return self.name

    def label(self, language: str) -> str:
        """The name as a citizen of that language reads it."""
        return self.name_en if language == "en" and self.name_en else self.name

    @property
    def promise_key(self) -> str:
        """Which monthly account a routine message of this topic is counted in."""
        return self.slug if self.monthly_promise is not None else ""


class PolicyVersion(models.Model):
    """A published text has an address of its own and never changes; the next one is a new row."""

    class Kind(models.TextChoices):
        POLICY = "policy", _("Policy del servizio")
        PRIVACY = "privacy", _("Informativa privacy")
        RULES = "rules", _("Regole di comportamento")

    kind = models.CharField(_("testo"), max_length=10, choices=Kind, default=Kind.POLICY)
    number = models.PositiveIntegerField(_("versione"))
    body = models.TextField(
        _("testo italiano"), help_text=_("Markdown. I dati del Comune si scrivono {{ così }}.")
    )
    body_en = models.TextField(_("testo inglese"), blank=True)
    changes = models.TextField(_("che cosa cambia"), blank=True)
    published_at = models.DateTimeField(_("in vigore dal"), null=True, blank=True)
    edited_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("scritto da")
    )
    published_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approvato da"),
    )
    values = models.JSONField(default=dict, editable=False)  # by language, when it was published
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("versione di un testo pubblico")
        verbose_name_plural = _("versioni dei testi pubblici")
        ordering = ("kind", "-number")
        permissions = [("publish_policyversion", "Può pubblicare un testo scritto da altri")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="policy_version_once"),
            models.CheckConstraint(
                condition=models.Q(published_by=None) | ~models.Q(published_by=models.F("edited_by")),
                name="policy_other_publishes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @classmethod
    def in_force(cls, kind: str, now: Any) -> PolicyVersion | None:
        """The newest version published by `now`."""
        return cls.objects.filter(kind=kind, published_at__lte=now).order_by("-number").first()
