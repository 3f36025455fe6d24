"""Writing a notice: errors beside the fields, nothing lost, the phone as it will be."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadcasts.bubble import bubble_html
from broadcasts.bulletins import templates
from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import Category, Severity
from staff.models import User
from subscribers.models import Zone
from tests.conftest import TUESDAY_10

Browser = Callable[[User], Client]
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def local(days: float) -> str:
    return (TUESDAY_10 + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def notice_data(**changes: Any) -> dict[str, Any]:
    """What a browser posts for a generic notice about water."""
    data = {
        "title": "Lavori in piazza",
        "b-text": "Si lavora da lunedì a venerdì.",
        "category": str(Category.objects.get(slug="acqua").pk),
        "severity": "routine",
        "valid_until": local(5),
    }
    return {name: value for name, value in (data | changes).items() if value is not None}


def compose(client: Client, kind: str = "notice", *, query: str = "", **data: Any) -> Any:
    return client.post(reverse("admin:broadcasts_broadcast_compose", args=[kind]) + query, data)


def field_errors(html: str, name: str) -> str:
    """The part of the page that belongs to one field, if it is marked wrong."""
    blocks = re.findall(
        r'<div class="field field-wrong">.*?</div>\s*(?=<div class="field|</section|<details)', html, re.S
    )
    return next((block for block in blocks if f'name="{name}"' in block), "")


class TestChoosing:
    def test_a_card_for_each_kind_that_stands_alone(self, anna: User, browser: Browser) -> None:
        html = browser(anna).get(reverse("admin:broadcasts_broadcast_add")).content.decode()
        for kind in KINDS.values():
            address = reverse("admin:broadcasts_broadcast_compose", args=[kind.slug])
            assert (f'href="{address}"' in html) is not kind.follow_up

    @pytest.mark.parametrize("kind", [k.slug for k in KINDS.values() if not k.follow_up])
    def test_every_form_opens(self, kind: str, anna: User, browser: Browser) -> None:
        answer = browser(anna).get(reverse("admin:broadcasts_broadcast_compose", args=[kind]))
        assert answer.status_code == 200
        assert " style=" not in answer.content.decode()

    def test_who_does_not_write_is_refused(self, bruno: User, carla: User, browser: Browser) -> None:
        for who in (bruno, carla):
            assert browser(who).get(reverse("admin:broadcasts_broadcast_add")).status_code == 403
            assert compose(browser(who), **notice_data()).status_code == 403
        assert not Broadcast.objects.exists()

    def test_an_unknown_kind_is_not_there(self, anna: User, browser: Browser) -> None:
        assert compose(browser(anna), "fattura", **notice_data()).status_code == 404


class TestSaving:
    def test_a_draft(self, anna: User, browser: Browser) -> None:
        zone = Zone.objects.all()[0]
        answer = compose(browser(anna), save="", **notice_data(zones=[str(zone.pk)]))
        notice = Broadcast.objects.get()
        assert answer.status_code == 302
        assert (notice.state, notice.created_by) == (State.DRAFT, anna)
        assert list(notice.zones.all()) == [zone]
        assert "Si lavora da lunedì" in notice.rendered["it"]["phone_text"]

    def test_straight_to_approval(self, anna: User, browser: Browser) -> None:
        compose(browser(anna), submit="", **notice_data())
        assert Broadcast.objects.get().state == State.IN_REVIEW

    def test_the_english_words_are_kept_and_sent(self, anna: User, browser: Browser) -> None:
        compose(browser(anna), save="", **notice_data(**{"en-title": "Works", "en-text": "Works all week."}))
        rendered = Broadcast.objects.get().rendered
        assert "Works all week." in rendered["en"]["phone_text"]

    def test_an_edit_of_an_approved_notice_voids_the_approval(
        self, write: Any, approve: Any, anna: User, browser: Browser
    ) -> None:
        notice = approve(write())
        edit = reverse("admin:broadcasts_broadcast_edit", args=[notice.pk])
        assert "va approvato di nuovo" in browser(anna).get(edit).content.decode()
        browser(anna).post(edit, notice_data(title="Altro", save=""))
        notice.refresh_from_db()
        assert (notice.state, notice.approved_by, notice.title) == (State.DRAFT, None, "Altro")

    def test_the_later_of_two_writers_overwrites_nothing(
        self, write: Any, anna: User, browser: Browser
    ) -> None:
        notice = write()
        edit = reverse("admin:broadcasts_broadcast_edit", args=[notice.pk])
        page = browser(anna).get(edit).content.decode()
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
        assert seen is not None
        browser(anna).post(edit, notice_data(title="La prima", seen=seen[1], save=""))
        late = browser(anna).post(edit, notice_data(title="La seconda", seen=seen[1], save=""))
        assert "un collega" in late.content.decode()
        notice.refresh_from_db()
        assert notice.title == "La prima"

    def test_what_is_in_review_is_not_edited(self, write: Any, anna: User, browser: Browser) -> None:
        notice = write()
        Broadcast.objects.filter(pk=notice.pk).update(state=State.IN_REVIEW)
        edit = reverse("admin:broadcasts_broadcast_edit", args=[notice.pk])
        assert browser(anna).post(edit, notice_data(title="Altro", save="")).status_code == 302
        notice.refresh_from_db()
        assert notice.title == "Lavori in piazza"


class TestErrors:
    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"title": ""}, "title", "obbligatorio"),
            ({"b-text": ""}, "b-text", "obbligatorio"),
            ({"b-text": "due\nrighe"}, "b-text", "andare a capo"),
            ({"category": ""}, "category", "obbligatorio"),
            ({"severity": "emergency"}, "severity", "al massimo"),
            ({"severity": "urgent", "valid_until": ""}, "valid_until", "fino a quando vale"),
            ({"due_at": local(-1)}, "due_at", "già passato"),
            ({"valid_until": local(-1)}, "valid_until", "già passato"),
            ({"due_at": local(6)}, "valid_until", "prima di partire"),
            ({"due_at": "domani"}, "due_at", "giorno e ora"),
            ({"night_reason": "Fa freddo"}, "night_reason", "solo per un avviso urgente"),
            ({"b-starts": local(3), "b-ends": local(2)}, "b-ends", "prima dell"),
        ],
    )
    def test_beside_its_field(
        self, changes: dict[str, str], field: str, words: str, anna: User, browser: Browser
    ) -> None:
        answer = compose(browser(anna), submit="", **notice_data(**changes))
        assert answer.status_code == 200
        assert words in field_errors(answer.content.decode(), field)
        assert not Broadcast.objects.exists()

    def test_nothing_is_lost(self, anna: User, browser: Browser) -> None:
        data = notice_data(
            title="", zones=[str(Zone.objects.all()[2].pk)], **{"b-more": "Riga uno\nRiga due"}
        )
        html = compose(browser(anna), save="", **data).content.decode()
        assert "Si lavora da lunedì a venerdì." in html
        assert "Riga uno\nRiga due" in html
        assert len(re.findall(r'name="zones"[^>]* checked', html)) == 1

    def test_a_text_over_the_providers_limit_says_by_how_much(
        self, anna: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(templates, "BODY_MAX", 100)  # the fields' own limits keep within the true one
        html = compose(browser(anna), save="", **notice_data()).content.decode()
        assert "WhatsApp ne accetta 100" in html
        assert not Broadcast.objects.exists()

    def test_a_topic_that_does_not_fit_the_kind(self, anna: User, browser: Browser) -> None:
        html = compose(browser(anna), "school", save="", **notice_data()).content.decode()
        assert field_errors(html, "category")
        assert not Broadcast.objects.exists()


class TestPreview:
    def ask(self, client: Client, kind: str = "notice", **data: Any) -> str:
        answer = client.post(reverse("admin:broadcasts_broadcast_preview", args=[kind]), data)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_is_what_will_be_sent(self, anna: User, browser: Browser) -> None:
        html = self.ask(browser(anna), **notice_data())
        compose(browser(anna), save="", **notice_data())
        sent = Broadcast.objects.get()
        expected = str(bubble_html(sent.rendered["it"]["phone_text"]))
        without_code = re.compile(r"/a/[a-z0-9]+/")
        assert without_code.sub("", expected) in without_code.sub("", html)

    @pytest.mark.parametrize("kind", list(KINDS))
    def test_half_a_form_never_fails(
        self, kind: str, write: Any, approve: Any, anna: User, browser: Browser
    ) -> None:
        about = approve(write())
        address = reverse("admin:broadcasts_broadcast_preview", args=[kind])
        for data in ({}, {"title": "Solo il titolo"}, {"b-starts": "boh", "severity": "??", "category": "x"}):
            answer = browser(anna).post(f"{address}?refers_to={about.pk}", data)
            assert answer.status_code == 200

    def test_a_session_that_ended_says_so_in_the_page(self, town: Any, client: Client) -> None:
        html = self.ask(client, **notice_data())
        assert "copia quello che hai scritto" in html
        assert "bubble" not in html
        assert "<html" not in html

    def test_who_does_not_write_gets_no_preview(self, bruno: User, browser: Browser) -> None:
        address = reverse("admin:broadcasts_broadcast_preview", args=["notice"])
        assert browser(bruno).post(address, notice_data()).status_code == 403

    def test_it_stores_nothing(self, anna: User, browser: Browser) -> None:
        self.ask(browser(anna), **notice_data())
        assert not Broadcast.objects.exists()

    def test_a_colleague_warns(self, anna: User, browser: Browser) -> None:
        html = self.ask(browser(anna), **notice_data(**{"b-text": "Domani chiamate il Centro operativo."}))
        assert "manca il numero da chiamare" in html
        assert "meglio scrivere la data" in html

    def test_a_zone_that_is_named_and_not_chosen(self, anna: User, browser: Browser) -> None:
        about = {"b-text": "Manca l'acqua a Pontorme."}
        assert "Si parla di Pontorme" in self.ask(browser(anna), **notice_data(**about))
        zone = Zone.objects.get(name="Pontorme")
        assert "Si parla di" not in self.ask(browser(anna), **notice_data(zones=[str(zone.pk)], **about))

    def test_without_a_topic_none_is_invented(self, anna: User, browser: Browser) -> None:
        html = self.ask(browser(anna), **notice_data(category=""))
        assert "Protezione civile" not in html
        assert "Argomento" in html

    def test_the_button_does_it_without_javascript(self, anna: User, browser: Browser) -> None:
        html = compose(browser(anna), preview="", **notice_data()).content.decode()
        assert 'class="bubble"' in html
        assert "caratteri su 1024" in html
        assert not Broadcast.objects.exists()


class TestFollowUp:
    def test_it_keeps_topic_and_urgency_of_what_it_is_about(
        self, leaving: Any, anna: User, browser: Browser
    ) -> None:
        about = leaving({"accepted": 2}, state=State.SENT)
        query = f"?refers_to={about.pk}"
        page = browser(anna).get(reverse("admin:broadcasts_broadcast_compose", args=["correction"]) + query)
        assert "Rettifica: Lavori in piazza" in page.content.decode()
        data = notice_data(severity=Severity.URGENT, save="", **{"b-text": "Si lavora solo venerdì."})
        compose(browser(anna), "correction", query=query, **data)
        made = Broadcast.objects.get(refers_to=about)
        assert (made.kind, made.severity, made.category) == ("correction", Severity.URGENT, about.category)

    def test_it_is_never_routine(self, leaving: Any, anna: User, browser: Browser) -> None:
        about = leaving({"accepted": 2}, state=State.SENT)
        answer = compose(
            browser(anna),
            "update",
            query=f"?refers_to={about.pk}",
            save="",
            **notice_data(severity="routine"),
        )
        assert field_errors(answer.content.decode(), "severity")

    @pytest.mark.parametrize("query", ["", "?refers_to=x", "?refers_to=999999"])
    def test_not_about_nothing(self, query: str, anna: User, browser: Browser) -> None:
        assert compose(browser(anna), "ending", query=query, **notice_data()).status_code == 404


class TestHostileText:
    @pytest.mark.parametrize("where", ["title", "b-text", "b-more", "cap_override_reason"])
    def test_it_stays_text_on_every_page(self, where: str, anna: User, bruno: User, browser: Browser) -> None:
        client = browser(anna)
        compose(client, submit="", **notice_data(**{where: HOSTILE}))
        notice = Broadcast.objects.get()
        addresses = [
            reverse("admin:index"),
            reverse("admin:broadcasts_broadcast_changelist"),
            reverse("admin:broadcasts_broadcast_change", args=[notice.pk]),
            reverse("admin:broadcasts_broadcast_missing", args=[notice.pk]),
        ]
        for who in (client, browser(bruno)):
            for address in addresses:
                html = who.get(address).content.decode()
                assert "<script>alert" not in html
                assert "<img src=x" not in html

    def test_the_bubble_draws_marks_and_nothing_else(self) -> None:
        drawn = bubble_html("*forte* _piano_ ~via~ a*b*c 2*3*4 <b>no</b>\nhttps://x.it/a_b_c.")
        assert str(drawn) == (
            "<strong>forte</strong> <em>piano</em> <s>via</s> a*b*c 2*3*4 &lt;b&gt;no&lt;/b&gt;<br>"
            '<span class="bubble-link">https://x.it/a_b_c</span>.'
        )
