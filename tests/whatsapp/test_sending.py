"""What each fault proves, for the bulk sender and the plain client alike, on real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.whatsapp.conftest import Provider, config_for, http, reset
from whatsapp import payloads
from whatsapp.answers import parse_retry_after
from whatsapp.bulk import BulkSender, Outcome, OutcomeKind, Outgoing, get_sender
from whatsapp.client import ApiError, Client, NotSent, Unanswered
from whatsapp.errors import ErrorClass, classify

Start = Callable[..., Provider]
ANNA = payloads.Recipient("393331234567")
PAYLOAD = payloads.text(ANNA, "Ciao")
BODY = payloads.TemplateBody(PAYLOAD).bytes_for(ANNA, "d:1:1")
ACCEPTED = json.dumps(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "393331234567", "wa_id": "393331234567"}],
        "messages": [{"id": "wamid.OUT1", "message_status": "accepted"}],
    }
).encode()


def graph_error(code: int, **more: Any) -> bytes:
    error = {"message": f"(#{code}) title", "type": "OAuthException", "code": code, **more}
    return json.dumps({"error": error}).encode()


def finish(connection: socket.socket, _request: bytes) -> None:
    connection.close()


def crash(connection: socket.socket, _request: bytes) -> None:
    reset(connection)


def truncate(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(http("200 OK", ACCEPTED)[:-20])
    connection.close()


def truncate_refusal(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(http("400 Bad Request", graph_error(131026))[:-20])
    connection.close()


# what the provider does, and then: kind, code of the outcome
ANSWERS: list[Any] = [
    pytest.param(http("200 OK", ACCEPTED), "accepted", None, id="200"),
    pytest.param(
        http("200 OK", ACCEPTED.replace(b'"accepted"', b'"held_for_quality_assessment"')),
        "held",
        None,
        id="200 held",
    ),
    pytest.param(http("200 OK", b'{"messages":[]}'), "unconfirmed", None, id="200 without id"),
    pytest.param(http("200 OK", b"<html>"), "unconfirmed", None, id="200 HTML"),
    pytest.param(http("200 OK", b'{"x":"' + b"a" * 300_000 + b'"}'), "unconfirmed", None, id="200 endless"),
    pytest.param(truncate, "unconfirmed", None, id="200 truncated"),
    pytest.param(finish, "unconfirmed", None, id="FIN"),
    pytest.param(crash, "unconfirmed", None, id="RST"),
    pytest.param(http("307 Temporary Redirect", b"", "Location: /elsewhere"), "refused", 307, id="307"),
    pytest.param(http("400 Bad Request", graph_error(131056)), "refused", 131056, id="131056"),
    pytest.param(http("401 Unauthorized", graph_error(190)), "refused", 190, id="190"),
    pytest.param(http("404 Not Found", graph_error(132001)), "refused", 132001, id="132001"),
    pytest.param(http("500 Internal Server Error", graph_error(131000)), "refused", 131000, id="500 JSON"),
    pytest.param(http("500 Internal Server Error", b'{"error":{}}'), "unconfirmed", None, id="500 empty"),
    pytest.param(http("502 Bad Gateway", b"<html>"), "unconfirmed", None, id="502 HTML"),
    pytest.param(http("503 Unavailable", graph_error(2)), "refused", 2, id="503 code 2"),
    pytest.param(http("429 Too Many Requests", b"slow", "Retry-After: 7"), "refused", 130429, id="429"),
    pytest.param(http("403 Forbidden", b"<html>"), "refused", 403, id="403 HTML"),
]


def send_one(address: str, **arguments: Any) -> Outcome:
    sender = BulkSender(config_for(address), **arguments)
    try:
        (outcome,) = sender.send([Outgoing(7, BODY)])
    finally:
        sender.close()
    assert outcome.key == 7
    return outcome


def client_for(address: str) -> Client:
    return Client(config_for(address))


class TestAnswers:
    @pytest.mark.parametrize(("answer", "kind", "code"), ANSWERS)
    def test_bulk(self, provider: Start, answer: Any, kind: str, code: int | None) -> None:
        there = provider(answer)
        outcome = send_one(there.url)
        assert (outcome.kind, outcome.code) == (kind, code)
        assert len(there.requests) == 1  # never repeated, no redirect followed

    @pytest.mark.parametrize(("answer", "kind", "code"), ANSWERS)
    def test_client(self, provider: Start, answer: Any, kind: str, code: int | None) -> None:
        there = provider(answer)
        client = client_for(there.url)
        if kind in ("accepted", "held"):
            assert client.send(PAYLOAD).message_id == "wamid.OUT1"
        else:
            with pytest.raises(ApiError if kind == "refused" else Unanswered) as caught:
                client.send(PAYLOAD)
            assert getattr(caught.value, "code", None) == code
            assert "the-secret-token" not in str(caught.value) + repr(caught.value)
        assert len(there.requests) == 1

    def test_a_refusal_cut_short_is_still_a_refusal(self, provider: Start) -> None:
        assert send_one(provider(truncate_refusal).url).kind is OutcomeKind.REFUSED

    def test_an_accepted_message_is_told_whole(self, provider: Start) -> None:
        assert send_one(provider(http("200 OK", ACCEPTED)).url) == Outcome(
            7, OutcomeKind.ACCEPTED, "wamid.OUT1", None, 200, None, "", None, "393331234567"
        )

    def test_a_user_id_comes_back_without_a_phone(self, provider: Start) -> None:
        answer = b'{"contacts":[{"input":"IT.1","user_id":"IT.1"}],"messages":[{"id":"wamid.1"}]}'
        outcome = send_one(provider(http("200 OK", answer)).url)
        assert (outcome.user_id, outcome.wa_id) == ("IT.1", None)

    def test_the_wait_that_was_asked_for_is_passed_on(self, provider: Start) -> None:
        answer = http("429 Too Many Requests", b"", "Retry-After: 7")
        assert send_one(provider(answer).url).retry_after == 7.0
        with pytest.raises(ApiError) as caught:
            client_for(provider(answer).url).send(PAYLOAD)
        assert (caught.value.retry_after, caught.value.info.cls) == (7.0, ErrorClass.THROTTLE)

    def test_a_redirect_is_a_wrong_address(self) -> None:
        assert classify(307).cls is ErrorClass.AUTH

    def test_the_request_itself(self, provider: Start) -> None:
        there = provider(http("200 OK", ACCEPTED))
        send_one(there.url)
        client_for(there.url).send(PAYLOAD)
        for request in there.requests:
            head, _, body = request.partition(b"\r\n\r\n")
            assert head.startswith(b"POST /v25.0/106540352242922/messages HTTP/1.1\r\n")
            assert b"Authorization: Bearer the-secret-token" in head
            assert b"Content-Type: application/json" in head
            assert json.loads(body)["to"] == "393331234567"


class TestNothingArrived:
    def test_refused(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # taken, and nobody listens
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
            assert send_one(address).kind is OutcomeKind.NOT_SENT
            with pytest.raises(NotSent):
                client_for(address).send(PAYLOAD)

    def test_a_handshake_that_never_ends(self, provider: Start) -> None:
        address = provider(None).url.replace("http://", "https://")
        assert send_one(address, connect_timeout=0.3).kind is OutcomeKind.NOT_SENT

    def test_connect_timeout(self) -> None:
        with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for filler in (first, second):  # a full queue lets the next connection hang
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert send_one(address, connect_timeout=0.3).kind is OutcomeKind.NOT_SENT

    def test_waiting_for_a_connection_is_not_sending(self, provider: Start) -> None:
        there = provider(None)
        sender = BulkSender(config_for(there.url), connections=1, deadline=0.5)
        outcomes = sender.send([Outgoing(1, BODY), Outgoing(2, BODY)])
        sender.close()
        # the same exception class for both: only what was on the wire may have arrived
        assert sorted(outcome.kind for outcome in outcomes) == ["not_sent", "unconfirmed"]
        assert {outcome.details for outcome in outcomes} == {"TimeoutError"}
        assert len(there.requests) == 1

    def test_a_token_that_cannot_be_a_header(self, provider: Start) -> None:
        there = provider(http("200 OK", ACCEPTED))
        config = config_for(there.url)
        broken = type(config)(config.base_url, "v25.0", "1", "2", "a\nb", (), "v")
        (outcome,) = BulkSender(broken).send([Outgoing(1, BODY)])
        assert outcome.kind is not OutcomeKind.ACCEPTED
        assert "a\nb" not in outcome.details
        assert there.requests == []


class TestSilence:
    def test_no_answer_in_time_may_have_arrived(self, provider: Start) -> None:
        there = provider(None)
        assert send_one(there.url, deadline=0.3).kind is OutcomeKind.UNCONFIRMED

    def test_the_client_too(self, provider: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("whatsapp.client.TIMEOUT", (5, 0.3))
        there = provider(None)
        with pytest.raises(Unanswered):
            client_for(there.url).send(PAYLOAD)


class TestBatches:
    def test_one_outcome_each_in_order(self, provider: Start) -> None:
        def by_mark(connection: socket.socket, request: bytes) -> None:
            mark = json.loads(request.partition(b"\r\n\r\n")[2])["biz_opaque_callback_data"]
            if mark.endswith("3"):
                connection.sendall(http("400 Bad Request", graph_error(131026)))
            elif mark.endswith("7"):
                reset(connection)
            else:
                connection.sendall(http("200 OK", ACCEPTED.replace(b"OUT1", mark.encode())))

        there = provider(by_mark)
        body = payloads.TemplateBody(PAYLOAD)
        sender = BulkSender(config_for(there.url), connections=20)
        outcomes = sender.send([Outgoing(n, body.bytes_for(ANNA, f"d{n}")) for n in range(200)])
        sender.close()
        assert [outcome.key for outcome in outcomes] == list(range(200))
        for outcome in outcomes:
            last = outcome.key % 10
            if last == 3:
                assert (outcome.kind, outcome.code) == ("refused", 131026)
            elif last != 7:  # a neighbour may sit on the connection that is reset
                assert outcome.message_id == f"wamid.d{outcome.key}"
            else:
                assert outcome.kind == "unconfirmed"

    def test_nothing_to_send(self, provider: Start) -> None:
        sender = BulkSender(config_for(provider(finish).url))
        assert sender.send([]) == []
        sender.close()

    def test_close_settles_what_is_under_way(self, provider: Start) -> None:
        there = provider(None)
        sender = BulkSender(config_for(there.url), connections=1)
        future = sender.submit([Outgoing(1, BODY), Outgoing(2, BODY)])
        assert there.arrived.wait(10)
        assert not future.cancel()
        sender.close()
        kinds = sorted(outcome.kind for outcome in future.result(10))
        assert kinds == ["not_sent", "unconfirmed"]
        assert [outcome.kind for outcome in sender.send([Outgoing(3, BODY)])] == ["not_sent"]
        sender.close()

    def test_a_batch_submitted_just_before_closing_is_settled(self, provider: Start) -> None:
        there = provider(None)
        sender = BulkSender(config_for(there.url))
        futures = [sender.submit([Outgoing(n, BODY)]) for n in range(20)]
        sender.close()
        assert all(len(future.result(10)) == 1 for future in futures)

    def test_many_threads_share_one_sender(self, provider: Start) -> None:
        there = provider(http("200 OK", ACCEPTED))
        sender = BulkSender(config_for(there.url), connections=10)
        found: list[Outcome] = []

        def work() -> None:
            found.extend(sender.send([Outgoing(n, BODY) for n in range(20)]))

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        sender.close()
        assert len(found) == 100
        assert {outcome.kind for outcome in found} == {"accepted"}

    def test_a_forked_child_starts_anew(self, provider: Start) -> None:
        there = provider(http("200 OK", ACCEPTED))
        sender = get_sender(config_for(there.url))
        assert sender is get_sender(config_for(there.url))
        sender.send([Outgoing(1, BODY)])
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # a child that hangs must not hold the tests
            (outcome,) = sender.send([Outgoing(2, BODY)])
            os._exit(0 if outcome.kind is OutcomeKind.ACCEPTED else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sender.send([Outgoing(3, BODY)])[0].kind is OutcomeKind.ACCEPTED
        sender.close()


class TestControlPlane:
    def test_templates_are_listed_to_the_last_page(self, provider: Start) -> None:
        def page(connection: socket.socket, request: bytes) -> None:
            more = b"after=B" not in request
            paging = {"cursors": {"after": "B"}} | ({"next": "http://elsewhere.invalid/"} if more else {})
            data = {"data": [{"name": "uno" if more else "due"}], "paging": paging}
            connection.sendall(http("200 OK", json.dumps(data).encode()))

        there = provider(page)
        assert [one["name"] for one in client_for(there.url).list_templates()] == ["uno", "due"]
        assert len(there.requests) == 2

    def test_a_cursor_that_never_ends_is_left(self, provider: Start) -> None:
        data = b'{"data":[{"name":"uno"}],"paging":{"cursors":{"after":"B"},"next":"x"}}'
        there = provider(http("200 OK", data))
        assert len(client_for(there.url).list_templates()) == 2

    def test_a_template_s_refusal_is_told_by_its_subcode(self, provider: Start) -> None:
        there = provider(http("400 Bad Request", graph_error(100, error_subcode=2388024)))
        with pytest.raises(ApiError) as caught:
            client_for(there.url).create_template({"name": "a"})
        assert (caught.value.code, caught.value.subcode) == (100, 2388024)
        assert "già un modello" in caught.value.info.reason

    def test_media(self, provider: Start) -> None:
        there = provider(http("200 OK", b'{"id":"1037"}'))
        assert client_for(there.url).upload_media(b"%PDF", "application/pdf", "avviso.pdf") == "1037"
        assert b'name="messaging_product"\r\n\r\nwhatsapp' in there.requests[0]
        assert b"Content-Type: application/pdf\r\n\r\n%PDF" in there.requests[0]

    def test_an_upload_without_an_id_is_no_upload(self, provider: Start) -> None:
        with pytest.raises(Unanswered):
            client_for(provider(http("200 OK", b"{}")).url).upload_media(b"x", "image/png", "a.png")

    def test_mark_read_delete_and_number(self, provider: Start) -> None:
        there = provider(http("200 OK", b'{"success":true}'))
        client = client_for(there.url)
        client.mark_read("wamid.1", typing=True)
        client.delete_template("avviso", "12")
        assert client.phone_number() == {"success": True}
        lines = [request.split(b" HTTP/1.1")[0] for request in there.requests]
        assert lines[1] == b"DELETE /v25.0/102290129340398/message_templates?name=avviso&hsm_id=12"
        assert lines[2].startswith(b"GET /v25.0/106540352242922?fields=verified_name")

    def test_a_netrc_does_not_replace_the_token(
        self, provider: Start, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(netrc))
        there = provider(http("200 OK", ACCEPTED))
        client_for(there.url).send(PAYLOAD)
        assert b"Authorization: Bearer the-secret-token" in there.requests[0]


class TestConfig:
    def test_secrets_are_not_in_its_repr(self) -> None:
        assert "the-secret-token" not in repr(config_for("http://127.0.0.1:1"))

    @pytest.mark.parametrize(
        ("address", "local"),
        [
            ("http://127.0.0.1:8090", True),
            ("http://localhost:8090", True),
            ("http://[::1]:8090", True),
            ("https://graph.facebook.com", False),
            ("http://127.0.0.1.example.org", False),
            ("http://localhost@graph.facebook.com", False),
            ("http://0.0.0.0:8090", False),
            ("", False),
        ],
    )
    def test_is_local(self, address: str, local: bool) -> None:
        assert config_for(address).is_local is local


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header) == seconds
