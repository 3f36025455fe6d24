"""What comes back, behaviour by behaviour: webhooks, and the habits of people."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import pytest

from simulator import updates
from simulator.settings import Settings
from tests.simulator.harness import ANNA, PHONE_ID, SECRET, alert, running, text


def play(scene, **settings):
    async def run():
        async with running(**settings) as sim:
            await scene(sim)

    asyncio.run(run())


def crowd(count):
    return [f"39333{index:07d}" for index in range(count)]


def test_12_05_ids_and_times_have_their_types():
    async def scene(sim):
        _, made = await sim.template()
        await sim.post(alert())
        await sim.control(f"phones/{ANNA}", {"marketing": "stop"})
        await sim.idle()
        (value,) = sim.receiver.values("message_template_status_update")
        assert value["message_template_id"] == int(made["id"]) and value["event"] == "APPROVED"
        entry = next(b["entry"][0] for b in sim.receiver.bodies if "time" in b["entry"][0])
        assert isinstance(entry["time"], int)
        assert all(isinstance(item["timestamp"], str) for item in sim.receiver.statuses())
        (value,) = sim.receiver.values("user_preferences")
        assert isinstance(value["user_preferences"][0]["timestamp"], int)

    play(scene)


def test_12_09_free_text_outside_the_window_is_accepted_then_fails():
    async def scene(sim):
        status, _ = await sim.post(text())
        assert status == 200
        await sim.idle()
        (failed,) = sim.receiver.statuses()
        assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131047)
        assert failed["errors"][0]["title"] == "Re-engagement message"
        assert not (await sim.control(f"phones/{ANNA}/chat"))["messages"]

    play(scene)


def test_12_10_read_may_come_without_delivered_and_failed_after_delivered():
    async def scene(sim):
        await sim.template()
        await sim.post(alert())
        await sim.idle()
        assert [item["status"] for item in sim.receiver.statuses()] == ["sent", "read"]
        await sim.control("settings", {"skip_delivered_rate": 0, "delivered_failed_rate": 1, "read_share": 0})
        await sim.post(alert(to="393330000001"))
        await sim.idle()
        assert {i["status"] for i in sim.receiver.statuses()[2:]} == {"sent", "delivered", "failed"}
        assert (await sim.ledger())[1]["outcome"] == "delivered"

    play(scene, skip_delivered_rate=1.0)


def test_12_10_duplicates_and_disorder():
    async def scene(sim):
        await sim.template()
        await asyncio.gather(*(sim.post(alert(to=number)) for number in crowd(30)))
        await sim.idle()
        found = [(item["id"], item["status"]) for item in sim.receiver.statuses()]
        assert len(found) == 2 * len(set(found)) == 180
        order: dict[str, list[str]] = {}
        for message_id, status in found:
            order.setdefault(message_id, []).append(status)
        assert any(names.index("sent") > names.index("delivered") for names in order.values())

    play(scene, duplicate_rate=1.0, disorder_rate=1.0, flush_ms=60.0)


def test_12_11_after_the_time_to_live_there_is_silence():
    async def scene(sim):
        await sim.template()
        await sim.control("phones", [{"phone": ANNA, "persona": "offline"}])
        await sim.post(alert())
        await sim.idle()
        assert [item["status"] for item in sim.receiver.statuses()] == ["sent"]
        assert (await sim.ledger())[0]["outcome"] == "waiting"
        await sim.control("clock", {"offset_seconds": 21_601})
        assert (await sim.ledger())[0]["outcome"] == "expired"
        await sim.control(f"phones/{ANNA}", {"online": True})
        await sim.idle()
        assert [item["status"] for item in sim.receiver.statuses()] == ["sent"]
        assert not (await sim.ledger())[0]["received"]

    play(scene)


def test_12_11_without_a_time_to_live_a_stale_alert_arrives_days_later():
    async def scene(sim):
        await sim.template(message_send_ttl_seconds=None)
        await sim.control("phones", [{"phone": ANNA, "persona": "offline"}])
        await sim.post(alert())
        await sim.idle()
        await sim.control("clock", {"offset_seconds": 5 * 86_400})
        await sim.control(f"phones/{ANNA}", {"online": True})
        await sim.idle()
        assert (await sim.ledger())[0]["outcome"] == "read"

    play(scene)


@pytest.mark.parametrize(
    ("persona", "category", "names", "code"),
    [
        ("not_on_whatsapp", "UTILITY", ["failed"], 131026),
        ("blocked_us", "UTILITY", ["sent"], None),
        ("receipts_off", "UTILITY", ["sent", "delivered"], None),
        ("no_marketing", "MARKETING", ["failed"], 131050),
        ("no_marketing", "UTILITY", ["sent", "delivered", "read"], None),
        ("experiment", "MARKETING", ["failed"], 130472),
        ("marketing_limit", "MARKETING", ["failed"], 131049),
    ],
)
def test_12_12_people_with_habits(persona, category, names, code):
    async def scene(sim):
        await sim.template(category=category, message_send_ttl_seconds=None)
        await sim.control("phones", [{"phone": ANNA, "persona": persona}])
        assert (await sim.post(alert()))[0] == 200
        await sim.idle()
        found = sim.receiver.statuses()
        assert [item["status"] for item in found] == names
        assert [item["errors"][0]["code"] for item in found if "errors" in item] == ([code] if code else [])

    play(scene)


def test_12_16_bytes_escapes_and_signature():
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/say", {"text": "è http://x/y 👍"})
        await sim.idle()
        headers, raw = sim.receiver.requests[0]
        assert rb"\u00e8 http:\/\/x\/y \ud83d\udc4d" in raw and b": " not in raw
        assert headers["Content-Type"] == "application/json"
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={signature}"

    play(scene)


def test_12_16_a_forged_copy_may_come_first():
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        (forged, first), (true, second) = sim.receiver.requests
        assert first == second and forged["X-Hub-Signature-256"] == "sha256=" + "0" * 64
        assert true["X-Hub-Signature-256"] != forged["X-Hub-Signature-256"]

    play(scene, bad_signature_rate=1.0)


def test_12_17_nothing_is_delivered_before_the_handshake_is_right():
    async def scene(sim):
        sim.receiver.verify = "another"
        await sim.control("settings", {"verify_token": "new"})
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.receiver.until(lambda: len(sim.receiver.handshakes) >= 3)
        assert not (await sim.control("state"))["handshake"] and not sim.receiver.requests
        sim.receiver.verify = "new"
        await sim.idle()
        assert (await sim.control("state"))["handshake"] and len(sim.receiver.requests) == 1
        assert len({item["hub.challenge"] for item in sim.receiver.handshakes}) > 1

    play(scene)


def test_12_18_batches_and_one_by_one():
    async def scene(sim):
        await sim.template()
        await asyncio.gather(*(sim.post(alert(to=number)) for number in crowd(50)))
        await sim.idle()
        sizes = [sum(len(c["value"].get("statuses", [])) for e in b["entry"] for c in e["changes"])
                 for b in sim.receiver.bodies]  # fmt: skip
        assert sum(sizes) == 150 and max(sizes) <= 20 and len([s for s in sizes if s]) < 40
        sim.receiver.requests.clear()
        await sim.control("settings", {"batch": 1})
        await asyncio.gather(*(sim.post(alert(to=number)) for number in crowd(10)))
        await sim.idle()
        assert len(sim.receiver.requests) == 30

    play(scene, batch=20, flush_ms=30.0)


def test_12_18_a_body_never_exceeds_three_megabytes():
    many = [
        updates.Update("messages", {"id": str(i), "text": {"body": "è" * 4096}}, None) for i in range(1000)
    ]
    made = updates.bodies(many, Settings())
    assert len(made) > 1 and all(len(body) <= 3 * 1024 * 1024 for body, _ in made)
    ids = [
        m["id"] for body, _ in made for m in json.loads(body)["entry"][0]["changes"][0]["value"]["messages"]
    ]
    assert ids == [str(i) for i in range(1000)]


def test_12_19_what_is_not_taken_comes_again_with_the_same_bytes():
    async def scene(sim):
        sim.receiver.answers = [500, 503, 201]
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.receiver.until(lambda: len(sim.receiver.requests) == 4)
        await sim.idle()
        assert len({raw for _headers, raw in sim.receiver.requests}) == 1
        assert len({headers["X-Hub-Signature-256"] for headers, _raw in sim.receiver.requests}) == 1
        assert (await sim.control(f"phones/{ANNA}/chat"))["messages"][0]["state"] == "delivered"

    play(scene)


def test_12_19_in_the_end_the_provider_gives_up():
    async def scene(sim):
        sim.receiver.answers = [500] * 50
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        counters = (await sim.control("state"))["counters"]
        assert counters["webhooks_given_up"] == 1 and "webhooks" not in counters
        assert (await sim.control(f"phones/{ANNA}/chat"))["messages"][0]["state"] == "sent"

    play(scene, webhook_give_up_s=0.4)


def test_12_20_pricing_and_conversation():
    async def scene(sim):
        await sim.template()
        await sim.post(alert())
        await sim.idle()
        sent, delivered, read = sim.receiver.statuses()
        price = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
        assert sent["pricing"] == delivered["pricing"] == price
        assert "pricing" not in read and "conversation" not in sent
        await sim.control("settings", {"webhook_version": 23})
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.post(text())
        await sim.idle()
        free = sim.receiver.statuses()[3]
        assert free["pricing"]["type"] == "free_customer_service" and free["pricing"]["category"] == "service"
        assert free["conversation"]["id"]

    play(scene)


def test_12_21_contacts_on_all_but_failed():
    async def scene(sim):
        await sim.template()
        await sim.control("phones", [{"phone": "393330000009", "persona": "not_on_whatsapp"}])
        await sim.post(alert())
        await sim.post(alert(to="393330000009"))
        await sim.idle()
        for value in sim.receiver.values():
            names = {item["status"] for item in value["statuses"]}
            assert ("contacts" in value) == (names != {"failed"})
            for item in value["statuses"]:
                assert ("recipient_user_id" in item) == (item["status"] != "failed")

    play(scene, batch=100)


def test_12_22_a_hidden_number_is_a_missing_key():
    async def scene(sim):
        await sim.template()
        person = await sim.control(
            "phones", {"phone": ANNA, "persona": "username_only", "name": "Giovanna Neri"}
        )
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        body = alert()
        body["recipient"] = body.pop("to") and person["user_id"]
        await sim.post(body)
        await sim.idle()
        assert not any(ANNA.encode() in raw.replace(b"wamid", b"") for _h, raw in sim.receiver.requests)
        (message,) = sim.receiver.messages()
        assert "from" not in message and message["from_user_id"] == person["user_id"]
        contact = next(v["contacts"][0] for v in sim.receiver.values() if "messages" in v)
        assert contact["profile"]["username"] == "giovanna.neri" and "wa_id" not in contact
        assert "username" not in next(
            v["contacts"][0]["profile"] for v in sim.receiver.values() if v.get("statuses")
        )
        assert all("recipient_id" not in item for item in sim.receiver.statuses())
        await sim.post(alert())  # once we wrote to the number, it shows for thirty days
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        assert sim.receiver.messages()[-1]["from"] == ANNA

    play(scene, batch=1)


def test_12_23_a_new_number_and_a_new_user_id():
    async def scene(sim):
        old = await sim.control("phones", {"phone": ANNA})
        new = await sim.control(f"phones/{ANNA}", {"new_number": "393339990000"})
        await sim.idle()
        (value,) = sim.receiver.values()
        (message,) = value["messages"]
        assert "contacts" not in value and message["from"] == ANNA
        assert message["system"]["type"] == "user_changed_number"
        assert message["system"]["wa_id"] == "393339990000"
        assert message["system"]["user_id"] == new["user_id"] != old["user_id"]
        await sim.control("phones/393339990000", {"new_user_id": True})
        await sim.idle()
        (value,) = sim.receiver.values("user_id_update")
        assert value["user_id_update"][0]["user_id"]["previous"] == new["user_id"]

    play(scene)


def test_12_24_taps_come_back_as_what_was_tapped():
    async def scene(sim):
        await sim.template()
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        sent = [(await sim.post(body))[1]["messages"][0]["id"] for body in (alert(), buttons(), menu())]
        await sim.idle()
        for message_id, choice in zip(sent, ("Perché ricevo questo?", "si", "farmacie"), strict=True):
            await sim.control(f"phones/{ANNA}/tap", {"message_id": message_id, "button_id": choice})
        await sim.idle()
        _, quick, reply, row = sim.receiver.messages()
        assert quick["button"] == {"payload": "Perché ricevo questo?", "text": "Perché ricevo questo?"}
        assert reply["interactive"]["button_reply"] == {"id": "si", "title": "Sì"}
        assert row["interactive"]["list_reply"] == {"id": "farmacie", "title": "Farmacie"}
        assert [m["context"]["id"] for m in (quick, reply, row)] == sent
        status, _ = await sim.call(
            "POST", f"/__sim__/phones/{ANNA}/tap", {"message_id": sent[0], "button_id": "no"}
        )
        assert status == 400

    play(scene)


@pytest.mark.parametrize(
    "kind",
    ["image", "audio", "document", "location", "reaction", "contacts", "edit", "revoke", "poll_creation"],
)
def test_12_24_people_send_all_sorts_of_things(kind):
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/send", {"type": kind})
        await sim.idle()
        (message,) = sim.receiver.messages()
        if kind == "poll_creation":
            assert message["type"] == "unsupported" and message["errors"][0]["code"] == 131051
            return
        assert message["type"] == kind and kind in message
        if "url" in message[kind]:
            _, info = await sim.call("GET", f"/v25.0/{message[kind]['id']}")
            status, raw = await sim.call("GET", info["url"].removeprefix(sim.url))
            assert status == 200 and raw

    play(scene)


def test_12_26_bad_quality_pauses_three_hours_then_six_then_for_ever():
    async def scene(sim):
        await sim.template()

        async def red():
            await sim.control("templates/allerta", {"quality": "RED"})
            status, answer = await sim.post(alert())
            return answer["error"]["code"] if status != 200 else None

        assert await red() == 132015
        await sim.control("clock", {"offset_seconds": 3 * 3600 + 1})
        assert (await sim.post(alert()))[0] == 200
        assert await red() == 132015
        await sim.control("clock", {"offset_seconds": 6 * 3600 + 2})
        assert (await sim.post(alert()))[0] == 400
        await sim.control("clock", {"offset_seconds": 9 * 3600 + 3})
        assert await red() == 132016
        await sim.idle()
        events = [(v["event"], v.get("other_info", {}).get("title"))
                  for v in sim.receiver.values("message_template_status_update")]  # fmt: skip
        assert ("PAUSED", "FIRST_PAUSE") in events and ("PAUSED", "SECOND_PAUSE") in events
        assert events[-1] == ("DISABLED", "DISABLED")
        assert len(sim.receiver.values("message_template_quality_update")) == 3

    play(scene)


@pytest.mark.parametrize(("pacing", "code"), [("template", 132015), ("portfolio", 135000)])
def test_12_27_held_messages_are_released_or_dropped(pacing, code):
    async def scene(sim):
        await sim.template()
        answers = [(await sim.post(alert(to=number)))[1]["messages"][0] for number in crowd(6)]
        words = [item["message_status"] for item in answers]
        assert words == ["accepted"] * 2 + ["held_for_quality_assessment"] * 4
        assert (await sim.control("held", {"action": "drop"}))["messages"] == 4
        await sim.idle()
        assert {item["errors"][0]["code"] for item in sim.receiver.statuses("failed")} == {code}
        status, _ = await sim.post(alert(to="393339990001"))
        assert status == (400 if pacing == "template" else 200)  # dropped by template: paused until unpaused
        if pacing == "template":
            template = sim.world.templates.named("allerta")[0].id
            assert (await sim.call("POST", f"/v25.0/{template}/unpause"))[1] == {"success": True}
            await sim.post(alert(to="393339990001"))
        assert (await sim.control("held", {"action": "release"}))["messages"] == 1
        await sim.idle()
        assert (await sim.ledger())[-1]["outcome"] == "read"

    play(scene, pacing=pacing, pacing_free=2, pacing_hold_s=60.0)


def test_12_27_what_is_held_goes_by_itself_after_a_while():
    async def scene(sim):
        await sim.template()
        await sim.post(alert())
        assert (await sim.ledger())[0]["outcome"] == "held"
        await sim.idle()
        assert (await sim.ledger())[0]["outcome"] == "read"

    play(scene, pacing="portfolio", pacing_free=0, pacing_hold_s=0.1)


def test_12_28_a_new_category_takes_the_time_to_live_away():
    async def scene(sim):
        _, made = await sim.template()
        await sim.control("templates/allerta", {"correct_category": "MARKETING"})
        await sim.control("templates/allerta", {"category": "MARKETING"})
        await sim.idle()
        warned, done = sim.receiver.values("template_category_update")
        assert (warned["new_category"], warned["correct_category"]) == ("UTILITY", "MARKETING")
        assert (done["previous_category"], done["new_category"]) == ("UTILITY", "MARKETING")
        _, item = await sim.call("GET", f"/v25.0/{made['id']}")
        assert item["category"] == "MARKETING" and "message_send_ttl_seconds" not in item
        await sim.post(alert())
        assert (await sim.ledger())[0]["category"] == "marketing"

    play(scene)


def test_12_29_a_stop_of_marketing_spares_the_useful():
    async def scene(sim):
        await sim.template()
        await sim.template(name="evento", category="MARKETING", message_send_ttl_seconds=None)
        event = alert()
        event["template"]["name"] = "evento"
        await sim.control(f"phones/{ANNA}", {"marketing": "stop"})
        await sim.post(event)
        await sim.post(alert())
        await sim.idle()
        assert [entry["outcome"] for entry in await sim.ledger()] == ["failed", "read"]
        await sim.control(f"phones/{ANNA}", {"marketing": "resume"})
        await sim.post(event)
        await sim.idle()
        assert (await sim.ledger())[-1]["outcome"] == "read"

    play(scene)


def test_12_30_the_same_seed_makes_the_same_people():
    async def people(seed):
        found = {}

        async def scene(sim):
            await sim.control("phones", [{"phone": number} for number in crowd(200)])
            for person in (await sim.control("phones?limit=500"))["phones"]:
                found[person["phone"]] = (person["user_id"], person["name"], person["persona"])

        async with running(seed=seed, persona_mix="receipts_off=0.2,offline=0.1") as sim:
            await scene(sim)
        return found

    first, again, other = asyncio.run(people(7)), asyncio.run(people(7)), asyncio.run(people(8))
    assert first == again != other
    habits = [persona for _id, _name, persona in first.values()]
    assert 20 < habits.count("receipts_off") < 65 and 5 < habits.count("offline") < 40


def test_12_30_the_control_api_refuses_nonsense():
    async def scene(sim):
        for path, body in (
            ("settings", {"outage": "fire"}),
            ("settings", {"nothing": 1}),
            ("settings", {"webhook_url": "https://example.org/"}),
            ("settings", {"throughput": "many"}),
            ("clock", {"offset_seconds": "x"}),
            ("phones", {"phone": ANNA, "persona": "king"}),
            (f"phones/{ANNA}/say", {"text": ""}),
            ("say", {"phone": ANNA}),
            ("held", {}),
        ):
            assert (await sim.call("POST", f"/__sim__/{path}", body))[0] == 400, (path, body)
        for path in ("phones/mario/chat", "phones/12/chat"):
            assert (await sim.call("GET", f"/__sim__/{path}"))[0] == 404
        status, _ = await sim.call("POST", "/__sim__/templates/none", {"status": "PAUSED"})
        assert status == 404
        assert (await sim.call("POST", f"/v25.0/{PHONE_ID}/nothing", {}))[0] == 400

    play(scene)


def test_the_ledger_is_read_from_where_one_was():
    async def scene(sim):
        await sim.template()
        for number in crowd(7):
            await sim.post(alert(to=number))
        page = await sim.control("ledger?since=2&limit=3")
        assert [entry["seq"] for entry in page["entries"]] == [3, 4, 5] and page["next"] == 5
        _, raw = await sim.call("GET", "/__sim__/ledger?since=5&format=jsonl")
        assert [json.loads(line)["seq"] for line in raw.splitlines()] == [6, 7]
        await sim.control("reset", {"keep_templates": True})
        assert (await sim.control("ledger"))["entries"] == []
        await sim.post(alert())
        assert [entry["seq"] for entry in await sim.ledger()] == [8]

    play(scene)


def test_the_ledger_forgets_the_oldest_beyond_its_limit():
    async def scene(sim):
        await sim.template()
        for number in crowd(25):
            await sim.post(alert(to=number))
        seqs = [entry["seq"] for entry in await sim.ledger()]
        assert seqs[-1] == 25 and len(seqs) <= 20 and seqs == list(range(seqs[0], 26))
        assert (await sim.control("ledger?since=23"))["entries"][0]["seq"] == 24

    play(scene, ledger_limit=20)


def test_the_clock_moves_the_timestamps_of_webhooks():
    async def scene(sim):
        before = (await sim.control("state"))["now"]
        await sim.control("clock", {"offset_seconds": 86_400})
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        assert int(sim.receiver.messages()[0]["timestamp"]) >= int(before) + 86_400

    play(scene)


def buttons():
    action = {"buttons": [{"type": "reply", "reply": {"id": "si", "title": "Sì"}}]}
    inner = {"type": "button", "body": {"text": "Va bene?"}, "action": action}
    return {"messaging_product": "whatsapp", "to": ANNA, "type": "interactive", "interactive": inner}


def menu():
    action = {"button": "Scegli", "sections": [{"rows": [{"id": "farmacie", "title": "Farmacie"}]}]}
    inner = {"type": "list", "body": {"text": "Che cosa?"}, "action": action}
    return {"messaging_product": "whatsapp", "to": ANNA, "type": "interactive", "interactive": inner}
