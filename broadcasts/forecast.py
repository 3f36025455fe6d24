"""What will happen if this leaves: to how many people, to whom not and why, when, and what hinders it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadcasts import audience, capacity, pace, provider, release, spending, switch
from broadcasts.audience import kind_of
from broadcasts.bulletins import dates
from broadcasts.models import Broadcast, Delivery
from broadcasts.readiness import template_trouble
from broadcasts.states import Delivery as D
from broadcasts.states import State
from policy.calendar import Hours, Severity, say_when
from policy.decision import effective_severity
from policy.live import live_rules
from policy.page import language
from whatsempoli import clock

REFUSED_WORDS: dict[str, str | Promise] = {
    "stopped": gettext_lazy("hanno lasciato il servizio"),
    "unreachable": gettext_lazy("non sono raggiungibili"),
    "topic": gettext_lazy("non hanno scelto questo argomento"),
    "zone": gettext_lazy("hanno scelto altre zone"),
    "original": gettext_lazy("non hanno ricevuto il primo messaggio"),
    "colour": gettext_lazy("vogliono solo allerte di un colore più grave"),
    "marketing": gettext_lazy("hanno fermato le promozioni da WhatsApp"),
    "exercise": gettext_lazy("sono cittadini: un'esercitazione arriva solo ai telefoni di prova"),
    "capped": gettext_lazy("hanno già avuto i messaggi promessi per questo mese"),
}
TOGETHER = timedelta(minutes=1)  # first and last closer than this leave «insieme»


@dataclass(frozen=True, slots=True)
class Forecast:
    """`leaves` and `people` are words that fit «parte … a …»; `template` is empty when nothing is wrong.

    `beyond` people wait for another day's capacity; `late` says, in words, that it would not be out before
    the thing it announces, and is empty when it would. `halted` is why nothing at all leaves now.
    """

    total: int
    refused: tuple[tuple[int, str | Promise], ...]
    leaves_at: datetime | None
    last_at: datetime | None
    leaves: str
    last: str
    template: str
    late: str
    purse: spending.Purse
    must_ask: bool  # the month's money is short: somebody has to say why it goes all the same
    halted: str = ""
    beyond: int = 0
    too_many: str = ""  # what of it the provider's 24 hours leave no room for, in words

    @property
    def people(self) -> str:
        """«1.512 persone», «una persona», «nessuno»."""
        return people_words(self.total)

    @property
    def sentence(self) -> str:
        """«parte oggi alle 15:00 a 1.512 persone»."""
        if self.leaves_at is None:
            return _("con questi orari non parte mai")
        return _("parte %(when)s a %(people)s") % {"when": self.leaves, "people": self.people}

    @property
    def hindered(self) -> bool:
        """Something has to be done before it can leave, or leave to all."""
        return bool(self.template or self.halted or self.too_many or self.leaves_at is None)


def forecast(broadcast: Broadcast, now: datetime, zones: Sequence[int] | None = None) -> Forecast:
    """The forecast at `now`; what then happens differs by who joins or leaves. `zones` stands for those of a
    notice that is not stored yet."""
    counted = audience.count(broadcast, now, zones)
    hours = live_rules().hours_of(broadcast.category.slug)
    leaves_at = release.leaves_at(broadcast, now, hours)
    left = capacity.capacity(clock.real_now())
    room = left.room(emergency=broadcast.severity == Severity.EMERGENCY)
    last_at = None
    if leaves_at and counted.total:
        last_at = last_leaves_at(broadcast, counted.total, leaves_at, left, hours, now)
    purse = spending.purse(broadcast, counted.total, now)
    beyond = 0 if room is None else max(0, counted.total - room)
    return Forecast(
        total=counted.total,
        refused=tuple((n, REFUSED_WORDS.get(why, why)) for why, n in counted.refused.items()),
        leaves_at=leaves_at,
        last_at=last_at,
        leaves=leave_words(leaves_at, now),
        last=_last_words(leaves_at, last_at, now) if counted.total else "",
        template=template_trouble(broadcast),
        late=_late(broadcast, leaves_at, last_at if counted.total else leaves_at, now),
        purse=purse,
        must_ask=spending.must_ask(broadcast, purse),
        halted=switch.halted(),
        beyond=beyond,
        too_many=_too_many(broadcast, counted.total, room) if beyond else "",
    )


def last_leaves_at(
    broadcast: Broadcast,
    total: int,
    leaves_at: datetime,
    left: capacity.Capacity,
    hours: Hours,
    now: datetime,
) -> datetime | None:
    """When the last of `total` people leaves, at the pace of now, behind what is already leaving."""
    severity = effective_severity(Severity(broadcast.severity), kind_of(broadcast))
    emergency = broadcast.severity == Severity.EMERGENCY
    terms = pace.Terms(
        rate=float(provider.budget().state()["rate_now"]),
        severity=severity,
        hours=hours,
        night_reason=bool(broadcast.night_reason),
    )
    room = None
    if left.limit is not None:
        free = left.room(emergency=emergency) or 0
        reserve = 0 if emergency else left.reserve
        room = pace.Room(free, max(0, left.limit - reserve), now + (left.frees_at - clock.real_now()))
    ahead = _ahead(broadcast, emergency=emergency)
    end = pace.last_leaves(total, leaves_at, terms, room)
    if end is None or not ahead:
        return end
    return pace.last_leaves(ahead, end, terms)


def _ahead(broadcast: Broadcast, *, emergency: bool) -> int:
    """People who are already in the queue and are not overtaken: emergencies wait only for emergencies."""
    waiting = Delivery.objects.filter(state=D.PENDING, broadcast__state=State.SENDING).exclude(
        broadcast_id=broadcast.pk
    )
    if emergency:
        waiting = waiting.filter(broadcast__severity=Severity.EMERGENCY)
    return waiting.count()


def begins_at(fields: dict[str, Any]) -> datetime | None:
    """When the thing that a notice announces begins, as its form stored it; None where it says none."""
    found = []
    for name in ("starts", "first_day", "week_from"):
        if isinstance(fields.get(name), str) and fields[name]:
            found.append(dates.read_moment(fields[name]))
    if isinstance(fields.get("due"), str) and fields["due"]:
        found.append(dates.day_end(date.fromisoformat(fields["due"])))
    found += [
        dates.read_moment(span["starts"])
        for span in fields.get("spans") or []
        if isinstance(span, dict) and span.get("starts")
    ]
    return min(found, default=None)


def _late(broadcast: Broadcast, first: datetime | None, last: datetime | None, now: datetime) -> str:
    """What will not be out in time, in a sentence; empty when all will."""
    until, begins = broadcast.valid_until, begins_at(broadcast.fields)
    if until and first and first >= until:
        return _("Partirebbe quando quello che annuncia è già finito.")
    if last is None:
        return ""
    when = say_when(last, now, language())
    if until and last >= until:
        return _("L'ultimo messaggio partirebbe %(when)s, quando è già finito: non arriva a tutti.") % {
            "when": when
        }
    if begins and now < begins < last:
        return _("Non esce in tempo per tutti: comincia %(begins)s, l'ultimo messaggio parte %(when)s.") % {
            "begins": say_when(begins, now, language()),
            "when": when,
        }
    return ""


def _too_many(broadcast: Broadcast, total: int, room: int | None) -> str:
    """«2.000 di 10.480 oggi», and what to do about it."""
    words = _("WhatsApp oggi lascia scrivere a %(room)s persone di %(total)s: le altre aspettano.") % {
        "room": grouped(room or 0),
        "total": grouped(total),
    }
    if broadcast.severity == Severity.EMERGENCY:
        return " ".join((words, _("Scegli quali zone vengono prima.")))
    return words


def leave_words(leaves_at: datetime | None, now: datetime) -> str:
    """«subito», «oggi alle 15:00», «lunedì 30 novembre alle 9:00»; «mai» if the service never opens."""
    if leaves_at is None:
        return _("mai")
    return _("subito") if leaves_at <= now else say_when(leaves_at, now, language())


def _last_words(first: datetime | None, last: datetime | None, now: datetime) -> str:
    if first is None:
        return ""
    if last is None:
        return _("con questo passo l'ultimo non parte mai")
    if last - first < TOGETHER:
        return _("l'ultimo entro un minuto")
    return _("l'ultimo %(when)s") % {"when": say_when(last, now, language())}


def people_words(number: int) -> str:
    """How many people, in words fit for a sentence."""
    if not number:
        return _("nessuno")
    return ngettext("%(number)s persona", "%(number)s persone", number) % {"number": grouped(number)}


def grouped(number: int) -> str:
    """1512 → «1.512» in Italian, «1,512» in English."""
    return number_format(number, use_l10n=True, force_grouping=True)
