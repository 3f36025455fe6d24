"""People who act by themselves: drawn by seed, on the provider's clock, always the same."""

from __future__ import annotations

import asyncio

import pytest

from simulator.people import HABITS, WORDS, People, misspelt, plan
from tests.simulator.harness import Sim, alert, running

HOUR = 3600.0
DAY = 24 * HOUR


def play(scene, **changes):
    async def run():
        async with running(**changes) as sim:
            await scene(sim)

    asyncio.run(run())


async def crowd(sim: Sim, habit: str, size: int = 3) -> list[str]:
    """Start people who all have one habit; returns their numbers once they have joined."""
    await sim.control("population", {"size": size, "mix": {habit: 1.0}, "join_s": 0})
    await sim.template()
    await at(sim, 0.001)
    return [phone.number for phone in sim.world.phones]


async def at(sim: Sim, hours: float) -> None:
    """Let the provider's clock be this many hours ahead, and everything due by then be done."""
    await sim.control("clock", {"offset_seconds": hours * HOUR})
    await sim.control("clock", {"offset_seconds": hours * HOUR})
    await sim.idle()


def written(sim: Sim) -> list[str]:
    return [message["text"]["body"] for message in sim.receiver.messages() if message["type"] == "text"]


async def broadcast(sim: Sim, numbers: list[str]) -> None:
    for number in numbers:
        status, answer = await sim.post(alert(to=number))
        assert status == 200, answer
    await sim.idle()


@pytest.mark.parametrize("habit", sorted(set(HABITS) - {"not_on_whatsapp", "mistakes"}))
def test_everybody_joins_with_the_command(habit):
    async def scene(sim):
        await crowd(sim, habit)
        assert written(sim) == [WORDS["join"]] * 3

    play(scene)


def test_who_is_not_on_whatsapp_never_writes_and_fails():
    async def scene(sim):
        numbers = await crowd(sim, "not_on_whatsapp")
        assert written(sim) == []
        await broadcast(sim, numbers)
        assert {s["errors"][0]["code"] for s in sim.receiver.statuses("failed")} == {131026}

    play(scene)


def test_mistakes_differ_from_the_command_and_stay_near_it():
    texts = [misspelt(WORDS["join"], die / 97) for die in range(97)]
    assert texts.count(WORDS["join"]) < 10  # two equal letters that change places
    assert len(set(texts)) > 20
    assert all(abs(len(text.strip(" .!")) - len(WORDS["join"])) <= 1 for text in texts)


@pytest.mark.parametrize("text", ["a", "no", "sì!"])
def test_a_short_word_is_written_without_a_crash(text):
    assert all(misspelt(text, die / 50) for die in range(50))


def test_phones_are_off_for_hours_and_then_get_what_waited():
    async def scene(sim):
        numbers = await crowd(sim, "off_for_hours", 20)
        for hour in range(1, 12):
            await at(sim, hour)
        off = [phone.number for phone in sim.world.phones if not phone.online]
        assert 0 < len(off) < 20
        await broadcast(sim, numbers)
        waiting = {e["phone"] for e in await sim.ledger() if e["outcome"] == "waiting"}
        assert waiting == set(off)
        for hour in range(12, 36):
            await at(sim, hour)
        late = [e for e in await sim.ledger() if e["phone"] in waiting]
        assert {e["outcome"] for e in late} <= {"delivered", "read", "expired", "waiting"}
        assert any(e["delivered_at"] and e["delivered_at"] - e["at"] > HOUR for e in late)

    play(scene)


def test_thanks_come_after_some_messages():
    async def scene(sim):
        numbers = await crowd(sim, "thanks", 10)
        await broadcast(sim, numbers)
        await at(sim, 1)
        said = [text for text in written(sim) if text != WORDS["join"]]
        assert 2 <= len(said) <= 9
        assert all("grazie" in text.lower() for text in said)

    play(scene)


def test_who_stops_after_the_third_stops_after_the_third():
    async def scene(sim):
        numbers = await crowd(sim, "stops_third")
        for hour in (1, 2):
            await broadcast(sim, numbers)
            await at(sim, hour)
        assert WORDS["leave"] not in written(sim)
        await broadcast(sim, numbers)
        await at(sim, 3)
        assert written(sim).count(WORDS["leave"]) == 3

    play(scene)


def test_who_leaves_comes_back_after_a_day():
    async def scene(sim):
        numbers = await crowd(sim, "returns")
        await broadcast(sim, numbers)
        await broadcast(sim, numbers)
        await at(sim, 1)
        assert written(sim).count(WORDS["leave"]) == 3
        await at(sim, 20)
        assert written(sim).count(WORDS["join"]) == 3
        await at(sim, 50)
        assert written(sim).count(WORDS["join"]) == 6

    play(scene)


def test_a_late_tap_comes_hours_later():
    async def scene(sim):
        numbers = await crowd(sim, "taps_late")
        await broadcast(sim, numbers)
        await at(sim, 1)
        assert {message["type"] for message in sim.receiver.messages()} == {"text"}
        await at(sim, 13)
        taps = [message for message in sim.receiver.messages() if message["type"] == "button"]
        assert [tap["button"]["text"] for tap in taps] == ["Perché ricevo questo?"] * 3

    play(scene)


def test_a_new_number_keeps_the_person_and_what_they_were_about_to_do():
    async def scene(sim):
        numbers = await crowd(sim, "new_number", 1)
        await broadcast(sim, numbers)
        await at(sim, 1)
        (changed,) = [m for m in sim.receiver.messages() if m["type"] == "system"]
        assert changed["from"] == numbers[0] != changed["system"]["wa_id"]
        assert (await sim.control("population"))["size"] == 1

    play(scene)


def test_a_new_id_is_told():
    async def scene(sim):
        numbers = await crowd(sim, "new_id", 1)
        await broadcast(sim, numbers)
        await at(sim, 1)
        (value,) = sim.receiver.values("user_id_update")
        change = value["user_id_update"][0]["user_id"]
        assert change["previous"] != change["current"]

    play(scene)


def test_who_blocks_us_hurts_the_template():
    async def scene(sim):
        numbers = await crowd(sim, "blocks", 30)
        await broadcast(sim, numbers)
        await broadcast(sim, numbers)
        await at(sim, 1)
        (quality,) = sim.receiver.values("message_template_quality_update")[-1:]
        assert quality["new_quality_score"] == "RED"
        assert (await sim.post(alert(to=numbers[0])))[0] == 400  # paused
        events = sim.receiver.values("message_template_status_update")
        assert events[-1]["other_info"]["title"] == "FIRST_PAUSE"

    play(scene, throughput=1000)


def acts(seed: int) -> list[tuple[str, str, str]]:
    """What two days of a town of 300 look like, nothing being sent to them."""
    people = People()
    people.start(plan({"size": 300, "join_s": 600}), seed, 1_000_000.0)
    found = []
    for minute in range(0, 2 * 24 * 60, 7):
        found += [(a.number, a.name, a.text) for a in people.due(1_000_000.0 + minute * 60, 10_000)]
    return found


def test_the_same_seed_acts_the_same_and_another_does_not():
    assert acts(7) == acts(7)
    assert acts(7) != acts(8)
    assert len(acts(7)) > 300


def test_the_shares_are_kept():
    people = People()
    people.start(plan({"size": 5000, "mix": {"thanks": 0.2, "receipts_off": 0.1}}), 3, 0.0)
    habits = people.as_json()["habits"]
    assert 900 < habits["thanks"] < 1100
    assert 420 < habits["receipts_off"] < 580
    assert habits["plain"] == 5000 - habits["thanks"] - habits["receipts_off"]


def test_a_clock_moved_by_a_week_does_not_flood():
    people = People()
    people.start(plan({"size": 2000, "mix": {}, "join_s": 10}), 3, 0.0)
    assert len(list(people.due(7 * DAY, 200))) == 200


def test_stopping_leaves_the_phones_and_no_act():
    async def scene(sim):
        await sim.control("population", {"size": 5, "join_s": 3600})
        assert (await sim.control("population", {"size": 0}))["to_come"] == 0
        await at(sim, 2)
        assert written(sim) == [] and len(sim.world.phones) == 5

    play(scene)


@pytest.mark.parametrize(
    "body",
    [
        {"size": -1},
        {"size": True},
        {"size": 10**9},
        {"size": "ten"},
        {"mix": {"dragon": 0.5}},
        {"mix": {"thanks": 2}},
        {"mix": {"thanks": 0.7, "blocks": 0.7}},
        {"mix": []},
        {"join_s": -5},
        {"words": {"join": ""}},
        {"words": {"shout": "EHI"}},
    ],
)
def test_nonsense_is_refused(body):
    async def scene(sim):
        status, answer = await sim.call("POST", "/__sim__/population", body)
        assert status == 400 and answer["error"]

    play(scene)
