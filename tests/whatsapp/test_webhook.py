"""What the provider posts, and what it might post, becomes values; nothing of it is lost or raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp.webhook import (
    AccountUpdate,
    Message,
    NumberChange,
    Other,
    Status,
    TemplateUpdate,
    UserPreference,
    parse,
    to_json,
)

PAYLOADS = Path(__file__).parent / "payloads"
WRITTEN = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)


def load(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def only(name: str) -> Any:
    (event,) = parse(load(name))
    return event


class TestMessages:
    def test_a_text(self) -> None:
        assert only("text") == Message(
            message_id="wamid.IN1",
            phone="393331234567",
            user_id="IT.13491208655302741918",
            sent_at=WRITTEN,
            type="text",
            text="ISCRIVIMI METEO",
            reply_id=None,
            context_id=None,
            phone_number_id="106540352242922",
        )

    def test_without_a_phone_the_person_is_still_known(self) -> None:
        message = only("text_without_phone")
        assert (message.phone, message.user_id) == (None, "IT.13491208655302741918")

    @pytest.mark.parametrize(
        ("name", "text", "reply_id"),
        [
            ("template_button", "Stop", "STOP_METEO"),
            ("button_reply", "Farmacie", "farmacie"),
            ("list_reply", "Acqua", "topic:acqua"),
        ],
    )
    def test_what_was_tapped(self, name: str, text: str, reply_id: str) -> None:
        message = only(name)
        assert (message.text, message.reply_id, message.context_id) == (text, reply_id, "wamid.OUT1")

    def test_a_caption_is_text(self) -> None:
        assert only("image").text == "Questa buca in via Roma"

    def test_an_unsupported_message_is_a_message_without_text(self) -> None:
        assert (only("unsupported").type, only("unsupported").text) == ("unsupported", None)

    def test_the_profile_name_is_nowhere(self) -> None:
        assert "Anna" not in json.dumps([to_json(event) for event in parse(load("text"))])

    def test_a_changed_number(self) -> None:
        change = only("changed_number")
        assert isinstance(change, NumberChange)
        assert (change.old_phone, change.new_phone, change.new_user_id) == (
            "393331234567",
            "393339999999",
            "IT.999",
        )

    def test_an_empty_from_is_no_phone(self) -> None:
        payload = load("text")
        payload["entry"][0]["changes"][0]["value"]["messages"][0]["from"] = ""
        (message,) = parse(payload)
        assert isinstance(message, Message)
        assert message.phone is None

    def test_what_postgresql_cannot_store_is_replaced(self) -> None:
        payload = load("text")
        payload["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "ST\x00OP \ud800"
        (message,) = parse(payload)
        assert isinstance(message, Message)
        assert message.text == "ST\ufffdOP ?"


class TestStatuses:
    def test_delivered(self) -> None:
        status = only("delivered")
        assert isinstance(status, Status)
        assert (status.status, status.opaque, status.phone) == ("delivered", "d:42:1", "393331234567")
        assert (status.pricing_category, status.pricing_type, status.billable) == ("utility", "regular", True)

    def test_failed_says_why(self) -> None:
        status = only("failed")
        assert (status.status, status.error_code, status.user_id) == ("failed", 131049, None)
        assert status.error_details.startswith("In order to maintain")

    def test_a_code_beyond_the_column_is_no_code(self) -> None:
        payload = load("failed")
        payload["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0]["code"] = 2**40
        (status,) = parse(payload)
        assert isinstance(status, Status)
        assert status.error_code is None


class TestBatches:
    def test_every_entry_change_message_and_status_is_read(self) -> None:
        found = [(event.kind, getattr(event, "status", None) or event.text) for event in parse(load("batch"))]  # type: ignore[union-attr]
        assert found == [
            ("status", "sent"),
            ("status", "read"),
            ("message", "STOP"),
            ("message", "Grazie"),
            ("status", "played"),
            ("message", None),
        ]

    def test_a_bad_neighbour_does_not_hide_a_stop(self) -> None:
        payload = load("batch")
        payload["entry"].insert(0, "nonsense")
        payload["entry"][1]["changes"][1]["value"]["messages"].insert(0, {"id": 7})
        events = parse(payload)
        assert [event.text for event in events if isinstance(event, Message)] == ["STOP", "Grazie", None]
        assert len([event for event in events if isinstance(event, Other)]) == 2


class TestOtherFields:
    def test_a_marketing_stop(self) -> None:
        preference = only("user_preferences")
        assert isinstance(preference, UserPreference)
        assert (preference.value, preference.category) == ("stop", "marketing_messages")
        assert preference.at == datetime(2024, 11, 15, 21, 22, 1, tzinfo=UTC)

    def test_a_changed_user_id(self) -> None:
        change = only("user_id_update")
        assert (change.old_user_id, change.new_user_id, change.old_phone) == (
            "IT.old",
            "IT.new",
            "393331234567",
        )

    @pytest.mark.parametrize(
        ("name", "event", "category", "quality", "reason"),
        [
            ("template_paused", "PAUSED", "UTILITY", None, "FIRST_PAUSE"),
            ("template_quality", "QUALITY", None, "YELLOW", None),
            # the field called new_category holds the present one here
            ("template_category_impending", "CATEGORY_IMPENDING", "MARKETING", None, None),
            ("template_category_done", "CATEGORY", "MARKETING", None, None),
        ],
    )
    def test_templates(
        self, name: str, event: str, category: str | None, quality: str | None, reason: str | None
    ) -> None:
        update = only(name)
        assert isinstance(update, TemplateUpdate)
        assert (update.event, update.category, update.quality, update.reason) == (
            event,
            category,
            quality,
            reason,
        )
        assert (update.language, update.template_id) == ("en_US", "1689556908129832")

    @pytest.mark.parametrize(
        ("name", "event"),
        [
            ("account_restricted", "ACCOUNT_RESTRICTION"),
            ("throughput_upgrade", "THROUGHPUT_UPGRADE"),
            ("account_error", "ERROR"),
        ],
    )
    def test_accounts(self, name: str, event: str) -> None:
        update = only(name)
        assert isinstance(update, AccountUpdate)
        assert update.event == event

    def test_an_unknown_field_is_kept_as_other(self) -> None:
        assert only("unknown_field") == Other("flying_cars", "unknown field")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["entry", "changes", "field", "value", "messages", "statuses", "id", "type"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


class TestHostilePayloads:
    @given(json_values)
    def test_no_json_value_raises(self, payload: object) -> None:
        assert parse(payload)

    @given(st.sampled_from(sorted(path.stem for path in PAYLOADS.iterdir())), st.data())
    def test_a_known_payload_with_any_part_replaced(self, name: str, data: st.DataObject) -> None:
        payload = load(name)
        replace_somewhere(payload, data)
        for event in parse(payload):
            json.dumps(to_json(event))

    @pytest.mark.parametrize("stamp", ["9" * 5000, "-1", "²", "1e9", 1e300, True, None, [], 10**30])
    def test_an_absurd_time_is_no_time(self, stamp: object) -> None:
        payload = load("text")
        payload["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = stamp
        (message,) = parse(payload)
        assert isinstance(message, Message)
        assert message.sent_at is None


def replace_somewhere(value: Any, data: st.DataObject) -> None:
    """Walk down at random and put something foreign there."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = data.draw(st.sampled_from(keys))
    if isinstance(value[key], dict | list) and value[key] and data.draw(st.booleans()):
        replace_somewhere(value[key], data)
    else:
        value[key] = data.draw(json_values)


@pytest.mark.parametrize("path", sorted(PAYLOADS.iterdir()), ids=lambda path: path.stem)
def test_every_payload_says_where_it_comes_from_and_has_the_replay_keys(path: Path) -> None:
    payload = json.loads(path.read_text())
    assert payload["_source"]
    for event in parse(payload):
        line = to_json(event)
        assert line["kind"] in {"message", "status", "other"}
        assert {"kind", "message_id", "phone", "user_id", "status", "error_code", "text"} <= line.keys()


def _change(field: str, **value: object) -> dict[str, object]:
    change = {"field": field, "value": {"metadata": {"phone_number_id": "1"}} | value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]}


def test_a_call_is_a_message_of_its_own_kind() -> None:
    """Field `calls`: its beginning and its end have one id, so that it is answered once."""
    call = {"id": "wacid.1", "from": "393331112233", "timestamp": "1764000000", "direction": "USER_INITIATED"}
    found = parse(_change("calls", calls=[call | {"event": "connect"}, call | {"event": "terminate"}]))
    assert [(each.kind, each.type, each.phone, each.message_id) for each in found] == [  # type: ignore[union-attr]
        ("message", "call", "393331112233", "wacid.1")
    ] * 2
    ours = parse(_change("calls", calls=[call | {"direction": "BUSINESS_INITIATED"}, {"event": "connect"}]))
    assert [each.kind for each in ours] == ["other", "other"]


def test_an_edited_message_says_what_it_is_now() -> None:
    edited = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "STOP"}}}
    message = {
        "from": "393331112233",
        "id": "wamid.2",
        "timestamp": "1764000000",
        "type": "edit",
        "edit": edited,
    }
    (found,) = parse(_change("messages", messages=[message]))
    assert (found.type, found.text) == ("edit", "STOP")  # type: ignore[union-attr]
