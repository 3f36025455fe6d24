"""Everything that is held about one person, for themselves: one value that the page and the files show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from broadcasts.models import Delivery, MonthlyUsage, OfficeAnswer, Reply
from broadcasts.states import Delivery as D
from broadcasts.states import Receipt
from policy.calendar import ROME
from policy.models import TownProfile
from subscribers.models import ConsentEvent, InboundMessage, Note, Subscriber, Subscription


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic they receive, and since when."""

    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the consent ledger."""

    at: datetime
    act: str
    topic: str
    channel: str
    policy_version: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """One message of theirs that is still kept, and the id of the words it was answered with."""

    at: datetime
    kind: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Office:
    """What the office wrote to them, or about what they asked."""

    at: datetime
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """One notice that was for them."""

    title: str
    at: datetime | None
    outcome: str
    address: str


@dataclass(frozen=True, slots=True)
class Month:
    """How many routine messages of a local month; `promise` is a topic's slug, "" the general one."""

    month: str
    promise: str
    used: int


@dataclass(frozen=True, slots=True)
class Held:
    """All of it. Moments are aware, in the town's time."""

    service: str
    town: str
    made_at: datetime
    phone: str
    whatsapp_user_id: str
    state: str
    language: str
    last_wrote: datetime | None
    promotions_stopped: bool
    topics: tuple[Topic, ...]
    zones: tuple[str, ...]
    acts: tuple[Act, ...]
    written: tuple[Written, ...]
    office: tuple[Office, ...]
    notices: tuple[Received, ...]
    months: tuple[Month, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values; moments as ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def held_of(person: Subscriber, town: TownProfile, now: datetime, language: str, site_url: str) -> Held:
    """Read it all, in the words of a language."""
    topics = Subscription.objects.filter(subscriber=person).select_related("category")
    acts = ConsentEvent.objects.filter(subject=person.subject).select_related("category", "policy_version")
    return Held(
        service=town.service_name,
        town=town.name,
        made_at=_local(now),
        phone=f"+{person.phone}" if person.phone else "",
        whatsapp_user_id=person.user_id or "",
        state=person.get_state_display(),
        language=person.language,
        last_wrote=_local(person.last_inbound_at) if person.last_inbound_at else None,
        promotions_stopped=person.marketing_stopped,
        topics=tuple(
            Topic(each.category.label(language), _local(each.since))
            for each in topics.order_by("category__order", "category__name")
        ),
        zones=tuple(person.zones.values_list("name", flat=True)),
        acts=tuple(
            Act(
                _local(act.at),
                act.get_act_display(),
                act.category.label(language) if act.category else "",
                act.channel,
                act.policy_version.number if act.policy_version else None,
            )
            for act in acts.order_by("-at", "-id")
        ),
        written=_written(person),
        office=_office(person),
        notices=_notices(person, site_url),
        months=tuple(
            Month(f"{row.month:%Y-%m}", row.promise, row.used)
            for row in MonthlyUsage.objects.filter(subscriber=person).order_by("-month", "promise")
        ),
    )


def _local(moment: datetime) -> datetime:
    return moment.astimezone(ROME)


def _written(person: Subscriber) -> tuple[Written, ...]:
    rows = InboundMessage.objects.filter(subscriber=person).order_by("-sent_at", "-id")
    answers = dict(Reply.objects.filter(inbound__subscriber=person).values_list("inbound_id", "wording"))
    return tuple(Written(_local(row.sent_at), row.kind, row.text, answers.get(row.pk, "")) for row in rows)


def _office(person: Subscriber) -> tuple[Office, ...]:
    answers = OfficeAnswer.objects.filter(conversation__subscriber=person)
    notes = Note.objects.filter(conversation__subscriber=person)
    rows = [Office(_local(one.at), _("risposta"), one.text) for one in answers]
    rows += [Office(_local(one.at), _("nota dell'ufficio"), one.text) for one in notes]
    return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def _notices(person: Subscriber, site_url: str) -> tuple[Received, ...]:
    rows = Delivery.objects.filter(subscriber=person).select_related("broadcast").order_by("-id")
    return tuple(
        Received(
            row.broadcast.title,
            _local(row.accepted_at) if row.accepted_at else None,
            outcome_words(row.state, row.receipt),
            site_url + row.broadcast.get_absolute_url() if row.broadcast.started_at else "",
        )
        for row in rows
    )


def outcome_words(state: str, receipt: int) -> str:
    """What became of one message, as its recipient would say it."""
    if receipt >= Receipt.READ:
        return _("arrivato e letto")
    if receipt >= Receipt.DELIVERED:
        return _("arrivato")
    if state in (D.ACCEPTED, D.HELD, D.UNCONFIRMED):
        return _("affidato a WhatsApp, senza notizia dell'arrivo")
    if state in (D.PENDING, D.CLAIMED, D.SENDING):
        return _("sta per partire")
    return _("non arrivato o non inviato")
