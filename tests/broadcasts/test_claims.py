"""The set-based statements: who takes a row, who is fenced off, and what the month's account says."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from broadcasts import claims, fanout, outcomes
from broadcasts.models import Broadcast, Delivery, MonthlyUsage
from policy.calendar import ROME
from policy.models import Category
from subscribers.models import Subscriber, Subscription
from tests.broadcasts.simulated import (
    accepted,
    claim_all,
    in_threads,
    lapse,
    no_wait,
    reasons_of,
    rows_for,
    states_of,
    terms,
)
from tests.conftest import TUESDAY_10
from whatsapp.webhook import Status

EVERY_CLAIM = {"cap": 100}


def crowd(count: int, topic: str = "acqua") -> list[Subscriber]:
    """Many citizens who asked for a topic, quickly."""
    last = Subscriber.objects.count()
    everybody = Subscriber.objects.bulk_create(
        Subscriber(phone=f"3934{last + n:08d}", state="active") for n in range(count)
    )
    category = Category.objects.get(slug=topic)
    Subscription.objects.bulk_create(
        Subscription(subscriber=person, category=category, since=TUESDAY_10) for person in everybody
    )
    return everybody


@pytest.fixture
def sending(write: Callable[..., Broadcast], approve: Callable[..., Broadcast]) -> Callable[..., Broadcast]:
    """A broadcast that is leaving, without rows."""

    def make(**changes: Any) -> Broadcast:
        broadcast = approve(write(**changes))
        Broadcast.objects.filter(pk=broadcast.pk).update(state="sending", started_at=TUESDAY_10)
        broadcast.refresh_from_db()
        return broadcast

    return make


def used() -> int:
    return sum(MonthlyUsage.objects.values_list("used", flat=True))


def out(id: int, state: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "state": state, "code": None, "back": False} | more


@pytest.mark.django_db(transaction=True)
class TestThreads:
    def test_four_workers_claim_ten_thousand_rows_each_once(self, town, sending):
        broadcast = sending()
        rows = rows_for(broadcast, crowd(10_000))

        def work() -> list[int]:
            mine: list[int] = []
            lease, after = uuid.uuid4(), 0
            while True:
                taken, highest = claims.claim(
                    terms(broadcast, **EVERY_CLAIM), lease=lease, after=after, limit=200
                )
                mine += [row.id for row in taken]
                if not highest and not after:
                    return mine
                after = highest

        results = in_threads(*[work] * 4)
        together = Counter(id for mine in results for id in mine)
        assert set(together) == {row.pk for row in rows}
        assert set(together.values()) == {1}
        assert used() == 10_000
        assert sum(bool(mine) for mine in results) > 1, "one worker did it all: nothing was raced"

    def test_one_unit_is_left_and_two_broadcasts_want_it(self, town, sending):
        everybody = crowd(300)
        both = [sending(title="Uno"), sending(title="Due")]
        for broadcast in both:
            rows_for(broadcast, everybody)
        in_threads(*[lambda b=broadcast: claim_all(b, cap=1) for broadcast in both])
        assert sorted(reasons_of(both[0]) + reasons_of(both[1])) == ["capped"]
        claimed = Delivery.objects.filter(state="claimed").values_list("subscriber_id", flat=True)
        assert sorted(claimed) == sorted(person.pk for person in everybody), "each exactly once"
        assert used() == 300

    def test_receipts_and_outcomes_of_the_same_rows_do_not_lock_each_other_out(self, town, sending):
        """A deadlock would cost a batch its outcomes; both statements take their rows in one order."""
        broadcast = sending()
        rows_for(broadcast, crowd(400))
        lease, ids = claim_all(broadcast, **EVERY_CLAIM)
        claims.begin(terms(broadcast), ids, lease=lease)

        def receipts() -> None:
            for _again in range(15):
                outcomes.apply_statuses([status(broadcast, id, "sent") for id in reversed(ids)])

        def answers() -> None:
            for start in range(0, 400, 40):
                claims.record([out(id, "accepted") for id in reversed(ids[start : start + 40])], lease=lease)

        in_threads(receipts, receipts, answers)
        assert states_of(broadcast) == {"accepted": 400}

    def test_a_request_that_begins_while_the_correction_freezes_is_in_its_audience(self, town, sending):
        """Either the row begins first and is left to the correction, or it ends and never begins."""
        broadcast = sending()
        rows_for(broadcast, crowd(200))
        lease, ids = claim_all(broadcast, **EVERY_CLAIM)
        results = in_threads(
            lambda: [claims.begin(terms(broadcast), ids[n : n + 10], lease=lease) for n in range(0, 200, 10)],
            lambda: claims.supersede(broadcast.pk),
        )
        begun = set().union(*results[0])
        assert len(begun) + results[1] == 200
        states = dict(broadcast.deliveries.values_list("id", "state"))
        assert {id for id, state in states.items() if state == "sending"} == begun
        assert used() == len(begun)


def status(broadcast: Broadcast, id: int, word: str, **more: Any) -> Status:
    values: dict[str, Any] = dict.fromkeys(
        ("phone", "user_id", "error_code", "pricing_category", "pricing_type", "billable", "phone_number_id")
    )
    values |= {"message_id": f"wamid.{id}", "status": word, "error_details": "", "at": TUESDAY_10}
    return Status(**(values | {"opaque": f"d:{broadcast.pk}:{id}"} | more))


@pytest.mark.django_db
class TestFence:
    def test_a_late_outcome_after_the_rescue_changes_nothing(self, town, sending):
        broadcast = sending()
        (row,) = rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        claims.begin(terms(broadcast), ids, lease=lease)
        lapse("sending")
        claims.rescue()
        assert claims.record([out(row.pk, "failed", back=True)], lease=lease) == 0
        row.refresh_from_db()
        assert (row.state, row.lease, used()) == ("unconfirmed", None, 1)

    def test_a_stalled_worker_may_not_begin_what_another_has_claimed(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        old, ids = claim_all(broadcast)
        lapse("claimed")
        claims.rescue()
        new, again = claim_all(broadcast)
        assert again == ids
        assert claims.begin(terms(broadcast), ids, lease=old) == {}
        assert claims.release(ids, lease=old) == 0
        assert claims.begin(terms(broadcast), ids, lease=new) == dict.fromkeys(ids, 1)
        assert claims.record([out(ids[0], "accepted")], lease=old) == 0
        assert claims.record([out(ids[0], "accepted")], lease=new) == 1

    def test_a_lease_that_runs_is_not_rescued(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(3))
        claim_all(broadcast)
        assert claims.rescue() == 0
        assert states_of(broadcast) == {"claimed": 3}

    @pytest.mark.parametrize("state", ["paused", "cancelled", "expired", "scheduled"])
    def test_nothing_begins_unless_the_broadcast_is_leaving(self, town, sending, state):
        broadcast = sending()
        rows_for(broadcast, crowd(2))
        lease, ids = claim_all(broadcast)
        Broadcast.objects.update(state=state)
        assert claims.begin(terms(broadcast), ids, lease=lease) == {}

    def test_nothing_begins_under_another_fingerprint(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        assert claims.begin(terms(broadcast, fingerprint="other"), ids, lease=lease) == {}

    @pytest.mark.parametrize("state", ["stopped", "unreachable", "invited", "erased"])
    def test_who_is_no_longer_in_is_refused_at_the_last_moment_whatever_else_is_left(
        self, town, sending, state
    ):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        Subscriber.objects.update(state=state)
        assert claims.begin(terms(broadcast), ids, lease=lease) == {}

    def test_who_stopped_promotions_is_refused_at_the_last_moment(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast, marketing=True)
        Subscriber.objects.update(marketing_stopped=True)
        assert claims.begin(terms(broadcast, marketing=True), ids, lease=lease) == {}

    def test_what_has_to_wait_is_not_claimed_and_what_has_waited_is(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1), not_before=TUESDAY_10.astimezone(ROME) + timedelta(days=3650))
        assert claim_all(broadcast)[1] == []
        no_wait()
        assert len(claim_all(broadcast)[1]) == 1


@pytest.mark.django_db
class TestMonth:
    def test_a_unit_is_reserved_once_for_a_message_that_is_claimed_twice(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        assert used() == 1
        claims.release(ids, lease=lease)
        assert used() == 0
        claim_all(broadcast)
        assert used() == 1

    @pytest.mark.parametrize(
        ("state", "back", "left"),
        [("accepted", False, 1), ("held", False, 1), ("unconfirmed", False, 1), ("failed", True, 0)],
    )
    def test_it_goes_back_only_if_it_surely_did_not_go(self, town, sending, state, back, left):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        claims.begin(terms(broadcast), ids, lease=lease)
        claims.record([out(ids[0], state, back=back)], lease=lease)
        assert used() == left

    def test_a_refusal_that_comes_later_gives_it_back_once(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(1))
        lease, ids = claim_all(broadcast)
        claims.begin(terms(broadcast), ids, lease=lease)
        claims.record([out(ids[0], "accepted")], lease=lease)
        for _again in range(3):
            outcomes.apply_statuses([status(broadcast, ids[0], "failed", error_code=131026)])
        assert (used(), states_of(broadcast)) == (0, {"failed": 1})

    def test_two_broadcasts_lost_together_give_back_both_units(self, town, sending):
        (person,) = crowd(1)
        for title in ("Uno", "Due"):
            broadcast = sending(title=title)
            rows_for(broadcast, [person])
            claim_all(broadcast)
        assert used() == 2
        lapse("claimed")
        claims.rescue()
        assert used() == 0

    def test_a_promise_of_zero_reserves_nothing(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(2))
        assert claim_all(broadcast, cap=0)[1] == []
        assert (reasons_of(broadcast), used()) == ({"capped": 2}, 0)

    def test_an_approved_exception_goes_beyond_the_promise_and_is_counted(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(2))
        assert len(claim_all(broadcast, cap=0, cap_override=True)[1]) == 2
        assert used() == 2

    def test_what_does_not_count_takes_nothing_and_is_never_capped(self, town, sending):
        broadcast = sending()
        rows_for(broadcast, crowd(2))
        assert len(claim_all(broadcast, cap=0, counts=False)[1]) == 2
        assert used() == 0

    def test_the_unit_belongs_to_the_month_and_to_the_account(self, town, sending):
        broadcast = sending()
        (person,) = crowd(1)
        rows_for(broadcast, [person])
        december = broadcast.created_at.date().replace(year=2026, month=12, day=1)
        MonthlyUsage.objects.create(subscriber=person, month=december, promise="", used=5)
        MonthlyUsage.objects.create(subscriber=person, month=terms(broadcast).month, promise="acqua", used=5)
        assert len(claim_all(broadcast)[1]) == 1


@pytest.mark.django_db
class TestFollowUps:
    def test_a_person_waits_for_the_outcome_of_the_original_a_minute_at_most(self, town, sending, write):
        original = sending()
        everybody = crowd(3)
        rows_for(original, everybody)
        lease, ids = claim_all(original)
        claims.begin(terms(original), ids, lease=lease)
        follow = sending(kind="correction", severity="urgent", refers_to=original, fields={"text": "No."})
        rows_for(follow, everybody)
        assert claim_all(follow, counts=False)[1] == []
        claims.record([out(ids[0], "accepted")], lease=lease)
        assert len(claim_all(follow, counts=False)[1]) == 1
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE broadcasts_delivery SET begun_at = now() - interval '61 seconds' WHERE id = %s",
                [ids[1]],
            )
        assert len(claim_all(follow, counts=False)[1]) == 1


@pytest.mark.django_db
def test_the_cost_of_a_claim_does_not_grow_with_what_was_claimed_before(town, sending):
    """ENGINE.md B2: without the keyset the plan reads all that was done before, more at each batch."""
    broadcast = sending()
    rows = rows_for(broadcast, crowd(4_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE broadcasts_delivery")
        first = buffers(cursor, broadcast, after=0)
        after = 0
        for _batch in range(18):
            _taken, after = claims.claim(
                terms(broadcast, **EVERY_CLAIM), lease=uuid.uuid4(), after=after, limit=200
            )
        assert after == sorted(row.pk for row in rows)[3_599]
        last = buffers(cursor, broadcast, after=after)
    assert last <= 2 * first


def buffers(cursor: Any, broadcast: Broadcast, after: int) -> int:
    """How many pages the rows of the next claim cost to find (the plan's own count)."""
    inner = (
        claims.CLAIM.split("WITH picked AS (")[1].split("), judged AS (")[0].replace("FOR UPDATE OF d", "")
    )
    parameters = {
        "broadcast": broadcast.pk,
        "after": after,
        "original": None,
        "zones": None,
        "original_wait": 60,
        "limit": 200,
    }
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {inner.replace('SKIP LOCKED', '')}", parameters)
    plan = cursor.fetchone()[0]
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_broadcast_write_to_each_phone_once(meta, town, leaving):
    everybody = crowd(400)
    broadcast = leaving(severity="routine")
    meta.answer = lambda got: _after(0.01, got)
    tallies = in_threads(*[lambda: fanout.send_slice(broadcast.pk)] * 2)
    assert meta.times() == Counter({person.phone: 1 for person in everybody})
    assert states_of(broadcast) == {"accepted": 400}
    assert all(tally.sent for tally in tallies), "one worker did it all: nothing was raced"
    assert used() == 400
    assert threading.active_count() < 50


async def _after(seconds: float, got: Any) -> Any:
    await asyncio.sleep(seconds)
    return accepted(got)
