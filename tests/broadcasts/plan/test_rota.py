"""A rota from the pasted table to the phones and to FARMACIA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from broadcasts import lifecycle
from broadcasts.answers import compose
from broadcasts.fingerprint import fingerprint_of
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.plan import rota as verbs
from broadcasts.plan.duty import on_duty
from broadcasts.plan.models import Rota
from broadcasts.plan.shifts import read_shifts
from broadcasts.plan.table import read_text
from broadcasts.plan.weeks import weeks_of
from broadcasts.states import State
from policy.calendar import ROME
from policy.live import live_town
from staff.models import User
from subscribers.conversation import Ask
from tests.broadcasts.plan.test_rota_table import xlsx
from tests.conftest import TUESDAY_10
from whatsempoli import clock

TABLE = """dal;al;turno;farmacia;indirizzo;orario;telefono
28/11/2026;04/12/2026;giorno;Farmacia Bini;via Roma 2;9-13;0571 76741
28/11/2026;04/12/2026;notte;Farmacia Conti;via Pisana 1;20-8;0571 76742
05/12/2026;11/12/2026;24 ore;Farmacia Lari;;;"""
OTHER_WEEK = TABLE.replace("Farmacia Lari", "Farmacia Mori")


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)
    with translation.override("it"):
        yield


@pytest.fixture
def load(anna: User) -> Callable[..., tuple[Rota, verbs.Done]]:
    def make(table: str = TABLE, now: datetime = TUESDAY_10, **changes: Any) -> tuple[Rota, verbs.Done]:
        reading = read_shifts(read_text(table))
        assert reading.problems == ()
        rota = Rota(name="Turni", source=table, leave_at=time(16), **changes)
        return rota, verbs.save(rota, reading.shifts, by=anna, now=now)

    return make


@pytest.fixture
def approved(load: Any, anna: User, bruno: User) -> Callable[..., Rota]:
    def make(table: str = TABLE) -> Rota:
        rota, _done = load(table)
        verbs.submit(rota.pk, by=anna, now=TUESDAY_10)
        verbs.approve(rota.pk, by=bruno, seen=verbs.seen_of(rota), now=TUESDAY_10)
        rota.refresh_from_db()
        return rota

    return make


def weeks() -> list[Broadcast]:
    return list(Broadcast.objects.order_by("occurrence"))


class TestWeeks:
    def test_a_week_says_days_nights_and_the_page_the_rest(self) -> None:
        [first, second] = weeks_of(read_shifts(read_text(TABLE)).shifts, week_start=5)
        assert first.title == "Farmacie di turno da sabato 28 novembre a venerdì 4 dicembre"
        assert first.fields["shifts"][0] == {"date": "2026-11-28", "pharmacies": ["Farmacia Bini"]}
        assert first.fields["nights"][6] == {"date": "2026-12-04", "pharmacies": ["Farmacia Conti"]}
        conti = {"name": "Farmacia Conti", "address": "via Pisana 1", "phone": "0571 76742"}
        assert conti | {"hours": "di notte 20-8"} in first.fields["pharmacies"]
        assert first.valid_until == datetime(2026, 12, 5, 8, tzinfo=ROME)
        assert second.first == date(2026, 12, 5)

    def test_nights_are_said_in_a_few_words(self) -> None:
        table = "data;turno;farmacia\n28/11/2026;notte;A\n29/11/2026;notte;A\n30/11/2026;notte;B"
        [week] = weeks_of(read_shifts(read_text(table)).shifts, week_start=5, night_note="a chiamata")
        assert "A" in week.nights and "B" in week.nights and week.days == ""
        assert week.fields["night"] == "a chiamata" and "pharmacies" not in week.fields

    def test_what_it_makes_is_what_the_form_reads(self, town: Any) -> None:
        [week, _second] = weeks_of(read_shifts(read_text(TABLE)).shifts, week_start=5)
        form = verbs.KIND.form(verbs.KIND.initial_from(week.fields), now=TUESDAY_10)
        assert form.is_valid(), form.errors
        assert form.stored() == week.fields

    def test_the_week_begins_when_the_town_says(self) -> None:
        found = weeks_of(read_shifts(read_text(TABLE)).shifts, week_start=0)
        assert [w.first for w in found] == [date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]


class TestSaving:
    def test_each_week_becomes_a_draft_that_leaves_the_day_before(self, load: Any) -> None:
        rota, done = load()
        assert (done.made, rota.first_day, rota.last_day) == (2, date(2026, 11, 28), date(2026, 12, 11))
        [first, _second] = weeks()
        assert (first.state, first.due_at) == (State.DRAFT, datetime(2026, 11, 27, 16, tzinfo=ROME))
        assert "Farmacia Bini" in first.rendered["it"]["phone_text"]

    def test_a_week_that_is_over_makes_nothing(self, load: Any) -> None:
        _rota, done = load(now=TUESDAY_10 + timedelta(days=13))
        assert (done.made, weeks()[0].occurrence) == (1, date(2026, 12, 5))

    def test_who_may_not_write_is_refused(self, town: Any, bruno: User) -> None:
        with pytest.raises(NotAllowed):
            verbs.save(Rota(name="x"), read_shifts(read_text(TABLE)).shifts, by=bruno, now=TUESDAY_10)

    def test_a_new_table_changes_only_the_weeks_it_changes(self, approved: Any, load: Any) -> None:
        approved()
        _rota, done = load(OTHER_WEEK)
        assert (done.made, done.changed, done.kept) == (0, 1, 1)
        [kept, changed] = weeks()
        assert (kept.state, changed.state) == (State.SCHEDULED, State.DRAFT)
        assert changed.fingerprint == "" and changed.approved_by is None

    def test_a_week_that_has_left_is_told_and_not_touched(self, approved: Any, load: Any) -> None:
        approved()
        Broadcast.objects.filter(pk=weeks()[1].pk).update(state=State.SENT, started_at=TUESDAY_10)
        _rota, done = load(OTHER_WEEK)
        assert "scrivi una rettifica" in done.refused[0]
        assert "Lari" in str(weeks()[1].fields)


class TestApproving:
    def test_it_approves_each_text_as_it_was_seen(self, approved: Any, bruno: User) -> None:
        rota = approved()
        assert rota.approved_by == bruno
        for week in weeks():
            assert (week.state, week.approved_by) == (State.SCHEDULED, bruno)
            assert week.fingerprint == fingerprint_of(week)

    def test_nobody_approves_what_they_loaded(self, load: Any, anna: User, town: Any) -> None:
        rota, _done = load()
        anna.groups.set(Group.objects.all())
        verbs.submit(rota.pk, by=anna, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="un'altra persona"):
            verbs.approve(rota.pk, by=User.objects.get(pk=anna.pk), seen=verbs.seen_of(rota))

    def test_what_changed_after_it_was_read_is_not_approved(self, load: Any, anna: User, bruno: User) -> None:
        rota, _done = load()
        verbs.submit(rota.pk, by=anna, now=TUESDAY_10)
        seen = verbs.seen_of(rota)
        week = lifecycle.withdraw(weeks()[0].pk, by=anna, now=TUESDAY_10)
        week.title = "Altro"
        lifecycle.save_draft(week, by=anna, now=TUESDAY_10)
        lifecycle.submit(week.pk, by=anna, now=TUESDAY_10)
        with pytest.raises(NotAllowed, match="qualcosa è cambiato"):
            verbs.approve(rota.pk, by=bruno, seen=seen, now=TUESDAY_10)
        assert {week.state for week in weeks()} == {State.IN_REVIEW}

    def test_a_week_changed_afterwards_is_approved_again(self, approved: Any, anna: User) -> None:
        approved()
        week = weeks()[0]
        week.title = "Turni cambiati"
        lifecycle.save_draft(week, by=anna, now=TUESDAY_10)
        assert [w.state for w in weeks()] == [State.DRAFT, State.SCHEDULED]


class TestOnDuty:
    def at(self, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 12, day, hour, minute, tzinfo=ROME)

    def test_only_an_approved_rota_answers(self, load: Any) -> None:
        load()
        assert on_duty(self.at(1, 10)) is None

    def test_by_day_and_tonight(self, approved: Any) -> None:
        approved()
        found = on_duty(self.at(1, 10))
        assert found and [s.name for s in found.today] == ["Farmacia Bini"]
        assert [s.name for s in found.tonight] == ["Farmacia Conti"] and not found.night_now

    @pytest.mark.parametrize(("minute", "name"), [(59, "Farmacia Conti"), (0, "Farmacia Lari")])
    def test_before_the_morning_it_is_still_the_night_before(
        self, approved: Any, minute: int, name: str
    ) -> None:
        approved()
        found = on_duty(self.at(5, 7 if minute else 8, minute))
        assert found and [s.name for s in found.tonight] == [name]

    def test_a_newer_table_waits_for_its_approval(
        self, approved: Any, load: Any, anna: User, bruno: User
    ) -> None:
        approved()
        rota, _done = load(OTHER_WEEK)
        assert on_duty(self.at(6, 10)).today[0].name == "Farmacia Lari"  # type: ignore[union-attr]
        verbs.submit(rota.pk, by=anna, now=TUESDAY_10)
        verbs.approve(rota.pk, by=bruno, seen=verbs.seen_of(rota), now=TUESDAY_10)
        assert on_duty(self.at(6, 10)).today[0].name == "Farmacia Mori"  # type: ignore[union-attr]

    def test_after_the_last_day_nobody_is_named(self, approved: Any) -> None:
        approved()
        assert on_duty(self.at(20, 10)) is None

    def test_farmacia_is_answered_from_it(self, approved: Any, people: Any) -> None:
        approved()
        [someone] = people(1, "farmacie")
        moment = self.at(1, 22)
        content = compose(
            Ask(active=True, topic="farmacie"),
            subscriber=someone,
            town=live_town(moment),
            now=moment,
            site_url="https://x.example",
        )
        assert content is not None
        text = str(content.payload)
        assert "Farmacia Bini, via Roma 2 (9-13), tel. 0571 76741" in text
        assert "Farmacia Conti, via Pisana 1 (20-8), tel. 0571 76742" in text


class TestPage:
    DATA = {
        "name": "Turni 2027",
        "text": TABLE,
        "week_start": "5",
        "days_before": "1",
        "leave_at": "16:00",
        "night_note": "a battenti chiusi",
    }
    ADDRESS = "/admin/broadcasts/rota/add/"

    def test_errors_by_row_and_column_and_the_paste_stays(self, anna: User, client: Client) -> None:
        client.force_login(anna)
        wrong = self.DATA | {"text": TABLE.replace("05/12/2026;11", "31/11/2026;11"), "save": ""}
        page = client.post(self.ADDRESS, wrong).content.decode()
        assert "<td>4</td><td>data</td><td>il giorno 31/11/2026 non esiste.</td>" in page
        assert "31/11/2026;11/12/2026;24 ore;Farmacia Lari" in page
        assert not Rota.objects.exists() and not Broadcast.objects.exists()

    def test_a_preview_before_anything_is_saved_with_the_uncovered_days(
        self, anna: User, client: Client
    ) -> None:
        client.force_login(anna)
        holes = self.DATA | {"text": TABLE.replace("05/12/2026;11", "07/12/2026;11")}
        page = client.post(self.ADDRESS, holes | {"check": ""}).content.decode()
        assert "Nessuna farmacia di giorno: da sabato 5 a domenica 6 dicembre 2026." in page
        assert "Ne nascono 2 messaggi" in page and not Rota.objects.exists()

    def test_an_upload_becomes_text_that_can_be_corrected(self, anna: User, client: Client) -> None:
        client.force_login(anna)
        content = xlsx(["data", "farmacia"], [datetime(2026, 11, 28), "Bini"], ["boh", "Lari"])
        data = self.DATA | {"text": "", "file": SimpleUploadedFile("t.xlsx", content), "check": ""}
        page = client.post(self.ADDRESS, data).content.decode()
        assert "28/11/2026\tBini\nboh\tLari" in page and "<td>3</td><td>data</td>" in page

    def test_saved_handed_over_approved(self, anna: User, bruno: User, client: Client) -> None:
        client.force_login(anna)
        page = client.post(self.ADDRESS, self.DATA | {"save": ""}, follow=True)
        rota = Rota.objects.get()
        assert "Manda in approvazione 2 settimane" in page.content.decode()
        client.post(f"/admin/broadcasts/rota/{rota.pk}/submit/")
        client.force_login(bruno)
        front = client.get("/admin/").content.decode()
        assert "Preparati in anticipo, da approvare" in front and "2 testi da leggere" in front
        assert "Farmacie di turno da sabato" not in front
        page = client.get(f"/admin/broadcasts/rota/{rota.pk}/change/")
        assert "Approva i turni e i testi di 2 settimane" in page.content.decode()
        assert page.content.decode().count('class="bubble"') == 2
        client.post(f"/admin/broadcasts/rota/{rota.pk}/approve/", {"seen": page.context["seen"]})
        assert {w.state for w in weeks()} == {State.SCHEDULED}

    def test_who_may_not_is_refused(self, bruno: User, anna: User, client: Client, load: Any) -> None:
        client.force_login(bruno)
        assert client.get(self.ADDRESS).status_code == 403
        rota, _done = load()
        client.force_login(anna)
        client.post(f"/admin/broadcasts/rota/{rota.pk}/approve/", {"seen": verbs.seen_of(rota)})
        rota.refresh_from_db()
        assert rota.approved_at is None
        assert client.get(f"/admin/broadcasts/rota/{rota.pk}/approve/").status_code == 405
