"""The front page, and the tables around the notices: who may read and change what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from broadcasts import lifecycle
from broadcasts.admin.deliveries import DeliveryAdmin
from broadcasts.desk import desk
from broadcasts.models import Broadcast, WebhookEvent
from broadcasts.states import State
from policy.forms import HoursField, read_line, write_hours
from policy.models import PolicyVersion, TownProfile, default_windows
from staff.models import AuditEntry, User
from tests.conftest import TUESDAY_10

Browser = Callable[[User], Client]
LISTS = (
    *("broadcasts_broadcast", "broadcasts_delivery", "broadcasts_transition", "broadcasts_webhookevent"),
    *("policy_category", "policy_holiday", "policy_policyversion"),
    *("subscribers_subscriber", "subscribers_consentevent", "subscribers_zone"),
    *("staff_user", "staff_auditentry"),
)


class TestDesk:
    def test_each_waits_for_another(self, write: Any, anna: User, bruno: User) -> None:
        notice = write()
        assert [line.broadcast for line in desk(anna, TUESDAY_10).drafts] == [notice]
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        hers, his = desk(anna, TUESDAY_10), desk(bruno, TUESDAY_10)
        assert ([line.broadcast for line in his.to_approve], his.waiting) == ([notice], 1)
        assert ([line.broadcast for line in hers.with_others], hers.waiting) == ([notice], 0)
        lifecycle.send_back(notice.pk, by=bruno, reason="La data", now=TUESDAY_10)
        fresh = User.objects.get(pk=anna.pk)
        assert [line.broadcast for line in desk(fresh, TUESDAY_10).returned] == [notice]

    def test_the_page_shows_the_reason(self, write: Any, anna: User, bruno: User, browser: Browser) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        lifecycle.send_back(notice.pk, by=bruno, reason="Manca la data", now=TUESDAY_10)
        html = browser(anna).get(reverse("admin:index")).content.decode()
        assert "c'è una cosa da fare" in html
        assert "«Manca la data»" in html

    def test_what_ends_soon(self, leaving: Any, anna: User) -> None:
        soon = leaving({}, state=State.SENT, valid_until=TUESDAY_10 + timedelta(hours=3))
        leaving({}, state=State.SENT, valid_until=TUESDAY_10 + timedelta(hours=30))
        found = desk(anna, TUESDAY_10).ending
        assert [(line.broadcast, line.when) for line in found] == [(soon, "oggi alle 13:00")]

    def test_few_queries_and_short_lists(
        self, write: Any, anna: User, browser: Browser, django_assert_max_num_queries: Any
    ) -> None:
        for _n in range(12):
            write()
        client = browser(anna)
        with django_assert_max_num_queries(20):
            html = client.get(reverse("admin:index")).content.decode()
        assert html.count('class="line-title"') == 8

    def test_the_demos_people_are_not_named_elsewhere(self, anna: User, client: Client) -> None:
        assert "anna" not in client.get(reverse("admin:login")).content.decode()

    def test_the_demo_names_them(self, anna: User, client: Client, settings: Any) -> None:
        settings.DEMO, settings.DEMO_PASSWORD = True, "empoli-demo"
        html = client.get(reverse("admin:login")).content.decode()
        assert "<code>anna</code>" in html
        assert "<code>empoli-demo</code>" in html


class TestLists:
    @pytest.mark.parametrize("name", LISTS)
    def test_the_administrator_opens_it(
        self, name: str, leaving: Any, carla: User, browser: Browser, django_assert_max_num_queries: Any
    ) -> None:
        leaving({"failed": 3, "accepted": 2})
        client = browser(carla)
        client.get(reverse("admin:password_change"))  # the first page of a session writes the session down
        with django_assert_max_num_queries(14):
            answer = client.get(reverse(f"admin:{name}_changelist"))
        assert answer.status_code == 200
        assert " style=" not in answer.content.decode()

    def test_the_templates_have_a_page_of_their_own(
        self, leaving: Any, carla: User, browser: Browser, django_assert_max_num_queries: Any
    ) -> None:
        leaving({"failed": 3, "accepted": 2})
        client = browser(carla)
        page = client.get(reverse("admin:broadcasts_messagetemplate_changelist")).headers["Location"]
        with django_assert_max_num_queries(14):
            answer = client.get(page)
        assert answer.status_code == 200 and " style=" not in answer.content.decode()

    @pytest.mark.parametrize("name", ["subscribers_subscriber", "staff_user", "broadcasts_webhookevent"])
    def test_an_editor_does_not(self, name: str, anna: User, browser: Browser) -> None:
        assert browser(anna).get(reverse(f"admin:{name}_changelist")).status_code == 403

    def test_no_number_is_whole(self, people: Any, carla: User, browser: Browser) -> None:
        someone = people(1, "acqua")[0]
        for address in (
            reverse("admin:subscribers_subscriber_changelist"),
            reverse("admin:subscribers_subscriber_change", args=[someone.pk]),
        ):
            html = browser(carla).get(address).content.decode()
            assert someone.phone not in html
            assert f"••• {someone.phone[-3:]}" in html

    def test_a_delivery_opens_without_a_number(self, leaving: Any, carla: User, browser: Browser) -> None:
        row = leaving({"failed": 1}).deliveries.get()
        html = browser(carla).get(reverse("admin:broadcasts_delivery_change", args=[row.pk])).content.decode()
        assert row.subscriber.phone not in html
        assert "non usa WhatsApp" in html

    def test_deliveries_are_never_all_counted(self) -> None:
        assert DeliveryAdmin.show_full_result_count is False

    @pytest.mark.parametrize("name", ["broadcasts_delivery", "subscribers_subscriber", "staff_auditentry"])
    def test_nobody_adds_by_hand(self, name: str, carla: User, browser: Browser) -> None:
        carla.is_superuser = True
        carla.save()
        assert browser(carla).get(reverse(f"admin:{name}_add")).status_code == 403

    def test_a_notice_is_never_deleted(self, write: Any, carla: User, browser: Browser) -> None:
        carla.is_superuser = True
        carla.save()
        notice = write()
        address = reverse("admin:broadcasts_broadcast_delete", args=[notice.pk])
        assert browser(carla).post(address, {"post": "yes"}).status_code == 403
        assert Broadcast.objects.filter(pk=notice.pk).exists()


class TestWebhooksAside:
    def replay(self, client: Client, pk: int) -> Any:
        address = reverse("admin:broadcasts_webhookevent_changelist")
        return client.post(address, {"action": "replay", "_selected_action": [pk]}, follow=True)

    def test_a_person_puts_one_back(self, carla: User, browser: Browser) -> None:
        event = WebhookEvent.objects.create(digest=b"1" * 32, body=b'{"393331234567": 1}', state="aside")
        answer = self.replay(browser(carla), event.pk)
        event.refresh_from_db()
        assert event.state == WebhookEvent.State.PENDING
        assert "1 comunicazione rimessa" in answer.content.decode()
        assert "393331234567" not in answer.content.decode()

    def test_reading_is_not_enough(self, carla: User, browser: Browser) -> None:
        carla.groups.get().permissions.remove(
            carla.groups.get().permissions.get(codename="replay_webhookevent")
        )
        event = WebhookEvent.objects.create(digest=b"1" * 32, body=b"{}", state="aside")
        self.replay(browser(User.objects.get(pk=carla.pk)), event.pk)
        event.refresh_from_db()
        assert event.state == WebhookEvent.State.ASIDE


class TestHours:
    def test_round_trip(self) -> None:
        field = HoursField(empty=[])
        assert field.clean(write_hours(default_windows())) == default_windows()

    @pytest.mark.parametrize(
        ("line", "rows"),
        [
            ("lunedì 9-13", [(0, "09:00", "13:00")]),
            ("Venerdi: 9.30 – 13, 15:00-18:00", [(4, "09:30", "13:00"), (4, "15:00", "18:00")]),
            ("sabato 22:00-24:00", [(5, "22:00", "24:00")]),
            ("domenica 22:00-1:00", [(6, "22:00", "01:00")]),
        ],
    )
    def test_as_people_write_them(self, line: str, rows: list[tuple[int, str, str]]) -> None:
        assert read_line(line) == [{"weekday": d, "start": s, "end": e} for d, s, e in rows]

    @pytest.mark.parametrize(
        "line",
        [
            "lunedì",
            "lun 9-13",
            "lunedì 9-25",
            "lunedì 24-25",
            "lunedì 9:61-13",
            "lunedì 9-13,",
            "lunedì sempre",
        ],
    )
    def test_what_is_unclear_is_named(self, line: str) -> None:
        with pytest.raises(ValidationError, match="Non si capisce la riga") as caught:
            read_line(line)
        assert line in str(caught.value)

    def test_an_hour_that_comes_twice_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="ora legale"):
            HoursField().clean("domenica 1:00-2:30")

    def test_empty_means_what_the_field_says(self) -> None:
        assert HoursField(required=False).clean("") is None
        with pytest.raises(ValidationError):
            HoursField().clean(" ")

    def test_it_is_a_field_like_others(self) -> None:
        class Form(forms.Form):
            hours = HoursField()

        assert "lunedì 09:00-13:00" in str(Form(initial={"hours": default_windows()})["hours"])


class TestTown:
    def test_its_list_is_its_form(self, carla: User, browser: Browser) -> None:
        answer = browser(carla).get(reverse("admin:policy_townprofile_changelist"))
        assert answer.headers["Location"] == reverse("admin:policy_townprofile_change", args=[1])

    def test_hours_are_changed_as_lines_and_logged(self, carla: User, browser: Browser) -> None:
        client = browser(carla)
        address = reverse("admin:policy_townprofile_change", args=[1])
        form = client.get(address).context["adminform"].form
        shown = {name: form[name].value() for name in form.fields}
        data = {name: "" if value is None else value for name, value in shown.items()}
        data |= {"service_hours": "martedì 10-12", "night_start": "22:00", "night_end": "07:00"}
        answer = client.post(address, data)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert TownProfile.current().service_hours == [{"weekday": 1, "start": "10:00", "end": "12:00"}]
        assert AuditEntry.objects.filter(actor=carla, verb="change", target__contains="Comune").exists()


class TestTexts:
    def test_a_new_text_takes_the_next_number(self, carla: User, browser: Browser) -> None:
        data = {"kind": "privacy", "body": "# Nuova", "body_en": "", "changes": "Tutto"}
        assert browser(carla).post(reverse("admin:policy_policyversion_add"), data).status_code == 302
        assert PolicyVersion.objects.filter(kind="privacy", number=2, published_at=None).exists()


class TestPeople:
    def test_nobody_lifts_themselves(self, carla: User, browser: Browser) -> None:
        client = browser(carla)
        address = reverse("admin:staff_user_change", args=[carla.pk])
        assert "is_superuser" not in client.get(address).content.decode()
        data = {"username": "carla", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
        client.post(address, data | {"groups": [str(g.pk) for g in carla.groups.all()]})
        carla.refresh_from_db()
        assert carla.is_superuser is False

    def test_a_superuser_is_out_of_reach(self, carla: User, browser: Browser) -> None:
        root = User.objects.create_superuser("root", password="prova")
        before = root.password
        for name in ("change", "password_change"):
            address = (
                reverse("admin:staff_user_change", args=[root.pk])
                if name == "change"
                else reverse("admin:auth_user_password_change", args=[root.pk])
            )
            data = {"username": "root", "password1": "Lunga-e-nuova-77", "password2": "Lunga-e-nuova-77"}
            assert browser(carla).post(address, data).status_code == 403
        root.refresh_from_db()
        assert root.password == before

    def test_a_new_person_is_logged(self, carla: User, browser: Browser) -> None:
        data = {
            "username": "dario",
            "usable_password": "true",
            "password1": "Lunga-e-nuova-77",
            "password2": "Lunga-e-nuova-77",
        }
        assert browser(carla).post(reverse("admin:staff_user_add"), data).status_code == 302
        assert AuditEntry.objects.filter(actor=carla, verb="add", target__contains="dario").exists()
