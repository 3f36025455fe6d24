"""The report of a notice that has left: the funnel, how fast, who left because of it. No phone is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadcasts import tally
from broadcasts.durations import duration_words
from broadcasts.models import Broadcast, Tally
from broadcasts.report import Progress, progress_of
from broadcasts.states import Receipt

RECENT = timedelta(seconds=30)
COMPARED = 10  # earlier notices of the topic that make «di solito»


@dataclass(frozen=True, slots=True)
class Moment:
    """How many had it at a moment; `words` is the time from the start."""

    words: str
    entrusted: int
    arrived: int
    read: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of a notice. `usual` is stops per 1,000 arrived of the topic's earlier ones, None if there
    are none; `most_seconds` is None until 95 % of the entrusted have it."""

    progress: Progress
    moments: tuple[Moment, ...]
    most_seconds: int | None
    stops: int | None
    usual: float | None
    counted_at: datetime

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """The steps from everybody to those who let us know that they read it."""
        return [
            (_("Destinatari"), self.progress.total),
            (_("Affidati a WhatsApp"), self.progress.entrusted),
            (_("Arrivati"), self.progress.arrived),
            (_("Letti"), self.progress.read),
        ]

    @property
    def most_words(self) -> str:
        """«Il 95 % l'ha avuto in 4 minuti e 10 secondi»."""
        if self.most_seconds is None:
            return _("Non è ancora arrivato al 95 % di quelli affidati a WhatsApp.")
        return _("Il 95 %% di quelli affidati a WhatsApp è arrivato in %(time)s.") % {
            "time": duration_words(self.most_seconds)
        }

    @property
    def stops_words(self) -> str:
        """How many left within a day, beside what the topic is used to."""
        if self.stops is None:
            return _("Si contano quando l'invio è finito.")
        words = ngettext(
            "%(n)s persona si è disiscritta, o ha tolto l'argomento, nelle 24 ore dopo.",
            "%(n)s persone si sono disiscritte, o hanno tolto l'argomento, nelle 24 ore dopo.",
            self.stops,
        ) % {"n": self.stops}
        if not self.progress.arrived:
            return words
        own = _("Sono %(rate)s ogni 1.000.") % {
            "rate": _rate(per_thousand(self.stops, self.progress.arrived))
        }
        if self.usual is None:
            first = _("Non ci sono ancora altri avvisi di questo argomento con cui confrontarle.")
            return f"{words} {own} {first}"
        usual = _("Di solito, per questo argomento, %(rate)s.") % {"rate": _rate(self.usual)}
        return f"{words} {own} {usual}"


def aftermath(broadcast: Broadcast, real_now: datetime) -> Aftermath:
    """Two queries where the count is kept and fresh; a small notice is counted again where it is not."""
    kept = Tally.objects.filter(pk=broadcast.pk).first()
    small = (broadcast.audience_count or 0) <= tally.SMALL
    if kept is None or (small and not kept.closed and real_now - kept.counted_at > RECENT):
        tally.refresh(broadcast.pk, real_now)
        kept = Tally.objects.get(pk=broadcast.pk)
    found = tally.Counted(tally.as_rows(kept.rows), kept.rate, at=kept.counted_at)
    moments = tuple(Moment(step_words(seconds), *numbers) for seconds, *numbers in kept.over_time)
    return Aftermath(
        progress_of(found), moments, kept.most_seconds, kept.stops, _usual(broadcast), kept.counted_at
    )


def _usual(broadcast: Broadcast) -> float | None:
    """The middle of the topic's earlier notices."""
    earlier = Tally.objects.filter(
        broadcast__category=broadcast.category_id,
        broadcast__exercise=False,
        broadcast__started_at__lt=broadcast.started_at,
        stops__isnull=False,
    )
    rates = []
    for stops, rows in earlier.order_by("-broadcast__started_at").values_list("stops", "rows")[:COMPARED]:
        arrived = sum(row[4] for row in rows if row[1] >= Receipt.DELIVERED)
        if arrived and stops is not None:
            rates.append(per_thousand(stops, arrived))
    return median(rates) if rates else None


def per_thousand(stops: int, arrived: int) -> float:
    """Stops for each 1,000 people who got it."""
    return stops * 1000 / arrived


def _rate(value: float) -> str:
    return number_format(value, decimal_pos=1)


def step_words(seconds: int) -> str:
    """«5 secondi», «2 ore»: a step of the time's axis; past the last one, «oltre»."""
    if seconds > tally.STEPS[-1]:
        return _("oltre")
    return duration_words(seconds)
