"""The public pages: what they show, what they never show, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import permission_denied, server_error
from pytest_django import DjangoAssertNumQueries, Settings

from broadcasts.models import Broadcast
from broadcasts.states import PUBLIC, State
from policy.calendar import Severity, may_leave_at
from policy.live import live_rules
from policy.models import Category, PolicyVersion, TownProfile
from tests.conftest import TUESDAY_10

Publish = Callable[..., Broadcast]
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'
PAGES = ["/", "/avvisi/", "/avvisi/?argomento=acqua", "/policy/", "/policy/1/", "/privacy/", "/privacy/1/"]


@pytest.mark.parametrize("path", [*PAGES, *(f"/en{page}" for page in PAGES)])
def test_every_page_answers_without_cookie_or_inline_code(
    client: Client, publish: Publish, path: str
) -> None:
    publish()
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not answer.cookies and "Cookie" not in answer.headers.get("Vary", "")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    assert answer["Cache-Control"] == "public, max-age=3"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert f'<html lang="{"en" if path.startswith("/en") else "it"}">' in page
    outside = set(re.findall(r'(?:src|href)="(https?://[^/"]+)', page))
    loaded = set(re.findall(r'(?:src="|rel="stylesheet" href=")(https?://[^"]+)', page))
    assert not loaded
    assert outside <= {
        "http://127.0.0.1:8000",
        "https://wa.me",
        "https://www.comune.empoli.fi.it",
        "https://www.regione.toscana.it",
    }


def test_a_browser_that_has_the_page_gets_304(client: Client, town: TownProfile) -> None:
    etag = client.get("/")["ETag"]
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 304
    TownProfile.objects.update(monthly_promise=3)
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 200


def test_only_reading_is_allowed(client: Client, town: TownProfile) -> None:
    assert client.post("/").status_code == 405


@pytest.mark.parametrize("state", [s for s in State.values if s not in PUBLIC])
def test_a_notice_that_has_not_left_is_not_there(client: Client, publish: Publish, state: str) -> None:
    broadcast = publish(title="Segreto")
    Broadcast.objects.filter(pk=broadcast.pk).update(state=state)
    assert client.get(f"/a/{broadcast.code}/").status_code == 404
    for path in ("/", "/avvisi/"):
        assert b"Segreto" not in client.get(path).content


def test_a_notice_that_begins_to_leave_is_there(client: Client, publish: Publish) -> None:
    broadcast = publish(state=State.SENDING, at=TUESDAY_10)
    page = client.get(broadcast.get_absolute_url()).content.decode()
    assert "Lavori in piazza" in page and "Si lavora da lunedì a venerdì." in page
    assert "martedì 24 novembre 2026 alle 10:00" in page
    assert "In vigore" in page and broadcast.code in page


def test_hostile_words_stay_words(client: Client, publish: Publish) -> None:
    broadcast = publish(
        title=HOSTILE, fields={"title": HOSTILE, "text": f"{HOSTILE}\n\nhttps://example.org/a?b=1&c=2"}
    )
    follow_up = publish(title="Dopo", kind="update", refers_to=broadcast)
    Category.objects.update(icon="<b>", colour='"><i>')
    for path in ("/", "/avvisi/", f"/a/{broadcast.code}/", f"/a/{follow_up.code}/"):
        page = client.get(path).content.decode()
        assert "<script" not in page and "<img src=x" not in page and "<b>" not in page and "<i>" not in page


def test_the_story_is_told_from_both_ends(client: Client, publish: Publish) -> None:
    first = publish(title="Mercato spostato", valid_until=TUESDAY_10 + timedelta(days=3))
    second = publish(title="Mercato: data giusta", kind="correction", refers_to=first, at=TUESDAY_10)
    original = client.get(f"/a/{first.code}/").content.decode()
    correction = client.get(f"/a/{second.code}/").content.decode()
    assert "Rettificato" in original and f'href="/a/{second.code}/"' in original
    assert "Riguarda" in correction and f'href="/a/{first.code}/"' in correction
    assert "Rettificato" in client.get("/").content.decode()


def test_what_is_over_goes_to_the_archive(client: Client, publish: Publish) -> None:
    over = publish(title="Finito ieri", valid_until=TUESDAY_10 - timedelta(minutes=1))
    page = client.get("/avvisi/").content.decode()
    assert over.title not in client.get("/").content.decode()
    live, archive = page.split('id="archive-title"')
    assert over.title not in live and over.title in archive and "Concluso" in archive


def test_the_archive_has_pages_and_topics(client: Client, publish: Publish) -> None:
    for number in range(21):
        publish(title=f"Vecchio {number:02}", valid_until=TUESDAY_10 - timedelta(days=1))
    road = publish(title="Strada chiusa", topic="viabilita", valid_until=TUESDAY_10 - timedelta(days=1))
    first, second = (client.get(f"/avvisi/?pagina={n}").content.decode() for n in (1, 2))
    titles = re.findall(r"Vecchio \d\d|Strada chiusa", first + second)
    assert sorted(titles) == sorted([f"Vecchio {n:02}" for n in range(21)] + ["Strada chiusa"])
    roads = client.get("/avvisi/?argomento=viabilita").content.decode()
    assert road.title in roads and "Vecchio" not in roads
    assert client.get("/avvisi/?argomento=niente").status_code == 404
    assert client.get("/avvisi/?pagina=zzz").status_code == 200


def test_english_text_where_there_is_one_and_italian_marked_where_not(
    client: Client, publish: Publish
) -> None:
    both = publish(
        fields={"title": "Lavori", "text": "Si lavora.", "en": {"title": "Works", "text": "Works go on."}}
    )
    italian = publish(title="Solo italiano")
    page = client.get(f"/en/a/{both.code}/").content.decode()
    assert "Works go on." in page and "Si lavora." not in page and "Tuesday 24 November 2026 at 9:00" in page
    assert '<h1 lang="it">Solo italiano</h1>' in client.get(f"/en/a/{italian.code}/").content.decode()
    assert 'hreflang="en" href="http://127.0.0.1:8000/en/a/' in page


def test_queries_do_not_grow_with_the_notices(
    client: Client, publish: Publish, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        publish(title=f"Avviso {number}")
    with django_assert_max_num_queries(14):
        client.get("/avvisi/")
    with django_assert_max_num_queries(12):
        client.get("/")


class TestJoining:
    def test_the_link_opens_the_towns_number_with_the_words_ready(
        self, client: Client, town: TownProfile
    ) -> None:
        page = client.get("/").content.decode()
        assert 'href="https://wa.me/393386553630?text=ATTIVA%20ISCRIZIONE"' in page
        assert "338 655 3630" in page

    def test_in_the_demo_it_opens_the_phone_page(
        self, client: Client, town: TownProfile, settings: Settings
    ) -> None:
        settings.DEMO, settings.SIMULATOR_URL = True, "http://127.0.0.1:8090"
        page = client.get("/").content.decode()
        assert 'href="http://127.0.0.1:8090/?text=ATTIVA%20ISCRIZIONE"' in page and "wa.me" not in page
        assert "nessun messaggio esce da questo computer" in page

    def test_the_drawing_is_an_svg_that_changes_with_the_number(
        self, client: Client, town: TownProfile
    ) -> None:
        before = client.get(reverse("join-qr"))
        assert before["Content-Type"] == "image/svg+xml"
        assert before.content.lstrip().startswith(b"<?xml") and b"style=" not in before.content
        TownProfile.objects.update(whatsapp_number="+390571757940")
        assert client.get(reverse("join-qr")).content != before.content


class TestPolicy:
    def test_thirteen_sections_with_the_towns_facts(self, client: Client, town: TownProfile) -> None:
        page = client.get("/policy/").content.decode()
        assert re.findall(r"<h2 id=\"[^\"]+\">(\d+)\.", page) == [str(n) for n in range(1, 14)]
        for said in (
            "338 655 3630",
            "dal lunedì al venerdì 9–13 e 15–18, il sabato 9–12",
            "al massimo 4/5",
            "112",
        ):
            assert said in page

    def test_the_page_follows_the_rule_that_the_sender_obeys(self, client: Client, town: TownProfile) -> None:
        town.service_hours = [{"weekday": 2, "start": "10:00", "end": "12:30"}]
        town.monthly_promise, town.night_start = 3, town.night_start.replace(hour=21)
        town.save()
        for path in ("/policy/", "/policy/1/", "/"):
            page = client.get(path).content.decode()
            assert "mercoledì 10–12:30" in page and "lunedì al venerdì" not in page
            assert "al massimo 2/3 messaggi al mese" in page.lower()
        assert "dalle 21 alle 7" in client.get("/policy/").content.decode()
        rules = live_rules()
        leaves = may_leave_at(Severity.ROUTINE, TUESDAY_10, rules.hours).at
        assert leaves is not None and (leaves.weekday(), leaves.hour) == (2, 10)
        assert rules.monthly_promise == 3

    def test_each_version_has_its_address_and_the_newest_published_holds(
        self, client: Client, town: TownProfile
    ) -> None:
        for number, days in ((2, -1), (3, 1)):
            PolicyVersion.objects.create(
                kind="policy",
                number=number,
                body=f"Testo {number}",
                published_at=TUESDAY_10 + timedelta(days=days),
            )
        assert "Testo 2" in client.get("/policy/").content.decode()
        old = client.get("/policy/1/").content.decode()
        assert "Questa versione è stata sostituita" in old and "Testo 2" not in old
        assert client.get("/policy/3/").status_code == 404
        assert "Versione 3" not in old and client.get("/policy/9/").status_code == 404
        assert "Testo" not in client.get("/privacy/").content.decode()

    def test_before_the_set_up_there_is_no_policy_and_no_error(self, client: Client, db: None) -> None:
        assert client.get("/policy/").status_code == 404
        assert client.get("/").status_code == 200

    def test_markup_in_the_text_is_not_run(self, client: Client, town: TownProfile) -> None:
        TownProfile.objects.update(office=HOSTILE)
        PolicyVersion.objects.filter(kind="policy").update(body=f"{HOSTILE} {{{{ ufficio }}}}")
        page = client.get("/policy/").content.decode()
        assert "<script" not in page and "<img src=x" not in page


def test_the_legal_links_appear_when_they_are_set(client: Client, town: TownProfile) -> None:
    page = client.get("/").content.decode()
    assert 'data-element="privacy-policy-link"' in page
    assert "accessibility-link" not in page and "legal-notes" not in page
    TownProfile.objects.update(
        accessibility_url="https://form.agid.gov.it/x", legal_notes_url="https://example.org/n"
    )
    page = client.get("/").content.decode()
    assert 'data-element="accessibility-link"' in page and 'data-element="legal-notes"' in page


def test_healthz_asks_nobody(client: Client) -> None:
    """No database mark: a query here would fail the test."""
    cache.close()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_an_unknown_address_is_answered_in_the_towns_frame(client: Client, town: TownProfile) -> None:
    answer = client.get("/niente/")
    assert answer.status_code == 404 and "Questa pagina non c&#x27;è" in answer.content.decode().replace(
        "'", "&#x27;"
    )


def test_refusals_and_failures_have_a_page_of_their_own(client: Client, town: TownProfile) -> None:
    request = RequestFactory().get("/")
    refused = permission_denied(request, PermissionDenied()).content.decode()
    assert "Qui non si può entrare" in refused and town.service_name in refused
    failed = server_error(request).content.decode()
    assert "Qualcosa non ha funzionato" in failed and not re.search(r"<script|<style|\sstyle=", failed)
