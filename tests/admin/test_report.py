"""What became of a notice: honest sums, when it came, who left; whole numbers only for a logged reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from broadcasts import aftermath, report, tally
from broadcasts.models import Broadcast, Delivery, Tally
from broadcasts.spreadsheet import csv_lines, safe_cell, xlsx
from broadcasts.states import State
from staff.models import AuditEntry, User
from subscribers.models import ConsentEvent, Subscriber
from tests.conftest import TUESDAY_10
from whatsempoli import clock

Browser = Callable[[User], Client]


def address(name: str, notice: Broadcast, *more: Any) -> str:
    return reverse(f"admin:broadcasts_broadcast_{name}", args=[notice.pk, *more])


@pytest.fixture
def sent(leaving: Any) -> Broadcast:
    """Ten people: six got it at 3, 8, 15, 25, 50 and 200 seconds, one has not yet, three never will."""
    notice: Broadcast = leaving({"accepted": 7, "failed": 2, "skipped": 1}, state=State.SENT)
    Broadcast.objects.filter(pk=notice.pk).update(finished_at=TUESDAY_10 + timedelta(seconds=30))
    rows = list(Delivery.objects.filter(broadcast=notice, state="accepted").order_by("id"))
    for row, seconds in zip(rows, (3, 8, 15, 25, 50, 200, None), strict=True):
        row.begun_at, row.accepted_at = TUESDAY_10, TUESDAY_10 + timedelta(seconds=2)
        row.receipt = 2 if seconds else 1
        row.delivered_at = TUESDAY_10 + timedelta(seconds=seconds) if seconds else None
        row.save()
    notice.refresh_from_db()
    return notice


class TestTally:
    def test_a_large_notice_shows_what_was_counted_last(self, sent: Broadcast, monkeypatch: Any) -> None:
        monkeypatch.setattr(tally, "SMALL", 5)
        fresh = report.progress(sent, clock.real_now())
        assert (fresh.total, fresh.to_go, fresh.done) == (10, 10, 0)  # nobody has counted yet
        tally.refresh_due(clock.real_now())
        Delivery.objects.filter(broadcast=sent, state="failed").update(state="pending")
        kept = report.progress(sent, clock.real_now())
        assert (kept.total, kept.missed, kept.at is not None) == (10, 3, True)

    def test_it_is_counted_again_when_it_is_old_and_left_alone_after_a_week(self, sent: Broadcast) -> None:
        now = clock.real_now()
        Broadcast.objects.filter(pk=sent.pk).update(finished_at=now)
        assert tally.refresh_due(now) == 1
        assert tally.refresh_due(now + timedelta(seconds=30)) == 0
        assert tally.refresh_due(now + timedelta(minutes=2)) == 1
        assert tally.refresh_due(now + timedelta(days=8)) == 1
        assert tally.refresh_due(now + timedelta(days=80)) == 0

    def test_a_last_count_outlives_the_rows(self, sent: Broadcast) -> None:
        tally.refresh(sent.pk, clock.real_now() + timedelta(days=30))
        Delivery.objects.filter(broadcast=sent).delete()
        found = aftermath.aftermath(sent, clock.real_now())
        assert (found.progress.total, found.progress.arrived) == (10, 6)

    def test_time_to_most(self, sent: Broadcast) -> None:
        tally.refresh(sent.pk, clock.real_now())
        assert Tally.objects.get(pk=sent.pk).most_seconds is None  # 95 % of 7 is 7, and 6 have it
        Delivery.objects.filter(broadcast=sent, receipt=1).update(
            receipt=2, delivered_at=TUESDAY_10 + timedelta(seconds=130)
        )
        tally.refresh(sent.pk, clock.real_now())
        assert Tally.objects.get(pk=sent.pk).most_seconds == 200

    def test_over_time_is_cumulated(self, sent: Broadcast) -> None:
        tally.refresh(sent.pk, clock.real_now())
        lines = Tally.objects.get(pk=sent.pk).over_time
        assert [[seconds, taken, came] for seconds, taken, came, _read in lines] == [
            *([5, 7, 1], [10, 7, 2], [20, 7, 3], [30, 7, 4], [60, 7, 5], [300, 7, 6])
        ]

    def test_stops_within_a_day_beside_the_usual(self, sent: Broadcast, leaving: Any) -> None:
        earlier = leaving({"accepted": 4}, state=State.SENT)
        Broadcast.objects.filter(pk=earlier.pk).update(started_at=TUESDAY_10 - timedelta(days=9))
        tally.refresh(earlier.pk, clock.real_now())
        people = [row.subscriber_id for row in Delivery.objects.filter(broadcast=sent, state="accepted")]
        hours = (1, 23, 30)  # the last one is too late to be because of it
        for person, after in zip(Subscriber.objects.filter(pk__in=people), hours, strict=False):
            ConsentEvent.objects.create(
                subject=person.subject, act="stop", at=TUESDAY_10 + timedelta(hours=after)
            )
        tally.refresh(sent.pk, clock.real_now())
        found = aftermath.aftermath(sent, clock.real_now())
        assert (found.stops, found.usual) == (2, 0.0)
        assert "2 persone si sono disiscritte" in found.stops_words
        assert "333,3 ogni 1.000" in found.stops_words and "0,0" in found.stops_words


class TestPages:
    def test_report(self, sent: Broadcast, anna: User, browser: Browser) -> None:
        client = browser(anna)
        html = client.get(address("report", sent)).content.decode()
        assert "Arrivato a 6 persone su 10." in html
        assert html.count("<img") == 2 and html.count("<table") == 4
        with CaptureQueriesContext(connection) as queries:
            client.get(address("report", sent))
        assert len(queries) <= 12

    @pytest.mark.parametrize("drawing", ["funnel", "over-time"])
    def test_pictures(self, drawing: str, sent: Broadcast, anna: User, browser: Browser) -> None:
        answer = browser(anna).get(address("picture", sent, drawing))
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.content.startswith(b"<?xml")
        assert b'href="http' not in answer.content and b"src=" not in answer.content

    def test_no_report_of_what_never_left(self, write: Any, anna: User, browser: Browser) -> None:
        draft = write()
        for name in ("report", "missing"):
            assert browser(anna).get(address(name, draft)).status_code == 404

    def test_a_whole_number_needs_a_reason_and_leaves_a_line(
        self, sent: Broadcast, carla: User, browser: Browser
    ) -> None:
        row = Delivery.objects.filter(broadcast=sent, state="failed").first()
        assert row is not None
        page, phone = address("number", sent, row.pk), Subscriber.objects.get(pk=row.subscriber_id).phone
        client = browser(carla)
        for answer in (client.get(page), client.post(page, {"reason": "  "})):
            assert f"+{phone}" not in answer.content.decode()
        assert not AuditEntry.objects.filter(verb="reveal").exists()
        assert f"+{phone}" in client.post(page, {"reason": "Ha chiamato l'URP"}).content.decode()
        line = AuditEntry.objects.get(verb="reveal")
        assert line.actor == carla and line.detail["reason"] == "Ha chiamato l'URP"
        assert str(phone) not in f"{line.target}{line.detail}"

    def test_only_of_who_did_not_get_it(self, sent: Broadcast, carla: User, browser: Browser) -> None:
        row = Delivery.objects.filter(broadcast=sent, state="accepted").first()
        assert row is not None
        reason = {"reason": "Ha chiamato"}
        assert browser(carla).post(address("number", sent, row.pk), reason).status_code == 404

    def test_nor_without_the_permission(self, sent: Broadcast, anna: User, browser: Browser) -> None:
        row = Delivery.objects.filter(broadcast=sent, state="failed").first()
        assert row is not None
        client = browser(anna)
        assert client.post(address("number", sent, row.pk), {"reason": "Chiamarla"}).status_code == 403
        asked = {"format": "csv", "numbers": "whole", "reason": "Chiamarla"}
        assert client.post(address("download", sent), asked).status_code == 403
        assert "Mostra il numero" not in client.get(address("missing", sent)).content.decode()


class TestDownload:
    def test_csv_is_masked_and_logged(self, sent: Broadcast, anna: User, browser: Browser) -> None:
        answer: Any = browser(anna).post(address("download", sent), {"format": "csv"})
        text = b"".join(answer.streaming_content).decode()
        rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
        assert len(rows) == 4 and all(row[0].startswith("•••") for row in rows[1:])
        assert AuditEntry.objects.get(verb="export").detail["numeri"] == "numeri mascherati"

    def test_whole_numbers_are_digits_and_want_a_reason(
        self, sent: Broadcast, carla: User, browser: Browser
    ) -> None:
        client, asked = browser(carla), {"format": "csv", "numbers": "whole"}
        assert client.post(address("download", sent), asked).status_code == 400
        answer: Any = client.post(address("download", sent), asked | {"reason": "Chiamarli"})
        rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()), delimiter=";"))
        assert rows[1][0].isdigit() and rows[1][0].startswith("39")
        assert AuditEntry.objects.get(verb="export").detail["reason"] == "Chiamarli"

    def test_xlsx_has_the_summary_too(self, sent: Broadcast, anna: User, browser: Browser) -> None:
        Broadcast.objects.filter(pk=sent.pk).update(title='=HYPERLINK("http://x")')
        answer = browser(anna).post(address("download", sent), {"format": "xlsx"})
        book = load_workbook(io.BytesIO(answer.content))
        assert book.sheetnames == ["Riepilogo", "Nel tempo", "Non ricevuti"]
        assert book["Non ricevuti"].max_row == 4
        assert book["Riepilogo"]["A1"].value == '\'=HYPERLINK("http://x")'
        assert book["Riepilogo"]["A1"].data_type == "s"

    def test_a_strange_form_is_refused(self, sent: Broadcast, anna: User, browser: Browser) -> None:
        assert browser(anna).post(address("download", sent), {"format": "exe"}).status_code == 400
        assert browser(anna).get(address("download", sent)).status_code == 405


BEFORE = [
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u3000",
    " \u200b\u00a0",
    "\t",
    "\n",
    "\r\n",
    "a\n",
    "a\r ",
]
BEGINS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


class TestCells:
    @pytest.mark.parametrize("begins", BEGINS)
    def test_no_formula_however_it_hides(self, begins: str) -> None:
        for before in BEFORE:
            cell = f"{before}{begins}1+1"
            assert safe_cell(cell) == f"'{cell}", repr(cell)

    @pytest.mark.parametrize("cell", ["\tciao", "\rciao", "\nciao"])
    def test_nor_a_line_that_begins_with_a_tab_or_a_break(self, cell: str) -> None:
        assert str(safe_cell(cell)).startswith("'")

    @pytest.mark.parametrize(
        "cell", ["via Roma 1+2", "a=b", "anna@example.org", "12-14", "••• 123", "", 5, None]
    )
    def test_words_and_numbers_stay(self, cell: Any) -> None:
        assert safe_cell(cell) == cell

    def test_control_characters_do_not_hide_one(self) -> None:
        assert safe_cell("\x00=1+1") == "'=1+1"

    def test_both_kinds_of_file(self) -> None:
        hostile: list[list[Any]] = [["=cmd|' /C calc'!A0", "\uff1d1"]]
        [head, line] = list(csv_lines(["+a", "b"], hostile))
        assert head.startswith('\ufeff"\'+a"') and line.startswith("\"'=cmd")
        sheet = load_workbook(io.BytesIO(xlsx([("Foglio", ["a", "b"], hostile)]))).active
        assert sheet is not None and sheet["A2"].data_type == "s" and sheet["B2"].value == "'\uff1d1"
