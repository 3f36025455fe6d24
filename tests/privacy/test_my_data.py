"""«I miei dati»: shown to nobody before a tap, to one device after it, for minutes; and then forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from broadcasts import erasure, intake
from broadcasts.held import held_of
from broadcasts.models import Delivery, MonthlyUsage, Reply
from policy.models import Category, TownProfile
from subscribers import consent, identity, my_data
from subscribers.models import ConsentEvent, DataLink, Erasure, InboundMessage, Subscriber, Zone
from tests.broadcasts.simulated import Provider, envelope, said
from tests.conftest import TUESDAY_10
from whatsapp.signature import sign
from whatsempoli import clock

pytestmark = pytest.mark.django_db
NUMBER = "393331112233"
USER_ID = "IT.13491208655302741918"


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def put(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    put(TUESDAY_10)
    return put


@pytest.fixture
def anita(town: TownProfile) -> Subscriber:
    """Joined by a message, wrote, and is known by number and id."""
    post(envelope(messages=[said("ATTIVA ISCRIZIONE", at=TUESDAY_10 - timedelta(days=2), id="wamid.join",
                                 from_user_id=USER_ID)]))  # fmt: skip
    intake.take_in()
    return Subscriber.objects.get(phone=NUMBER)


def post(body: bytes) -> None:
    head = {"X-Hub-Signature-256": sign("test-app-secret", body)}
    answer = Client().post("/webhooks/whatsapp/", body, content_type="application/json", headers=head)
    assert answer.status_code == 200


def path_of(person: Subscriber) -> str:
    return my_data.link_for(person, clock.now()).removeprefix("http://127.0.0.1:8000")


def opened(person: Subscriber) -> Client:
    phone = Client()
    assert phone.post(path_of(person)).status_code == 302
    return phone


class TestLink:
    def test_a_preview_robot_sees_nothing_and_spends_nothing(self, anita: Subscriber) -> None:
        path = path_of(anita)
        for robot in (Client().get(path), Client().head(path), Client().get(path)):
            assert robot.status_code == 200
            assert "miei-dati" not in robot.cookies
            assert NUMBER[2:] not in robot.content.decode() and NUMBER[-3:] not in robot.content.decode()
            assert "no-store" in robot["Cache-Control"]
            assert robot["Referrer-Policy"] == "same-origin"
            assert "noindex" in robot["X-Robots-Tag"]
        assert Client().post(path).status_code == 302

    def test_it_belongs_to_the_first_device(self, anita: Subscriber) -> None:
        path, first, second = path_of(anita), Client(), Client()
        assert first.post(path)["Location"] == "/dati/"
        assert second.post(path).status_code == 410
        assert second.get("/dati/").status_code == 410
        assert f"+{NUMBER}" in first.get("/dati/").content.decode()
        assert first.post(path).status_code == 302  # the same person taps again

    def test_it_is_over_in_minutes(self, anita: Subscriber, at_ten: Any) -> None:
        path = path_of(anita)
        at_ten(TUESDAY_10 + my_data.TO_OPEN)
        assert Client().post(path).status_code == 410
        at_ten(TUESDAY_10)
        phone = opened(anita)
        at_ten(TUESDAY_10 + my_data.TO_USE - timedelta(seconds=1))
        assert phone.get("/dati/").status_code == 200
        at_ten(TUESDAY_10 + my_data.TO_USE)
        for view in ("/dati/", "/dati/scarica.json", "/dati/scarica.html"):
            assert phone.get(view).status_code == 410, view

    def test_no_secret_of_it_is_in_the_database(self, anita: Subscriber) -> None:
        token = path_of(anita).split("/")[-2]
        link = DataLink.objects.get()
        assert token not in (link.token_hash, link.device_hash)

    def test_a_made_up_cookie_or_token_opens_nothing(self, anita: Subscriber) -> None:
        phone = opened(anita)
        phone.cookies["miei-dati"] = "x:y"
        assert phone.get("/dati/").status_code == 410
        assert Client().post("/dati/apri/%00/").status_code == 410
        assert Client().post(f"/dati/apri/{'a' * 3000}/").status_code == 410

    def test_it_speaks_the_language_of_the_person(self, anita: Subscriber) -> None:
        with translation.override("en"):
            assert "/en/dati/apri/" in my_data.link_for(anita, TUESDAY_10)

    def test_closing_ends_it(self, anita: Subscriber) -> None:
        phone = opened(anita)
        assert phone.post("/dati/chiudi/")["Location"] == "/"
        assert phone.get("/dati/").status_code == 410


class TestSeeAndCorrect:
    def test_the_page_and_both_files_hold_everything(
        self, anita: Subscriber, write: Callable[..., Any]
    ) -> None:
        notice = write(title="Via Roma chiusa")
        Delivery.objects.create(broadcast=notice, subscriber=anita, state="accepted", receipt=3)
        MonthlyUsage.objects.create(subscriber=anita, month=TUESDAY_10.date().replace(day=1), used=2)
        phone = opened(anita)
        page = phone.get("/dati/").content.decode()
        readable = phone.get("/dati/scarica.html")
        machine = phone.get("/dati/scarica.json")
        for text in (page, readable.content.decode()):
            for words in (f"+{NUMBER}", USER_ID, "Protezione civile", "ATTIVA ISCRIZIONE", "Via Roma chiusa",
                          "arrivato e letto", "Iscrizione", "tutto il Comune"):  # fmt: skip
                assert words in text, words
        assert "attachment" in readable["Content-Disposition"]
        data = json.loads(machine.content)
        assert data["phone"] == f"+{NUMBER}" and data["whatsapp_user_id"] == USER_ID
        assert [one["text"] for one in data["written"]] == ["ATTIVA ISCRIZIONE"]
        assert data["notices"][0]["outcome"] == "arrivato e letto"
        assert data["months"] == [{"month": "2026-11", "promise": "", "used": 2}]
        assert "join" not in {act["act"] for act in data["acts"]}  # in words

    def test_nothing_of_anybody_else(self, anita: Subscriber, people: Callable[..., Any]) -> None:
        [other] = people(1, "acqua")
        InboundMessage.objects.create(
            message_id="wamid.x", subscriber=other, sent_at=TUESDAY_10, kind="text", text="segreto"
        )
        held = held_of(anita, TownProfile.current(), TUESDAY_10, "it", "")
        assert "segreto" not in json.dumps(held.as_json())

    def test_topics_zones_and_language(self, anita: Subscriber) -> None:
        phone = opened(anita)
        events = Category.objects.get(slug="eventi")
        zone = Zone.objects.all()[0]
        answer = phone.post("/dati/", {"topics": [events.pk], "zones": [zone.pk], "language": "en"})
        assert answer.status_code == 302
        anita.refresh_from_db()
        assert set(anita.categories.values_list("slug", flat=True)) == {"eventi"}
        assert (anita.language, list(anita.zones.all())) == ("en", [zone])
        acts = ConsentEvent.objects.filter(subject=anita.subject, channel="web")
        assert acts.filter(act="topic_on", category=events).count() == 1
        assert acts.filter(act="topic_off").exists()

    @pytest.mark.parametrize("bad", [{"language": "xx"}, {"language": "it", "topics": ["9" * 30]},
                                     {"language": "it", "zones": ["<b>"]}, {}])  # fmt: skip
    def test_a_wrong_choice_changes_nothing(self, anita: Subscriber, bad: dict[str, Any]) -> None:
        before = set(anita.categories.values_list("slug", flat=True))
        answer = opened(anita).post("/dati/", bad)
        assert answer.status_code == 200 and "Non ho capito la scelta" in answer.content.decode()
        assert set(anita.categories.values_list("slug", flat=True)) == before

    def test_leaving(self, anita: Subscriber) -> None:
        phone = opened(anita)
        phone.post("/dati/esci/")
        anita.refresh_from_db()
        assert anita.state == "stopped"
        assert "non è attiva" in phone.get("/dati/").content.decode()


def traces_of(*values: str) -> list[str]:
    """Tables that still hold one of these values, in any column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for value in values:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s OR t::text LIKE %s',
                    [f"%{value}%", f"%{value.encode().hex()}%"],
                )
                if cursor.fetchone()[0]:
                    found.append(table)
    return found


class TestErase:
    @pytest.fixture
    def erased(self, anita: Subscriber, meta: Provider, monkeypatch: pytest.MonkeyPatch) -> Subscriber:
        self.asked: list[str] = []
        monkeypatch.setattr("whatsapp.client.Client.forget_contact", lambda _c, id: self.asked.append(id))
        answer = opened(anita).post("/dati/cancella/", {"sure": "on"})
        assert answer.status_code == 200 and "I tuoi dati sono cancellati" in answer.content.decode()
        return anita

    def test_nothing_of_it_is_left_anywhere(self, erased: Subscriber) -> None:
        assert set(traces_of(NUMBER, USER_ID)) == {"broadcasts_webhookevent", "subscribers_erasure"}
        assert erasure.finish(clock.real_now()) == 1
        assert self.asked == [USER_ID]
        assert traces_of(NUMBER, USER_ID) == []
        erased.refresh_from_db()
        assert erased.state == "erased"
        assert not Reply.objects.exists() and not InboundMessage.objects.exists()

    def test_the_link_is_over_too(self, anita: Subscriber) -> None:
        phone = opened(anita)
        phone.post("/dati/cancella/", {"sure": "on"})
        assert phone.get("/dati/").status_code == 410

    def test_not_without_the_tick(self, anita: Subscriber) -> None:
        assert opened(anita).post("/dati/cancella/").status_code == 302
        anita.refresh_from_db()
        assert anita.state == "active"

    def test_the_same_webhook_posted_again_is_still_known(self, erased: Subscriber) -> None:
        erasure.finish(clock.real_now())
        again = envelope(messages=[said("ATTIVA ISCRIZIONE", at=TUESDAY_10 - timedelta(days=2),
                                        id="wamid.join", from_user_id=USER_ID)])  # fmt: skip
        assert not intake.receive(again)

    def test_an_older_join_that_comes_late_does_not_bring_them_back(self, erased: Subscriber) -> None:
        erasure.finish(clock.real_now())
        post(envelope(messages=[said("ATTIVA FARMACIE", at=TUESDAY_10 - timedelta(minutes=1), id="wamid.l")]))
        intake.take_in()
        erased.refresh_from_db()
        assert erased.state == "stopped"
        assert Subscriber.objects.count() == 1

    def test_they_may_come_back(self, erased: Subscriber) -> None:
        post(
            envelope(messages=[said("ATTIVA ISCRIZIONE", at=TUESDAY_10 + timedelta(minutes=1), id="wamid.n")])
        )
        intake.take_in()
        assert Subscriber.objects.get(phone=NUMBER).state == "active"

    def test_a_provider_that_is_away_is_asked_again(
        self, anita: Subscriber, monkeypatch: pytest.MonkeyPatch, meta: Provider
    ) -> None:
        meta.stop()
        erasure.erase(anita.pk, TUESDAY_10)
        assert erasure.finish(clock.real_now()) == 0
        assert Erasure.objects.get().user_id == USER_ID
        monkeypatch.setattr("whatsapp.client.Client.forget_contact", lambda _c, id: None)
        assert erasure.finish(clock.real_now()) == 1

    def test_twice_is_once(self, erased: Subscriber) -> None:
        assert not erasure.erase(erased.pk, TUESDAY_10)
        assert Erasure.objects.count() == 1

    def test_who_had_left_is_erased_without_a_second_stop(self, anita: Subscriber) -> None:
        consent.stop(anita, at=TUESDAY_10, now=TUESDAY_10)
        erasure.erase(anita.pk, TUESDAY_10)
        stops = ConsentEvent.objects.filter(subject=anita.subject, act="stop")
        assert stops.count() == 1
        assert identity.find(NUMBER, None, create=False) is not None  # by the hash, for the stated days

    def test_what_is_left_is_said_with_the_numbers_that_are_obeyed(self, town: TownProfile) -> None:
        said_of = erasure.remainders(town, TUESDAY_10)
        assert said_of[0].until == (TUESDAY_10 + timedelta(days=town.keep_erased_days)).date()
        assert len(said_of) == 5
