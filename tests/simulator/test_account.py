"""What befalls a whole account, and what grows or falls by itself on the provider's clock."""

from __future__ import annotations

import asyncio

import pytest

from simulator.scenarios import SCENARIOS
from simulator.webhooks import waits
from tests.simulator.harness import ACCOUNT_ID, ANNA, PHONE_ID, Sim, alert, running, text

LIST = f"/v25.0/{ACCOUNT_ID}/message_templates"
NODE = f"/v25.0/{PHONE_ID}?fields=health_status,quality_rating,whatsapp_business_manager_messaging_limit"


def play(scene, **changes):
    async def run():
        async with running(**changes) as sim:
            await scene(sim)

    asyncio.run(run())


async def send(sim: Sim, to: str = ANNA) -> tuple[int, int | None]:
    """The HTTP status and the error code of an alert."""
    status, answer = await sim.post(alert(to=to))
    return status, answer.get("error", {}).get("code")


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("blocked", 403, 368),
        ("locked", 403, 131031),
        ("spam", 400, 131048),
        ("misuse", 400, 131064),
        ("token", 401, 190),
    ],
)
def test_12_13_a_trouble_of_the_account_refuses_every_message(scenario, status, code):
    async def scene(sim):
        await sim.template()
        assert (await send(sim))[0] == 200
        await sim.control("settings", {"scenario": scenario})
        assert await send(sim) == (status, code)
        assert len(await sim.ledger()) == 1
        await sim.control("settings", {"scenario": "none"})
        assert (await send(sim))[0] == 200

    play(scene)


def test_12_13_without_a_payment_method_messages_are_accepted_and_fail():
    async def scene(sim):
        await sim.template()
        await sim.control("settings", {"scenario": "payment"})
        assert (await send(sim))[0] == 200
        await sim.idle()
        (failed,) = sim.receiver.statuses()
        assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131042)
        assert (await sim.call("GET", NODE))[1]["health_status"]["can_send_message"] == "BLOCKED"

    play(scene)


def test_12_13_management_calls_have_a_limit_of_their_own():
    async def scene(sim):
        await sim.template()
        await sim.control("settings", {"scenario": "management"})
        status, answer = await sim.call("GET", LIST)
        assert (status, answer["error"]["code"]) == (400, 80007)
        assert (await send(sim))[0] == 200

    play(scene)


def test_12_13_an_expired_token_names_its_subcode_and_no_details():
    async def scene(sim):
        await sim.control("settings", {"scenario": "token"})
        status, answer = await sim.call("GET", LIST)
        assert status == 401
        assert answer["error"]["error_subcode"] == 463
        assert "error_data" not in answer["error"]

    play(scene)


@pytest.mark.parametrize(("scenario", "event"), [(n, s.event) for n, s in SCENARIOS.items() if s.event])
def test_12_13_what_the_provider_announces(scenario, event):
    async def scene(sim):
        await sim.control("settings", {"scenario": scenario})
        await sim.idle()
        (value,) = sim.receiver.values("account_update")
        assert value["event"] == event
        assert isinstance(sim.receiver.bodies[-1]["entry"][0]["time"], int)

    play(scene)


def test_12_13_an_unknown_trouble_is_refused():
    async def scene(sim):
        status, answer = await sim.call("POST", "/__sim__/settings", {"scenario": "volcano"})
        assert status == 400 and "scenario" in answer["error"]

    play(scene)


def test_12_08_the_tier_rises_six_hours_after_half_was_used():
    async def scene(sim):
        await sim.template()
        for number in range(1000):
            await sim.post(alert(to=f"39340{number:07}"))
        await sim.control("clock", {"offset_seconds": 5 * 3600})
        assert (await sim.call("GET", NODE))[1]["whatsapp_business_manager_messaging_limit"] == "TIER_2K"
        await sim.control("clock", {"offset_seconds": 6 * 3600 + 60})
        assert (await sim.call("GET", NODE))[1]["whatsapp_business_manager_messaging_limit"] == "TIER_10K"
        await sim.idle()
        (value,) = sim.receiver.values("business_capability_update")
        assert value["max_daily_conversations_per_business"] == "TIER_10K"

    play(scene, tier="TIER_2K", throughput=10_000)


def test_12_08_a_tier_that_is_hardly_used_stays():
    async def scene(sim):
        await sim.template()
        for number in range(20):
            await sim.post(alert(to=f"39340{number:07}"))
        await sim.control("clock", {"offset_seconds": 8 * 24 * 3600})
        assert (await sim.call("GET", NODE))[1]["whatsapp_business_manager_messaging_limit"] == "TIER_2K"

    play(scene, tier="TIER_2K")


def test_12_19_retries_become_rarer_and_end():
    found = list(waits(600.0))
    assert found[:4] == [0.0, 0.5, 1.0, 2.0]
    assert found == sorted(found)
    assert 500 < sum(found) < 600
    assert len(found) < 40


def test_12_19_a_webhook_may_come_twice_though_it_was_taken():
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        raw = [body for _headers, body in sim.receiver.requests]
        assert len(raw) == 2 and raw[0] == raw[1]

    play(scene, repeat_rate=1.0)


def test_12_22_who_is_asked_for_the_number_shares_it():
    async def scene(sim):
        person = await sim.control("phones", {"phone": ANNA, "persona": "username_only"})
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        body = {
            "messaging_product": "whatsapp",
            "recipient": person["user_id"],
            "type": "interactive",
            "interactive": {
                "type": "request_contact_info",
                "body": {"text": "Per chiamarti ci serve il numero."},
                "action": {"name": "request_contact_info"},
            },
        }
        sent = (await sim.post(body))[1]["messages"][0]["id"]
        await sim.idle()
        await sim.control(f"phones/{ANNA}/tap", {"message_id": sent, "button_id": "Condividi"})
        await sim.idle()
        before, shared = sim.receiver.messages()
        assert "from" not in before
        assert shared["type"] == "contacts" and shared["from"] == ANNA
        card = shared["contacts"][0]
        assert card["origin"] == "contact_request"
        assert card["phones"][0] == {"phone": f"+{ANNA}", "wa_id": ANNA, "type": "CELL"}
        assert card["vcard"].startswith("BEGIN:VCARD")
        assert shared["context"]["id"] == sent

    play(scene)


def test_12_24_an_edit_and_a_deletion_name_the_first_message():
    async def scene(sim):
        first = (await sim.control(f"phones/{ANNA}/say", {"text": "ATIVA"}))["message_id"]
        for kind, more in (("edit", {"text": "ATTIVA"}), ("revoke", {})):
            await sim.control(f"phones/{ANNA}/send", {"type": kind, "original_message_id": first, **more})
        await sim.idle()
        _, edit, revoke = sim.receiver.messages()
        assert edit["edit"]["original_message_id"] == revoke["revoke"]["original_message_id"] == first
        assert edit["edit"]["message"]["text"]["body"] == "ATTIVA"
        assert len({edit["id"], revoke["id"], first}) == 3
        (shown,) = (await sim.control(f"phones/{ANNA}/chat"))["messages"]
        assert shown["body"] == "[messaggio eliminato]"

    play(scene)


def test_12_25_an_approved_template_is_edited_once_a_day_ten_times_a_month():
    async def scene(sim):
        made = (await sim.template())[1]["id"]
        item = sim.world.templates.by_id(made)
        day = 24 * 3600
        for number in range(10):
            await sim.control("clock", {"offset_seconds": number * (day + 10)})
            change = {"components": item.components}
            assert (await sim.call("POST", f"/v25.0/{made}", change))[0] == 200
            status, answer = await sim.call("POST", f"/v25.0/{made}", change)
            assert status == 400 and "24 hours" in answer["error"]["error_user_msg"]
        await sim.control("clock", {"offset_seconds": 12 * day})
        assert (await sim.call("POST", f"/v25.0/{made}", change))[0] == 400
        await sim.control("clock", {"offset_seconds": 31 * day})
        assert (await sim.call("POST", f"/v25.0/{made}", change))[0] == 200

    play(scene)


def test_12_25_the_name_of_a_deleted_template_is_locked_for_thirty_days():
    async def scene(sim):
        await sim.template()
        await sim.call("DELETE", f"{LIST}?name=allerta")
        status, answer = await sim.template()
        assert (status, answer["error"]["error_subcode"]) == (400, 2388023)
        await sim.control("clock", {"offset_seconds": 30 * 24 * 3600 + 10})
        assert (await sim.template())[0] == 200

    play(scene)


def test_12_25_a_review_ends_by_itself_and_is_told():
    async def scene(sim):
        assert (await sim.template())[1]["status"] == "PENDING"
        assert await send(sim) == (404, 132001)
        await sim.control("clock", {"offset_seconds": 3600})
        await sim.idle()
        (value,) = sim.receiver.values("message_template_status_update")
        assert (value["event"], value["message_template_name"]) == ("APPROVED", "allerta")

    play(scene, review_s=1800.0)


def test_12_26_a_quality_pause_ends_by_itself_and_is_told():
    async def scene(sim):
        await sim.template()
        await sim.control("templates/allerta/status", {"quality": "RED"})
        assert await send(sim) == (400, 132015)
        await sim.control("clock", {"offset_seconds": 3 * 3600 + 5})
        await sim.idle()
        assert (await send(sim))[0] == 200
        events = sim.receiver.values("message_template_status_update")
        assert events[-1]["other_info"]["title"] == "UNPAUSE"

    play(scene)


def test_12_27_a_drop_by_the_portfolio_may_block_the_account():
    async def scene(sim):
        await sim.template()
        await send(sim)
        await sim.control("held", {"action": "drop", "suspend": True})
        assert await send(sim, "393330000001") == (403, 368)

    play(scene, pacing="portfolio", pacing_free=0, pacing_hold_s=600.0)


def test_12_03_a_group_is_refused_because_the_number_has_none():
    async def scene(sim):
        body = text(to="120363041234567890", recipient_type="group")
        status, answer = await sim.post(body)
        assert (status, answer["error"]["code"]) == (400, 131215)

    play(scene)
