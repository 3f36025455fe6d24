"""The budget, against a real server and the server's own clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import redis

from tests.whatsapp.conftest import Valkey
from whatsapp.pacing import FLOOR, Budget, Lane, connect

Make = Callable[..., Budget]
LEASE = 0.05


def drain(
    budget: Budget, seconds: float, lane: Lane = Lane.ROUTINE, wanted: int = 50
) -> list[tuple[float, int]]:
    """Take as a sender does, sleeping as told; return moments and amounts."""
    grants: list[tuple[float, int]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        grant = budget.take(wanted, lane)
        if grant.granted:
            grants.append((time.monotonic(), grant.granted))
        time.sleep(min(grant.wait, 0.1))
    return grants


def busiest_second(grants: list[tuple[float, int]]) -> int:
    return max(sum(n for at, n in grants if start <= at < start + 1) for start, _ in grants)


class TestRate:
    @pytest.mark.parametrize("rate", [80, 1000])
    def test_n_grants_n(self, budget: Make, rate: int) -> None:
        mine = budget(rate)
        begin = time.monotonic()
        total = 0
        while time.monotonic() - begin < 2:  # without sleeping: the bound is exact whatever the machine does
            total += mine.take(50, Lane.ROUTINE).granted
        elapsed = time.monotonic() - begin
        assert total <= rate * (elapsed + LEASE) + 1
        assert total >= rate * (elapsed - LEASE) - 1

    def test_no_second_holds_more_than_the_rate_and_a_lease(self, budget: Make) -> None:
        grants = drain(budget(200), 2.5)
        # The moment of reading is a little after the moment of granting.
        assert busiest_second(grants) <= 200 + 200 * LEASE + 4

    def test_no_grant_is_larger_than_a_lease(self, budget: Make) -> None:
        assert budget(1000).take(1000, Lane.EMERGENCY).granted == 50
        assert budget(80).take(1000, Lane.EMERGENCY).granted <= 4

    def test_a_slow_rate_still_moves(self, budget: Make) -> None:
        mine = budget(5)
        assert mine.take(10, Lane.ROUTINE).granted == 1
        grant = mine.take(10, Lane.ROUTINE)
        assert grant.granted == 0
        assert 0.05 < grant.wait <= 0.2

    def test_two_clients_share_it(self, budget: Make) -> None:
        found: list[tuple[float, int]] = []
        begin = time.monotonic()

        def work() -> None:
            found.extend(drain(budget(300), 2))

        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        total = sum(n for _, n in found)
        assert total <= 300 * (time.monotonic() - begin + LEASE) + 1
        assert total >= 300 * 2 * 0.5  # a busy machine oversleeps; both together still get their share

    def test_idle_time_is_not_saved_up(self, budget: Make) -> None:
        mine = budget(1000)
        mine.take(50, Lane.ROUTINE)
        time.sleep(0.3)
        assert mine.take(1000, Lane.ROUTINE).granted == 50

    def test_zero_is_a_stop(self, budget: Make) -> None:
        mine = budget(0)
        for lane in Lane:
            assert mine.take(1, lane).granted == 0
        assert mine.take(1, Lane.EMERGENCY).wait > 0
        assert mine.rate() == 0

    def test_an_operator_s_rate_holds_for_all(self, budget: Make) -> None:
        one, two = budget(80), budget(80)
        one.set_rate(0)
        assert two.take(1, Lane.EMERGENCY).granted == 0
        one.set_rate(1000)
        assert two.take(1000, Lane.EMERGENCY).granted == 50
        one.set_rate(None)
        assert two.rate() == 80

    def test_a_negative_rate_is_a_stop(self, budget: Make) -> None:
        assert budget(-5).take(1, Lane.EMERGENCY).granted == 0

    @pytest.mark.parametrize("wanted", [0, -3])
    def test_wanting_nothing(self, budget: Make, wanted: int) -> None:
        assert budget(80).take(wanted, Lane.ROUTINE).granted == 0


class TestAccounts:
    def test_what_is_given_back_can_be_taken(self, budget: Make) -> None:
        mine = budget(20)  # a lease of one message
        assert mine.take(1, Lane.ROUTINE).granted == 1
        mine.give_back(1)
        assert mine.take(1, Lane.ROUTINE).granted == 1

    def test_giving_back_makes_no_hoard(self, budget: Make) -> None:
        mine = budget(1000)
        mine.give_back(10_000)
        assert mine.take(1000, Lane.ROUTINE).granted == 50

    def test_inbound_counts_and_may_owe(self, budget: Make) -> None:
        mine = budget(20)
        mine.spend(20)
        assert mine.take(1, Lane.EMERGENCY).granted == 0
        assert 0.5 < mine.state()["debt"] <= 1.0

    def test_a_flood_of_inbound_owes_two_seconds_at_most(self, budget: Make) -> None:
        mine = budget(20)
        mine.spend(1_000_000)
        assert mine.state()["debt"] <= 2.0


class TestLanes:
    @pytest.mark.parametrize(
        ("higher", "lower"),
        [
            (Lane.EMERGENCY, Lane.REPLY),
            (Lane.REPLY, Lane.URGENT),
            (Lane.URGENT, Lane.ROUTINE),
            (Lane.EMERGENCY, Lane.ROUTINE),
        ],
    )
    def test_who_asked_and_got_less_holds_the_lower_back(
        self, budget: Make, higher: Lane, lower: Lane
    ) -> None:
        mine = budget(20)
        assert mine.take(100, higher).granted == 1
        mine.give_back(1)  # there is something to take, but not for the lower lane
        assert mine.take(1, lower).granted == 0
        assert mine.take(1, higher).granted == 1

    def test_a_lower_lane_never_holds_a_higher(self, budget: Make) -> None:
        mine = budget(20)
        mine.take(100, Lane.ROUTINE)
        mine.give_back(1)
        assert mine.take(1, Lane.EMERGENCY).granted == 1

    def test_an_emergency_in_the_middle_takes_nearly_all(self, budget: Make) -> None:
        routine: list[tuple[float, int]] = []
        thread = threading.Thread(target=lambda: routine.extend(drain(budget(400), 2.5)), daemon=True)
        thread.start()
        time.sleep(0.5)
        begin = time.monotonic()
        emergency = sum(n for _, n in drain(budget(400), 1, Lane.EMERGENCY))
        end = time.monotonic()
        thread.join(30)
        meanwhile = sum(n for at, n in routine if begin + LEASE <= at <= end)
        assert emergency > 10 * max(1, meanwhile)
        # and it is given back when the emergency stops asking
        assert any(at > end for at, _ in routine)

    def test_a_reply_does_not_starve_the_routine(self, budget: Make) -> None:
        mine = budget(100)
        routine = replies = 0
        begin = time.monotonic()
        next_reply = begin
        while time.monotonic() - begin < 2:
            if time.monotonic() >= next_reply:
                granted = mine.take(1, Lane.REPLY).granted
                replies += granted
                next_reply += 0.2 if granted else 0.01
            routine += mine.take(50, Lane.ROUTINE).granted
        assert replies >= 9
        assert routine + replies >= 100 * (time.monotonic() - begin) * 0.9

    def test_who_can_use_more_in_a_moment_holds_the_lower_back_though_it_got_all(self, budget: Make) -> None:
        mine = budget(1000)
        assert mine.take(20, Lane.EMERGENCY, more=280).granted == 20
        assert mine.take(50, Lane.ROUTINE).granted == 0, "a whole lease had gathered"
        assert mine.take(50, Lane.EMERGENCY).granted >= 30
        assert mine.take(1, Lane.EMERGENCY, more=0).granted <= 1

    def test_what_was_used_is_wanted_no_more(self, budget: Make) -> None:
        mine = budget(1000)
        mine.take(20, Lane.EMERGENCY, more=10)
        assert mine.state()["waiting"]["emergency"] == 10
        assert mine.take(10, Lane.EMERGENCY).granted == 10
        assert mine.state()["waiting"]["emergency"] == 0
        assert mine.take(20, Lane.ROUTINE).granted > 0

    def test_a_want_is_forgotten(self, budget: Make) -> None:
        mine = budget(1000)
        mine.take(5000, Lane.EMERGENCY)
        assert mine.state()["waiting"]["emergency"] == 4950
        give_up = time.monotonic() + 10
        while not mine.take(1, Lane.ROUTINE).granted:
            assert time.monotonic() < give_up
        assert mine.state()["waiting"]["emergency"] == 0


class TestSlowingDown:
    def test_it_halves_for_everybody_once(self, budget: Make) -> None:
        one, two = budget(1000), budget(1000)
        for _ in range(30):  # one overload is answered by many refusals
            one.slow_down(None)
        state = two.state()
        assert (state["rate"], state["rate_now"], state["slowed"]) == (1000, 500.0, True)

    def test_it_pauses_when_asked_to(self, budget: Make) -> None:
        mine = budget(1000)
        mine.slow_down(30)
        assert mine.take(1, Lane.EMERGENCY).granted == 0
        assert 25 < mine.state()["pause"] <= 30

    @pytest.mark.parametrize("asked", [float("inf"), float("nan"), -5.0, 0.0, None])
    def test_an_absurd_wait_is_no_wait(self, budget: Make, asked: float | None) -> None:
        mine = budget(1000)
        mine.slow_down(asked)
        assert mine.state()["pause"] == 0

    def test_a_pause_is_five_minutes_at_most(self, budget: Make) -> None:
        mine = budget(1000)
        mine.slow_down(86_400)
        assert mine.state()["pause"] <= 300

    def test_it_recovers_step_by_step_in_a_minute(self, budget: Make, valkey_url: str) -> None:
        mine = budget(1200)
        mine.slow_down(None)
        server = connect(valkey_url)
        rates = []
        for _ in range(7):
            rates.append(mine.state()["rate_now"])
            back = float(server.hget(mine._key, "slow_at")) - 10e6  # type: ignore[arg-type]
            server.hset(mine._key, "slow_at", str(back))
        assert rates == pytest.approx([600, 700, 800, 900, 1000, 1100, 1200])

    def test_a_second_overload_halves_again_and_never_to_nothing(self, budget: Make, valkey_url: str) -> None:
        mine = budget(800)
        server = connect(valkey_url)
        rates = []
        for _ in range(6):
            mine.slow_down(None)
            rates.append(mine.state()["rate_now"])
            back = float(server.hget(mine._key, "slow_at")) - 3e6  # type: ignore[arg-type]
            server.hset(mine._key, "slow_at", str(back))
        assert rates == pytest.approx([400, 200, 100, 50, 50, 50])


class TestWidth:
    def test_all_workers_know_it_for_a_moment(self, budget: Make, valkey_url: str) -> None:
        one, two = budget(1000), budget(1000)
        assert two.width() == 0
        one.warm(64)
        assert two.width() == 64
        connect(valkey_url).hset(one._key, "width_until", "1")
        assert two.width() == 0

    def test_nobody_knows_it_without_the_server(self) -> None:
        nobody = Budget(connect("unix:///nowhere/at/all.sock"), rate=80)
        nobody.warm(64)
        assert nobody.width() == 0


class TestWrongClock:
    def test_a_clock_set_back_holds_nothing_for_long(self, budget: Make, valkey_url: str) -> None:
        mine = budget(1000)
        mine.take(1, Lane.EMERGENCY)
        tomorrow = str((time.time() + 86_400) * 1e6)
        names = ("at", "slow_at", "pause_until", "until_0", "width_until")
        server = connect(valkey_url)
        for name in names:
            server.hset(mine._key, name, tomorrow)
        server.hset(mine._key, "slow_share", "0.5")
        server.hset(mine._key, "short_0", "99")
        server.hset(mine._key, "width", "99")
        assert mine.width() == 0
        state = mine.state()
        assert state["debt"] <= 2.0
        assert state["pause"] <= 300
        assert state["waiting"]["emergency"] == 0


class TestServerLost:
    def test_the_floor_and_back(self, own_valkey: Valkey) -> None:
        budget = Budget(connect(own_valkey.url), rate=1000)
        assert budget.take(10, Lane.ROUTINE).granted == 10
        own_valkey.stop()
        begin = time.monotonic()
        total = 0
        while time.monotonic() - begin < 1.5:
            grant = budget.take(50, Lane.ROUTINE)
            assert grant.degraded
            total += grant.granted
            time.sleep(min(grant.wait, 0.05))
        assert 1 <= total <= FLOOR * (time.monotonic() - begin) + 1
        assert not budget.available()
        assert not budget.state()["reachable"]
        budget.give_back(1)
        budget.spend(1)
        budget.slow_down(1)
        with pytest.raises(redis.RedisError):
            budget.set_rate(5)
        own_valkey.start()
        give_up = time.monotonic() + 20
        while not budget.available():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        grant = budget.take(10, Lane.ROUTINE)  # the script is loaded anew
        assert (grant.granted, grant.degraded) == (10, False)

    def test_a_stopped_number_stays_stopped(self, own_valkey: Valkey) -> None:
        budget = Budget(connect(own_valkey.url), rate=1000)
        budget.set_rate(0)
        budget.take(1, Lane.EMERGENCY)
        own_valkey.stop()
        assert budget.take(1, Lane.EMERGENCY).granted == 0

    def test_a_server_that_was_never_there(self) -> None:
        budget = Budget(connect("unix:///nowhere/at/all.sock"), rate=80)
        grant = budget.take(5, Lane.EMERGENCY)
        assert (grant.granted, grant.degraded) == (1, True)
