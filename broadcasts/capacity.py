"""How many people the provider lets a town write to in 24 hours, and what is left of it (WHATSAPP.md §5.2).

The limit is the provider's: unique people outside their 24-hour window, over a moving day, for all the
numbers of the portfolio. What we count is what left from here. Unknown or unlimited is None; 0 is stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from broadcasts import provider, switch
from broadcasts.models import Broadcast, Sending
from whatsempoli import clock

DAY = timedelta(hours=24)
RECENT = 200  # broadcasts: more than a town starts in two days
TIERS: dict[str, int | None] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}

# Messages a second of a number, by what the provider calls them (WHATSAPP.md §5.1).
LEVELS = {"STANDARD": 80, "HIGH": 1_000}
UPGRADED = "THROUGHPUT_UPGRADE"

# Rows in a worker's hand count too, so that two workers do not both spend what is left. A request that was
# surely refused is not in these states.
USED = """
    SELECT count(DISTINCT d.subscriber_id), min(d.begun_at)
    FROM broadcasts_delivery d JOIN subscribers_subscriber s ON s.id = d.subscriber_id
    WHERE d.broadcast_id = ANY(%(broadcasts)s)
      AND (d.state = 'claimed' OR (d.begun_at > %(since)s
           AND d.state IN ('sending', 'accepted', 'held', 'unconfirmed', 'undelivered')))
      AND (s.last_inbound_at IS NULL
           OR s.last_inbound_at < COALESCE(d.begun_at, %(now)s) - interval '24 hours')
"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What may still leave today. `frees_at` (real time) is when the oldest of those counted drops out."""

    limit: int | None
    used: int
    reserve: int
    frees_at: datetime

    def room(self, *, emergency: bool) -> int | None:
        """How many more people may be written to now; None for any number. The reserve is for emergencies."""
        if self.limit is None:
            return None
        return max(0, self.limit - self.used - (0 if emergency else self.reserve))


def capacity(real_now: datetime) -> Capacity:
    """The limit and what is used of it; one query where a limit is known, none where there is none."""
    limit = switch.current().daily_limit
    if limit is None:
        return Capacity(None, 0, 0, real_now)
    recent = Broadcast.objects.filter(started_at__isnull=False).order_by("-id").values_list("id", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(USED, {"broadcasts": list(recent[:RECENT]), "since": real_now - DAY, "now": real_now})
        used, oldest = cursor.fetchone()
    reserve = limit * settings.WHATSAPP_EMERGENCY_RESERVE // 100
    return Capacity(limit, used, reserve, (oldest or real_now) + DAY)


def resumes_at(left: Capacity, real_now: datetime) -> datetime:
    """When to look again, in business time: when somebody drops out, in a quarter of an hour at the latest.

    The limit itself may rise meanwhile: the provider does that by itself.
    """
    return clock.now() + min(max(left.frees_at - real_now, timedelta(seconds=5)), timedelta(minutes=15))


def waiting_words(limit: int) -> str:
    """Why some of its people wait, for the office."""
    if limit == 0:
        return _("Adesso WhatsApp non lascia scrivere a nessuno: chi manca lo riceve appena si può.")
    return _("WhatsApp lascia scrivere a %(limit)s persone al giorno: chi manca lo riceve appena si può.") % {
        "limit": limit
    }


def note(limit: int | None, *, real_now: datetime) -> None:
    """Store the limit that the provider told."""
    Sending.objects.update_or_create(pk=1, defaults={"daily_limit": limit, "limit_at": real_now})


def read_limit(word: object) -> int | None:
    """`TIER_2K` → 2000, a number as it is; None for unlimited. Raises ValueError for any other word."""
    if isinstance(word, int) and not isinstance(word, bool):
        return word if 0 <= word < 2**31 else None  # -1 is the provider's «no limit»
    if not isinstance(word, str) or word not in TIERS:
        raise ValueError(f"no tier: {word!r}")
    return TIERS[word]


def told(details: Mapping[str, object], *, real_now: datetime) -> None:
    """The provider's own word, as a webhook brings it; any other shape is left alone."""
    if details.get("event") == UPGRADED:
        note_throughput("HIGH")
    with contextlib.suppress(ValueError):
        note(read_limit(details.get("max_daily_conversations_per_business")), real_now=real_now)


def note_throughput(level: object) -> None:
    """Store how many messages a second the number may send; a word that is not known changes nothing."""
    if isinstance(level, str) and level in LEVELS:
        Sending.objects.update_or_create(pk=1, defaults={"throughput": LEVELS[level]})


def tell_budget() -> None:
    """Pace by the number's own throughput, unless an operator set one. Asked every few seconds: a server of
    the budget that came back empty knows it again at once."""
    told = switch.current().throughput if settings.WHATSAPP_RATE_TOLD else None
    provider.budget().know(told)


def refresh(real_now: datetime) -> int | None:
    """Ask for the limit and the number's throughput and store them; what it does not say leaves the last one.

    Raises what the client raises when the provider does not answer.
    """
    node = provider.client().phone_number()
    word, throughput = node.get("whatsapp_business_manager_messaging_limit"), node.get("throughput")
    note_throughput(throughput.get("level") if isinstance(throughput, dict) else None)
    try:
        note(read_limit(word), real_now=real_now)
    except ValueError:
        return switch.current().daily_limit
    return read_limit(word)
