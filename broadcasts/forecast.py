"""What will happen if this leaves: to how many people, to whom not and why, when, and what hinders it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadcasts import audience, capacity, release
from broadcasts.models import Broadcast
from broadcasts.readiness import template_trouble
from policy.calendar import Severity, say_when
from policy.page import language
from whatsempoli import clock

REFUSED_WORDS: dict[str, str | Promise] = {
    "stopped": gettext_lazy("hanno lasciato il servizio"),
    "unreachable": gettext_lazy("non sono raggiungibili"),
    "topic": gettext_lazy("non hanno scelto questo argomento"),
    "zone": gettext_lazy("hanno scelto altre zone"),
    "original": gettext_lazy("non hanno ricevuto il primo messaggio"),
    "capped": gettext_lazy("hanno già avuto i messaggi promessi per questo mese"),
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """`leaves` and `people` are words that fit «parte … a …»; `template` is empty when nothing is wrong.

    `late` says that it would leave when what it announces is already over.
    """

    total: int
    refused: tuple[tuple[int, str | Promise], ...]
    leaves_at: datetime | None
    leaves: str
    template: str
    late: bool
    near_night: bool
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


def forecast(broadcast: Broadcast, now: datetime) -> Forecast:
    """The forecast of a stored broadcast at `now`; what then happens differs by who joins or leaves."""
    counted = audience.count(broadcast, now)
    leaves_at = release.leaves_at(broadcast, now)
    until = broadcast.valid_until
    return Forecast(
        total=counted.total,
        refused=tuple((n, REFUSED_WORDS.get(why, why)) for why, n in counted.refused.items()),
        leaves_at=leaves_at,
        leaves=leave_words(leaves_at, now),
        template=template_trouble(broadcast),
        late=bool(until and leaves_at and leaves_at >= until),
        near_night=bool(leaves_at and broadcast.night_reason and broadcast.severity == Severity.URGENT),
        too_many=_too_many(broadcast, counted.total),
    )


def _too_many(broadcast: Broadcast, total: int) -> str:
    """«2.000 di 10.480 oggi», and what to do about it; empty when all fit."""
    emergency = broadcast.severity == Severity.EMERGENCY
    room = capacity.capacity(clock.real_now()).room(emergency=emergency)
    if room is None or total <= room:
        return ""
    words = _("WhatsApp oggi lascia scrivere a %(room)s persone di %(total)s: le altre aspettano.") % {
        "room": grouped(room),
        "total": grouped(total),
    }
    if emergency:
        return " ".join((words, _("Scegli prima le zone che ne hanno più bisogno.")))
    return words


def leave_words(leaves_at: datetime | None, now: datetime) -> str:
    """«subito», «oggi alle 15:00», «lunedì 30 novembre alle 9:00»; «mai» if the service never opens."""
    if leaves_at is None:
        return _("mai")
    return _("subito") if leaves_at <= now else say_when(leaves_at, now, language())


def people_words(number: int) -> str:
    """How many people, in words fit for a sentence."""
    if not number:
        return _("nessuno")
    return ngettext("%(number)s persona", "%(number)s persone", number) % {"number": grouped(number)}


def grouped(number: int) -> str:
    """1512 → «1.512» in Italian, «1,512» in English."""
    return number_format(number, use_l10n=True, force_grouping=True)
