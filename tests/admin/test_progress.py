"""The live page: honest words, nobody's number, a few queries whatever the audience."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadcasts import report
from broadcasts.forecast import grouped, leave_words, people_words
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import NOT_REACHED, State
from broadcasts.states import Delivery as D
from staff.models import User
from tests.conftest import TUESDAY_10
from whatsempoli import clock

Browser = Callable[[User], Client]
MIXED = {"pending": 3, "accepted": 4, "failed": 2, "skipped": 1}


def live(notice: Broadcast, state: str | None = None) -> str:
    address = reverse("admin:broadcasts_broadcast_progress", args=[notice.pk])
    return f"{address}?state={state or notice.state}"


class TestCounts:
    def test_every_row_is_counted_once(self, leaving: Any) -> None:
        found = report.progress(leaving(MIXED), clock.real_now())
        assert (found.total, found.to_go, found.done, found.percent) == (10, 3, 7, 70)
        assert (found.entrusted, found.arrived, found.read, found.missed) == (4, 4, 0, 3)
        assert found.rate == pytest.approx(4.0, rel=0.3)  # all four within the last second or so

    def test_it_is_not_whole_before_the_last(self, leaving: Any) -> None:
        assert report.progress(leaving({"accepted": 400, "sending": 1}), clock.real_now()).percent == 99

    def test_an_empty_audience(self, leaving: Any) -> None:
        found = report.progress(leaving({}), clock.real_now())
        assert (found.total, found.percent, found.seconds_left) == (0, 100, None)

    def test_one_query(self, leaving: Any, django_assert_num_queries: Any) -> None:
        notice = leaving(MIXED)
        with django_assert_num_queries(1):
            report.progress(notice, clock.real_now())

    @pytest.mark.parametrize("state", [s for s in D.values if s in NOT_REACHED])
    def test_every_state_has_a_reason_in_words(self, state: str) -> None:
        assert report.why_words(state, "", None) != state

    def test_a_code_is_never_shown(self) -> None:
        assert "131026" not in report.why_words(D.FAILED, "", 131026)
        assert "non usa WhatsApp" in report.why_words(D.FAILED, "", 131026)
        assert report.why_words(D.FAILED, "", 424242) != ""


class TestFragment:
    def test_it_asks_again_while_it_moves(self, leaving: Any, anna: User, browser: Browser) -> None:
        html = browser(anna).get(live(leaving(MIXED))).content.decode()
        assert 'hx-trigger="every 2s"' in html
        assert '<progress max="10" value="7">' in html
        assert "<html" not in html

    def test_it_rests_when_it_is_over(self, leaving: Any, anna: User, browser: Browser) -> None:
        html = browser(anna).get(live(leaving({"accepted": 2}, state=State.SENT))).content.decode()
        assert "hx-trigger" not in html

    def test_another_state_wants_the_whole_page(self, leaving: Any, anna: User, browser: Browser) -> None:
        answer = browser(anna).get(live(leaving(MIXED), State.SCHEDULED))
        assert answer.headers["HX-Refresh"] == "true"

    def test_a_session_that_ended_wants_the_whole_page(self, leaving: Any, client: Client) -> None:
        answer = client.get(live(leaving(MIXED)))
        assert answer.headers["HX-Refresh"] == "true"
        assert answer.content == b""

    def test_it_says_until_when_it_waits(self, leaving: Any, anna: User, browser: Browser) -> None:
        notice = leaving(MIXED)
        Broadcast.objects.filter(pk=notice.pk).update(waits_until=TUESDAY_10 + timedelta(hours=5))
        assert "riprende da solo oggi alle 15:00" in browser(anna).get(live(notice)).content.decode()

    def test_accepted_is_never_called_sent(self, leaving: Any, anna: User, browser: Browser) -> None:
        html = browser(anna).get(live(leaving(MIXED))).content.decode()
        assert "Affidati a WhatsApp" in html
        assert "Inviati" not in html

    @pytest.mark.parametrize("size", [1, 12])
    def test_queries_do_not_grow(
        self, size: int, leaving: Any, anna: User, browser: Browser, django_assert_max_num_queries: Any
    ) -> None:
        notice = leaving(dict.fromkeys(("pending", "accepted", "failed", "skipped"), size))
        client = browser(anna)
        with django_assert_max_num_queries(12):
            client.get(live(notice))
        with django_assert_max_num_queries(24):
            client.get(reverse("admin:broadcasts_broadcast_change", args=[notice.pk]))


class TestMissing:
    def test_masked_and_in_words(self, leaving: Any, anna: User, browser: Browser) -> None:
        notice = leaving({"failed": 2, "accepted": 1})
        html = (
            browser(anna)
            .get(reverse("admin:broadcasts_broadcast_missing", args=[notice.pk]))
            .content.decode()
        )
        rows = notice.deliveries.filter(state="failed").select_related("subscriber")
        for row in rows:
            assert row.subscriber.phone is not None
            assert row.subscriber.phone not in html
            assert f"••• {row.subscriber.phone[-3:]}" in html
        assert html.count('nowrap">•••') == 2

    def test_a_page_at_a_time_with_few_queries(
        self, leaving: Any, anna: User, browser: Browser, django_assert_max_num_queries: Any
    ) -> None:
        notice = leaving({"failed": 53})
        client = browser(anna)
        address = reverse("admin:broadcasts_broadcast_missing", args=[notice.pk])
        client.get(reverse("admin:password_change"))  # the first page of a session writes the session down
        with django_assert_max_num_queries(12):
            first = client.get(address).content.decode()
        assert first.count('nowrap">•••') == 50
        last = Delivery.objects.filter(broadcast=notice).order_by("id")[49]
        assert f"?after={last.pk}" in first and 'href="?before=' not in first
        second = client.get(f"{address}?after={last.pk}").content.decode()
        assert second.count('nowrap">•••') == 3 and 'href="?after=' not in second
        back = client.get(f"{address}?before={last.pk + 1}").content.decode()
        assert back.count('nowrap">•••') == 50 and 'href="?before=' not in back
        assert client.get(address + "?after=boh").status_code == 200


class TestWords:
    @pytest.mark.parametrize(
        ("number", "words"), [(0, "nessuno"), (1, "1 persona"), (2, "2 persone"), (1512, "1.512 persone")]
    )
    def test_people(self, number: int, words: str) -> None:
        assert people_words(number) == words

    def test_thousands(self) -> None:
        assert grouped(1_234_567) == "1.234.567"

    def test_when(self) -> None:
        assert leave_words(TUESDAY_10, TUESDAY_10) == "subito"
        assert leave_words(None, TUESDAY_10) == "mai"
        assert leave_words(TUESDAY_10 + timedelta(hours=5), TUESDAY_10) == "oggi alle 15:00"
