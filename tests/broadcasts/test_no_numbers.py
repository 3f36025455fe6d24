"""Promise 8 in the logs: one citizen's road, faults included, leaves neither number nor message id there."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from broadcasts import fanout, intake, replies
from broadcasts.models import Delivery, Reply, WebhookEvent
from tests.broadcasts.simulated import Got, Provider, accepted, envelope, receipt, refused, said
from tests.conftest import TUESDAY_10
from whatsapp.signature import sign
from whatsempoli.logs import NoNumbers

pytestmark = pytest.mark.django_db
CANARY = "393987654321"
WAMID = "wamid." + base64.b64encode(f"\x1d\x0f{CANARY}\x12\x18\x12".encode()).decode()
TRACES = (CANARY, CANARY[2:], WAMID, WAMID[6:30])


@pytest.fixture
def raw() -> Iterator[io.StringIO]:
    """Everything that anybody logs at any level, exceptions included, before the filter of settings."""
    said_out = io.StringIO()
    handler = logging.StreamHandler(said_out)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said_out
    root.removeHandler(handler)
    root.setLevel(level)


def post(body: bytes) -> int:
    head = {"X-Hub-Signature-256": sign(project.WHATSAPP_APP_SECRETS[0], body)}
    return (
        Client().post("/webhooks/whatsapp/", body, content_type="application/json", headers=head).status_code
    )


def ours(text: str) -> list[str]:
    """The lines about the canary, but for the database driver's, which speaks at DEBUG only."""
    return [line for line in text.splitlines() if any(trace in line for trace in TRACES)]


def test_from_joining_to_a_refused_message(meta: Provider, leaving: Any, town: Any, raw: Any) -> None:
    logging.getLogger("django.db.backends").setLevel(logging.INFO)  # its DEBUG lines are the statements
    joins = envelope(messages=[said("ATTIVA ISCRIZIONE", phone=CANARY, at=TUESDAY_10, id=WAMID)])
    poison = envelope(messages=[said("STOP" * 9, phone=CANARY, at=TUESDAY_10, id=WAMID * 40)])
    assert post(joins) == post(poison) == 200

    def odd(got: Got) -> Any:
        echo = {
            "error": {"code": 131026, "message": f"to {got.phone} {WAMID}", "error_data": {"details": CANARY}}
        }
        return accepted(got) if got.number % 2 else (400, echo)

    meta.answer = odd
    for _round in range(intake.MOST_ATTEMPTS):
        WebhookEvent.objects.update(not_before=None)
        intake.take_in()
    replies.send_pending()
    assert Reply.objects.count() == 1
    broadcast = leaving(severity="routine")
    fanout.send_slice(broadcast.pk)
    delivery = Delivery.objects.get(broadcast=broadcast)
    failed = receipt(
        "failed", f"d:{broadcast.pk}:{delivery.pk}", at=TUESDAY_10, id=WAMID, recipient_id=CANARY
    )
    unknown = receipt("failed", None, at=TUESDAY_10, id=WAMID, recipient_id=CANARY)
    assert post(envelope(statuses=[failed, unknown])) == 200
    intake.take_in()
    meta.answer = refused(131042)
    assert meta.ledger and any(got.phone.lstrip("+") == CANARY for got in meta.ledger)
    assert raw.getvalue()  # something was logged at all
    assert ours(raw.getvalue()) == []


@pytest.mark.parametrize("where", ["message", "argument", "exception", "cached", "stack"])
def test_the_filter_masks_what_slips_through(where: str) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(NoNumbers())
    logger = logging.Logger("canary")
    logger.addHandler(handler)
    try:
        raise ValueError(f"Key (phone)=({CANARY}) {WAMID}")
    except ValueError as error:
        fault = (type(error), error, error.__traceback__)
    text = CANARY if where == "message" else "%s"
    args = (
        ()
        if where == "message"
        else (json.dumps({"to": CANARY, "id": WAMID}) if where == "argument" else "x",)
    )
    record = logger.makeRecord(
        "canary", logging.ERROR, __file__, 1, text, args, fault if where in ("exception", "cached") else None
    )
    if where == "cached":  # another handler formatted it first
        record.exc_text = logging.Formatter().formatException(fault)
    if where == "stack":
        record.stack_info = f"to={CANARY}"
    logger.handle(record)
    assert "[…]" in out.getvalue()
    assert ours(out.getvalue()) == []
