"""People, what they asked for, what they wrote, and the ledger that proves it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from policy.models import Category, PolicyVersion
from staff.models import User


class Zone(models.Model):
    """A frazione or quarter. Choosing none means the whole town."""

    slug = models.SlugField(_("sigla"), unique=True)
    name = models.CharField(_("nome"), max_length=60)
    order = models.PositiveSmallIntegerField(_("ordine"), default=0)

    class Meta:
        verbose_name = _("zona")
        verbose_name_plural = _("zone")
        ordering = ("order", "name")

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """A phone (E.164 without plus, as the wire has it) or a business-scoped user id, or both.

    No name is kept. Only `active` people with a subscription receive anything unprompted.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("invitato")
        ACTIVE = "active", _("iscritto")
        STOPPED = "stopped", _("disiscritto")
        UNREACHABLE = "unreachable", _("non raggiungibile")
        ERASED = "erased", _("cancellato")

    phone = models.CharField(_("telefono"), max_length=20, null=True, unique=True)
    user_id = models.CharField(_("identificativo WhatsApp"), max_length=160, null=True, unique=True)
    subject = models.UUIDField(_("soggetto nel registro"), default=uuid.uuid4, unique=True, editable=False)
    language = models.CharField(
        _("lingua"), max_length=2, choices=[("it", "Italiano"), ("en", "English")], default="it"
    )
    state = models.CharField(_("stato"), max_length=11, choices=State, default=State.STOPPED)
    zones = models.ManyToManyField(Zone, blank=True, verbose_name=_("zone"))
    categories: models.ManyToManyField[Category, Subscription] = models.ManyToManyField(
        Category, through="Subscription", verbose_name=_("argomenti")
    )
    consent_at = models.DateTimeField(
        _("ultima volontà espressa"),
        null=True,
        help_text=_("Ora di WhatsApp: la più recente vale, a parità vale lo stop."),
    )
    last_inbound_at = models.DateTimeField(_("ultimo messaggio ricevuto"), null=True)
    lowest_colour = models.PositiveSmallIntegerField(
        _("allerte"),
        choices=[(1, _("tutte")), (2, _("arancioni e rosse")), (3, _("solo rosse"))],
        default=1,
        db_default=1,
        help_text=_("Il grado del colore più lieve che vuole ricevere; le emergenze arrivano comunque."),
    )
    marketing_stopped = models.BooleanField(_("ha fermato le promozioni da WhatsApp"), default=False)
    noise_answered_at = models.DateTimeField(null=True, editable=False)
    unreachable_since = models.DateTimeField(_("non raggiungibile da"), null=True, editable=False)
    created_at = models.DateTimeField(_("creato"), auto_now_add=True)

    class Meta:
        verbose_name = _("iscritto")
        verbose_name_plural = _("iscritti")
        permissions = [("reveal_number", "Può vedere un numero intero, dicendo perché")]
        indexes = [models.Index(fields=["state", "id"], name="subscriber_state_id")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Subscription(models.Model):
    """One person's explicit choice of one topic; nothing is ever switched on afterwards."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE)
    category = models.ForeignKey(Category, on_delete=models.PROTECT)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("iscrizione a un argomento")
        verbose_name_plural = _("iscrizioni agli argomenti")
        constraints = [models.UniqueConstraint(fields=["category", "subscriber"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.subscriber_id} · {self.category_id}"


class SubjectIdentity(models.Model):
    """Keyed hash of a phone or user id → random subject. The only bridge from the ledger to a person."""

    identity_hash = models.CharField(max_length=64, unique=True)
    subject = models.UUIDField(db_index=True)

    class Meta:
        verbose_name = _("legame fra numero e registro")
        verbose_name_plural = _("legami fra numeri e registro")

    def __str__(self) -> str:
        return str(self.subject)


class ConsentEvent(models.Model):
    """Append-only; a trigger refuses UPDATE and DELETE, only the retention function may delete."""

    class Act(models.TextChoices):
        JOIN = "join", _("iscrizione")
        STOP = "stop", _("disiscrizione")
        TOPIC_ON = "topic_on", _("argomento aggiunto")
        TOPIC_OFF = "topic_off", _("argomento tolto")
        CONFIRM = "confirm", _("conferma chiesta e data")
        LAPSE = "lapse", _("conferma chiesta e non data")

    subject = models.UUIDField(db_index=True)
    act = models.CharField(_("atto"), max_length=10, choices=Act)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, verbose_name=_("argomento"))
    at = models.DateTimeField(_("quando"), help_text=_("Ora indicata da WhatsApp."))
    recorded_at = models.DateTimeField(auto_now_add=True)
    channel = models.CharField(_("canale"), max_length=20, default="whatsapp")
    command = models.CharField(_("comando riconosciuto"), max_length=40, blank=True)
    wording = models.CharField(_("testo di risposta"), max_length=40, blank=True)
    policy_version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, verbose_name=_("policy")
    )
    message_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("atto del registro dei consensi")
        verbose_name_plural = _("registro dei consensi")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.at:%d/%m/%Y %H:%M}"


class InboundMessage(models.Model):
    """What a citizen wrote, once per provider message id. The text is purged after the stated days."""

    message_id = models.CharField(max_length=300, unique=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True)
    sent_at = models.DateTimeField(_("scritto"), help_text=_("Ora di WhatsApp."))
    received_at = models.DateTimeField(_("ricevuto"), auto_now_add=True)
    kind = models.CharField(_("tipo"), max_length=20)
    text = models.TextField(_("testo"), blank=True)
    command = models.CharField(_("comando"), max_length=20, blank=True)
    topic = models.CharField(_("argomento"), max_length=50, blank=True)

    class Meta:
        verbose_name = _("messaggio ricevuto")
        verbose_name_plural = _("messaggi ricevuti")

    def __str__(self) -> str:
        return f"{self.kind} {self.command}"


class DataLink(models.Model):
    """A link to one person's own data: opened once, by one device. Only hashes of its secrets are kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    device_hash = models.CharField(max_length=64, blank=True, db_index=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("collegamento ai propri dati")
        verbose_name_plural = _("collegamenti ai propri dati")

    def __str__(self) -> str:
        return f"#{self.subscriber_id}"


class Erasure(models.Model):
    """One erasure on request. The identity stays here only until the provider has erased it as well and the
    raw webhooks are blank; then the row holds no more than that it happened."""

    subject = models.UUIDField(db_index=True)
    asked_at = models.DateTimeField(_("chiesta"))
    phone = models.CharField(max_length=20, null=True, editable=False)
    user_id = models.CharField(max_length=160, null=True, editable=False)
    provider_at = models.DateTimeField(_("cancellato presso WhatsApp"), null=True)
    blanked_at = models.DateTimeField(_("dati grezzi svuotati"), null=True)
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)

    class Meta:
        verbose_name = _("cancellazione su richiesta")
        verbose_name_plural = _("cancellazioni su richiesta")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.asked_at:%d/%m/%Y %H:%M}"


class Conversation(models.Model):
    """What one person asks and the office answers, in a town that has people for it. Off by default."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="conversations")
    opened_at = models.DateTimeField(_("aperta"))
    touched_at = models.DateTimeField(_("ultimo movimento"), db_index=True)
    waiting_since = models.DateTimeField(_("aspetta da"), null=True)
    assigned_to = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("se ne occupa")
    )
    closed_at = models.DateTimeField(_("chiusa"), null=True)

    class Meta:
        verbose_name = _("conversazione")
        verbose_name_plural = _("conversazioni")
        permissions = [("answer_conversation", "Può rispondere ai cittadini")]
        indexes = [models.Index(fields=["waiting_since"], name="conversation_waits")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Note(models.Model):
    """A colleague's words about a conversation, which the citizen finds among their data."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.CharField(max_length=500)

    class Meta:
        verbose_name = _("nota")
        verbose_name_plural = _("note")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.at:%d/%m/%Y %H:%M}"


class QuickAnswer(models.Model):
    """Words that the office writes often."""

    title = models.CharField(_("titolo"), max_length=60, unique=True)
    text = models.TextField(_("testo"), max_length=1000)

    class Meta:
        verbose_name = _("risposta pronta")
        verbose_name_plural = _("risposte pronte")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title
