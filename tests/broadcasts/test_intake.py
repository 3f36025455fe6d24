"""What becomes of stored webhooks: batches, poison, what came too early, replays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from broadcasts import intake, outcomes
from broadcasts.models import MessageTemplate, Reply, WebhookEvent
from staff.models import AuditEntry
from subscribers.identity import message_hash
from subscribers.models import InboundMessage, Subscriber
from tests.broadcasts.simulated import envelope, in_threads, receipt, rows_for, said
from tests.conftest import TUESDAY_10
from whatsempoli import clock

pytestmark = pytest.mark.django_db
JOIN = "ATTIVA ISCRIZIONE"


@pytest.fixture(autouse=True)
def ten_o_clock(clock_at: Any) -> None:
    """Business time is Tuesday, ten o'clock."""


def store(*bodies: bytes) -> None:
    for body in bodies:
        assert intake.receive(body)


def joins(*numbers: int) -> list[bytes]:
    return [
        envelope(messages=[said(JOIN, at=TUESDAY_10, phone=f"39333{n:07d}", id=f"wamid.{n}")])
        for n in numbers
    ]


def in_time() -> None:
    WebhookEvent.objects.update(not_before=None)


class TestPoison:
    @pytest.fixture(params=[RuntimeError, AttributeError, ValueError, RecursionError, OverflowError])
    def poison(self, request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message of number 3 meets a defect of ours."""
        take = intake.take_message

        def take_or_fail(message: Any, hearing: Any) -> Any:
            if message.phone and message.phone.endswith("0000003"):
                raise request.param("a defect of ours")
            return take(message, hearing)

        monkeypatch.setattr(intake, "take_message", take_or_fail)

    def test_it_is_put_aside_alone_while_its_batch_goes_on(self, town, poison):
        store(*joins(1, 2, 3, 4, 5))
        intake.take_in()
        assert Reply.objects.count() == 4
        for _attempt in range(intake.MOST_ATTEMPTS):
            in_time()
            intake.take_in()
        states = list(WebhookEvent.objects.order_by("id").values_list("state", flat=True))
        assert states == ["done", "done", "aside", "done", "done"]
        assert "a defect of ours" in WebhookEvent.objects.get(state="aside").error

    def test_what_the_database_quotes_is_not_kept(self, town, monkeypatch):
        """It names the refused row: «Key (phone)=(39…) already exists»."""

        def refuse(message: Any, hearing: Any) -> Any:
            raise IntegrityError("DETAIL: Key (phone)=(393330000003) already exists.")

        monkeypatch.setattr(intake, "take_message", refuse)
        store(*joins(3))
        for _attempt in range(intake.MOST_ATTEMPTS):
            in_time()
            intake.take_in()
        assert WebhookEvent.objects.get(state="aside").error == "IntegrityError"

    def test_it_waits_between_its_attempts(self, town, poison):
        store(*joins(3))
        for _run in range(5):
            intake.take_in()
        event = WebhookEvent.objects.get()
        assert (event.state, event.attempts) == ("pending", 1)


def test_what_was_put_aside_can_be_replayed(town, carla, monkeypatch):
    def broken(*_args: Any) -> None:
        raise RuntimeError("a defect of ours")

    store(*joins(1))
    with monkeypatch.context() as patch:
        patch.setattr(intake, "take_message", broken)
        for _attempt in range(intake.MOST_ATTEMPTS):
            in_time()
            intake.take_in()
    event = WebhookEvent.objects.get()
    assert event.state == "aside"
    assert intake.replay([event.pk], by=carla) == 1
    intake.take_in()
    event.refresh_from_db()
    assert (event.state, event.error) == ("done", "")
    assert Reply.objects.count() == 1
    assert AuditEntry.objects.filter(verb="replay").exists()
    assert intake.replay([event.pk], by=carla) == 0


class TestTooEarly:
    """A receipt may come before the row that knows its message."""

    def test_it_is_kept_and_applied_when_the_row_is_there(self, people, write, approve):
        store(envelope(statuses=[receipt("delivered", None, at=TUESDAY_10)]))
        intake.take_in()
        assert WebhookEvent.objects.get().state == "pending"
        (row,) = rows_for(
            approve(write()), people(1, "acqua"), state="accepted", message_hash=message_hash("wamid.out")
        )
        assert intake.take_in() == 0, "it waits a little before the next look"
        in_time()
        intake.take_in()
        row.refresh_from_db()
        assert (row.receipt, WebhookEvent.objects.get().state) == (2, "done")

    def test_two_receipts_of_one_message_in_two_posts_are_both_kept(self, people, write, approve):
        store(
            envelope(statuses=[receipt("delivered", None, at=TUESDAY_10)]),
            envelope(statuses=[receipt("sent", None, at=TUESDAY_10)]),
        )
        intake.take_in()
        assert list(WebhookEvent.objects.values_list("state", flat=True)) == ["pending", "pending"]
        (row,) = rows_for(
            approve(write()), people(1, "acqua"), state="accepted", message_hash=message_hash("wamid.out")
        )
        in_time()
        intake.take_in()
        row.refresh_from_db()
        assert row.receipt == 2

    def test_not_for_ever(self, town):
        store(envelope(statuses=[receipt("delivered", None, at=TUESDAY_10)]))
        WebhookEvent.objects.update(received_at=clock.real_now() - intake.UNKNOWN_FOR - timedelta(minutes=1))
        intake.take_in()
        assert WebhookEvent.objects.get().state == "done"

    def test_one_that_is_not_ours_is_not_kept(self, town):
        store(envelope(statuses=[receipt("delivered", "somebody-else", at=TUESDAY_10)]))
        intake.take_in()
        assert WebhookEvent.objects.get().state == "done"


class TestMessages:
    def test_a_citizen_joins_and_is_answered_once(self, town):
        store(*joins(1))
        assert intake.take_in() == 1
        person = Subscriber.objects.get()
        reply = Reply.objects.get()
        assert (person.state, person.last_inbound_at) == ("active", TUESDAY_10)
        assert (reply.subscriber, reply.state) == (person, "pending")
        assert reply.inbound and reply.inbound.command == "start"
        assert "to" not in reply.payload

    def test_somebody_without_a_phone_is_heard(self, town):
        message = said(JOIN, at=TUESDAY_10)
        del message["from"]
        store(envelope(messages=[message | {"from_user_id": "IT.1234567890"}]))
        intake.take_in()
        assert Subscriber.objects.get().user_id == "IT.1234567890"
        assert Reply.objects.count() == 1

    @pytest.mark.parametrize(
        "text",
        ["", " ", "\x00" * 10, "\ud83d", "x" * 70_000, "🫠" * 4_096, "'; DROP TABLE x; --", "{{ 7*7 }}"],
        ids=["empty", "space", "nul", "surrogate", "long", "emoji", "sql", "braces"],
    )
    def test_a_hostile_text_is_stored_or_blanked_and_stops_nothing(self, town, text):
        store(envelope(messages=[said(text, at=TUESDAY_10)]), *joins(2))
        intake.take_in()
        assert not WebhookEvent.objects.exclude(state="done").exists()
        assert InboundMessage.objects.count() == 2

    def test_a_clock_that_is_wrong_makes_no_act_that_nothing_undoes(self, town):
        future = TUESDAY_10 + timedelta(days=3650)
        store(envelope(messages=[said(JOIN, at=future, id="wamid.future")]))
        intake.take_in()
        store(
            envelope(
                messages=[
                    said("DISATTIVA ISCRIZIONE", at=clock.real_now() + timedelta(minutes=1), id="wamid.stop")
                ]
            )
        )
        assert Subscriber.objects.get().state == "stopped"

    def test_a_message_id_that_fits_nowhere_is_put_aside_alone(self, town):
        store(envelope(messages=[said(JOIN, at=TUESDAY_10, id="w" * 1_000)]), *joins(2))
        for _attempt in range(intake.MOST_ATTEMPTS):
            in_time()
            intake.take_in()
        assert sorted(WebhookEvent.objects.values_list("state", flat=True)) == ["aside", "done"]

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_share_the_batches(self, town):
        store(*joins(*range(150)))
        in_threads(intake.take_in, intake.take_in)
        intake.take_in()  # what one of them had to give back
        assert Reply.objects.count() == Subscriber.objects.filter(state="active").count() == 150
        assert not WebhookEvent.objects.exclude(state="done").exists()


class TestWhatElse:
    def test_the_providers_own_stop_leaves_promotions_only(self, people):
        (person,) = people(1, "acqua", "eventi")
        preference = {
            "wa_id": person.phone,
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": int(TUESDAY_10.timestamp()),
        }
        store(envelope("user_preferences", user_preferences=[preference]))
        intake.take_in()
        person.refresh_from_db()
        assert person.marketing_stopped
        assert [c.slug for c in person.categories.all()] == ["acqua"]

    def test_a_failure_that_says_so_leaves_promotions_too(self, people, write, approve):
        (person,) = people(1, "acqua", "eventi")
        failed = receipt("failed", "d:1:1", at=TUESDAY_10, errors=[{"code": 131050}])
        store(envelope(statuses=[failed | {"recipient_id": person.phone}]))
        intake.take_in()
        person.refresh_from_db()
        assert person.marketing_stopped

    @pytest.mark.parametrize(
        ("event", "status"), [("PAUSED", "PAUSED"), ("APPROVED", "APPROVED"), ("STRANGE", "APPROVED")]
    )
    def test_a_template_that_changes_is_known_at_once(self, town, event, status):
        template = MessageTemplate.objects.filter(language="it")[0]
        store(
            envelope(
                "message_template_status_update",
                event=event,
                message_template_name=template.name,
                message_template_language="it",
                reason="NONE",
            )
        )
        intake.take_in()
        template.refresh_from_db()
        assert template.status == status

    def test_a_class_that_is_announced_does_not_hold_yet(self, town):
        template = MessageTemplate.objects.filter(language="it", category="UTILITY")[0]
        store(
            envelope(
                "template_category_update",
                message_template_name=template.name,
                message_template_language="it",
                new_category="UTILITY",
                correct_category="MARKETING",
            )
        )
        intake.take_in()
        template.refresh_from_db()
        assert template.category == "UTILITY"

    def test_receipts_of_a_whole_batch_take_one_statement(
        self, people, write, approve, django_assert_max_num_queries, monkeypatch
    ):
        broadcast = approve(write())
        rows = rows_for(broadcast, people(50, "acqua"), state="accepted")
        store(
            envelope(
                statuses=[
                    receipt("sent", f"d:{broadcast.pk}:{row.pk}", at=TUESDAY_10, id=f"w{row.pk}")
                    for row in rows
                ]
            )
        )
        calls: list[int] = []
        apply = outcomes.apply_statuses

        def count_and_apply(statuses: Any) -> Any:
            calls.append(len(statuses))
            return apply(statuses)

        monkeypatch.setattr(outcomes, "apply_statuses", count_and_apply)
        with django_assert_max_num_queries(12):
            intake.take_in()
        assert calls == [50]
        assert set(broadcast.deliveries.values_list("receipt", flat=True)) == {1}
