"""The calendar: what went and what will go, closed days, matches, votes, the promise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from broadcasts.models import Broadcast
from broadcasts.plan.matches import read_matches
from broadcasts.plan.models import Match
from broadcasts.plan.month import fill, month_days, promises, week_days
from broadcasts.plan.table import read_text
from broadcasts.states import State
from policy.calendar import ROME
from policy.models import Category, ElectionPeriod, TownProfile
from staff.models import User
from tests.conftest import TUESDAY_10
from whatsempoli import clock

NOVEMBER = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)
    with translation.override("it"):
        yield


@pytest.mark.parametrize(
    ("first", "begins", "ends"),
    [
        (date(2026, 11, 1), date(2026, 10, 26), date(2026, 12, 6)),
        (date(2027, 2, 1), date(2027, 2, 1), date(2027, 2, 28)),
        (date(2026, 12, 1), date(2026, 11, 30), date(2027, 1, 3)),
    ],
)
def test_a_month_is_whole_weeks(first: date, begins: date, ends: date) -> None:
    days = month_days(first)
    assert (days[0], days[-1], len(days) % 7) == (begins, ends, 0)
    assert week_days(date(2026, 11, 24))[0] == date(2026, 11, 23)


class TestDays:
    def day(self, when: date) -> Any:
        return next(d for d in fill(month_days(NOVEMBER), TUESDAY_10, 11) if d.date == when)

    def test_what_left_and_what_will_by_the_clock_of_rome(self, write: Any) -> None:
        gone, coming = write(title="Andato"), write(title="Verrà")
        left = datetime(2026, 11, 10, 23, 30, tzinfo=ROME)
        Broadcast.objects.filter(pk=gone.pk).update(state=State.SENT, started_at=left)
        Broadcast.objects.filter(pk=coming.pk).update(
            state=State.SCHEDULED, due_at=TUESDAY_10, waits_until=TUESDAY_10 + timedelta(days=1)
        )
        [entry] = self.day(date(2026, 11, 10)).entries
        assert (entry.notice.title, entry.when, entry.left) == ("Andato", "23:30", True)
        assert [e.notice.title for e in self.day(date(2026, 11, 25)).entries] == ["Verrà"]

    def test_what_was_refused_or_never_left_is_not_there(self, write: Any) -> None:
        for state in (State.REJECTED, State.CANCELLED, State.EXPIRED):
            Broadcast.objects.filter(pk=write(due_at=TUESDAY_10).pk).update(state=state)
        assert self.day(TUESDAY_10.date()).entries == []

    def test_national_and_own_holidays(self, town: Any) -> None:
        assert self.day(date(2026, 11, 30)).closed == "Sant'Andrea"
        december = fill(month_days(date(2026, 12, 1)), TUESDAY_10, 12)
        assert next(d for d in december if d.date == date(2026, 12, 8)).closed == "Immacolata Concezione"

    def test_a_match_proposes_a_road_notice_until_there_is_one(self, write: Any) -> None:
        Match.objects.create(kick_off=datetime(2026, 11, 28, 15, tzinfo=ROME), team="Empoli", opponent="Pisa")
        [fixture] = self.day(date(2026, 11, 28)).matches
        assert (fixture.when, fixture.has_notice) == ("15:00", False)
        write(
            kind="road",
            topic="viabilita",
            fields={"streets": [{"name": "viale delle Olimpiadi", "numbers": ""}]}
            | {"starts": "2026-11-28T12:00+01:00", "ends": "2026-11-28T18:00+01:00"},
        )
        assert self.day(date(2026, 11, 28)).matches[0].has_notice

    def test_election_days(self, town: Any) -> None:
        ElectionPeriod.objects.create(
            kind="referendum", first_day=date(2026, 11, 20), last_day=date(2026, 11, 22)
        )
        assert self.day(date(2026, 11, 20)).votes == ["comincia il periodo elettorale: referendum"]
        assert self.day(date(2026, 11, 21)).votes == ["periodo elettorale"]
        assert self.day(date(2026, 11, 23)).votes == []

    def test_a_year_of_notices_costs_no_more_queries(
        self, write: Any, django_assert_max_num_queries: Any
    ) -> None:
        notice = write()
        Broadcast.objects.bulk_create(
            Broadcast(
                kind="notice",
                title="x",
                category=notice.category,
                created_by=notice.created_by,
                last_edited_by=notice.created_by,
                due_at=TUESDAY_10 + timedelta(hours=n),
            )
            for n in range(50)
        )
        with django_assert_max_num_queries(6):
            fill(month_days(NOVEMBER), TUESDAY_10, 11)


class TestPromises:
    def test_sent_planned_and_left_for_each_account(self, write: Any) -> None:
        for topic, state in (("acqua", State.SENT), ("scuole", State.SCHEDULED), ("farmacie", State.SENT)):
            notice = write(topic=topic, severity="routine")
            started = TUESDAY_10 if state == State.SENT else None
            Broadcast.objects.filter(pk=notice.pk).update(state=state, due_at=TUESDAY_10, started_at=started)
        Broadcast.objects.filter(pk=write(severity="urgent").pk).update(started_at=TUESDAY_10)
        general, pharmacies = promises(NOVEMBER)
        assert (general.most, general.sent, general.planned, general.left) == (5, 1, 1, 3)
        assert (pharmacies.sent, pharmacies.left, pharmacies.over) == (1, 4, False)

    def test_more_than_promised_is_said(self, write: Any) -> None:
        TownProfile.objects.update(monthly_promise=0)
        Broadcast.objects.filter(pk=write(severity="routine").pk).update(
            state=State.SENT, started_at=TUESDAY_10
        )
        assert promises(NOVEMBER)[0].over and promises(NOVEMBER)[0].left == 0


class TestMatches:
    def test_a_season_pasted_as_people_write_it(self) -> None:
        rows = read_text("Data;Ora;Avversario\nsabato 28/11/2026;15:00;Pisa;Serie B\n12/12/2026;20.45;Bari")
        found, problems = read_matches(rows)
        assert problems == [] and found[1].kick_off == datetime(2026, 12, 12, 20, 45, tzinfo=ROME)
        assert (found[0].opponent, found[0].competition) == ("Pisa", "Serie B")

    def test_what_is_wrong_says_where(self) -> None:
        _found, problems = read_matches(read_text("31/11/2026;15;Pisa\n28/11/2026;sera;Pisa\n28/11/2026;15;"))
        assert [(p.row, p.column) for p in problems] == [(1, "data"), (2, "ora"), (3, "avversario")]


class TestPages:
    @pytest.fixture
    def page(self, anna: User, client: Client) -> Client:
        client.force_login(anna)
        return client

    def test_a_month_and_a_week(self, page: Client, write: Any) -> None:
        write(due_at=TUESDAY_10 + timedelta(hours=6))
        month = page.get("/admin/broadcasts/broadcast/calendar/").content.decode()
        assert "Calendario: Novembre 2026" in month and "Lavori in piazza" in month
        assert "La promessa di novembre 2026" in month and 'href="?mese=2026-12"' in month
        week = page.get("/admin/broadcasts/broadcast/calendar/?settimana=2026-11-24").content.decode()
        assert "Calendario: Da lunedì 23 a domenica 29 novembre 2026" in week and "16:00" in week

    @pytest.mark.parametrize(
        "query", ["mese=2026-13", "mese=x", "settimana=2026-02-30", "settimana=", "mese=0001-01"]
    )
    def test_a_month_that_is_none_is_not_found(self, page: Client, query: str) -> None:
        assert page.get(f"/admin/broadcasts/broadcast/calendar/?{query}").status_code == 404

    def test_a_pasted_season_makes_a_proposal_that_is_filled_in(self, page: Client, write: Any) -> None:
        wrong = page.post("/admin/broadcasts/match/paste/", {"team": "Empoli", "text": "boh;15;Pisa"})
        assert "non è una data" in wrong.content.decode() and "boh;15;Pisa" in wrong.content.decode()
        text = "28/11/2026;15:00;Pisa;Serie B"
        page.post("/admin/broadcasts/match/paste/", {"team": "Empoli", "text": text})
        page.post("/admin/broadcasts/match/paste/", {"team": "Empoli", "text": text})
        match = Match.objects.get()
        month = page.get("/admin/broadcasts/broadcast/calendar/").content.decode()
        assert "Prepara l&#x27;avviso strade" in month or "Prepara l'avviso strade" in month
        write(
            kind="road",
            topic="viabilita",
            fields={"streets": [{"name": "viale Olimpiadi", "numbers": ""}], "event": "Empoli-Bari"}
            | {"starts": "2026-10-28T12:00+01:00", "ends": "2026-10-28T18:00+01:00"},
        )
        form = page.get(f"/admin/broadcasts/broadcast/add/road/?match={match.pk}").content.decode()
        assert "Strade chiuse per Empoli-Pisa" in form and "viale Olimpiadi" in form
        assert 'value="2026-11-28T12:00"' in form

    def test_topics_have_names_in_english_too(self, page: Client) -> None:
        assert Category.objects.count() == 7
        shown = page.get("/en/admin/broadcasts/broadcast/calendar/").content.decode()
        assert "Calendar: November 2026" in shown and "Monday" in shown
