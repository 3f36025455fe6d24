"""A thousand people join within a minute after a television programme, while a notice leaves: how soon each
is answered, and how soon a stop holds meanwhile."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.figures.size import Size
from benchmarks.figures.statuses import answers, stop
from benchmarks.measure import Numbers
from benchmarks.rig import Rig
from subscribers.models import Subscriber

CAP = 80
BURST = 20  # people who write in the same instant
NEW = "39377{:07d}"


def joins(rig: Rig, size: Size) -> Numbers:
    """From the moment a person writes to the moment our answer begins at the provider, for each of them.

    They write in bursts: people look at one clock. A stop is written once a second meanwhile.
    """
    for name in ("web", "worker-routine", "worker-emergency", "beat"):
        rig.start(name)
    url = f"{rig.stack.site_url}/webhooks/whatsapp/"
    rig.until("the site answers", lambda: answers(url), 60)
    rig.clean()
    rig.rate(CAP)
    rig.populate(60 * CAP, "acqua")
    since = rig.last()
    rig.leaving()
    rig.until("the notice leaves", lambda: rig.last() - since >= 2 * CAP, 60)
    wrote, stops, began = _write_all(rig, url, size.joins)
    took = time.monotonic() - began
    joined = Subscriber.objects.filter(phone__startswith=NEW[:5], state="active")
    rig.until("all are in", lambda: joined.count() >= size.joins, 120)
    answered = _answered(rig, since, wrote)
    lines = sum(1 for line in rig.entries(since) if (line["opaque"] or "").startswith("d:"))
    rig.stop("beat", "worker-emergency", "worker-routine", "web")
    waits = sorted(answered[phone] - at for phone, at in wrote.items())
    return {
        "joins_a_minute": 60 * len(wrote) / took,
        "joins_answer_p50_s": waits[len(waits) // 2],
        "joins_answer_p99_s": waits[int(len(waits) * 0.99)],
        "joins_answer_max_s": waits[-1],
        "joins_stop_max_s": max(stops),
        "joins_notice_messages": float(lines),
    }


def _write_all(rig: Rig, url: str, people: int) -> tuple[dict[str, float], list[float], float]:
    """Everybody writes, evenly over a minute of 1,000; returns when each wrote and what each stop took."""
    wrote: dict[str, float] = {}
    stops: list[float] = []
    began, pause = time.monotonic(), 60 * BURST / 1_000
    for turn, first in enumerate(range(0, people, BURST)):
        phones = [NEW.format(n) for n in range(first, min(first + BURST, people))]
        rig.post("phones", [{"phone": phone, "name": "Anna"} for phone in phones])
        wrote |= dict.fromkeys(phones, time.time())
        rig.post("say", [{"phone": phone, "text": "ATTIVA ISCRIZIONE"} for phone in phones])
        stops.append(stop(url))
        time.sleep(max(0.0, began + (turn + 1) * pause - time.monotonic()))
    return wrote, stops, began


def _answered(rig: Rig, since: int, wrote: dict[str, float]) -> dict[str, float]:
    """When the answer to each began, in Unix seconds."""
    found: dict[str, float] = {}

    def complete() -> bool:
        lines: list[dict[str, Any]] = rig.entries(since)
        for line in lines:
            if line["phone"] in wrote and (line["opaque"] or "").startswith("r:"):
                found.setdefault(line["phone"], float(line["real_began_at"]))
        return len(found) == len(wrote)

    rig.until("everybody is answered", complete, 120, every=0.5)
    return found
