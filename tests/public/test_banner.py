"""The strip on the town's own site, and what search engines are told."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings

from broadcasts.models import Broadcast
from policy.models import TownProfile
from policy.sites import origin_of, origins, validate_sites
from tests.conftest import TUESDAY_10

Publish = Callable[..., Broadcast]
TOWN = "https://www.comune.empoli.fi.it"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        (TOWN, TOWN),
        (f" {TOWN}/ ", TOWN),
        ("https://WWW.Example.org:8443", "https://www.example.org:8443"),
        *(
            (wrong, "")
            for wrong in ("*", "https://*.example.org", "example.org", "null", "javascript:alert(1)")
        ),
        *((wrong, "") for wrong in ("https://a.org/x", "https://a.org?x", "https://u@a.org", "https://a:b")),
    ],
)
def test_only_an_exact_origin_is_one(address: str, origin: str) -> None:
    assert origin_of(address) == origin


def test_a_list_with_a_wrong_line_is_refused_by_name() -> None:
    validate_sites(f"{TOWN}\n\nhttps://scuole.example.org")
    with pytest.raises(ValidationError, match="scuole"):
        validate_sites(f"{TOWN}\nhttps://*.scuole.org")
    assert origins(f"{TOWN}/\nfoo") == {TOWN}


class TestTheStrip:
    def ask(self, client: Client, origin: str | None) -> object:
        return client.get("/banner.json", headers={"Origin": origin} if origin else {})

    def test_a_listed_site_gets_alerts_and_urgent_notices_and_nothing_else(
        self, client: Client, publish: Publish
    ) -> None:
        TownProfile.objects.update(banner_sites=TOWN)
        alert = publish(title="Piena", topic="protezione-civile", severity="emergency")
        publish(title="Tubo rotto", severity="urgent")
        publish(title="Mercato")
        publish(title="Prova", topic="protezione-civile", severity="emergency", exercise=True)
        answer = client.get("/banner.json", headers={"Origin": TOWN})
        assert answer["Access-Control-Allow-Origin"] == TOWN and "Origin" in answer["Vary"]
        found = answer.json()
        assert [n["title"] for n in found["notices"]] == ["Piena", "Tubo rotto"]
        assert found["notices"][0]["address"] == f"http://127.0.0.1:8000/a/{alert.code}/"
        assert not answer.cookies

    @pytest.mark.parametrize(
        "origin", [None, "null", "https://evil.example", f"{TOWN}.evil.example", TOWN + "/"]
    )
    def test_any_other_gets_nothing(self, client: Client, town: TownProfile, origin: str | None) -> None:
        TownProfile.objects.update(banner_sites=TOWN)
        answer = client.get("/banner.json", headers={"Origin": origin} if origin else {})
        assert answer.status_code == 403 and "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer["Vary"]


class TestSearchEngines:
    def test_the_map_has_every_page_in_both_languages(self, client: Client, publish: Publish) -> None:
        notice = publish()
        index = ElementTree.fromstring(client.get("/sitemap.xml").content)
        places = [e.text or "" for e in index.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
        assert [place.rsplit("/", 1)[-1] for place in places] == ["sitemap-pagine.xml", "sitemap-avvisi.xml"]
        found = client.get("/sitemap-avvisi.xml").content.decode()
        assert f"/a/{notice.code}/" in found and f"/en/a/{notice.code}/" in found
        assert "/regole/" in client.get("/sitemap-pagine.xml").content.decode()

    def test_the_office_is_nobodys_and_a_demo_is_not_at_all(
        self, client: Client, town: TownProfile, settings: Settings
    ) -> None:
        assert "Disallow: /admin/" in client.get("/robots.txt").content.decode()
        settings.DEMO = True
        assert "Disallow: /\n" in client.get("/robots.txt").content.decode()

    def test_pages_say_what_they_are_without_a_script(self, client: Client, publish: Publish) -> None:
        notice = publish(at=TUESDAY_10)
        page = client.get(f"/a/{notice.code}/").content.decode()
        assert 'itemtype="https://schema.org/SpecialAnnouncement"' in page and 'itemprop="datePosted"' in page
        home = client.get("/").content.decode()
        assert 'itemtype="https://schema.org/GovernmentService"' in home and "<script" not in page + home
