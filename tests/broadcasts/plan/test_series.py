"""A notice that comes back: made ahead, read by a second person, changed only by being approved again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from broadcasts import lifecycle, release
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.plan import series as verbs
from broadcasts.plan.models import Series
from broadcasts.states import State
from policy.calendar import ROME
from staff.models import User
from tests.conftest import TUESDAY_10
from whatsempoli import clock

MARKET = {
    "streets": [{"name": "piazza XXIV Luglio", "numbers": ""}],
    "event": "Mercato settimanale",
    "starts": "2026-11-26T06:00+01:00",
    "ends": "2026-11-26T15:00+01:00",
}


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)
    with translation.override("it"):
        yield


@pytest.fixture
def market(write: Any) -> Broadcast:
    return write(kind="road", topic="viabilita", title="Mercato", fields=MARKET, valid_until=None)


@pytest.fixture
def weekly(market: Broadcast, anna: User) -> Callable[..., Series]:
    def make(**changes: Any) -> Series:
        series = verbs.draft_from(market, date(2026, 11, 26))
        series.rule = Series.Rule.WEEKLY
        for name, value in changes.items():
            setattr(series, name, value)
        verbs.create(series, by=anna, zones=[], now=TUESDAY_10)
        return series

    return make


def children(series: Series) -> list[Broadcast]:
    return list(series.children.order_by("occurrence"))


class TestMaking:
    def test_children_are_drafts_with_their_own_dates(self, weekly: Any) -> None:
        found = children(weekly())
        assert [c.occurrence for c in found[:2]] == [date(2026, 11, 26), date(2026, 12, 3)]
        assert len(found) == 9 and {c.state for c in found} == {State.DRAFT}
        second = found[1]
        assert second.fields["starts"] == "2026-12-03T06:00+01:00"
        assert "giovedì 3 dicembre" in second.rendered["it"]["phone_text"]
        assert second.due_at == datetime(2026, 12, 2, 10, tzinfo=ROME)
        assert second.valid_until == datetime(2026, 12, 3, 15, tzinfo=ROME)

    def test_beat_makes_the_next_ones_once_and_hands_them_over(self, weekly: Any) -> None:
        series = weekly()
        later = TUESDAY_10 + timedelta(days=7)
        assert (verbs.make_ahead(later), verbs.make_ahead(later)) == (1, 0)
        assert children(series)[-1].state == State.IN_REVIEW

    def test_the_next_one_is_made_however_far(self, weekly: Any) -> None:
        series = weekly(rule=Series.Rule.YEARLY, first_day=date(2026, 11, 20))
        assert [c.occurrence for c in children(series)] == [date(2027, 11, 20)]

    def test_none_after_its_end_or_once_it_is_closed(self, weekly: Any, anna: User) -> None:
        series = weekly(last_day=date(2026, 12, 10))
        assert len(children(series)) == 3
        verbs.stop(series.pk, by=anna, now=TUESDAY_10)
        assert verbs.make_ahead(TUESDAY_10 + timedelta(days=30)) == 0

    def test_one_broken_series_does_not_keep_the_others(self, weekly: Any) -> None:
        broken = weekly()
        Series.objects.filter(pk=broken.pk).update(kind="gone")
        weekly()
        assert verbs.make_ahead(TUESDAY_10 + timedelta(days=7)) == 1


class TestApproving:
    def test_each_text_is_approved_as_it_was_seen(self, weekly: Any, anna: User, bruno: User) -> None:
        series = weekly(last_day=date(2026, 12, 3))
        verbs.submit(series.pk, by=anna, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="un'altra persona"):
            anna.user_permissions.set(bruno.groups.get().permissions.all())
            verbs.approve(series.pk, by=User.objects.get(pk=anna.pk), seen=verbs.seen_of(series))
        verbs.approve(series.pk, by=bruno, seen=verbs.seen_of(series), now=TUESDAY_10)
        for child in children(series):
            assert (child.state, child.fingerprint) == (State.SCHEDULED, fingerprint_of(child))

    def test_a_child_changed_meanwhile_stops_the_approval(self, weekly: Any, anna: User, bruno: User) -> None:
        series = weekly()
        verbs.submit(series.pk, by=anna, now=TUESDAY_10)
        seen = verbs.seen_of(series)
        lifecycle.withdraw(children(series)[0].pk, by=anna, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="è cambiato"):
            verbs.approve(series.pk, by=bruno, seen=seen, now=TUESDAY_10)

    def test_a_changed_child_does_not_leave_unread(
        self, weekly: Any, anna: User, bruno: User, people: Any
    ) -> None:
        people(1, "viabilita")
        series = weekly()
        verbs.submit(series.pk, by=anna, now=TUESDAY_10)
        verbs.approve(series.pk, by=bruno, seen=verbs.seen_of(series), now=TUESDAY_10)
        first, second = children(series)[:2]
        first.title = "Mercato anticipato"
        lifecycle.save_draft(first, by=anna, now=TUESDAY_10)
        Broadcast.objects.filter(pk=second.pk).update(title="Toccato nel database")
        release.release_due(datetime(2026, 11, 25, 10, 1, tzinfo=ROME))
        release.release_due(datetime(2026, 12, 2, 10, 1, tzinfo=ROME))
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.state, second.state) == (State.DRAFT, State.SCHEDULED)
        assert "non è quello approvato" in second.state_reason


class TestPage:
    def test_from_a_notice_to_approved_children(
        self, market: Broadcast, anna: User, bruno: User, client: Client
    ) -> None:
        client.force_login(anna)
        assert "Ripeti…" in client.get(f"/admin/broadcasts/broadcast/{market.pk}/change/").content.decode()
        address = f"/admin/broadcasts/series/from/{market.pk}/"
        assert client.get(address).status_code == 200
        data = {"rule": "weekly", "interval": "1", "days_before": "1", "leave_at": "10:00"}
        wrong = client.post(address, data | {"last_day": "2026-11-01"}).content.decode()
        assert "La fine viene prima" in wrong and not Series.objects.exists()
        client.post(address, data | {"last_day": "2026-12-03"})
        series = Series.objects.get()
        page = f"/admin/broadcasts/series/{series.pk}/change/"
        assert "Manda in approvazione 2 avvisi" in client.get(page).content.decode()
        client.post(f"/admin/broadcasts/series/{series.pk}/do/submit/")
        assert "li approva un'altra persona" in client.get(page).content.decode().replace("&#x27;", "'")
        client.force_login(bruno)
        shown = client.get(page)
        assert "Approva i testi di 2 avvisi" in shown.content.decode()
        client.post(f"/admin/broadcasts/series/{series.pk}/do/approve/", {"seen": shown.context["seen"]})
        assert {c.state for c in children(series)} == {State.SCHEDULED}
        assert client.post(address, data).status_code == 403
