"""The front page: few queries, today and tomorrow apart, WhatsApp in a sentence, the proof, the promise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadcasts import exercises, health, month_promise
from broadcasts.desk import desk
from broadcasts.health import Facts
from broadcasts.models import Broadcast, Proof
from broadcasts.states import State
from policy.models import Category, TownProfile
from staff import second_factor
from staff.models import TrialPhone, User
from tests.conftest import TUESDAY_10

Browser = Callable[[User], Client]


def scheduled(notice: Broadcast, hours: float) -> Broadcast:
    Broadcast.objects.filter(pk=notice.pk).update(
        state=State.SCHEDULED, due_at=TUESDAY_10 + timedelta(hours=hours)
    )
    return notice


def test_today_tomorrow_and_later(write: Any, anna: User) -> None:
    today, tonight = scheduled(write(), 5), scheduled(write(), 13.5)
    tomorrow, later = scheduled(write(), 14.5), scheduled(write(), 50)
    found = desk(anna, TUESDAY_10)
    assert [line.broadcast for line in found.today] == [today, tonight]
    assert [line.broadcast for line in found.tomorrow] == [tomorrow]
    assert (found.later, later.state) == (1, State.DRAFT)


def test_few_queries_whatever_waits(
    write: Any,
    leaving: Any,
    approve: Any,
    anna: User,
    bruno: User,
    carla: User,
    browser: Browser,
    django_assert_max_num_queries: Any,
) -> None:
    for _n in range(3):
        scheduled(write(), 5)
        write()
        leaving({"pending": 2})
        leaving({"accepted": 1}, state=State.SENT)
    for who in (anna, bruno, carla):
        client = browser(who)
        session = client.session
        second_factor.remember(session)
        session.save()
        client.get(reverse("admin:index"))
        with django_assert_max_num_queries(12):
            client.get(reverse("admin:index"))


class TestHealth:
    @pytest.mark.parametrize(
        ("facts", "tone", "says"),
        [
            (Facts(), "good", "va tutto bene"),
            (Facts(aside=1), "warn", "Una comunicazione"),
            (Facts(slowed=True, aside=2), "warn", "rallentare"),
            (Facts(stopped_templates=2, slowed=True), "warn", "fermato 2 modelli"),
            (Facts(halted="Lo dice il sindaco.", stopped_templates=2), "stop", "Lo dice il sindaco."),
        ],
    )
    def test_the_worst_comes_first(self, facts: Facts, tone: str, says: str) -> None:
        found = health.sentence(facts)
        assert found.tone == tone and says in found.words
        assert bool(found.action) == bool(found.page) == (tone != "good")


class TestProofOnThePage:
    def test_it_is_asked_for_begun_and_named(
        self, people: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        client = browser(anna)
        page = client.get(reverse("admin:index")).content.decode()
        assert "Non è ancora stata fatta." in page and "Prepara la prova mensile" in page
        refused = client.post(reverse("admin:broadcasts_broadcast_proof"), follow=True).content.decode()
        assert "ATTIVA ISCRIZIONE" in refused
        [own] = people(1, "protezione-civile")
        TrialPhone.objects.create(name="Reperibile", phone=f"+{own.phone}")
        answer = client.post(reverse("admin:broadcasts_broadcast_proof"), follow=True)
        assert "ESERCITAZIONE: solo telefoni di prova" in answer.content.decode()
        drill = Broadcast.objects.get()
        Proof.objects.create(
            broadcast=drill,
            at=TUESDAY_10 - timedelta(days=12),
            steps=[["arrived", 4.0]],
            phones=1,
            arrived=1,
            passed=True,
        )
        page = client.get(reverse("admin:index")).content.decode()
        assert "12 giorni fa, giovedì 12 novembre 2026, ore 10:00: riuscita" in page
        assert "Prepara la prova mensile" not in page
        report = client.get(reverse("admin:broadcasts_proof_change", args=[drill.pk])).content.decode()
        assert "Arriva sul primo telefono" in report and "4 secondi" in report

    def test_an_exercise_asks_for_its_own_word(
        self, write: Any, people: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        people(2, "protezione-civile")
        fields = {"starts": "2026-11-26T09:00+01:00", "ends": "2026-11-26T12:00+01:00", "text": "Si prova."}
        drill = write(kind="exercise", topic="protezione-civile", fields=fields)
        browser(anna).post(reverse("admin:broadcasts_broadcast_do", args=[drill.pk, "submit"]))
        client = browser(bruno)
        page = client.get(reverse("admin:broadcasts_broadcast_change", args=[drill.pk])).content.decode()
        assert "Approva l&#x27;esercitazione" in page and "Aprila ai cittadini" in page
        open_it = reverse("admin:broadcasts_broadcast_do", args=[drill.pk, "open_exercise"])
        client.post(open_it, {"word": "invia", "reason": "Con tutti"})
        assert Broadcast.objects.get(pk=drill.pk).opened_by is None
        client.post(open_it, {"word": "esercitazione", "reason": "Con tutti"})
        assert Broadcast.objects.get(pk=drill.pk).opened_by == bruno
        page = client.get(reverse("admin:broadcasts_broadcast_change", args=[drill.pk])).content.decode()
        assert "per i cittadini" in page and "2 persone" in page
        seen = page.split('name="seen" value="')[1].split('"')[0]
        approve = reverse("admin:broadcasts_broadcast_do", args=[drill.pk, "approve"])
        client.post(approve, {"seen": seen})
        assert Broadcast.objects.get(pk=drill.pk).state == State.IN_REVIEW
        client.post(approve, {"seen": seen, "word": "ESERCITAZIONE"})
        assert Broadcast.objects.get(pk=drill.pk).state == State.SCHEDULED


def test_the_months_promise(leaving: Any, write: Any, anna: User) -> None:
    Category.objects.filter(slug="farmacie").update(monthly_promise=5)
    leaving({"accepted": 1}, state=State.SENT)
    leaving({"accepted": 1}, state=State.SENT, topic="viabilita")
    leaving({"accepted": 1}, state=State.SENT, topic="farmacie")
    urgent = leaving({"accepted": 1}, state=State.SENT)
    Broadcast.objects.filter(pk=urgent.pk).update(severity="urgent")
    found = month_promise.promised(TownProfile.current(), TUESDAY_10)
    assert found.month == "novembre"
    assert [(one.left, one.most) for one in found.accounts] == [(2, 5), (1, 5)]


def test_the_last_proof_gets_old() -> None:
    assert exercises.LastProof(None, 0, True).ago == "oggi"
    assert exercises.LastProof(None, 12, False).ago == "12 giorni fa"
