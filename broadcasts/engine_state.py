"""How the engine stands, in one dictionary: for the office's page and, as it is, for metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from broadcasts import provider, report, switch, tally
from broadcasts.audience import kind_of
from broadcasts.models import Broadcast, Reply, WebhookEvent
from broadcasts.states import OPEN, State
from broadcasts.states import Delivery as D
from policy.calendar import Severity
from policy.decision import effective_severity

MOST_ERRORS = 10


def engine_state(real_now: datetime) -> dict[str, Any]:
    """Numbers and short words only, no phone. `rate` is messages a second over the last ten seconds,
    `oldest_seconds` how long the longest-waiting notice with people to go has been leaving.

    Looks only at notices that are leaving or paused, whatever was sent before.
    """
    leaving = Broadcast.objects.filter(state__in=(State.SENDING, State.PAUSED)).select_related("category")
    going_on = [(one, tally.counted(one, real_now)) for one in leaving.order_by("started_at")]
    notices = [_notice(broadcast, counted, real_now) for broadcast, counted in going_on]
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
        "errors": _errors(row for _one, counted in going_on for row in counted.rows),
        "broadcasts": notices,
    }


def _notice(broadcast: Broadcast, counted: tally.Counted, real_now: datetime) -> dict[str, Any]:
    found = report.progress_of(counted)
    return {
        "total": found.total,
        "to_go": found.to_go,
        "unconfirmed": found.unconfirmed,
        "failed": found.states[D.FAILED],
        "waiting_again": counted.again,
        "id": broadcast.pk,
        "code": broadcast.code,
        "title": broadcast.title,
        "state": str(broadcast.state),
        "lane": str(effective_severity(Severity(broadcast.severity), kind_of(broadcast))),
        "rate": round(found.rate, 1),
        "seconds": _age(broadcast, real_now),
        "last_accepted": counted.last.isoformat() if counted.last else None,
        "errors": _errors(counted.rows),
    }


def _age(broadcast: Broadcast, real_now: datetime) -> int:
    """Seconds since it started. Business time, which the demo may move: never below zero."""
    started = broadcast.started_at
    return int(max(0.0, (real_now - started).total_seconds())) if started else 0


def _errors(rows: Iterable[tally.Row]) -> list[dict[str, Any]]:
    """The provider's codes among counted rows, the most frequent first."""
    counts: Counter[tuple[int, str]] = Counter()
    for state, _receipt, _reason, code, number in rows:
        if code is not None:
            counts[code, state] += number
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ERRORS]
    return [
        {"code": code, "state": state, "count": n, "words": report.why_words(D.FAILED, "", code)}
        for (code, state), n in most
    ]
