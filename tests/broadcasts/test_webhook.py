"""The provider's POST, from the outside: who may speak, how much, and what it is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from broadcasts import intake, outcomes
from broadcasts.models import Reply, WebhookEvent
from subscribers.models import ConsentEvent, InboundMessage, Subscriber, Subscription
from tests.broadcasts.simulated import envelope, receipt, said
from tests.conftest import TUESDAY_10
from whatsapp.signature import sign

pytestmark = pytest.mark.django_db
ADDRESS = "/webhooks/whatsapp/"
SECRET = "test-app-secret"
MEGABYTE = 1024 * 1024
JOIN, STOP = "ATTIVA ISCRIZIONE", "DISATTIVA ISCRIZIONE"


@pytest.fixture(autouse=True)
def ten_o_clock(clock_at: Any) -> None:
    """Business time is Tuesday, ten o'clock."""


def post(body: bytes, *, signature: str | None = None, client: Client | None = None, **headers: Any) -> int:
    headers.setdefault("HTTP_X_HUB_SIGNATURE_256", sign(SECRET, body) if signature is None else signature)
    client = client or Client()
    response = client.post(ADDRESS, body, content_type="application/json", **headers)
    return response.status_code


class TestWhoMaySpeak:
    @pytest.mark.parametrize(
        "signature",
        [
            "",
            "sha256=",
            "sha256=" + "0" * 64,
            sign(SECRET, b"{}").upper(),
            sign(SECRET, b"{}").removeprefix("sha256="),
            sign(SECRET, b"{}").replace("sha256", "sha1"),
            sign("another-secret", b"{}"),
            sign(SECRET, b"{} "),
            "sha256=é" * 8,
        ],
    )
    def test_a_forged_one_is_refused_and_nothing_is_stored(self, town, signature):
        assert post(b"{}", signature=signature) == 403
        assert WebhookEvent.objects.count() == 0

    def test_one_without_a_signature_is_refused(self, town):
        assert Client().post(ADDRESS, b"{}", content_type="application/json").status_code == 403
        assert WebhookEvent.objects.count() == 0

    def test_one_bit_of_the_body_is_enough(self, town):
        body = envelope(messages=[said(STOP, at=TUESDAY_10)])
        assert post(body.replace(b"393331112233", b"393331112234"), signature=sign(SECRET, body)) == 403

    def test_without_a_secret_in_the_settings_nobody_may(self, town, settings):
        settings.WHATSAPP_APP_SECRETS = []
        assert post(b"{}") == 403
        settings.WHATSAPP_APP_SECRETS = [""]
        assert post(b"{}", signature=sign("", b"{}")) == 403

    def test_while_a_secret_is_rotated_both_count(self, town, settings):
        settings.WHATSAPP_APP_SECRETS = ["new-secret", SECRET]
        assert post(b"{}") == 200
        assert post(b"[]", signature=sign("new-secret", b"[]")) == 200

    def test_no_other_method_is_known(self, town):
        assert Client().put(ADDRESS, b"{}").status_code == 405

    def test_no_csrf_token_is_asked_for(self, town):
        assert post(b"{}", client=Client(enforce_csrf_checks=True)) == 200


class TestHowMuch:
    def body(self, size: int) -> bytes:
        start, end = b'{"entry":[],"pad":"', b'"}'
        return start + b"x" * (size - len(start) - len(end)) + end

    def test_three_megabytes_are_taken(self, town):
        assert post(self.body(3 * MEGABYTE)) == 200
        assert len(WebhookEvent.objects.get().body) == 3 * MEGABYTE

    def test_one_byte_more_is_not(self, town):
        assert post(self.body(3 * MEGABYTE + 1)) == 413
        assert WebhookEvent.objects.count() == 0

    @pytest.mark.parametrize("length", ["-1", "abc", "1e9", "9" * 400, "٣"])
    def test_a_length_that_is_none_is_refused_without_a_crash(self, town, length):
        status = post(b"{}", CONTENT_LENGTH=length, client=Client(raise_request_exception=False))
        assert status in (400, 403, 413)
        assert WebhookEvent.objects.count() == 0


class TestWhatIsStored:
    @pytest.mark.parametrize(
        "body",
        [b"", b"not json", b"{", b"\xff\xfe", b"[" * 5_000],
        ids=["empty", "words", "cut", "bytes", "deep"],
    )
    def test_what_is_signed_and_not_json_is_put_aside(self, town, body):
        assert post(body) == 200
        event = WebhookEvent.objects.get()
        assert (event.state, bytes(event.body)) == ("aside", body)
        assert event.error

    @pytest.mark.parametrize(
        "body",
        [
            b"null",
            b"[]",
            b'"text"',
            b"{}",
            b'{"entry":{}}',
            b'{"a":"\xed\xa0\x80"}',
            b'{"entry":[{"changes":[{"field":"stickers","value":{}}]}]}',
            b'{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"type":9}]}}]}]}',
            b'{"entry":[{"changes":[{"field":"messages","value":{"messages":"x","statuses":7}}]}]}',
        ],
    )
    def test_what_is_signed_and_unknown_is_put_aside(self, town, body):
        assert post(body) == 200
        intake.take_in()
        event = WebhookEvent.objects.get()
        assert event.state == "aside"
        assert event.error

    def test_when_it_cannot_be_stored_it_shall_come_again(self, town, monkeypatch):
        def away(*_args: Any, **_named: Any) -> None:
            raise OperationalError("the database is away")

        client = Client(raise_request_exception=False)
        with monkeypatch.context() as patch:
            patch.setattr(intake, "_store", away)
            assert post(b"{}", client=client) == 500
        assert post(b"{}", client=client) == 200

    def test_a_thousand_copies_have_one_effect(self, town):
        body = envelope(messages=[said(JOIN, at=TUESDAY_10)])
        client = Client()
        for _copy in range(1_000):
            assert post(body, client=client) == 200
        intake.take_in()
        assert WebhookEvent.objects.count() == InboundMessage.objects.count() == Reply.objects.count() == 1
        assert ConsentEvent.objects.filter(act="join").count() == 1

    def test_the_same_message_in_another_envelope_has_one_effect(self, town):
        message = said(JOIN, at=TUESDAY_10)
        post(envelope(messages=[message]))
        post(envelope(messages=[message], contacts=[]))
        intake.take_in()
        assert list(WebhookEvent.objects.values_list("state", flat=True)) == ["done", "done"]
        assert Reply.objects.count() == 1


class TestStop:
    def join(self, phone: str = "393331112233") -> Subscriber:
        post(envelope(messages=[said(JOIN, at=TUESDAY_10, phone=phone, id=f"wamid.join.{phone}")]))
        intake.take_in()
        person = Subscriber.objects.get(phone=phone)
        assert person.state == "active"
        return person

    def stop(self, **more: Any) -> bytes:
        later = TUESDAY_10.replace(minute=1)
        return envelope(messages=[said(STOP, at=later, id="wamid.stop", **more)])

    def test_it_holds_before_any_worker_has_seen_it(self, town):
        person = self.join()
        assert post(self.stop()) == 200
        person.refresh_from_db()
        assert person.state == "stopped"
        assert not Subscription.objects.filter(subscriber=person).exists()
        assert WebhookEvent.objects.filter(state="pending").count() == 1

    def test_it_holds_when_everything_after_it_fails(self, town, monkeypatch):
        person = self.join()
        post(self.stop())

        def broken(*_args: Any, **_named: Any) -> None:
            raise RuntimeError("a defect of ours")

        monkeypatch.setattr(intake, "take_message", broken)
        intake.take_in()
        person.refresh_from_db()
        assert person.state == "stopped"

    def test_it_is_stored_with_the_event_or_neither_is(self, town, monkeypatch):
        person = self.join()

        def broken(*_args: Any, **_named: Any) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr(intake.consent, "stop_by_identity", broken)
            assert post(self.stop(), client=Client(raise_request_exception=False)) == 500
        assert not WebhookEvent.objects.filter(state="pending").exists()
        assert post(self.stop()) == 200
        person.refresh_from_db()
        assert person.state == "stopped"

    def test_a_tapped_button_stops_too(self, town):
        person = self.join()
        button = {"type": "button", "button": {"text": "Disattiva", "payload": "stop"}}
        tapped = said("", at=TUESDAY_10.replace(minute=1), id="wamid.tap") | button
        post(envelope(messages=[tapped]))
        person.refresh_from_db()
        assert person.state == "stopped"

    def test_an_older_join_that_comes_late_does_not_bring_back(self, town):
        phone = "393339998877"
        post(self.stop(phone=phone))
        post(envelope(messages=[said(JOIN, at=TUESDAY_10, phone=phone, id="wamid.late")]))
        intake.take_in()
        assert Subscriber.objects.get(phone=phone).state == "stopped"

    def test_a_replayed_stop_does_not_undo_a_later_join(self, town):
        person = self.join()
        post(self.stop())
        again = said(JOIN, at=TUESDAY_10.replace(minute=2), id="wamid.again")
        post(envelope(messages=[again]))
        intake.take_in()
        WebhookEvent.objects.all().delete()  # forgotten, as after the days of keeping them
        post(self.stop())
        intake.take_in()
        person.refresh_from_db()
        assert person.state == "active"

    def test_half_an_emoji_of_somebody_else_does_not_hide_it(self, town):
        person = self.join()
        cut = said("Ciao \ud83d", at=TUESDAY_10, phone="393330000001", id="wamid.cut")
        message = json.loads(self.stop())["entry"][0]["changes"][0]["value"]["messages"]
        post(envelope(messages=[cut, *message]))
        person.refresh_from_db()
        assert person.state == "stopped"

    def test_a_stop_among_a_thousand_receipts_is_seen(self, town):
        person = self.join()
        statuses = [receipt("sent", f"d:1:{n}", at=TUESDAY_10, id=f"wamid.{n}") for n in range(999)]
        message = json.loads(self.stop())["entry"][0]["changes"][0]["value"]["messages"]
        post(envelope(statuses=statuses, messages=message))
        person.refresh_from_db()
        assert person.state == "stopped"


class TestHandshake:
    GOOD = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token", "hub.challenge": "1158201444"}

    def test_the_challenge_is_echoed_as_text(self, town):
        response = Client().get(ADDRESS, self.GOOD)
        assert (response.status_code, response.content) == (200, b"1158201444")
        assert response["Content-Type"].startswith("text/plain")

    @pytest.mark.parametrize(
        "change",
        [
            {"hub.verify_token": "wrong"},
            {"hub.verify_token": ""},
            {"hub.verify_token": "tést"},
            {"hub.mode": "unsubscribe"},
            {"hub.mode": ""},
            {"hub.challenge": ""},
            {"hub.challenge": "<script>alert(1)</script>"},
            {"hub.challenge": "é"},
        ],
    )
    def test_anything_else_is_refused_and_echoes_nothing(self, town, change):
        response = Client().get(ADDRESS, self.GOOD | change)
        assert (response.status_code, response.content) == (403, b"")

    def test_without_a_token_in_the_settings_nobody_passes(self, town, settings):
        settings.WHATSAPP_VERIFY_TOKEN = ""
        assert Client().get(ADDRESS, self.GOOD | {"hub.verify_token": ""}).status_code == 403


def test_a_receipt_takes_the_whole_way(meta, people, leaving):
    people(1, "acqua")
    broadcast = leaving()
    row = broadcast.deliveries.get()
    outcomes.apply_statuses([])
    post(envelope(statuses=[receipt("delivered", f"d:{broadcast.pk}:{row.pk}", at=TUESDAY_10)]))
    intake.take_in()
    row.refresh_from_db()
    assert (row.state, row.receipt) == ("accepted", 2)
