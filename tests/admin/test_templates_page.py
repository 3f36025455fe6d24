"""The page of the templates: what stands in the way of which kind, in words, with the next step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadcasts import catalogue, wake
from broadcasts.admin.templates import families_of, trouble_of
from broadcasts.models import MessageTemplate
from policy.models import TownProfile
from staff.models import User
from whatsapp.client import NotSent

Browser = Callable[[User], Client]
PAGE, ASK = "admin:broadcasts_messagetemplate_state", "admin:broadcasts_messagetemplate_ask"


def page(client: Client) -> str:
    answer = client.get(reverse("admin:broadcasts_messagetemplate_changelist"), follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_all_is_well(carla: User, browser: Browser, settings: Any) -> None:
    settings.WHATSAPP_APP_ID = "1"
    html = page(browser(carla))
    assert "Tutti i modelli si possono usare." in html
    assert "Allerta" in html


def test_what_is_wrong_has_a_next_step(carla: User, browser: Browser) -> None:
    MessageTemplate.objects.filter(name="avviso_acqua_v1", language="it").update(
        status="PAUSED", reason="LOW_QUALITY"
    )
    html = page(browser(carla))
    assert "Un tipo di avviso ha un modello da guardare." in html
    assert "Motivo: LOW_QUALITY." in html
    assert "La pausa finisce da sola" in html


@pytest.mark.parametrize(
    ("change", "words", "stops"),
    [
        ({"category": "MARKETING"}, "considerato promozionale", True),
        ({"ttl_seconds": None}, "senza scadenza", True),
        ({"correct_category": "MARKETING"}, "domani diventa promozionale", False),
        ({"quality": "RED"}, "molti si lamentano", False),
        ({"quality": "FLAGGED"}, "rischia la sospensione", False),
        ({"status": "ARCHIVED"}, "archiviato", True),
    ],
)
def test_each_trouble(town: Any, change: dict[str, Any], words: str, stops: bool) -> None:
    row = MessageTemplate.objects.get(name="avviso_acqua_v1", language="it")
    for name, value in change.items():
        setattr(row, name, value)
    trouble = trouble_of(row, "UTILITY", 43_200)
    assert trouble is not None
    assert words in trouble.state
    assert trouble.stops is stops
    assert trouble.step


def test_what_is_no_longer_ours_is_not_counted(town: Any) -> None:
    MessageTemplate.objects.create(name="avviso_acqua_v0", language="it", kind="water", status="REJECTED")
    water = next(f for f in families_of(MessageTemplate.objects.all()) if "Acqua" in str(f.label))
    assert water.fine and water.ready == water.total


def test_the_buttons_ask_whatsapp(carla: User, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(wake, "templates", called.append)
    monkeypatch.setattr(catalogue, "refresh", lambda: {"APPROVED": 1})
    client = browser(carla)
    assert "fra qualche minuto" in client.post(reverse(ASK), {"submit": ""}, follow=True).content.decode()
    assert called == [carla.pk]
    assert "1 modello approvato" in client.post(reverse(ASK), {}, follow=True).content.decode()


def test_a_provider_that_is_away_is_said(
    carla: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise NotSent("ConnectTimeout")

    monkeypatch.setattr(catalogue, "refresh", away)
    assert "riprova fra poco" in browser(carla).post(reverse(ASK), {}, follow=True).content.decode()


def test_who_only_writes_does_not_ask(anna: User, browser: Browser) -> None:
    assert browser(anna).post(reverse(ASK), {"submit": ""}).status_code == 403


def test_a_new_name_of_the_town_makes_new_templates(carla: User, browser: Browser) -> None:
    address = reverse("admin:policy_townprofile_change", args=[1])
    form = browser(carla).get(address).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")}
    browser(carla).post(address, data | {"name": "Comune di Vinci"})
    town = TownProfile.current()
    assert (town.name, town.template_revision) == ("Comune di Vinci", 2)
    assert catalogue.missing() > 0
