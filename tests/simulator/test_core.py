"""From a message in to a message out, and what the phones have in the end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

import pytest

from simulator.settings import Settings, parse_arguments
from tests.simulator.harness import ANNA, SECRET, alert, running, text


def test_a_template_goes_from_request_to_read():
    async def play():
        async with running() as sim:
            status, made = await sim.template()
            assert (status, made["status"], made["category"]) == (200, "APPROVED", "UTILITY")
            status, answer = await sim.post(alert(biz_opaque_callback_data="d:1"))
            assert status == 200
            assert answer["contacts"] == [{"input": ANNA, "wa_id": ANNA}]
            assert answer["messages"][0]["message_status"] == "accepted"
            await sim.idle()
            found = sim.receiver.statuses()
            assert [item["status"] for item in found] == ["sent", "delivered", "read"]
            assert {item["biz_opaque_callback_data"] for item in found} == {"d:1"}
            assert {item["id"] for item in found} == {answer["messages"][0]["id"]}
            (entry,) = await sim.ledger()
            assert entry["outcome"] == "read" and entry["received"] and entry["opaque"] == "d:1"
            assert entry["text"] == (
                "Protezione civile\nAllerta ARANCIONE per pioggia in tutto il territorio del Comune.\n"
                "Per uscire: DISATTIVA ISCRIZIONE\n[Perché ricevo questo?]\n[Leggi]"
            )
            assert entry["began_at"] <= entry["at"] <= entry["sent_at"] <= entry["delivered_at"]

    asyncio.run(play())


def test_what_a_person_says_arrives_signed():
    async def play():
        async with running() as sim:
            await sim.control(f"phones/{ANNA}/say", {"text": "attività: sì/no 👍"})
            await sim.idle()
            headers, raw = sim.receiver.requests[0]
            expected = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
            assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
            (message,) = sim.receiver.messages()
            assert message["text"]["body"] == "attività: sì/no 👍"
            assert message["from"] == ANNA and isinstance(message["timestamp"], str)
            status, _ = await sim.post(text())
            assert status == 200
            await sim.idle()
            chat = await sim.control(f"phones/{ANNA}/chat")
            assert [(item["mine"], item["body"]) for item in chat["messages"]] == [
                (True, "attività: sì/no 👍"),
                (False, "Ciao"),
            ]
            assert chat["messages"][0]["state"] == "delivered"

    asyncio.run(play())


@pytest.mark.parametrize("change", [{"host": "0.0.0.0"}, {"webhook_url": "https://example.org/hook"}])
def test_it_refuses_to_reach_beyond_this_computer(change):
    with pytest.raises(ValueError, match="loopback"):
        Settings(**change)


def test_every_setting_is_an_option(capsys):
    made = parse_arguments(["--port", "9", "--receipts-ms", "50", "--no-pair-limit", "--seed", "3"])
    assert (made.port, made.receipts_ms, made.pair_limit, made.seed) == (9, 50.0, False, 3)
    with pytest.raises(SystemExit):
        parse_arguments(["--host", "0.0.0.0"])
    assert "loopback" in capsys.readouterr().err


def test_a_page_of_another_site_is_refused():
    async def play():
        async with running() as sim:
            url = f"{sim.url}/__sim__/state"
            for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
                async with sim.session.get(url, headers=headers) as answer:
                    assert answer.status == 403

    asyncio.run(play())
