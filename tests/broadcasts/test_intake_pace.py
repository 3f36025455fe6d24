"""Intake that keeps up: how many statements, how long people are held, and what a batch must not mix up."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from broadcasts import intake, wake
from broadcasts.models import Reply, WebhookEvent
from subscribers import conversation, identity
from subscribers.models import ConsentEvent, InboundMessage, Subscriber
from tests.broadcasts.simulated import envelope, in_threads, receipt, rows_for, said
from tests.conftest import TUESDAY_10
from whatsapp.pacing import connect
from whatsapp.signature import sign

pytestmark = pytest.mark.django_db
JOIN, STOP = "ATTIVA ISCRIZIONE", "DISATTIVA ISCRIZIONE"
_ids = itertools.count()


@pytest.fixture(autouse=True)
def ten_o_clock(clock_at: Any) -> None:
    """Business time is Tuesday, ten o'clock."""


def wrote(text: str, phone: str = "393330000001", minute: int = 0, **more: Any) -> dict[str, Any]:
    at = TUESDAY_10 + timedelta(minutes=minute)
    return said(text, at=at, phone=phone, id=f"wamid.{next(_ids)}") | more


def posted(*messages: dict[str, Any]) -> None:
    """Each in a webhook of its own, as the provider sends what comes one by one."""
    for message in messages:
        assert intake.receive(envelope(messages=[message]))


def joins(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [wrote(JOIN, f"39334{number:07d}") for number in range(first, first + count)]


def statements_to_take(messages: list[dict[str, Any]]) -> int:
    posted(*messages)
    with CaptureQueriesContext(connection) as captured:
        intake.take_in()
    return len(captured)


class TestStatements:
    def test_a_join_costs_nine_and_its_batch_a_few(self, town):
        few, many = statements_to_take(joins(5)), statements_to_take(joins(25, first=5))
        assert Reply.objects.count() == 30
        assert (many - few) / 20 <= 9
        assert few - 5 * 9 <= 20

    def test_a_question_costs_no_more_than_its_answer_needs(self, town):
        statements_to_take(joins(25))
        few = statements_to_take([wrote("INFO", f"39334{n:07d}") for n in range(5)])
        many = statements_to_take([wrote("INFO", f"39334{n:07d}") for n in range(5, 25)])
        assert (many - few) / 15 <= 2

    def test_receipts_are_stored_in_one_and_their_copy_too(self, town, django_assert_num_queries):
        body = envelope(statuses=[receipt("sent", f"d:1:{n}", at=TUESDAY_10) for n in range(10)])
        with django_assert_num_queries(1):
            assert intake.receive(body)
        with django_assert_num_queries(1):
            assert not intake.receive(body)

    def test_receipts_one_to_a_post_are_applied_together(
        self, people, write, approve, django_assert_max_num_queries
    ):
        broadcast = approve(write())
        rows = rows_for(broadcast, people(60, "acqua"), state="accepted")
        for row in rows:
            status = receipt("sent", f"d:{broadcast.pk}:{row.pk}", at=TUESDAY_10, id=f"w{row.pk}")
            intake.receive(envelope(statuses=[status]))
        with django_assert_max_num_queries(12):
            assert intake.take_in() == 60
        assert set(broadcast.deliveries.values_list("receipt", flat=True)) == {1}


class TestOneBatch:
    """What was read once for all must not hide what an earlier message of the batch did."""

    def test_two_messages_of_one_person_are_heard_in_their_order(self, town):
        posted(wrote(JOIN), wrote("FARMACIE NO", minute=1), wrote(STOP, minute=2), wrote(JOIN, minute=3))
        intake.take_in()
        person = Subscriber.objects.get()
        assert (person.state, person.last_inbound_at) == ("active", TUESDAY_10 + timedelta(minutes=3))
        acts = ConsentEvent.objects.filter(subject=person.subject, category=None).order_by("at")
        # The stop was applied when it was posted: the older join, heard later, does not count.
        assert list(acts.values_list("act", flat=True)) == ["stop", "join"]
        assert Reply.objects.count() == 4

    def test_the_same_message_twice_is_answered_once(self, town):
        message = wrote(JOIN)
        intake.receive(envelope(messages=[message]))
        intake.receive(envelope(messages=[message, message], contacts=[]))
        assert intake.take_in() == 2
        assert InboundMessage.objects.count() == Reply.objects.count() == 1
        assert not WebhookEvent.objects.exclude(state="done").exists()

    def test_a_message_of_yesterday_is_not_the_last_one(self, town):
        posted(wrote(JOIN, minute=5))
        intake.take_in()
        posted(wrote("INFO", minute=-60))
        intake.take_in()
        assert Subscriber.objects.get().last_inbound_at == TUESDAY_10 + timedelta(minutes=5)

    def test_somebody_whose_other_half_comes_later_is_one_person(self, town):
        posted(
            wrote(JOIN, "393330000009"),
            wrote("INFO", "393330000009", minute=1, from_user_id="IT.9"),
            wrote("INFO", "393330000009", minute=2),
        )
        intake.take_in()
        person = Subscriber.objects.get()
        assert (person.phone, person.user_id, person.state) == ("393330000009", "IT.9", "active")
        assert set(Reply.objects.values_list("subscriber", flat=True)) == {person.pk}
        assert Reply.objects.count() == 3

    def test_two_rows_that_prove_to_be_one_keep_their_answers(self, town):
        by_id = wrote(JOIN, minute=1, from_user_id="IT.7")
        del by_id["from"]
        posted(wrote(JOIN, "393330000007"), by_id, wrote("INFO", "393330000007", 2, from_user_id="IT.7"))
        intake.take_in()
        person = Subscriber.objects.get(phone="393330000007")
        assert person.user_id == "IT.7"
        assert Reply.objects.filter(subscriber=person).count() == 3
        assert person.last_inbound_at == TUESDAY_10 + timedelta(minutes=2)

    def test_a_number_that_changes_between_two_messages(self, town):
        changed = {
            "type": "system",
            "id": "wamid.changed",
            "from": "393330000005",
            "timestamp": str(int(TUESDAY_10.timestamp())),
            "system": {"type": "user_changed_number", "wa_id": "393330000006"},
        }
        messages = [wrote(JOIN, "393330000005"), changed, wrote("INFO", "393330000006", minute=1)]
        intake.receive(envelope(messages=messages))
        intake.take_in()
        person = Subscriber.objects.get()
        assert (person.phone, person.state) == ("393330000006", "active")
        assert Reply.objects.filter(subscriber=person).count() == 2

    def test_a_number_that_became_a_hash_is_recognised(self, town):
        posted(wrote(JOIN), wrote(STOP, minute=1))
        intake.take_in()
        subject = Subscriber.objects.get().subject
        Subscriber.objects.update(phone=None)  # as the nightly job leaves who has stopped
        posted(wrote(JOIN, minute=2), *joins(3))
        intake.take_in()
        person = Subscriber.objects.get(phone="393330000001")
        assert (person.subject, person.state) == (subject, "active")

    def test_who_floods_within_one_batch_still_gets_the_first_answers(self, town):
        posted(*(wrote("INFO", minute=minute) for minute in range(24)))
        intake.take_in()
        assert Reply.objects.count() == 20

    def test_the_same_words_in_one_moment_are_answered_once(self, town):
        posted(*(wrote("INFO", minute=0) for _ in range(24)))
        intake.take_in()
        assert Reply.objects.count() == 1

    def test_a_stop_that_the_post_applied_is_confirmed(self, town):
        posted(wrote(JOIN))
        intake.take_in()
        posted(wrote(STOP, minute=1))
        assert Subscriber.objects.get().state == "stopped"
        intake.take_in()
        assert list(Reply.objects.order_by("id").values_list("wording", flat=True)) == [
            "joined-2",
            "stopped-1",
        ]

    def test_an_identity_that_fits_nowhere_costs_the_others_nothing(self, town):
        odd = wrote(JOIN, from_user_id="x" * 500)
        del odd["from"]
        posted(odd, *joins(3))
        intake.take_in()
        assert Reply.objects.count() == 3
        assert not WebhookEvent.objects.exclude(state="done").exists()


class TestFindAll:
    def test_it_makes_who_is_new_and_knows_them_again(self, town):
        pairs = [("393330000001", None), (None, "IT.2"), ("393330000003", "IT.3")]
        first = identity.find_all(pairs)
        assert set(first) == set(pairs)
        assert {row.state for row in first.values()} == {"stopped"}
        assert identity.find_all(pairs) == first
        assert Subscriber.objects.count() == 3

    @pytest.mark.parametrize(
        "pair",
        [(None, None), ("", ""), ("1" * 40, None), ("39333\x00", None), (None, "x" * 500)],
    )
    def test_what_is_no_identity_is_nobody(self, town, pair):
        assert identity.find_all([pair]) == {}
        assert not Subscriber.objects.exists()

    def test_what_needs_judgement_is_left_to_find(self, town):
        identity.find("393330000001", "IT.1", create=True)
        identity.find("393330000002", None, create=True)
        doubtful = [
            ("393330000001", "IT.2"),  # a new owner of the number
            ("393330000002", "IT.3"),  # a half that is new
            ("393330000008", "IT.8"),
            ("393330000008", None),  # two pairs that share a half
        ]
        assert identity.find_all(doubtful) == {}
        assert Subscriber.objects.count() == 2


class TestHowMuchAtOnce:
    @pytest.fixture
    def sizes(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many webhooks were in each transaction."""
        seen: list[int] = []
        process = intake._process

        def and_count(events: Any) -> None:
            seen.append(len(events))
            process(events)

        monkeypatch.setattr(intake, "_process", and_count)
        return seen

    def test_few_messages_are_in_one_transaction(self, town, sizes):
        posted(*joins(intake.BATCH_MESSAGES * 2 + 1))
        intake.take_in()
        assert sizes == [intake.BATCH_MESSAGES, intake.BATCH_MESSAGES, 1]

    def test_a_batch_is_cut_by_bytes_but_never_empty(self, town, sizes, monkeypatch):
        monkeypatch.setattr(intake, "BATCH_BYTES", 10)
        posted(*joins(3))
        assert intake.take_in() == 3
        assert sizes == [1, 1, 1]

    def test_when_its_time_is_up_it_calls_the_next(self, town, monkeypatch):
        calls: list[str] = []
        monkeypatch.setattr(intake.wake, "intake", lambda: calls.append("intake"))
        posted(*joins(intake.BATCH_MESSAGES + 1))
        assert intake.take_in(seconds=0) == intake.BATCH_MESSAGES
        assert calls == ["intake"]
        assert intake.take_in() == 1
        assert calls == ["intake"], "nothing was left"


class TestCalls:
    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was sent to the broker; nothing waits at first."""
        made: list[str] = []
        monkeypatch.setattr(wake, "_call", lambda name, *_args: made.append(name))
        wake.intake_begins()
        return made

    def test_many_posts_make_one_call_until_somebody_looks(self, town, calls):
        for _post in range(5):
            wake.intake()
        assert calls == ["broadcasts.take_in"]
        wake.intake_begins()
        wake.intake()
        assert calls == ["broadcasts.take_in"] * 2

    def test_what_is_stored_while_a_worker_looks_calls_again(self, town, calls, monkeypatch):
        process = intake._process

        def and_somebody_writes(events: Any) -> None:
            process(events)
            wake.intake()

        monkeypatch.setattr(intake, "_process", and_somebody_writes)
        wake.intake()
        posted(*joins(1))
        intake.take_in()
        assert calls == ["broadcasts.take_in"] * 2

    def test_without_a_cache_the_sweep_has_to_call(self, town, calls, monkeypatch):
        nobody = connect("redis://127.0.0.1:9/0")  # a port where nobody listens
        with monkeypatch.context() as patch:
            patch.setattr(wake, "_notes", lambda _url: nobody)
            wake.intake()
            assert calls == []
            posted(*joins(1))
            assert intake.take_in() == 1
        wake.intake()
        assert calls == ["broadcasts.take_in"]

    @pytest.mark.django_db(transaction=True)
    def test_with_valkey_down_a_stop_is_stored_at_once(self, town, settings, client, monkeypatch):
        asked: list[str] = []  # the broker's client tries for six seconds
        monkeypatch.setattr(wake.current_app, "send_task", lambda name, **_named: asked.append(name))
        nobody = "redis://127.0.0.1:9/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": nobody}}
        settings.REDIS_URL = nobody
        body = envelope(messages=[wrote(STOP)])
        begun = time.perf_counter()
        headers = {"X-Hub-Signature-256": sign("test-app-secret", body)}
        answer = client.post("/webhooks/whatsapp/", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200
        assert time.perf_counter() - begun < 1.0
        assert asked == []
        assert Subscriber.objects.get().state == "stopped"


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_two_workers_with_the_same_people_wait_for_each_other_in_one_order(self, town, caplog):
        numbers = [f"39335{n:07d}" for n in range(12)]
        with transaction.atomic():
            identity.find_all([(number, None) for number in numbers])
        for round_ in range(intake.BATCH * 4 // 12):  # batches of two workers, each in another order
            for number in numbers if round_ % 2 else reversed(numbers):
                posted(wrote("INFO", number, minute=round_))
        with caplog.at_level(logging.WARNING, "broadcasts.intake"):
            in_threads(intake.take_in, intake.take_in)
        assert [record.message for record in caplog.records if "as a whole" in record.message] == []
        assert not WebhookEvent.objects.exclude(state="done").exists()

    def test_a_stop_in_a_flood_is_stored_within_a_second(self, town, live_server, monkeypatch):
        """Receipts ten to a post, joins, and a worker that takes them in but stops nobody: the posts do."""
        nothing = conversation.Nothing(active=False)
        monkeypatch.setattr(conversation, "_stop", lambda *_told: nothing)
        leaving = [f"39336{n:07d}" for n in range(12)]
        posted(*(wrote(JOIN, number) for number in leaving))
        intake.take_in()
        over = threading.Event()
        posts = [0]

        def send(session: requests.Session, **value: Any) -> float:
            body = envelope(**value)
            headers = {"X-Hub-Signature-256": sign("test-app-secret", body), "Content-Type": "text/json"}
            begun = time.perf_counter()
            answer = session.post(f"{live_server.url}/webhooks/whatsapp/", body, headers=headers, timeout=20)
            assert answer.status_code == 200
            return time.perf_counter() - begun

        def flood() -> None:
            session = requests.Session()
            while not over.is_set():
                ids = [next(_ids) for _ in range(10)]
                send(session, statuses=[receipt("sent", f"d:1:{n}", at=TUESDAY_10, id=f"w{n}") for n in ids])
                # Those who are about to leave write too: a worker may hold them just then.
                talker = leaving[ids[0] % len(leaving)]
                send(session, messages=[wrote("INFO", talker), wrote(JOIN, f"39337{ids[0]:07d}")])
                posts[0] += 2

        def work() -> None:
            while not over.is_set():
                intake.take_in(seconds=0.5)

        def leave() -> None:
            session = requests.Session()
            try:
                while posts[0] < 10 and not over.wait(0.01):
                    pass
                for number in leaving:
                    took.append(send(session, messages=[wrote(STOP, number, minute=1)]))
                    stored.append(Subscriber.objects.get(phone=number).state)
            finally:
                over.set()

        took: list[float] = []
        stored: list[str] = []
        in_threads(flood, flood, work, leave)
        assert stored == ["stopped"] * len(leaving)
        assert max(took) < 1.0, took
        assert posts[0] >= 20, "there was no flood"


def test_a_key_that_is_spelt_with_a_space_is_seen(town):
    posted(wrote(JOIN))
    intake.take_in()
    body = json.dumps(json.loads(envelope(messages=[wrote(STOP, minute=1)])), separators=(" , ", " : "))
    intake.receive(body.encode())
    assert Subscriber.objects.get().state == "stopped"
