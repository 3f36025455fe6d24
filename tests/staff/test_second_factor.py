"""The second factor: compulsory, asked once a session, a code holds once, recovery codes are hashes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff import mandates, middleware, second_factor
from staff.models import AuditEntry, Deputyship, DutyShift, User
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
SETUP, PROVE = "admin:second_factor_setup", "admin:second_factor"


@pytest.fixture(autouse=True)
def required(settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def code_of(user: User, *, steps: int = 0) -> str:
    """The code that this person's app shows now; `steps` half minutes later."""
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, drift=steps):06}"


def armed(user: User) -> list[str]:
    """Give this person a confirmed device; returns the recovery codes."""
    second_factor.begin(user)
    codes = second_factor.confirm(user, code_of(user))
    assert len(codes) == second_factor.CODES
    return codes


def addresses() -> Iterator[str]:
    """Every address of the admin that needs no argument, but those that one needs to prove it or to leave."""
    yield from (one for one in _inside(admin.site.urls[0], "") if one not in {*middleware_open()})


def middleware_open() -> set[str]:
    return {reverse(f"admin:{name}").removeprefix("/admin/") for name in middleware.OPEN}


def _inside(patterns: Any, before: str) -> Iterator[str]:
    for one in patterns:
        route = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from _inside(one.url_patterns, route)
        elif "<" not in route and "(" not in route:
            yield route


class TestTheDoor:
    @pytest.mark.parametrize("who", ["bruno", "carla"])
    def test_who_approves_or_administers_sets_one_up_first(
        self, who: str, request: Any, bruno: User, carla: User
    ) -> None:
        answer = log_in(request.getfixturevalue(who)).get(reverse("admin:index"))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse(SETUP))

    def test_who_only_writes_may_go_without(self, anna: User) -> None:
        assert log_in(anna).get(reverse("admin:index")).status_code == 200

    def test_no_address_of_the_admin_is_open_on_a_password_alone(self, bruno: User) -> None:
        armed(bruno)
        client, found = log_in(bruno), list(addresses())
        assert len(found) > 20, "the admin was not walked"
        for address in found:
            answer = client.get(f"/admin/{address}")
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(reverse(PROVE)), address

    def test_a_part_of_a_page_asks_for_the_whole_one(self, bruno: User, write: Any) -> None:
        armed(bruno)
        address = reverse("admin:broadcasts_broadcast_progress", args=[write().pk])
        answer = log_in(bruno).get(address, headers={"HX-Request": "true"})
        assert answer["HX-Refresh"] == "true"

    def test_it_is_optional_where_the_settings_say_so(self, bruno: User, settings: Any) -> None:
        settings.SECOND_FACTOR_REQUIRED = False
        assert log_in(bruno).get(reverse("admin:index")).status_code == 200
        armed(bruno)  # who has one proves it there too
        assert log_in(bruno).get(reverse("admin:index")).status_code == 302


class TestTheCode:
    def test_from_the_square_to_the_recovery_codes(self, bruno: User) -> None:
        client = log_in(bruno)
        page = client.get(reverse(SETUP)).content.decode()
        assert 'src="data:image/svg+xml' in page
        assert "otpauth://totp/" in page
        wrong = client.post(reverse(SETUP), {"code": "000000"}).content.decode()
        assert "Questo codice non va bene" in wrong
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        done = client.post(reverse(SETUP), {"code": code_of(bruno)}).content.decode()
        codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", done)
        assert len(set(codes)) == second_factor.CODES
        assert client.get(reverse("admin:index")).status_code == 200
        assert AuditEntry.objects.filter(verb="second_factor_set", actor=bruno).exists()
        stored = set(StaticToken.objects.values_list("token", flat=True))
        assert not stored & {code.replace("-", "") for code in codes}, "recovery codes are kept as hashes"

    def test_a_code_opens_once(self, bruno: User) -> None:
        armed(bruno)
        client, code = log_in(bruno), code_of(bruno, steps=1)
        address = reverse("admin:index")
        data = {"code": f" {code[:3]} {code[3:]}", "next": address}
        assert client.post(reverse(PROVE), data)["Location"] == address
        assert client.get(address).status_code == 200
        assert not second_factor.check(bruno, code), "seen over a shoulder, it is worth nothing"

    def test_a_recovery_code_opens_once(self, bruno: User) -> None:
        code = armed(bruno)[3]
        assert second_factor.check(bruno, code.upper())
        assert not second_factor.check(bruno, code)
        assert second_factor.codes_left(bruno) == second_factor.CODES - 1

    def test_guessing_is_slowed_down_and_only_for_this_person(self, bruno: User, carla: User) -> None:
        armed(bruno)
        armed(carla)
        for guess in ("111111", "222222", "333333"):
            second_factor.check(bruno, guess)
        assert not second_factor.check(bruno, code_of(bruno, steps=1)), "in the waiting time even a right one"
        assert second_factor.check(carla, code_of(carla, steps=1))

    def test_somebody_elses_code_is_nothing(self, bruno: User, carla: User) -> None:
        armed(bruno)
        codes = armed(carla)
        assert not second_factor.check(bruno, codes[0])

    @pytest.mark.parametrize("typed", ["", " ", "١٢٣٤٥٦", "9" * 400, "'; drop", "\x00"])
    def test_odd_input_is_only_wrong(self, typed: str, bruno: User) -> None:
        armed(bruno)
        assert log_in(bruno).post(reverse(PROVE), {"code": typed}).status_code == 200

    def test_another_site_is_no_place_to_go_on(self, bruno: User) -> None:
        armed(bruno)
        data = {"code": code_of(bruno, steps=1), "next": "https://evil.example/"}
        assert log_in(bruno).post(reverse(PROVE), data)["Location"] == reverse("admin:index")

    def test_replacing_it_asks_for_it(self, bruno: User) -> None:
        armed(bruno)
        assert log_in(bruno).get(reverse(SETUP))["Location"].startswith(reverse(PROVE))

    def test_it_is_fresh_for_five_minutes(self, bruno: User) -> None:
        session = Client().session
        second_factor.remember(session)
        assert second_factor.is_fresh(session)
        session[second_factor.PROVED_AT] = time.time() - second_factor.FRESH_SECONDS - 1
        assert second_factor.is_proved(session)
        assert not second_factor.is_fresh(session)

    def test_a_lost_phone_is_forgotten_on_the_server_and_logged(self, bruno: User) -> None:
        armed(bruno)
        call_command("reset_second_factor", "bruno")
        assert second_factor.device_of(bruno) is None
        assert second_factor.codes_left(bruno) == 0
        assert AuditEntry.objects.filter(verb="second_factor_reset", actor=None).exists()


class TestMandates:
    """A deputy in August, and who is on duty, approve between their dates and not a moment longer."""

    @pytest.fixture
    def dora(self, town: Any) -> User:
        return User.objects.create_user("dora", "dora@example.org", "prova", first_name="Dora", is_staff=True)

    @pytest.mark.parametrize("model", [Deputyship, DutyShift])
    @pytest.mark.parametrize(("minutes", "may"), [(-1, False), (0, True), (59, True), (60, False)])
    def test_between_its_dates(
        self, model: Any, minutes: int, may: bool, dora: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = TUESDAY_10
        model.objects.create(person=dora, starts=start, ends=start + timedelta(hours=1))
        moment = start + timedelta(minutes=minutes)
        monkeypatch.setattr(mandates.clock, "now", lambda: moment)
        dora = User.objects.get(pk=dora.pk)
        assert dora.has_perm("broadcasts.approve_broadcast") is may
        assert (dora in mandates.approvers(moment)) is may
        assert not dora.has_perm("broadcasts.add_broadcast")
        assert second_factor.must_have_one(dora) is may

    def test_who_left_the_office_approves_nothing(self, dora: User, monkeypatch: pytest.MonkeyPatch) -> None:
        Deputyship.objects.create(person=dora, starts=TUESDAY_10, ends=TUESDAY_10 + timedelta(days=1))
        monkeypatch.setattr(mandates.clock, "now", lambda: TUESDAY_10)
        User.objects.filter(pk=dora.pk).update(is_active=False)
        assert not User.objects.get(pk=dora.pk).has_perm("broadcasts.approve_broadcast")
        assert dora not in mandates.approvers(TUESDAY_10)

    def test_the_rota_is_called_in_its_order(self, dora: User, bruno: User) -> None:
        end = TUESDAY_10 + timedelta(hours=8)
        DutyShift.objects.create(person=bruno, starts=TUESDAY_10, ends=end, rank=2)
        DutyShift.objects.create(person=dora, starts=TUESDAY_10, ends=end, rank=1)
        DutyShift.objects.create(person=dora, starts=TUESDAY_10, ends=end, rank=3)
        assert mandates.on_duty(TUESDAY_10) == [dora, bruno]

    def test_the_administrator_names_them_in_the_admin(self, dora: User, carla: User, settings: Any) -> None:
        settings.SECOND_FACTOR_REQUIRED = False
        client = log_in(carla)
        data = {"person": dora.pk, "starts_0": "01/08/2027", "starts_1": "08:00", "ends_0": "01/08/2027",
                "ends_1": "07:00", "note": "Ferie"}  # fmt: skip
        address = reverse("admin:staff_deputyship_add")
        assert "Finisce prima di cominciare" in client.post(address, data).content.decode()
        assert client.post(address, data | {"ends_0": "01/09/2027"}).status_code == 302
        assert "Dora" in client.get(reverse("admin:staff_deputyship_changelist")).content.decode()
        assert AuditEntry.objects.filter(verb="add", actor=carla).exists()
