"""The lists that a citizen taps: zones by pages, colours, languages, the menu, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.models import TownProfile
from subscribers import choices, consent, identity
from subscribers.conversation import Choose, Colours, Info, Joined, More, NotUnderstood, TopicOn, Why, Zones
from subscribers.models import Subscriber, Zone
from subscribers.understood import Command, from_reply_id
from tests.broadcasts.test_answers import buttons_of, said, text_of
from tests.conftest import TUESDAY_10


@pytest.fixture
def citizen(town: TownProfile) -> Subscriber:
    person = identity.find("393331112233", None, create=True)
    assert person is not None
    consent.join(person, at=TUESDAY_10, now=TUESDAY_10, command="start", message_id="m")
    return person


@pytest.fixture
def alert(write: Callable[..., Broadcast]) -> Broadcast:
    """An alert that left an hour ago and still holds."""
    written = write(topic="protezione-civile", severity="urgent", title="Allerta arancione per vento")
    since = TUESDAY_10 - timedelta(hours=1)
    Broadcast.objects.filter(pk=written.pk).update(state=State.SENT, started_at=since)
    written.refresh_from_db()
    return written


class TestZones:
    def test_all_are_reached_ten_rows_at_a_time(self, citizen: Subscriber) -> None:
        page, seen = "0", set()
        for _turn in range(3):
            rows = buttons_of(said(Zones(active=True, page=int(page)), citizen))
            assert len(rows) <= 10
            assert rows[-1][0] == "cmd:whole_town"
            seen |= {from_reply_id(id).topic for id, _title in rows if id.startswith("zone:")}
            (turn,) = [id for id, _title in rows if id.startswith("cmd:zones:")]
            page = str(from_reply_id(turn).topic)
        assert page == "0"  # it turns round
        assert seen == set(Zone.objects.values_list("slug", flat=True))
        assert len(seen) == 22

    def test_it_says_what_a_zone_leaves_out_and_that_emergencies_reach_everyone(
        self, citizen: Subscriber
    ) -> None:
        choices.add_zone(citizen, Zone.objects.get(slug="avane"))
        content = said(Zones(active=True, page=2, changed=True), citizen)
        text = text_of(content)
        assert "Le tue zone: Avane." in text
        assert "per le altre zone no" in text
        assert "Le emergenze arrivano a tutti" in text
        assert ("zone:avane:off", "✓ Avane") in buttons_of(content)

    def test_a_page_that_is_not_there_is_another(self, citizen: Subscriber) -> None:
        assert buttons_of(said(Zones(active=True, page=99), citizen))

    def test_a_town_without_zones_has_the_whole_town(self, citizen: Subscriber) -> None:
        Zone.objects.all().delete()
        assert buttons_of(said(Zones(active=True), citizen)) == [("cmd:whole_town", "✓ Tutto il Comune")]


def test_the_colour_that_was_chosen_is_marked(citizen: Subscriber) -> None:
    choices.want_colour(citizen, "arancione")
    content = said(Colours(active=True, changed=True), citizen)
    assert [id for id, title in buttons_of(content) if title.startswith("✓")] == ["colour:arancione"]
    assert all(len(title) <= 24 for _id, title in buttons_of(content))
    assert not [title for _id, title in buttons_of(content) if title.endswith("…")]
    assert "Le emergenze arrivano a tutti" in text_of(content)


class TestMenu:
    def test_three_things_first_and_the_rest_behind_one_button(self, citizen: Subscriber) -> None:
        content = said(Info(active=True), citizen)
        assert text_of(content).count("• ") == 3
        assert buttons_of(content) == [("cmd:more", "Tutto il resto")]

    def test_who_is_out_reads_how_to_join_first(self, citizen: Subscriber) -> None:
        content = said(Info(active=False), citizen)
        assert "• ATTIVA ISCRIZIONE" in text_of(content)
        assert buttons_of(content)[0][0] == "cmd:start"

    def test_the_rest_is_ten_rows(self, citizen: Subscriber) -> None:
        rows = buttons_of(said(More(active=True), citizen))
        assert len(rows) == 10
        asked = [from_reply_id(id) for id, _title in rows]
        assert [each.command for each in asked].count(Command.ASK) == 7
        assert {Command.CHOOSE, Command.MY_DATA, Command.WHY} <= {each.command for each in asked}


class TestLateJoiners:
    def test_the_welcome_holds_the_alerts_in_force_and_makes_no_row(
        self, citizen: Subscriber, alert: Broadcast
    ) -> None:
        content = said(Joined(active=True, already=False, topics=("protezione-civile",)), citizen)
        text = text_of(content)
        assert "In vigore adesso" in text
        assert "Allerta arancione per vento" in text
        assert alert.get_absolute_url() in text
        assert "14 anni" in text
        assert len(buttons_of(content)) == 10  # to choose at once
        assert not Delivery.objects.exists()
        alert.refresh_from_db()
        assert not alert.audience_count

    def test_who_comes_back_by_a_topic_too(self, citizen: Subscriber, alert: Broadcast) -> None:
        answer = TopicOn(
            active=True, topic="farmacie", rejoined=True, topics=("protezione-civile", "farmacie")
        )
        assert "Allerta arancione per vento" in text_of(said(answer, citizen))

    @pytest.mark.parametrize("change", [{"exercise": True}, {"valid_until": TUESDAY_10}])
    def test_what_is_over_or_a_drill_is_not_told(
        self, citizen: Subscriber, alert: Broadcast, change: dict[str, object]
    ) -> None:
        Broadcast.objects.filter(pk=alert.pk).update(**change)
        content = said(Joined(active=True, already=False, topics=("protezione-civile",)), citizen)
        assert "In vigore adesso" not in text_of(content)


class TestWhy:
    def test_it_names_the_last_notice_its_zones_and_the_wording(
        self, citizen: Subscriber, alert: Broadcast
    ) -> None:
        alert.zones.set(Zone.objects.filter(slug="avane"))
        Delivery.objects.create(broadcast=alert, subscriber=citizen, state="accepted", accepted_at=TUESDAY_10)
        text = text_of(said(Why(active=True), citizen))
        assert "«Allerta arancione per vento» (Protezione civile, zone: Avane)" in text
        assert "quando hai scritto ATTIVA ISCRIZIONE" in text
        assert "«topic-on-1», policy versione 1" in text

    def test_each_topic_is_left_by_its_row(self, citizen: Subscriber) -> None:
        rows = dict(buttons_of(said(Why(active=True), citizen)))
        assert "topic:farmacie:off" in rows
        assert "cmd:stop" in rows


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("audio", "nessuno ascolta i messaggi vocali"),
        ("image", "non l'abbiamo aperto e non lo teniamo"),
        ("sticker", "non l'abbiamo aperto"),
        ("call", "non risponde nessuno al telefono"),
        ("location", "non la teniamo"),
        ("text", "non legge e non ascolta nessuno"),
    ],
)
def test_what_nobody_looks_at_is_told_with_the_urp_and_112(
    citizen: Subscriber, kind: str, words: str
) -> None:
    text = text_of(said(NotUnderstood(active=True, kind=kind), citizen))
    assert words in text
    assert "0571 757940" in text
    assert "112" in text


def test_choosing_shows_what_is_chosen(citizen: Subscriber) -> None:
    choices.add_zone(citizen, Zone.objects.get(slug="avane"))
    content = said(Choose(active=True), citizen)
    sections = content.payload["interactive"]["action"]["sections"]
    rows = {row["id"]: row.get("description", "") for row in sections[0]["rows"]}
    assert rows["cmd:zones"] == "Avane"
    assert rows["cmd:colours"] == "tutte"
