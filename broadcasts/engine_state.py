"""How the engine stands, in one dictionary: for the office's page and, as it is, for metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q

from broadcasts import provider, report, switch
from broadcasts.audience import kind_of
from broadcasts.models import Broadcast, Delivery, Reply, WebhookEvent
from broadcasts.states import OPEN, State
from broadcasts.states import Delivery as D
from policy.calendar import Severity
from policy.decision import effective_severity

MOST_ERRORS = 10


def engine_state(real_now: datetime) -> dict[str, Any]:
    """Numbers and short words only, no phone. `rate` is messages a second over the last ten seconds,
    `oldest_seconds` how long the longest-waiting notice with people to go has been leaving.

    Counts only notices that are leaving or paused: a few index scans, whatever was sent before.
    """
    leaving = Broadcast.objects.filter(state__in=(State.SENDING, State.PAUSED)).select_related("category")
    notices = [_notice(broadcast, real_now) for broadcast in leaving.order_by("started_at")]
    backlog = {str(severity): 0 for severity in Severity}
    for notice in notices:
        backlog[notice["lane"]] += notice["to_go"]
    going = [notice["seconds"] for notice in notices if notice["to_go"]]
    return {
        "armed": switch.is_armed(),
        "halted": switch.halted(),
        "rate": round(sum(notice["rate"] for notice in notices), 1),
        "budget": provider.budget().state(),
        "backlog": backlog | {"replies": Reply.objects.filter(state__in=OPEN).count()},
        "webhooks": WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING).count(),
        "oldest_seconds": max(going, default=0),
        "errors": _errors([notice["id"] for notice in notices]),
        "broadcasts": notices,
    }


def _notice(broadcast: Broadcast, real_now: datetime) -> dict[str, Any]:
    fresh = Q(accepted_at__gte=real_now - report.RATE_WINDOW)
    counted = Delivery.objects.filter(broadcast=broadcast).aggregate(
        total=Count("id"),
        to_go=Count("id", filter=Q(state__in=OPEN)),
        unconfirmed=Count("id", filter=Q(state=D.UNCONFIRMED)),
        failed=Count("id", filter=Q(state=D.FAILED)),
        waiting_again=Count("id", filter=Q(state=D.PENDING, not_before__gt=real_now)),
        fresh=Count("id", filter=fresh),
        since=Min("accepted_at", filter=fresh),
        last=Max("accepted_at"),
    )
    since, last, lately = counted.pop("since"), counted.pop("last"), counted.pop("fresh")
    seconds = max((real_now - since).total_seconds(), 1.0) if since else 1.0
    return counted | {
        "id": broadcast.pk,
        "code": broadcast.code,
        "title": broadcast.title,
        "state": str(broadcast.state),
        "lane": str(effective_severity(Severity(broadcast.severity), kind_of(broadcast))),
        "rate": round(lately / seconds, 1),
        "seconds": _age(broadcast, real_now),
        "last_accepted": last.isoformat() if last else None,
        "errors": _errors([broadcast.pk]),
    }


def _age(broadcast: Broadcast, real_now: datetime) -> int:
    """Seconds since it started. Business time, which the demo may move: never below zero."""
    started = broadcast.started_at
    return int(max(0.0, (real_now - started).total_seconds())) if started else 0


def _errors(broadcasts: list[int]) -> list[dict[str, Any]]:
    """The provider's codes among the rows of these notices, the most frequent first."""
    rows = (
        Delivery.objects.filter(broadcast__in=broadcasts, error_code__isnull=False)
        .values("error_code", "state")
        .annotate(count=Count("id"))
        .order_by("-count", "error_code")[:MOST_ERRORS]
    )
    return [
        {
            "code": row["error_code"],
            "state": row["state"],
            "count": row["count"],
            "words": report.why_words(D.FAILED, "", row["error_code"]),
        }
        for row in rows
    ]
