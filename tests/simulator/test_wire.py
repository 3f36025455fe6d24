"""The provider's wire, behaviour by behaviour: requests and their answers."""

from __future__ import annotations

import asyncio
import base64
import copy

import aiohttp
import pytest

from tests.simulator.harness import ACCOUNT_ID, ALERT, ANNA, PHONE_ID, alert, running, text


def play(scene, **settings):
    async def run():
        async with running(**settings) as sim:
            await scene(sim)

    asyncio.run(run())


async def code_of(sim, body, **arguments):
    status, answer = await sim.post(body, **arguments)
    return status, answer["error"]["code"]


def without(body, *keys):
    return {key: value for key, value in body.items() if key not in keys}


def changed(body, path, value):
    """A copy of a template send with one part replaced."""
    made = copy.deepcopy(body)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def test_12_01_any_version_prefix_and_who_may_ask():
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        for prefix in ("/v17.0", "/v25.0", "/v99.1", ""):
            assert (await sim.call("POST", f"{prefix}/{PHONE_ID}/messages", text()))[0] == 200
        for token in (None, "wrong"):
            status, answer = await sim.post(text(), token=token)
            assert (status, answer["error"]["code"]) == (401, 190)
            assert "error_data" not in answer["error"]
        status, answer = await sim.call("POST", "/v25.0/123/messages", text())
        assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)

    play(scene)


def test_12_02_the_error_envelope():
    async def scene(sim):
        status, answer = await sim.post(alert())
        error = answer["error"]
        assert status == 404
        assert error["message"] == "(#132001) Template name does not exist in the translation"
        assert error["type"] == "OAuthException"
        assert error["error_data"]["messaging_product"] == "whatsapp"
        assert "allerta" in error["error_data"]["details"]
        _, again = await sim.post(alert())
        assert again["error"]["fbtrace_id"] != error["fbtrace_id"]

    play(scene)


@pytest.mark.parametrize(
    ("code", "status"),
    [(131000, 500), (131016, 500), (131057, 500), (2, 503), (10, 403), (368, 403), (130429, 400), (4, 400)],
)
def test_12_02_each_code_has_its_http_status(code, status):
    async def scene(sim):
        assert await code_of(sim, text()) == (status, code)

    play(scene, error_rate=1.0, error_code=code)


def test_12_02_throttles_can_answer_429():
    async def scene(sim):
        assert await code_of(sim, text()) == (429, 130429)

    play(scene, error_rate=1.0, error_code=130429, throttle_429=True)


def test_12_03_validation_order():
    """Each body has every fault from its place on: the first one is what is answered."""

    async def scene(sim):
        await sim.template()
        await sim.template(name="in_pausa")
        await sim.control("templates/in_pausa/status", {"status": "PAUSED"})
        await sim.template(name="spenta")
        await sim.control("templates/spenta/status", {"status": "DISABLED"})
        bad = changed(alert(values={"livello": "x" * 2000, "altro": "a\nb", "terzo": "c"}), ["type"], "fax")
        assert await code_of(sim, without(bad, "messaging_product", "to"), token="no") == (401, 190)
        assert await code_of(sim, without(bad, "messaging_product", "to")) == (400, 100)
        assert await code_of(sim, without(bad, "to")) == (400, 131008)
        assert await code_of(sim, {**bad, "to": "mario"}) == (400, 131009)
        assert await code_of(sim, bad) == (400, 131051)
        bad["type"] = "template"
        assert await code_of(sim, changed(bad, ["template", "name"], "ignota")) == (404, 132001)
        assert await code_of(sim, changed(bad, ["template", "language", "code"], "en")) == (404, 132001)
        assert await code_of(sim, changed(bad, ["template", "name"], "in_pausa")) == (400, 132015)
        assert await code_of(sim, changed(bad, ["template", "name"], "spenta")) == (400, 132016)
        assert await code_of(sim, bad) == (400, 132000)
        wrong = {"livello": "x" * 2000, "altro": "y"}
        assert await code_of(sim, alert(values=wrong)) == (400, 132012)
        broken = {"livello": "x" * 2000, "fenomeno": "a\nb"}
        assert await code_of(sim, alert(values=broken)) == (400, 132018)
        assert await code_of(sim, alert(values={"livello": "x" * 2000, "fenomeno": "y"})) == (400, 132005)
        assert not await sim.ledger()

    play(scene)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a     b"])
def test_12_03_a_parameter_with_a_line_end_is_132018_from_v23_on(value):
    async def scene(sim):
        await sim.template()
        body = alert(values={"livello": value, "fenomeno": "pioggia"})
        assert await code_of(sim, body) == (400, 132018)
        _, answer = await sim.call("POST", f"/v22.0/{PHONE_ID}/messages", body)
        assert answer["error"]["code"] == 132012

    play(scene)


def test_12_03_positional_and_named_do_not_mix():
    async def scene(sim):
        body = {"type": "BODY", "text": "Dalle {{1}} alle {{2}} manca l'acqua in città."}
        positional = {"name": "acqua", "parameter_format": "POSITIONAL", "components": [body]}
        assert (await sim.template(**positional))[0] == 200
        listed = [{"type": "text", "text": "9"}, {"type": "text", "text": "12"}]
        send = {
            "name": "acqua",
            "language": {"code": "it"},
            "components": [{"type": "body", "parameters": listed}],
        }
        whole = {"messaging_product": "whatsapp", "to": ANNA, "type": "template", "template": send}
        assert (await sim.post(whole))[0] == 200
        assert (await sim.ledger())[0]["text"] == "Dalle 9 alle 12 manca l'acqua in città."
        listed[0]["parameter_name"] = "inizio"
        assert await code_of(sim, whole) == (400, 132012)

    play(scene)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b"{", b'"x"', b'{"messaging_product":"whatsapp","to":[1],"type":{}}', b"\xff\xfe"],
)
def test_12_03_a_body_of_another_shape_is_refused_not_a_crash(raw):
    async def scene(sim):
        status, answer = await sim.call("POST", f"/v25.0/{PHONE_ID}/messages", data=raw)
        assert status == 400 and answer["error"]["code"] in (100, 131008, 131009, 131051)

    play(scene)


@pytest.mark.parametrize(
    "template",
    [None, [], {"name": 3}, {"name": "allerta"}, {"name": "allerta", "language": "it"},
     {"name": "allerta", "language": {"code": "it"}, "components": {}},
     {"name": "allerta", "language": {"code": "it"}, "components": [1]},
     {"name": "allerta", "language": {"code": "it"}, "components": [{"type": "body", "parameters": [None]}]},
     {"name": "allerta", "language": {"code": "it"}, "components": [{"type": "button", "index": "x"}]}],
)  # fmt: skip
def test_12_03_hostile_templates_are_refused_not_a_crash(template):
    async def scene(sim):
        await sim.template()
        body = {"messaging_product": "whatsapp", "to": ANNA, "type": "template", "template": template}
        status, answer = await sim.post(body)
        assert status == 400 and answer["error"]["code"] >= 131000

    play(scene)


def test_12_03_free_form_limits():
    async def scene(sim):
        reply = {"type": "reply", "reply": {"id": "a", "title": "Sì"}}
        row = {"id": "r", "title": "Riga"}

        def inter(kind, action, words="Testo"):
            inner = {"type": kind, "body": {"text": words}, "action": action}
            return {"messaging_product": "whatsapp", "to": ANNA, "type": "interactive", "interactive": inner}

        rows = [{"id": str(i), "title": "R"} for i in range(11)]
        cta = {"name": "cta_url", "parameters": {"display_text": "Apri", "url": "https://example.org/"}}
        refused = [
            text("x" * 4097),
            text("   "),
            inter("button", {"buttons": [reply] * 2}),
            inter("button", {"buttons": []}),
            inter("button", {"buttons": [reply]}, "x" * 1025),
            inter("list", {"button": "Apri", "sections": [{"rows": rows}]}),
            inter("list", {"button": "x" * 21, "sections": [{"rows": [row]}]}),
        ]
        for body in refused:
            assert (await sim.post(body))[0] == 400, body
        taken = [
            text("x" * 4096),
            inter("button", {"buttons": [reply]}),
            inter("list", {"button": "Apri", "sections": [{"rows": [row]}]}),
            inter("cta_url", cta),
        ]
        for body in taken:
            assert (await sim.post(body))[0] == 200, body

    play(scene)


@pytest.mark.parametrize(
    ("written", "wa_id"),
    [
        ("+39 333 123-4567", "393331234567"),
        ("525512345678", "5215512345678"),
        ("541123456789", "5491123456789"),
        ("5551987654321", "555187654321"),
        ("5511987654321", "5511987654321"),
    ],
)
def test_12_04_input_is_echoed_and_wa_id_normalised(written, wa_id):
    async def scene(sim):
        await sim.template()
        _, answer = await sim.post(alert(to=written))
        assert answer["contacts"] == [{"input": written, "wa_id": wa_id}]
        _, again = await sim.post(alert(to=written))
        first, second = answer["messages"][0]["id"], again["messages"][0]["id"]
        assert first != second and first.startswith("wamid.")
        assert wa_id.encode() in base64.b64decode(first.removeprefix("wamid."))

    play(scene)


def test_12_04_a_send_by_user_id_has_no_wa_id():
    async def scene(sim):
        await sim.template()
        person = await sim.control("phones", {"phone": ANNA, "persona": "username_only"})
        user_id = person["user_id"]
        body = without(alert(), "to") | {"recipient": user_id}
        _, answer = await sim.post(body)
        assert answer["contacts"] == [{"input": user_id, "user_id": user_id}]
        assert (await sim.ledger())[0]["phone"] == ANNA
        _, both = await sim.post(alert(recipient=user_id))
        assert both["contacts"] == [{"input": ANNA, "wa_id": ANNA}]

    play(scene)


def test_12_06_throughput_has_a_burst_of_one_second_and_counts_what_comes_in():
    async def scene(sim):
        await sim.template()
        people = [f"39333000{i:04d}" for i in range(40)]
        await sim.control("say", [{"phone": number, "text": "Ciao"} for number in people[:10]])
        answers = await asyncio.gather(*(sim.post(alert(to=number)) for number in people))
        codes = [answer.get("error", {}).get("code") for _status, answer in answers]
        assert codes.count(130429) >= 20, codes
        assert codes.count(None) + codes.count(130429) == 40
        assert 8 <= codes.count(None) <= 20
        assert len(await sim.ledger()) == codes.count(None)

    play(scene, throughput=20)


def test_12_06_the_upgrade_answers_131057_then_says_so():
    async def scene(sim):
        await sim.control("upgrade", {"throughput": 1000, "seconds": 0.2})
        assert await code_of(sim, text()) == (500, 131057)
        await sim.receiver.until(lambda: bool(sim.receiver.values("phone_number_quality_update")))
        assert sim.receiver.values("phone_number_quality_update")[0]["event"] == "THROUGHPUT_UPGRADE"
        assert (await sim.post(text()))[0] == 200
        _, node = await sim.call("GET", f"/v25.0/{PHONE_ID}?fields=throughput")
        assert node == {"throughput": {"level": "HIGH"}, "id": PHONE_ID}

    play(scene, throughput=80)


def test_12_07_the_pair_limit_holds_one_pair_only():
    async def scene(sim):
        await sim.template()
        codes = [(await sim.post(alert()))[0] for _ in range(46)]
        assert codes == [200] * 45 + [400]
        assert await code_of(sim, alert()) == (400, 131056)
        assert (await sim.post(alert(to="393330000001")))[0] == 200
        await sim.control("clock", {"offset_seconds": 7})
        assert (await sim.post(alert()))[0] == 200
        assert await code_of(sim, alert()) == (400, 131056)

    play(scene)


def test_12_08_the_daily_reach_counts_people_outside_their_window():
    async def scene(sim):
        await sim.template()
        people = [f"3933300{i:05d}" for i in range(252)]
        await sim.control(f"phones/{people[0]}/say", {"text": "Ciao"})
        answers = [await sim.post(alert(to=number)) for number in people]
        assert [status for status, _ in answers] == [200] * 251 + [400]
        assert answers[-1][1]["error"]["code"] == 131048
        assert (await sim.post(alert(to=people[5])))[0] == 200
        await sim.control("clock", {"offset_seconds": 86_500})
        assert (await sim.post(alert(to=people[-1])))[0] == 200
        await sim.control("settings", {"tier": "TIER_2K"})
        await sim.idle()
        (value,) = sim.receiver.values("business_capability_update")
        assert value["max_daily_conversations_per_business"] == "TIER_2K"

    play(scene, tier="TIER_250", throughput=10_000)


def test_12_09_free_text_may_be_refused_at_once():
    async def scene(sim):
        assert await code_of(sim, text()) == (400, 131047)
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        assert (await sim.post(text()))[0] == 200
        await sim.control("clock", {"offset_seconds": 86_401})
        assert await code_of(sim, text()) == (400, 131047)

    play(scene, window_sync=True)


def test_12_12_one_cannot_write_to_oneself():
    async def scene(sim):
        assert await code_of(sim, text(to="+39 338 655 3630")) == (400, 131021)

    play(scene)


def test_12_13_a_token_expires_in_the_middle():
    async def scene(sim):
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        assert (await sim.post(text()))[0] == 200
        await sim.control("settings", {"token_expired": True})
        status, answer = await sim.post(text())
        assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (401, 190, 463)
        assert (await sim.call("GET", f"/v25.0/{ACCOUNT_ID}/message_templates"))[0] == 401
        assert len(await sim.ledger()) == 1

    play(scene)


@pytest.mark.parametrize(("outage", "status", "code"), [("http_500", 500, 131016), ("http_503", 503, 2)])
def test_12_14_an_outage_with_an_answer_accepts_nothing(outage, status, code):
    async def scene(sim):
        await sim.template()
        await sim.control("settings", {"outage": outage})
        assert await code_of(sim, alert()) == (status, code)
        assert not await sim.ledger()

    play(scene)


@pytest.mark.parametrize(("outage", "accepted"), [("refuse", 0), ("reset_before", 0), ("reset_after", 1)])
def test_12_14_a_reset_before_or_after_the_message_was_accepted(outage, accepted):
    async def scene(sim):
        await sim.template()
        await sim.control("settings", {"outage": outage})
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await sim.post(alert(biz_opaque_callback_data="d:9"))
        await sim.control("settings", {"outage": "none"})
        await sim.idle()
        assert len(await sim.ledger()) == accepted
        assert [item["biz_opaque_callback_data"] for item in sim.receiver.statuses("sent")] == [
            "d:9"
        ] * accepted

    play(scene)


@pytest.mark.parametrize(("outage", "accepted"), [("hang", 0), ("hang_after", 1)])
def test_12_14_no_answer_at_all(outage, accepted):
    async def scene(sim):
        await sim.template()
        await sim.control("settings", {"outage": outage})
        with pytest.raises(TimeoutError):
            await sim.post(alert(), timeout=aiohttp.ClientTimeout(total=0.2))
        assert len(await sim.ledger()) == accepted

    play(scene)


def test_12_14_a_page_of_html_in_place_of_an_answer():
    async def scene(sim):
        status, raw = await sim.post(text())
        assert status == 502 and raw.startswith(b"<!DOCTYPE html>")

    play(scene, outage="html_502")


def test_12_15_the_mark_has_at_most_512_characters():
    async def scene(sim):
        await sim.template()
        assert await code_of(sim, alert(biz_opaque_callback_data="x" * 513)) == (400, 100)
        assert (await sim.post(alert(biz_opaque_callback_data="x" * 512)))[0] == 200
        assert (await sim.post(alert()))[0] == 200
        await sim.idle()
        marks = [item.get("biz_opaque_callback_data", "absent") for item in sim.receiver.statuses("sent")]
        assert marks == ["x" * 512, "absent"]

    play(scene)


def test_12_25_the_life_of_a_template():
    async def scene(sim):
        status, made = await sim.template()
        assert (status, made["status"]) == (200, "PENDING") and isinstance(made["id"], str)
        assert await code_of(sim, alert()) == (404, 132001)
        status, answer = await sim.template()
        assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 2388024)
        await sim.control("clock", {"offset_seconds": 61})
        assert (await sim.post(alert()))[0] == 200
        edit = {"components": ALERT["components"], "message_send_ttl_seconds": 43200}
        path = f"/v25.0/{made['id']}"
        assert await sim.call("POST", path, edit) == (200, {"success": True})
        assert await code_of(sim, alert()) == (404, 132001)
        await sim.control("clock", {"offset_seconds": 200})
        status, answer = await sim.call("POST", path, edit)
        assert (status, answer["error"]["code"]) == (400, 100), "a second edit within a day"
        await sim.template(language="en")
        await sim.call("DELETE", f"/v25.0/{ACCOUNT_ID}/message_templates?name=allerta")
        assert await code_of(sim, alert()) == (404, 132001)
        status, answer = await sim.template()
        assert answer["error"]["error_subcode"] == 2388023, "the name is locked for thirty days"

    play(scene, review_s=60.0)


def test_12_25_pages_and_a_bad_cursor():
    async def scene(sim):
        for index in range(5):
            await sim.template(name=f"prova_{index}")
        path = f"/v25.0/{ACCOUNT_ID}/message_templates"
        _, first = await sim.call("GET", f"{path}?limit=2&fields=summary")
        assert first["summary"]["message_template_count"] == 5
        names, page = [], first
        while True:
            names += [item["name"] for item in page["data"]]
            if "next" not in page["paging"]:
                break
            _, page = await sim.call("GET", f"{path}?limit=2&after={page['paging']['cursors']['after']}")
        assert names == [f"prova_{index}" for index in range(5)]
        status, answer = await sim.call("GET", f"{path}?after=xyz")
        assert (status, answer["error"]["code"]) == (400, 131059)
        assert (await sim.call("GET", f"{path}?limit=many"))[0] == 400
        _, page = await sim.call("GET", f"{path}?status=APPROVED,PENDING&name=prova_3")
        assert [item["name"] for item in page["data"]] == ["prova_3"]
        _, page = await sim.call("GET", f"{path}?status=REJECTED")
        assert page["data"] == []

    play(scene)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Allerta!"},
        {"language": "italiano"},
        {"category": "NEWS"},
        {"components": []},
        {"components": [{"type": "BODY", "text": "{{livello}} di allerta nel territorio comunale"}]},
        {"components": [{"type": "BODY", "text": "Allerta di livello {{livello}}"}]},
        {
            "components": [
                {"type": "BODY", "text": "Allerta {{livello}}{{fenomeno}} nel territorio comunale."}
            ]
        },
        {"components": [{"type": "BODY", "text": "x" * 1025}]},
        {"components": [{"type": "BODY", "text": "Testo"}, {"type": "FOOTER", "text": "x" * 61}]},
        {"message_send_ttl_seconds": 86_400},
        {"message_send_ttl_seconds": 29},
    ],
)
def test_12_25_a_template_that_does_not_fit_is_refused(change):
    async def scene(sim):
        status, answer = await sim.template(**change)
        assert (status, answer["error"]["code"]) == (400, 100)

    play(scene)


def test_12_25_a_body_that_says_nothing_is_classed_as_marketing():
    async def scene(sim):
        body = [{"type": "BODY", "text": "Avviso: {{testo}} - Comune"}]
        _, made = await sim.template(components=body, message_send_ttl_seconds=None)
        assert made["category"] == "MARKETING"

    play(scene)


def test_12_30_media_go_up_and_come_down():
    async def scene(sim):
        picture = b"\x89PNG\r\n\x1a\n" + b"0" * 200

        async def upload(content, mime):
            form = aiohttp.FormData()
            form.add_field("messaging_product", "whatsapp")
            form.add_field("type", mime)
            form.add_field("file", content, filename="a.bin", content_type=mime)
            return await sim.call("POST", f"/v25.0/{PHONE_ID}/media", data=form)

        status, made = await upload(picture, "image/png")
        assert status == 200
        for content, mime in ((picture, "image/jpeg"), (b"", "image/png"), (b"x", "application/x-sh")):
            status, answer = await upload(content, mime)
            assert (status, answer["error"]["code"]) == (400, 131053)
        _, info = await sim.call("GET", f"/v25.0/{made['id']}")
        assert info["file_size"] == "208" and info["mime_type"] == "image/png"
        path = info["url"].removeprefix(sim.url)
        assert (await sim.call("GET", path, token=None))[0] == 401
        assert await sim.call("GET", path) == (200, picture)
        await sim.control("clock", {"offset_seconds": 301})
        assert (await sim.call("GET", path))[0] == 404
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        image = {"messaging_product": "whatsapp", "to": ANNA, "type": "image", "image": {"id": made["id"]}}
        assert (await sim.post(image))[0] == 200
        image["image"] = {"id": "404"}
        assert await code_of(sim, image) == (400, 131009)
        assert await sim.call("DELETE", f"/v25.0/{made['id']}") == (200, {"success": True})

    play(scene)


def test_12_30_blue_ticks_and_typing():
    async def scene(sim):
        said = await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": said["message_id"]}
        assert await sim.post({**read, "typing_indicator": {"type": "text"}}) == (200, {"success": True})
        chat = await sim.control(f"phones/{ANNA}/chat")
        assert chat["messages"][0]["state"] == "read" and chat["typing"]
        assert await code_of(sim, {**read, "message_id": "wamid.no"}) == (400, 131009)

    play(scene)


def test_12_30_the_small_calls():
    async def scene(sim):
        for path in (f"{ACCOUNT_ID}/subscribed_apps", f"{PHONE_ID}/register"):
            assert await sim.call("POST", f"/v25.0/{path}", {}) == (200, {"success": True})
        _, made = await sim.call("POST", f"/v25.0/{PHONE_ID}/message_qrdls", {"prefilled_message": "ATTIVA"})
        assert made["prefilled_message"] == "ATTIVA"
        person = await sim.control("phones", {"phone": ANNA})
        block = {"messaging_product": "whatsapp", "block_users": [{"user": ANNA}, {"user": "1"}]}
        _, answer = await sim.call("POST", f"/v25.0/{PHONE_ID}/block_users", block)
        assert answer["block_users"]["added_users"] == [
            {"input": ANNA, "wa_id": ANNA, "user_id": person["user_id"]}
        ]
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        await sim.idle()
        assert not sim.receiver.messages()
        override = {"override_callback_uri": "https://example.org/", "verify_token": "x"}
        assert (await sim.call("POST", f"/v25.0/{ACCOUNT_ID}/subscribed_apps", override))[0] == 400

    play(scene)
