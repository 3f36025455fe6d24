"""Broadcasts, one row per recipient, replies, the provider's webhooks as they came."""

from __future__ import annotations

import secrets

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from broadcasts import states
from broadcasts.letters.models import Letter as Letter
from broadcasts.night_models import NightLink as NightLink
from broadcasts.office_models import OfficeAnswer as OfficeAnswer
from broadcasts.office_models import Purge as Purge
from broadcasts.office_models import Reconsent as Reconsent
from broadcasts.office_models import ReconsentAsk as ReconsentAsk
from broadcasts.plan.models import Rota, Series
from broadcasts.provider_models import MediaFile as MediaFile
from broadcasts.provider_models import MessageTemplate as MessageTemplate
from broadcasts.roads.models import ListAddress as ListAddress
from broadcasts.roads.models import ListMail as ListMail
from broadcasts.roads.models import RoadTaken as RoadTaken
from broadcasts.tally_models import Proof as Proof
from broadcasts.tally_models import Tally as Tally
from broadcasts.watch_models import Alarm as Alarm
from broadcasts.watch_models import Canary as Canary
from policy.models import Category, Severity
from staff.models import User
from subscribers.models import InboundMessage, Subscriber, Zone

CODE_LENGTH = 8
# What the public archive is searched in; an index of the same words serves it.
NOTICE_WORDS = ("title", KT("rendered__it__page_text"))
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread when dictated


def new_code() -> str:
    """A short public code: 31^8 of them, so that a draft's address cannot be guessed."""
    return "".join(secrets.choice(_ALPHABET) for _i in range(CODE_LENGTH))


class Broadcast(models.Model):
    """One notice: what is written, who approved it, where it stands.

    `rendered` maps a language to {"template", "body_hash", "values", "phone_text", "page_text"}; it is
    derived from `kind` and `fields` at every save and covered by the approved fingerprint.
    """

    code = models.CharField(_("codice"), max_length=12, unique=True, default=new_code, editable=False)
    kind = models.CharField(_("tipo di avviso"), max_length=20)
    title = models.CharField(_("titolo"), max_length=120)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("argomento"))
    severity = models.CharField(_("urgenza"), max_length=10, choices=Severity, default=Severity.ROUTINE)
    zones = models.ManyToManyField(Zone, blank=True, verbose_name=_("zone"))
    # Whose people get an emergency before the others, where the provider's day has no room for all.
    zones_first = models.ManyToManyField(Zone, blank=True, related_name="+", verbose_name=_("prima le zone"))
    fields = models.JSONField(_("contenuto"), default=dict)
    rendered = models.JSONField(default=dict, editable=False)
    exercise = models.BooleanField(_("esercitazione"), default=False)
    spare_template = models.BooleanField(_("con il modello di riserva"), default=False)
    # An exercise reaches the test phones alone, unless an approver opened it to the citizens.
    opened_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    opened_reason = models.CharField(_("perché aperta ai cittadini"), max_length=300, blank=True)
    refers_to = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("riguarda"),
    )
    media = models.ForeignKey(
        MediaFile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="broadcasts",
        verbose_name=_("immagine o PDF"),
    )
    media_alt = models.CharField(_("che cosa mostra"), max_length=200, blank=True)
    due_at = models.DateTimeField(_("parte"), null=True, blank=True)
    valid_until = models.DateTimeField(_("vale fino a"), null=True, blank=True)
    remind_at = models.DateTimeField(_("ricordamelo"), null=True, blank=True)
    cap_override_reason = models.CharField(_("perché oltre il limite mensile"), max_length=200, blank=True)
    night_reason = models.CharField(_("perché anche di notte"), max_length=200, blank=True)
    election_reason = models.CharField(_("perché è impersonale e indispensabile"), max_length=300, blank=True)
    over_budget_reason = models.CharField(_("perché oltre il denaro del mese"), max_length=300, blank=True)

    # A child of something known ahead, and the day (of a rota, the first of the week) that it is about.
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, null=True, editable=False, related_name="children"
    )
    rota = models.ForeignKey(
        Rota, on_delete=models.PROTECT, null=True, editable=False, related_name="children"
    )
    occurrence = models.DateField(null=True, editable=False)

    state = models.CharField(_("stato"), max_length=10, choices=states.State, default=states.State.DRAFT)
    state_reason = models.CharField(_("motivo"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("scritto da")
    )
    last_edited_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("modificato da")
    )
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approvato da"),
    )
    approved_at = models.DateTimeField(_("approvato"), null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    glass_reason = models.CharField(_("perché da solo"), max_length=300, blank=True)
    countersigned_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigned_at = models.DateTimeField(null=True, blank=True)
    disputed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    disputed_at = models.DateTimeField(null=True, blank=True)
    dispute_reason = models.CharField(_("perché non è stato convalidato"), max_length=300, blank=True)
    # A companion was written with its original and approved with it: one click sends it as it is.
    companion = models.BooleanField(default=False, editable=False)
    # For those only whom this other notice, which is for some zones, does not reach.
    others_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="for_others", editable=False
    )

    created_at = models.DateTimeField(_("creato"), auto_now_add=True)
    started_at = models.DateTimeField(_("partito"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finito"), null=True, blank=True)
    audience_cursor = models.BigIntegerField(default=0, editable=False)
    # The highest subscriber when the first chunk was frozen: who joins later is not in this audience.
    audience_edge = models.BigIntegerField(null=True, editable=False)
    audience_count = models.PositiveIntegerField(_("destinatari"), null=True, editable=False)
    waits_until = models.DateTimeField(_("riprende"), null=True, blank=True, editable=False)
    # What became of its rows once they were kept for their days: [state, receipt, reason, code, count] each.
    sums = models.JSONField(null=True, editable=False)
    # The storm brake (broadcasts/storm) looks at people after this subscriber: a person who resumed has seen
    # what failed before.
    brake_after = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("avviso")
        verbose_name_plural = _("avvisi")
        ordering = ("-created_at",)
        permissions = [
            ("approve_broadcast", "Può approvare un avviso scritto da altri"),
            ("pause_broadcast", "Può mettere in pausa e fermare un invio"),
            ("redact_broadcast", "Può oscurare dati personali, con un'altra persona"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=states.State.values), name="broadcast_known_state"),
            models.UniqueConstraint(fields=["series", "occurrence"], name="broadcast_child_once"),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | ~Q(glass_reason="")
                | (~Q(approved_by=models.F("submitted_by")) & ~Q(approved_by=models.F("last_edited_by"))),
                name="broadcast_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(countersigned_by=None) | ~Q(countersigned_by=models.F("approved_by")),
                name="broadcast_other_countersigns",
            ),
            models.CheckConstraint(
                condition=Q(severity="routine")
                | ~Q(state__in=["scheduled", "sending"])
                | Q(valid_until__isnull=False),
                name="broadcast_urgent_has_an_end",
            ),
            # What is written on the exercise's form can be nothing else, and nothing else can be opened.
            models.CheckConstraint(
                condition=~Q(kind="exercise") | Q(exercise=True), name="broadcast_exercise_is_one"
            ),
            models.CheckConstraint(
                condition=Q(opened_by=None) | Q(exercise=True), name="broadcast_opened_exercise"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="broadcast_state_due"),
            GinIndex(SearchVector(*NOTICE_WORDS, config="italian"), name="broadcast_words"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The public page; its address never changes."""
        return reverse("notice", args=[self.code])

    @property
    def media_header(self) -> str:
        """The kind of template header that its file needs; empty without one."""
        return self.media.header if self.media_id and self.media else ""

    @property
    def audience_complete(self) -> bool:
        """Everybody who belongs to its audience has a row."""
        return self.audience_edge is None or self.audience_cursor >= self.audience_edge

    @property
    def needs_countersignature(self) -> bool:
        """Left through broken glass and no second person has looked yet."""
        alone = self.glass_reason and self.approved_by_id
        return bool(alone and not (self.countersigned_by_id or self.disputed_by_id))

    @property
    def is_disputed(self) -> bool:
        """Left through broken glass, and a second person says that it should not have."""
        return self.disputed_by_id is not None


class Redaction(models.Model):
    """Personal data to be blacked out of a public notice: proposed by one person, decided by another. Once
    decided it no longer says which words they were."""

    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.PROTECT, related_name="redactions", verbose_name=_("avviso")
    )
    passages = models.JSONField(default=list)
    reason = models.CharField(_("perché"), max_length=300)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("chi"))
    proposed_at = models.DateTimeField(_("proposto"))
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("chi ha deciso")
    )
    decided_at = models.DateTimeField(_("deciso"), null=True)
    done = models.BooleanField(_("oscurato"), default=False)

    class Meta:
        verbose_name = _("oscuramento di dati personali")
        verbose_name_plural = _("oscuramenti di dati personali")
        constraints = [
            models.CheckConstraint(
                condition=Q(done=False) | ~Q(decided_by=models.F("proposed_by")), name="redaction_by_two"
            )
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id} {self.proposed_at:%d/%m/%Y}"


class Transition(models.Model):
    """One change of state: who, when, from, to, why. Append-only, guarded by a trigger."""

    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.PROTECT, related_name="transitions", verbose_name=_("avviso")
    )
    at = models.DateTimeField(_("quando"))
    verb = models.CharField(_("azione"), max_length=20)
    source = models.CharField(_("da"), max_length=10)
    target = models.CharField(_("a"), max_length=10)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("chi"))
    reason = models.CharField(_("perché"), max_length=300, blank=True)
    # What was submitted or approved, as broadcasts/snapshot keeps it; empty for the other steps.
    content = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("passaggio di stato")
        verbose_name_plural = _("passaggi di stato")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(states.State(self.target).label)


class Delivery(models.Model):
    """One recipient of one broadcast. No phone here: it is looked up when the request is written."""

    # No database constraints: each nearly doubles the time of freezing a large audience. The database keeps
    # the broadcast by its transitions, which refer to it and cannot be deleted.
    broadcast = models.ForeignKey(
        Broadcast,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
        verbose_name=_("avviso"),
    )
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )
    state = models.CharField(
        _("stato"), max_length=11, choices=states.Delivery, default=states.Delivery.PENDING
    )
    reason = models.CharField(_("motivo"), max_length=12, blank=True)
    error_code = models.IntegerField(_("codice di WhatsApp"), null=True)
    not_before = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)
    # The number in the mark of its last request: only goes up, so that a late receipt is known as late.
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    repeated = models.BooleanField(_("ripetuto"), default=False)
    promise_month = models.DateField(null=True)
    message_hash = models.CharField(max_length=32, null=True)
    receipt = models.PositiveSmallIntegerField(
        _("ricevuta"), choices=states.Receipt, default=states.Receipt.NONE
    )
    begun_at = models.DateTimeField(_("consegna cominciata"), null=True)
    accepted_at = models.DateTimeField(_("affidato a WhatsApp"), null=True)
    delivered_at = models.DateTimeField(_("arrivato"), null=True)
    read_at = models.DateTimeField(_("letto"), null=True)

    class Meta:
        verbose_name = _("consegna")
        verbose_name_plural = _("consegne")
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "subscriber"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=states.Delivery.values), name="delivery_known_state"
            ),
        ]
        indexes = [
            models.Index(fields=["broadcast", "id"], name="delivery_pending", condition=Q(state="pending")),
            models.Index(
                fields=["lease_until"], name="delivery_leased", condition=Q(state__in=["claimed", "sending"])
            ),
            models.Index(
                fields=["broadcast", "begun_at"],
                name="delivery_unconfirmed",
                condition=Q(state="unconfirmed"),
            ),
            models.Index(fields=["subscriber"], name="delivery_subscriber"),
            models.Index(
                fields=["broadcast", "id"],
                name="delivery_not_reached",
                condition=Q(state__in=[str(state) for state in states.NOT_REACHED]),
            ),
            models.Index(
                fields=["message_hash"], name="delivery_message", condition=Q(message_hash__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id}/{self.pk}"


class MonthlyUsage(models.Model):
    """How many routine messages a person got in a local month, per promise ('' is the general one)."""

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    month = models.DateField()
    promise = models.CharField(max_length=50, blank=True)
    used = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("conto del mese")
        verbose_name_plural = _("conti del mese")
        constraints = [models.UniqueConstraint(fields=["subscriber", "month", "promise"], name="usage_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.used}"


class Reply(models.Model):
    """A message to one person: the answer to what they just wrote, one per inbound message, at any hour; or,
    without one, what the office answers and the service asks."""

    inbound = models.OneToOneField(InboundMessage, on_delete=models.CASCADE, null=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE)
    wording = models.CharField(max_length=40)
    payload = models.JSONField(help_text="The message without its recipient.")
    state = models.CharField(max_length=11, choices=states.Delivery, default=states.Delivery.PENDING)
    error_code = models.IntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    receipt = models.PositiveSmallIntegerField(choices=states.Receipt, default=states.Receipt.NONE)
    created_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("risposta")
        verbose_name_plural = _("risposte")
        indexes = [
            models.Index(
                fields=["id"], name="reply_open", condition=Q(state__in=["pending", "claimed", "sending"])
            )
        ]

    def __str__(self) -> str:
        return self.wording


class Sending(models.Model):
    """The one row that every worker reads before it claims: may anything leave at all?

    No row means yes. `heartbeat` is real time, `beats` counts them and `place` names the database that they
    were written in: by these a restored copy is recognised (broadcasts/switch).
    """

    armed = models.BooleanField(_("gli invii sono attivi"), default=True)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("chi"))
    since = models.DateTimeField(_("da quando"), null=True)
    heartbeat = models.DateTimeField(null=True)
    beats = models.BigIntegerField(default=0, db_default=0)
    place = models.CharField(max_length=80, default="", db_default="")
    daily_limit = models.PositiveIntegerField(null=True)
    limit_at = models.DateTimeField(null=True)
    throughput = models.PositiveIntegerField(null=True)  # messages a second, as the provider told

    class Meta:
        verbose_name = _("motore degli invii")
        verbose_name_plural = _("motore degli invii")

    def __str__(self) -> str:
        return str(_("attivi") if self.armed else _("fermi"))


class WebhookEvent(models.Model):
    """A verified POST of the provider, byte for byte, once; purged after the stated days."""

    class State(models.TextChoices):
        PENDING = "pending", _("da elaborare")
        DONE = "done", _("elaborato")
        ASIDE = "aside", _("messo da parte")

    digest = models.BinaryField(max_length=32, unique=True)
    body = models.BinaryField()
    received_at = models.DateTimeField(_("ricevuto"), auto_now_add=True)
    state = models.CharField(_("stato"), max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)
    not_before = models.DateTimeField(null=True)
    error = models.TextField(_("errore"), blank=True)
    done_at = models.DateTimeField(_("elaborato il"), null=True)

    class Meta:
        verbose_name = _("comunicazione di WhatsApp")
        verbose_name_plural = _("comunicazioni di WhatsApp")
        permissions = [("replay_webhookevent", "Può rielaborare una comunicazione messa da parte")]
        indexes = [
            models.Index(fields=["id"], name="webhook_pending", condition=Q(state="pending")),
            models.Index(fields=["received_at"], name="webhook_received"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
