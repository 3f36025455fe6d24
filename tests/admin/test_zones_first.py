"""The page of an emergency asks which zones come first, where the provider's day is too short for all."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from broadcasts import capacity
from staff.models import User
from subscribers.models import Zone
from whatsempoli import clock

pytestmark = pytest.mark.django_db
TOPIC = "protezione-civile"


def page(browser: Any, user: User, notice: Any) -> str:
    address = reverse("admin:broadcasts_broadcast_change", args=[notice.pk])
    return str(browser(user).get(address).content.decode())


def test_it_is_asked_and_answered_on_the_page(write: Any, people: Any, anna: User, browser: Any) -> None:
    zone = Zone.objects.order_by("order", "name")[1]
    for one in people(4, TOPIC)[:3]:
        one.zones.set([zone])
    emergency = write(severity="emergency", topic=TOPIC)
    assert "A chi prima?" not in page(browser, anna, emergency), "there is room for all"
    capacity.note(2, real_now=clock.real_now())
    html = page(browser, anna, emergency)
    assert "A chi prima?" in html
    assert f"{zone.name} (3 persone)" in html
    address = reverse("admin:broadcasts_broadcast_do", args=[emergency.pk, "zones-first"])
    answer = browser(anna).post(address, {"zones": [zone.pk]}, follow=True).content.decode()
    assert f"Prima va a chi ha scelto {zone.name}." in answer
    assert f"Adesso prima: {zone.name}" in answer
    assert list(emergency.zones_first.all()) == [zone]
    browser(anna).post(address, {})
    assert not emergency.zones_first.exists()


@pytest.mark.parametrize("zones", [["999999"], ["x'; --"]])
def test_no_other_zone_is_taken(write: Any, people: Any, anna: User, browser: Any, zones: list[str]) -> None:
    emergency = write(severity="emergency", topic=TOPIC)
    address = reverse("admin:broadcasts_broadcast_do", args=[emergency.pk, "zones-first"])
    answer = browser(anna).post(address, {"zones": zones}, follow=True).content.decode()
    assert "Scegli fra le zone dell" in answer
    assert not emergency.zones_first.exists()


def test_while_it_leaves_it_is_asked_too(leaving: Any, anna: User, browser: Any) -> None:
    emergency = leaving({"pending": 5, "accepted": 1}, severity="emergency", topic=TOPIC)
    assert "A chi prima?" not in page(browser, anna, emergency)
    capacity.note(3, real_now=clock.real_now())
    assert "A chi prima?" in page(browser, anna, emergency)


def test_a_routine_notice_is_not_asked(write: Any, people: Any, anna: User, browser: Any) -> None:
    people(4, "acqua")
    capacity.note(2, real_now=clock.real_now())
    assert "A chi prima?" not in page(browser, anna, write())
