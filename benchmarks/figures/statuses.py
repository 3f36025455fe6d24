"""How fast the provider's receipts are stored and applied, and how soon a stop is among them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import orjson
import requests
from django.conf import settings
from django.db import connection

from benchmarks.figures.sending import database_cpu
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, medians
from benchmarks.rig import Rig
from broadcasts.models import Broadcast, Delivery, WebhookEvent
from subscribers.models import Subscriber
from whatsapp.signature import sign

COMMITS = 300
WORDS = ("sent", "delivered", "read")
ACCEPTED = """
    INSERT INTO broadcasts_delivery
        (broadcast_id, subscriber_id, state, reason, attempts, repeated, receipt, begun_at, accepted_at)
    SELECT %s, id, 'accepted', '', 1, false, 0, now(), now() FROM subscribers_subscriber
"""


def statuses(rig: Rig, size: Size) -> Numbers:
    """Ten to a POST and one to a POST, to the site's own web server, with one process that applies."""
    rig.start("web")
    rig.worker("intake", 1, "intake,replies,emergency")
    url = f"{rig.stack.site_url}/webhooks/whatsapp/"
    rig.until("the site answers", lambda: answers(url), 60)
    tens = medians(lambda: _once(rig, url, size.statuses, 10), size.runs)
    ones = medians(lambda: _once(rig, url, size.singles, 1), size.runs)
    forged = medians(lambda: _forged(rig, url, size.singles), size.runs)
    rig.stop("intake", "web")
    return {
        "statuses_per_second": tens["rate"],
        "statuses_single_per_second": ones["rate"],
        "optout_seconds": max(tens["optout"], ones["optout"]),
        "posts_stored_per_second": ones["posts"],
        "posts_refused_per_second": forged["posts"],
        "single_cpu_ms_web": ones["web"],
        "single_cpu_ms_intake": ones["intake"],
        "single_cpu_ms_database": ones["database"],
        "commit_ms": medians(_commit, size.runs)["commit_ms"],
    }


def _once(rig: Rig, url: str, count: int, together: int) -> Numbers:
    rows = _accepted_rows(rig, count // len(WORDS))
    _write(rig, [_envelope(statuses) for statuses in _batches(rows, together)])
    before, began = _cpu(rig), time.monotonic()
    process = rig.start("flood", [sys.executable, "-m", "benchmarks.flood", url, str(rig.folder / "posts")])
    rig.until("the flood rises", WebhookEvent.objects.exists, 30, every=0.005)
    optout, began = stop(url), min(began, time.monotonic())
    assert process.wait(300) == 0, "the flood did not end"
    said = json.loads((rig.folder / "flood.log").read_text().splitlines()[-1])
    assert set(said["answers"]) == {"200"}, said
    waiting = WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING)
    rig.until("all applied", lambda: not waiting.exists(), 300, every=0.02)
    # the flood's own start, up to its first request, is not the site's
    seconds = time.monotonic() - began - max(0.0, _first(began))
    read = Delivery.objects.filter(receipt=3).count()
    assert read == count // len(WORDS), f"{read} rows read of {count // len(WORDS)}"
    rig.stop("flood")
    posts = count / together
    cpu = {name: 1000 * (used - before[name]) / posts for name, used in _cpu(rig).items()}
    return cpu | {"rate": count / seconds, "posts": posts / said["seconds"], "optout": optout}


def _cpu(rig: Rig) -> Numbers:
    return {"web": rig.cpu("web"), "intake": rig.cpu("intake"), "database": database_cpu()}


def _commit() -> Numbers:
    """The limit of one to a POST: a flushed insert and nothing else, one after the other."""
    began = time.monotonic()
    for n in range(COMMITS):
        WebhookEvent.objects.create(digest=f"{began}:{n}".encode()[:32], body=b"", state="done")
    return {"commit_ms": 1000 * (time.monotonic() - began) / COMMITS}


def _first(began: float) -> float:
    """Seconds from `began` to the first webhook stored, by the database's clock."""
    first = WebhookEvent.objects.order_by("id").values_list("received_at", flat=True)[0]
    return first.timestamp() - (time.time() - (time.monotonic() - began))


def stop(url: str) -> float:
    """Seconds until the stop of somebody who is in, written in the middle of it all, holds."""
    person = Subscriber.objects.filter(state=Subscriber.State.ACTIVE, phone__startswith="39330").latest("id")
    said = {
        "from": person.phone,
        "id": f"wamid.stop{time.time_ns()}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "STOP"},
    }
    body = _envelope(messages=[said])
    began = time.monotonic()
    answer = requests.post(url, data=body, headers={"X-Hub-Signature-256": _signed(body)}, timeout=30)
    seconds = time.monotonic() - began
    person.refresh_from_db()
    assert answer.status_code == 200 and person.state == Subscriber.State.STOPPED, person.state
    return seconds


def _forged(rig: Rig, url: str, count: int) -> Numbers:
    """The ceiling: POSTs that are refused before the database, by the same web server."""
    lines = [b"sha256=00\t{}"] * count
    (rig.folder / "posts").write_bytes(b"\n".join(lines))
    process = rig.start("flood", [sys.executable, "-m", "benchmarks.flood", url, str(rig.folder / "posts")])
    assert process.wait(300) == 0, "the flood did not end"
    said = json.loads((rig.folder / "flood.log").read_text().splitlines()[-1])
    rig.stop("flood")
    assert set(said["answers"]) == {"403"}, said
    return {"posts": count / said["seconds"]}


def _accepted_rows(rig: Rig, people: int) -> list[tuple[int, int]]:
    rig.clean()
    rig.populate(people, "acqua")
    broadcast = rig.approved()
    Broadcast.objects.filter(pk=broadcast.pk).update(state="sent", audience_count=people)
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED, [broadcast.pk])
        cursor.execute("ANALYZE broadcasts_delivery")
    return list(Delivery.objects.filter(broadcast=broadcast).values_list("broadcast_id", "id"))


def _batches(rows: list[tuple[int, int]], together: int) -> Iterator[list[dict[str, Any]]]:
    """Every row's three receipts, in waves as the provider tells them."""
    at = str(int(time.time()))
    wave: list[dict[str, Any]] = []
    for word in WORDS:
        for broadcast, row in rows:
            wave.append(
                {
                    "id": f"wamid.{row}",
                    "status": word,
                    "timestamp": at,
                    "recipient_id": f"39330{row:07d}",
                    "biz_opaque_callback_data": f"d:{broadcast}:{row}",
                }
            )
            if len(wave) == together:
                yield wave
                wave = []
    if wave:
        yield wave


def _envelope(statuses: Any = None, **value: Any) -> bytes:
    if statuses is not None:
        value["statuses"] = statuses
    number = {"phone_number_id": settings.WHATSAPP_PHONE_NUMBER_ID}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": number} | value}
    entry = {"id": settings.WHATSAPP_BUSINESS_ACCOUNT_ID, "changes": [change]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


def _signed(body: bytes) -> str:
    return sign(settings.WHATSAPP_APP_SECRETS[0], body)


def _write(rig: Rig, bodies: list[bytes]) -> None:
    lines = (_signed(body).encode() + b"\t" + body for body in bodies)
    (rig.folder / "posts").write_bytes(b"\n".join(lines))


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 403
    except requests.RequestException:
        return False
