"""The practice ground: nobody can take it for the real thing, and nothing real can be reached from it."""

from __future__ import annotations

import json
import os
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from policy.models import Category, TownProfile
from simulator.page import STATIC, TRAINING
from staff.models import User
from subscribers.models import Subscriber, Zone
from whatsempoli import demo, palestra, town_copy

PUBLIC = ("/", "/avvisi/", "/policy/", "/privacy/", "/niente/", "/en/")
OFFICE = (
    "/admin/",
    "/admin/broadcasts/broadcast/",
    "/admin/broadcasts/broadcast/add/",
    "/admin/subscribers/zone/",
)


@pytest.fixture
def ground(settings: Settings, town: TownProfile) -> TownProfile:
    settings.DEMO = settings.TRAINING = True
    call_command("practice_ground")
    town.refresh_from_db()
    return town


def says_so(page: str) -> bool:
    """The stripe with its style, and the town's marked name in the title."""
    stripe = re.search(r'<aside class="training"[^>]*><strong>(?:PALESTRA|PRACTICE)</strong>', page)
    return bool(stripe and "public/training.css" in page)


@pytest.mark.django_db
class TestPages:
    @pytest.mark.parametrize("path", PUBLIC)
    def test_every_public_page_says_so(self, client: Client, ground: TownProfile, path: str) -> None:
        page = client.get(path).content.decode()
        assert says_so(page)
        assert re.search(r"<title>[^<]*PALESTRA", page)

    @pytest.mark.parametrize("path", OFFICE)
    def test_every_page_of_the_office_says_so(self, client: Client, ground: TownProfile, path: str) -> None:
        client.force_login(User.objects.create_superuser("dora", password="x"))
        answer = client.get(path)
        assert answer.status_code == 200
        assert says_so(answer.content.decode())

    def test_the_log_in_page_too(self, client: Client, ground: TownProfile) -> None:
        assert says_so(client.get("/admin/login/").content.decode())

    @pytest.mark.parametrize("path", PUBLIC)
    def test_elsewhere_no_page_does(self, client: Client, town: TownProfile, path: str) -> None:
        assert "PALESTRA" not in client.get(path).content.decode()

    def test_the_number_is_none(self, client: Client, ground: TownProfile) -> None:
        assert ground.whatsapp_number == "+" + palestra.NUMBER
        assert "3386553630" not in re.sub(r"\s", "", client.get("/").content.decode())


@pytest.mark.parametrize("name", ["index.html", "pannello.html"])
def test_the_phones_pages_take_every_mark(name: str) -> None:
    html = (STATIC / name).read_text()
    for plain, _marked in TRAINING:
        assert html.count(plain) == 1


@pytest.mark.django_db
class TestData:
    def test_what_is_given_is_taken(self, town: TownProfile) -> None:
        Zone.objects.create(slug="oltre-arno", name="Oltre Arno")
        Category.objects.filter(slug="acqua").update(name="Acqua e fogne")
        out = StringIO()
        call_command("town_data", stdout=out)
        given = json.loads(out.getvalue())
        Zone.objects.all().delete()
        Category.objects.filter(slug="acqua").update(name="x")
        town_copy.take(given)
        assert Zone.objects.filter(slug="oltre-arno").exists()
        assert Category.objects.get(slug="acqua").name == "Acqua e fogne"
        assert TownProfile.current().name == town.name

    def test_people_are_not_given(self, town: TownProfile) -> None:
        Subscriber.objects.create(phone="+393331234567")
        assert set(town_copy.give()) == {"profile", "holidays", "zones", "categories"}
        assert "393331234567" not in json.dumps(town_copy.give(), default=str)

    @pytest.mark.parametrize(
        "data",
        [{"subscribers": []}, {"zones": [{"slug": "x", "name": "x", "phone": "1"}]}, {"profile": {"pk": 4}}],
    )
    def test_anything_else_is_refused(self, town: TownProfile, data: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            town_copy.take(data)

    def test_the_mark_wins_over_the_file(self, ground: TownProfile, tmp_path: Path) -> None:
        file = tmp_path / "comune.json"
        profile = {"service_name": "WhatsVinci", "whatsapp_number": "+393386553630"}
        file.write_text(json.dumps({"profile": profile}))
        call_command("practice_ground", str(file))
        ground.refresh_from_db()
        assert (ground.service_name, ground.whatsapp_number) == ("PALESTRA WhatsVinci", "+390000000000")

    @pytest.mark.parametrize("switches", [(False, False), (True, False), (False, True)])
    def test_the_real_thing_is_never_marked(
        self, settings: Settings, town: TownProfile, switches: tuple[bool, bool]
    ) -> None:
        settings.DEMO, settings.TRAINING = switches
        with pytest.raises(CommandError):
            call_command("practice_ground")

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"zones": [{}]}'])
    def test_a_bad_file_is_one_sentence(self, ground: TownProfile, tmp_path: Path, text: str) -> None:
        (tmp_path / "x").write_text(text)
        with pytest.raises(CommandError):
            call_command("practice_ground", str(tmp_path / "x"))


class TestStart:
    def test_nothing_is_shared_with_the_demo(self) -> None:
        place = palestra.place(None)
        assert palestra.DATA != demo.DATA
        assert {place.site_port, place.simulator_port}.isdisjoint({demo.SITE_PORT, demo.SIMULATOR_PORT})
        assert place.env["TRAINING"] == "1" and "--training" in place.simulator_options

    def test_a_real_provider_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        monkeypatch.setenv("WHATSAPP_BASE_URL", "https://graph.facebook.com")
        assert palestra.main(["--data", str(tmp_path / "p")]) == 1
        assert "fornitore vero" in capsys.readouterr().err
        assert not (tmp_path / "p").exists()

    def test_the_real_servers_are_forgotten(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in palestra.NOT_OURS:
            monkeypatch.setenv(name, "postgres://real.example.org/real")
        monkeypatch.setattr(palestra, "run", lambda *_a, **_k: len(set(os.environ) & set(palestra.NOT_OURS)))
        assert palestra.main(["--data", str(tmp_path / "p")]) == 0

    def test_a_missing_file_is_said(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        assert palestra.main(["--data", str(tmp_path / "p"), "--town", str(tmp_path / "no.json")]) == 1
        assert "town_data" in capsys.readouterr().err
