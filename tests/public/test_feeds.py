"""Feeds and calendars, read by parsers that are not ours; CAP against the schema of OASIS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from capvalidator.validate import Validator
from django.test import Client
from icalendar import Calendar
from pytest_django import Settings

from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import TownProfile
from subscribers.models import Zone
from tests.conftest import TUESDAY_10

HOUR = timedelta(hours=1)
Publish = Callable[..., Broadcast]
CAP = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
HOSTILE = 'Piena & <b>acqua</b> "alta" ]]> \u0007'


def alert_fields(**changes: Any) -> dict[str, Any]:
    return {
        "risks": [{"risk": "temporali", "colour": "arancione"}, {"risk": "vento", "colour": "gialla"}],
        "starts": "2026-11-24T17:00:00+01:00",
        "ends": "2026-11-25T09:00:00+01:00",
        "what_to_do": "Restate in casa.",
    } | changes


@pytest.fixture
def alert(publish: Publish) -> Broadcast:
    return publish(
        title="Allerta meteo",
        topic="protezione-civile",
        kind="alert",
        severity="emergency",
        fields=alert_fields(),
        at=TUESDAY_10 - HOUR,
    )


def read_feed(client: Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, path
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    return feed


def read_cap(client: Client, broadcast: Broadcast) -> ElementTree.Element:
    answer = client.get(f"/a/{broadcast.code}/cap.xml")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("application/cap+xml")
    valid, why = Validator(answer.content).schema()
    assert valid, (why, answer.content)
    return ElementTree.fromstring(answer.content)


def text(element: ElementTree.Element, path: str) -> str:
    found = element.find("/".join(f"cap:{step}" for step in path.split("/")), CAP)
    assert found is not None and found.text, path
    return found.text


class TestAtom:
    def test_a_story_is_one_entry_with_the_identity_of_its_first_notice(
        self, client: Client, publish: Publish
    ) -> None:
        first = publish(title="Acqua chiusa", at=TUESDAY_10 - 3 * HOUR)
        [before] = read_feed(client, "/avvisi/atom.xml").entries
        publish(title="Rettifica", kind="correction", refers_to=first, at=TUESDAY_10 - HOUR)
        [after] = read_feed(client, "/avvisi/atom.xml").entries
        assert before.id == after.id and before.published == after.published
        assert after.updated > before.updated
        assert after.title == "Rettificato: Acqua chiusa"
        assert after.link == f"http://127.0.0.1:8000/a/{first.code}/"

    def test_an_old_story_comes_first_again_when_it_changes(self, client: Client, publish: Publish) -> None:
        old = publish(title="Vecchio", at=TUESDAY_10 - 9 * HOUR)
        publish(title="Nuovo", at=TUESDAY_10 - 5 * HOUR)
        publish(title="Cambia", kind="update", refers_to=old, at=TUESDAY_10 - HOUR)
        titles = [entry.title for entry in read_feed(client, "/avvisi/atom.xml").entries]
        assert titles == ["Aggiornato: Vecchio", "Nuovo"]

    def test_by_topic_and_by_zone(self, client: Client, publish: Publish) -> None:
        avane, ponzano = Zone.objects.get(slug="avane"), Zone.objects.get(slug="ponzano")
        publish(title="Per Avane", zones=[avane])
        publish(title="Per Ponzano", zones=[ponzano], topic="viabilita")
        publish(title="Per tutti")
        assert {e.title for e in read_feed(client, "/avvisi/zona/avane/atom.xml").entries} == {
            "Per Avane",
            "Per tutti",
        }
        [road] = read_feed(client, "/avvisi/argomento/viabilita/atom.xml").entries
        assert road.title == "Per Ponzano"

    @pytest.mark.parametrize("path", ["/avvisi/zona/niente/atom.xml", "/avvisi/argomento/niente/atom.xml"])
    def test_what_does_not_exist_is_not_there(self, client: Client, town: TownProfile, path: str) -> None:
        assert client.get(path).status_code == 404

    def test_hostile_text_stays_text(self, client: Client, publish: Publish) -> None:
        publish(title=HOSTILE, fields={"title": HOSTILE, "text": HOSTILE})
        [entry] = read_feed(client, "/avvisi/atom.xml").entries
        assert "&lt;b&gt;acqua" in entry.summary and "<b>" not in entry.summary

    def test_nothing_that_has_not_left(self, client: Client, publish: Publish) -> None:
        publish(title="Bozza", state=State.SCHEDULED)
        assert read_feed(client, "/avvisi/atom.xml").entries == []

    def test_a_reader_that_has_it_gets_304(self, client: Client, publish: Publish) -> None:
        first = publish()
        etag = client.get("/avvisi/atom.xml")["ETag"]
        assert client.get("/avvisi/atom.xml", headers={"If-None-Match": etag}).status_code == 304
        publish(title="Rettifica", kind="correction", refers_to=first, at=TUESDAY_10)
        assert client.get("/avvisi/atom.xml", headers={"If-None-Match": etag}).status_code == 200


class TestCap:
    def test_an_alert_says_how_bad_when_and_where(self, client: Client, alert: Broadcast) -> None:
        cap = read_cap(client, alert)
        assert text(cap, "status") == "Actual" and text(cap, "msgType") == "Alert"
        assert text(cap, "sent") == "2026-11-24T09:00:00+01:00"
        assert text(cap, "info/severity") == "Severe" and text(cap, "info/certainty") == "Likely"
        assert text(cap, "info/urgency") == "Future"
        assert text(cap, "info/onset") == "2026-11-24T17:00:00+01:00"
        assert text(cap, "info/expires") == "2026-11-25T09:00:00+01:00"
        assert text(cap, "info/parameter/value") == "3; orange; Severe"
        assert text(cap, "info/area/geocode/value") == "048014"
        assert text(cap, "info/instruction") == "Restate in casa."
        assert cap.find("cap:references", CAP) is None

    def test_an_update_and_an_ending_name_what_came_before(
        self, client: Client, publish: Publish, alert: Broadcast
    ) -> None:
        common = {"topic": "protezione-civile", "severity": "emergency"}
        update = publish(title="Peggiora", kind="update", refers_to=alert, at=TUESDAY_10 - HOUR / 2, **common)
        ending = publish(title="Cessata", kind="ending", refers_to=update, at=TUESDAY_10, **common)
        first = f"127.0.0.1,127.0.0.1.{alert.code},2026-11-24T09:00:00+01:00"
        second = f"127.0.0.1,127.0.0.1.{update.code},2026-11-24T09:30:00+01:00"
        updated, ended = read_cap(client, update), read_cap(client, ending)
        assert text(updated, "msgType") == "Update" and text(updated, "references") == first
        assert text(updated, "info/severity") == "Severe"  # what follows an alert is as grave as the alert
        assert text(ended, "msgType") == "Cancel" and text(ended, "references") == f"{first} {second}"
        assert text(ended, "info/responseType") == "AllClear" and text(ended, "info/urgency") == "Past"

    def test_an_exercise_is_marked_and_a_demo_means_nothing(
        self, client: Client, publish: Publish, alert: Broadcast, settings: Settings
    ) -> None:
        drill = publish(
            title="Prova", topic="protezione-civile", kind="exercise", fields=alert_fields(text="Si prova.")
        )
        assert text(read_cap(client, drill), "status") == "Exercise"
        settings.DEMO = True
        assert text(read_cap(client, alert), "status") == "Test"

    def test_only_civil_protection_speaks_cap(self, client: Client, publish: Publish) -> None:
        water = publish(topic="acqua")
        assert client.get(f"/a/{water.code}/cap.xml").status_code == 404

    def test_hostile_text_is_still_valid(self, client: Client, publish: Publish) -> None:
        notice = publish(
            title=HOSTILE,
            topic="protezione-civile",
            kind="alert",
            fields=alert_fields(what_to_do=HOSTILE, area=HOSTILE, risks=[{"risk": HOSTILE, "colour": ""}]),
        )
        assert "<b>acqua</b>" in text(read_cap(client, notice), "info/area/areaDesc")

    def test_the_index_leads_to_each_document(
        self, client: Client, publish: Publish, alert: Broadcast
    ) -> None:
        publish(title="Acqua")
        [entry] = read_feed(client, "/avvisi/cap.xml").entries
        assert [(e.type, e.href) for e in entry.enclosures] == [
            ("application/cap+xml", f"http://127.0.0.1:8000/a/{alert.code}/cap.xml")
        ]

    def test_two_notices_that_name_each_other_end(self, client: Client, publish: Publish) -> None:
        one = publish(topic="protezione-civile")
        two = publish(topic="protezione-civile", kind="update", refers_to=one)
        Broadcast.objects.filter(pk=one.pk).update(refers_to=two)
        assert text(read_cap(client, two), "references").count(",") == 2


class TestCalendar:
    def entries(self, client: Client, path: str = "/avvisi/calendario.ics") -> list[Any]:
        answer = client.get(path)
        assert answer.status_code == 200 and answer["Content-Type"].startswith("text/calendar")
        return list(Calendar.from_ical(answer.content).walk("VEVENT"))

    def test_an_event_that_moves_is_the_same_event(self, client: Client, publish: Publish) -> None:
        first = publish(
            title="Concerto",
            topic="eventi",
            kind="event",
            fields={"starts": "2026-12-05T21:00:00+01:00", "place": "Teatro", "text": "Si suona."},
        )
        [before] = self.entries(client)
        publish(
            title="Spostato",
            topic="eventi",
            kind="update",
            refers_to=first,
            at=TUESDAY_10,
            fields={"starts": "2026-12-06T18:00:00+01:00", "text": "Si va a domenica."},
        )
        [after] = self.entries(client)
        assert before["UID"] == after["UID"] == f"{first.code}@127.0.0.1"
        assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
        assert after.decoded("DTSTART") == datetime.fromisoformat("2026-12-06T18:00:00+01:00")
        assert after["LOCATION"] == "Teatro" and "Si va a domenica" in after["DESCRIPTION"]

    def test_an_ending_cancels_the_entry(self, client: Client, publish: Publish) -> None:
        first = publish(title="Scuole chiuse", topic="scuole", kind="school", fields=SCHOOL)
        publish(title="Riaprono", topic="scuole", kind="ending", refers_to=first, at=TUESDAY_10)
        [entry] = self.entries(client, "/avvisi/argomento/scuole/calendario.ics")
        assert entry["STATUS"] == "CANCELLED"

    def test_whole_days_end_the_day_after(self, client: Client, publish: Publish) -> None:
        school = publish(title="Scuole chiuse", topic="scuole", kind="school", fields=SCHOOL)
        [entry] = self.entries(client, f"/a/{school.code}/calendario.ics")
        assert entry.decoded("DTSTART") == date(2026, 11, 30) and entry.decoded("DTEND") == date(2026, 12, 2)

    def test_a_deadline_is_a_day_and_a_notice_is_not(self, client: Client, publish: Publish) -> None:
        publish(title="TARI", topic="scadenze", kind="deadline", fields={"due": "2026-12-16", "text": "."})
        notice = publish(title="Lavori")
        [entry] = self.entries(client)
        assert entry["SUMMARY"] == "TARI" and entry.decoded("DTSTART") == date(2026, 12, 16)
        assert client.get(f"/a/{notice.code}/calendario.ics").status_code == 404


SCHOOL = {"first_day": "2026-11-30", "last_day": "2026-12-01", "reason": "neve"}
