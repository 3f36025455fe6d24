"""Receipts: whatever the order, the number of times and the batches they come in, the same end."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import claims, outcomes
from broadcasts.models import Broadcast, Delivery, Reply
from subscribers.identity import message_hash
from subscribers.models import InboundMessage
from tests.broadcasts.simulated import claim_all, lapse, rows_for, terms
from tests.conftest import TUESDAY_10
from whatsapp.bulk import Outcome, OutcomeKind
from whatsapp.webhook import Status

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RANK = {"sent": 1, "delivered": 2, "read": 3, "played": 3}
HOSTILE = [
    "",
    "d",
    "d:",
    "d:1",
    "d::1",
    "d:1:2:3:4",
    "d:1:2:-1",
    "d:1:2:99999",
    "d:-1:1",
    "d:1:-1",
    "d:1e3:1",
    "d:0x1:1",
    "d: 1:1",
    "d:¹:1",
    "d:١:1",
    "d:9999999999999999999:1",
    "d:1:99999999999999999999999999",
    "r:",
    "r:1:2",
    "r:99999999999999999999",
    "x:1:2",
    "d:1;DROP TABLE broadcasts_delivery;--:1",
    "d:1:1\x00",
    "\U0001f4a7" * 500,
]


def status(word: str, opaque: str | None, *, minute: int | None = 0, **more: Any) -> Status:
    values: dict[str, Any] = dict.fromkeys(
        ("phone", "user_id", "error_code", "pricing_category", "pricing_type", "billable", "phone_number_id")
    )
    at = None if minute is None else START + timedelta(minutes=minute)
    values |= {"message_id": "wamid.x", "status": word, "error_details": "", "at": at, "opaque": opaque}
    return Status(**(values | more))


@pytest.fixture
def row(
    write: Callable[..., Broadcast], approve: Callable[..., Broadcast], people: Callable[..., Any]
) -> Delivery:
    """A row whose request was accepted."""
    broadcast = approve(write())
    Broadcast.objects.update(state="sending")
    (made,) = rows_for(broadcast, people(1, "acqua"), state="accepted", message_hash=message_hash("wamid.x"))
    return made


def end_of(row: Delivery) -> tuple[Any, ...]:
    row.refresh_from_db()
    return row.state, row.receipt, row.error_code, row.delivered_at, row.read_at


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["sent", "delivered", "read", "failed", "played", "warning"]), st.integers(0, 9)
    ),
    max_size=7,
)


@given(said=WORDS, seed=st.integers(0, 2**20))
def test_in_one_batch_the_order_does_not_matter(said: list[tuple[str, int]], seed: int) -> None:
    statuses = [status(word, "d:1:2", minute=minute, error_code=131026) for word, minute in said]
    shuffled = statuses * 2
    random.Random(seed).shuffle(shuffled)
    assert outcomes.merged(statuses) == outcomes.merged(shuffled)


@pytest.mark.parametrize("seed", range(40))
def test_every_order_split_and_repetition_ends_in_the_rank_rule(row: Delivery, seed: int) -> None:
    """Some receipts of one message, shuffled, doubled, cut into batches: the highest rank wins, `failed`
    wins over `sent` alone, and times are the earliest that were told."""
    dice = random.Random(seed)
    minutes = {"sent": 1, "delivered": 3, "read": 5, "failed": 2}
    words = [word for word in minutes if dice.random() < 0.7] or ["failed"]
    said = [
        status(
            word,
            f"d:{row.broadcast_id}:{row.pk}",
            minute=minutes[word],
            error_code=131026 if word == "failed" else None,
        )
        for word in words
    ]
    said *= dice.choice([1, 2, 3])
    dice.shuffle(said)
    while said:
        cut = dice.randint(1, len(said))
        assert outcomes.apply_statuses(said[:cut]) == []
        said = said[cut:]
    state, receipt, code, delivered, read = end_of(row)
    best = max((RANK.get(word, 0) for word in words), default=0)
    lost = "failed" in words and best < 2
    assert (state, receipt, code) == ("failed" if lost else "accepted", best, 131026 if lost else None)
    first = {2: "delivered", 3: "delivered" if "delivered" in words else "read"}.get(best)
    assert delivered == (START + timedelta(minutes=minutes[first]) if first else None)
    assert read == (START + timedelta(minutes=5) if best == 3 else None)


class TestRank:
    def apply(self, row: Delivery, *words: str, together: bool) -> tuple[Any, ...]:
        opaque = f"d:{row.broadcast_id}:{row.pk}"
        said = [status(word, opaque, error_code=131026 if word == "failed" else None) for word in words]
        for batch in [said] if together else [[each] for each in said]:
            outcomes.apply_statuses(batch)
        return end_of(row)[:3]

    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("words", [("sent", "failed"), ("failed", "sent")])
    def test_failed_wins_over_sent(self, row, words, together):
        assert self.apply(row, *words, together=together) == ("failed", 1, 131026)

    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("words", [("delivered", "failed"), ("failed", "delivered")])
    def test_failed_loses_against_delivered(self, row, words, together):
        assert self.apply(row, *words, together=together) == ("accepted", 2, None)

    def test_sent_after_read_does_not_bring_it_back(self, row):
        assert self.apply(row, "read", "delivered", "sent", together=False)[:2] == ("accepted", 3)

    def test_a_word_that_we_do_not_know_changes_nothing(self, row):
        before = end_of(row)
        self.apply(row, "warning", "deleted", "", together=False)
        assert end_of(row) == before

    @pytest.mark.parametrize(
        ("state", "word", "after"),
        [
            ("unconfirmed", "sent", "accepted"),
            ("unconfirmed", "failed", "failed"),
            ("undelivered", "delivered", "accepted"),
            ("held", "delivered", "accepted"),
            ("pending", "delivered", "accepted"),  # proven, whatever we believed
            ("skipped", "failed", "skipped"),
            ("expired", "failed", "expired"),
            ("failed", "failed", "failed"),
        ],
    )
    def test_what_a_receipt_makes_of_each_state(self, row, state, word, after):
        Delivery.objects.filter(pk=row.pk).update(state=state)
        assert self.apply(row, word, together=True)[0] == after

    def test_a_receipt_without_a_time_still_counts(self, row):
        outcomes.apply_statuses([status("read", f"d:{row.broadcast_id}:{row.pk}", minute=None)])
        assert end_of(row)[:2] == ("accepted", 3)


class TestWhose:
    @pytest.mark.parametrize("opaque", HOSTILE)
    def test_a_hostile_reference_is_nobodys(self, row, opaque):
        before = end_of(row)
        outcomes.apply_statuses([status("read", opaque, message_id="wamid.unknown")])
        assert end_of(row) == before

    def test_a_reference_to_the_row_of_another_broadcast_changes_nothing(self, row):
        before = end_of(row)
        outcomes.apply_statuses([status("read", f"d:{row.broadcast_id + 1}:{row.pk}")])
        assert end_of(row) == before

    def test_without_our_reference_the_hash_finds_it(self, row):
        assert outcomes.apply_statuses([status("delivered", None)]) == []
        assert end_of(row)[:2] == ("accepted", 2)

    def test_an_unknown_message_is_handed_back_to_be_kept(self, row):
        stranger = status("delivered", None, message_id="wamid.later")
        assert outcomes.apply_statuses([stranger]) == [stranger]

    def test_one_with_and_one_without_our_reference_in_one_batch_both_count(self, row):
        ours = f"d:{row.broadcast_id}:{row.pk}"
        outcomes.apply_statuses([status("sent", ours), status("read", None, minute=5)])
        assert end_of(row)[:2] == ("accepted", 3)

    def test_a_receipt_before_our_own_outcome_holds_and_the_outcome_is_fenced(self, row):
        Delivery.objects.filter(pk=row.pk).update(state="pending", message_hash=None)
        broadcast = Broadcast.objects.get(pk=row.broadcast_id)
        lease, ids = claim_all(broadcast)
        claims.begin(terms(broadcast), ids, lease=lease)
        outcomes.apply_statuses([status("delivered", f"d:{broadcast.pk}:{row.pk}")])
        late = {"id": row.pk, "state": "unconfirmed", "code": None, "back": False}
        assert claims.record([late], lease=lease) == 0
        assert end_of(row)[:2] == ("accepted", 2)

    def test_a_receipt_settles_what_a_dead_worker_left(self, row):
        Delivery.objects.filter(pk=row.pk).update(state="pending")
        broadcast = Broadcast.objects.get(pk=row.broadcast_id)
        lease, ids = claim_all(broadcast)
        claims.begin(terms(broadcast), ids, lease=lease)
        lapse("sending")
        claims.rescue()
        assert end_of(row)[0] == "unconfirmed"
        outcomes.apply_statuses([status("sent", f"d:{broadcast.pk}:{row.pk}")])
        assert end_of(row)[:2] == ("accepted", 1)

    @pytest.mark.parametrize("together", [True, False])
    def test_an_answer_has_receipts_too(self, people, together):
        (person,) = people(1, "acqua")
        heard = InboundMessage.objects.create(message_id="wamid.in", sent_at=TUESDAY_10, kind="text")
        reply = Reply.objects.create(
            inbound=heard, subscriber=person, wording="x", payload={}, state="accepted"
        )
        said = [
            status("failed", f"r:{reply.pk}", error_code=131047),
            status("sent", f"r:{reply.pk}", error_code=None),
        ]
        for batch in [said] if together else [[each] for each in said]:
            outcomes.apply_statuses(batch)
        reply.refresh_from_db()
        assert (reply.state, reply.error_code) == ("failed", 131047)


class TestResolve:
    """What each answer to a request means for its row, and for the send."""

    @pytest.mark.parametrize(
        ("kind", "code", "state", "back"),
        [
            (OutcomeKind.ACCEPTED, None, "accepted", False),
            (OutcomeKind.HELD, None, "held", False),
            (OutcomeKind.UNCONFIRMED, None, "unconfirmed", False),
            (OutcomeKind.NOT_SENT, None, "pending", True),
            (OutcomeKind.REFUSED, 131026, "failed", True),
            (OutcomeKind.REFUSED, 131009, "failed", True),
            (OutcomeKind.REFUSED, 130429, "pending", True),
            (OutcomeKind.REFUSED, 131056, "pending", True),
            (OutcomeKind.REFUSED, 131000, "pending", True),
            (OutcomeKind.REFUSED, 190, "pending", True),
            (OutcomeKind.REFUSED, 132015, "pending", True),
            (OutcomeKind.REFUSED, 131031, "pending", True),
            (OutcomeKind.REFUSED, 999_999, "pending", True),
        ],
    )
    def test_the_row(self, kind, code, state, back):
        row, _fault = outcomes.resolve(Outcome(1, kind, code=code, message_id="wamid.1"))
        assert (row["state"], row["back"]) == (state, back)

    @pytest.mark.parametrize(
        ("code", "stops", "away", "slow", "suspect"),
        [
            (190, True, False, False, False),
            (132015, True, False, False, False),
            (131031, True, False, False, False),
            (130429, False, False, True, False),
            (131000, False, True, False, False),
            (131009, False, False, False, True),
        ],
    )
    def test_the_fault(self, code, stops, away, slow, suspect):
        _row, fault = outcomes.resolve(Outcome(1, OutcomeKind.REFUSED, code=code))
        assert fault is not None
        assert (fault.stops, fault.away, fault.slow_down, fault.suspect) == (stops, away, slow, suspect)

    @pytest.mark.parametrize("code", [131026, 131056, 131049, 131050])
    def test_one_persons_trouble_is_nobody_elses(self, code):
        assert outcomes.resolve(Outcome(1, OutcomeKind.REFUSED, code=code))[1] is None

    def test_the_message_id_is_kept_as_a_hash_only(self):
        row, _fault = outcomes.resolve(Outcome(1, OutcomeKind.ACCEPTED, message_id="wamid.HBgLMzkzMzM"))
        assert row["hash"] == message_hash("wamid.HBgLMzkzMzM")
        assert "wamid" not in str(row)
