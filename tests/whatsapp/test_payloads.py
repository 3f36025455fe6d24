from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import payloads
from whatsapp.payloads import PayloadError, Recipient, TemplateBody, clean_parameter

ANNA = Recipient("393331234567")
NOBODY_S_PHONE = Recipient(user_id="IT.13491208655302741918")


class TestRecipient:
    def test_a_phone_goes_in_to(self) -> None:
        assert Recipient("+393331234567").fields() == {"to": "393331234567"}

    def test_a_user_id_goes_in_recipient(self) -> None:
        assert NOBODY_S_PHONE.fields() == {"recipient": "IT.13491208655302741918"}

    def test_the_phone_wins(self) -> None:
        assert Recipient("393331234567", "IT.1").fields() == {"to": "393331234567"}

    @pytest.mark.parametrize("phone", ["", "anna", "39 333", "٣٩٣٣٣١٢٣٤٥٦٧", "1" * 16, '39","x":"'])
    def test_no_address_or_a_strange_one(self, phone: str) -> None:
        with pytest.raises(PayloadError):
            Recipient(phone).fields()


class TestTemplate:
    def test_as_the_reference_shows_it(self) -> None:
        payload = payloads.template(
            ANNA,
            "allerta_meteo_v1",
            "it",
            {"livello": "ARANCIONE", "periodo": "domani 14:00-24:00"},
            url_suffix="avvisi/123?da=però",
            quick_replies={1: "STOP_METEO"},
            header_media=("document", "1037"),
            header_filename="avviso.pdf",
        )
        assert payload == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "393331234567",
            "type": "template",
            "template": {
                "name": "allerta_meteo_v1",
                "language": {"code": "it", "policy": "deterministic"},
                "components": [
                    {
                        "type": "header",
                        "parameters": [
                            {"type": "document", "document": {"id": "1037", "filename": "avviso.pdf"}}
                        ],
                    },
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "parameter_name": "livello", "text": "ARANCIONE"},
                            {"type": "text", "parameter_name": "periodo", "text": "domani 14:00-24:00"},
                        ],
                    },
                    {
                        "type": "button",
                        "sub_type": "url",
                        "index": "0",
                        "parameters": [{"type": "text", "text": "avvisi/123?da=per%C3%B2"}],
                    },
                    {
                        "type": "button",
                        "sub_type": "quick_reply",
                        "index": "1",
                        "parameters": [{"type": "payload", "payload": "STOP_METEO"}],
                    },
                ],
            },
        }

    def test_without_variables_there_are_no_components(self) -> None:
        assert "components" not in payloads.template(ANNA, "benvenuto", "it")["template"]

    @pytest.mark.parametrize("value", ["a\nb", "a\tb", "a     b", "a\u2028b", "", "   ", "x" * 1025])
    def test_values_that_the_provider_refuses(self, value: str) -> None:
        with pytest.raises(PayloadError, match="parameter dove"):
            payloads.template(ANNA, "avviso", "it", {"dove": value})

    @pytest.mark.parametrize("name", ["Avviso", "avviso-acqua", "", "a" * 513])
    def test_names_that_the_provider_refuses(self, name: str) -> None:
        with pytest.raises(PayloadError, match="template name"):
            payloads.template(ANNA, name, "it")

    @given(st.text(max_size=200))
    def test_a_cleaned_value_is_accepted_or_empty(self, value: str) -> None:
        cleaned = clean_parameter(value)
        if cleaned:
            payloads.template(ANNA, "avviso", "it", {"dove": cleaned})
        assert clean_parameter(cleaned) == cleaned


def refused() -> list[Any]:
    one = [("a", "Sì")]
    return [
        ("text", lambda: payloads.text(ANNA, "")),
        ("text", lambda: payloads.text(ANNA, "x" * 4097)),
        ("caption", lambda: payloads.image(ANNA, "1", caption="x" * 1025)),
        ("media id", lambda: payloads.image(ANNA, "")),
        ("filename", lambda: payloads.document(ANNA, "1", "")),
        ("buttons: 0", lambda: payloads.buttons(ANNA, "?", [])),
        ("buttons: 4", lambda: payloads.buttons(ANNA, "?", one * 4)),
        ("button ids", lambda: payloads.buttons(ANNA, "?", [("a", "Sì"), ("a", "No")])),
        ("button titles", lambda: payloads.buttons(ANNA, "?", [("a", "Sì"), ("b", "Sì")])),
        ("button title", lambda: payloads.buttons(ANNA, "?", [("a", "x" * 21)])),
        ("body", lambda: payloads.buttons(ANNA, "x" * 1025, one)),
        ("footer", lambda: payloads.buttons(ANNA, "?", one, footer="x" * 61)),
        ("list: 11", lambda: payloads.list_menu(ANNA, "?", "Scegli", [("a", "b", "")] * 11)),
        ("row ids", lambda: payloads.list_menu(ANNA, "?", "Scegli", [("a", "b", "")] * 2)),
        ("row title", lambda: payloads.list_menu(ANNA, "?", "Scegli", [("a", "x" * 25, "")])),
        ("row description", lambda: payloads.list_menu(ANNA, "?", "Scegli", [("a", "b", "x" * 73)])),
        ("link button", lambda: payloads.cta_url(ANNA, "?", "Apri", "javascript:alert(1)")),
        ("link label", lambda: payloads.cta_url(ANNA, "?", "x" * 21, "https://a.it")),
        ("opaque", lambda: payloads.text(ANNA, "a", opaque="x" * 513)),
    ]


@pytest.mark.parametrize(("what", "build"), refused())
def test_limits_are_named(what: str, build: Any) -> None:
    with pytest.raises(PayloadError, match=f"^{what}"):
        build()


def test_a_list_menu() -> None:
    payload = payloads.list_menu(
        ANNA, "Cosa vuoi?", "Scegli", [("acqua", "Acqua", "Interruzioni"), ("x", "Y", "")]
    )
    assert payload["interactive"]["action"] == {
        "button": "Scegli",
        "sections": [
            {
                "rows": [
                    {"id": "acqua", "title": "Acqua", "description": "Interruzioni"},
                    {"id": "x", "title": "Y"},
                ]
            }
        ],
    }


def test_mark_read() -> None:
    assert payloads.mark_read("wamid.1", typing=True) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.1",
        "typing_indicator": {"type": "text"},
    }


class TestTemplateBody:
    def test_only_the_person_and_the_mark_change(self) -> None:
        payload = payloads.template(None, "avviso", "it", {"dove": 'via "Roma" \\ però'})
        body = TemplateBody(payload)
        for person, mark in [(ANNA, 'd:1:"x'), (NOBODY_S_PHONE, "d:2:1")]:
            expected = payload | person.fields() | {"biz_opaque_callback_data": mark}
            assert json.loads(body.bytes_for(person, mark)) == expected

    def test_nobody_else_s_address_stays_in_it(self) -> None:
        payload = payloads.template(Recipient("393330000000"), "avviso", "it", opaque="old")
        sent = json.loads(TemplateBody(payload).bytes_for(NOBODY_S_PHONE, "d:1:1"))
        assert "to" not in sent
        assert sent["biz_opaque_callback_data"] == "d:1:1"

    def test_it_wants_a_message(self) -> None:
        with pytest.raises(PayloadError):
            TemplateBody({"name": "avviso"})
