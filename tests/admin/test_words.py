"""The words of the office: nothing of the engine room, one name for one thing, dates written out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import polib
import pytest
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.test import Client

from broadcasts import lifecycle
from broadcasts.admin import buttons
from broadcasts.models import Broadcast
from broadcasts.states import State
from staff.models import User
from subscribers.models import Zone
from tests.admin.every_page import every_page
from tests.conftest import TUESDAY_10

# What belongs to the engine room, and English for what has an Italian name.
FORBIDDEN = re.compile(
    r"\b(lane|slice|poison|webhook|payload|broadcast|deliver(y|ies)|worker|broker|queue|backlog|lease|claim"
    r"|token|fan-?out|fingerprint|timestamp|subscriber|draft|template|dashboard|scheduled|pending|sending|skipped"
    r"|november|monday|tuesday|nov\.)\b",
    re.IGNORECASE,
)
SKIP = {"script", "style", "code", "svg"}


class Visible(HTMLParser):
    """What a person reads or hears of a page: text, and what labels say."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skip += tag in SKIP
        for name, value in attrs:
            if name in ("alt", "aria-label", "title", "placeholder") and value:
                self.said.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag in SKIP

    def handle_data(self, data: str) -> None:
        if not self._skip and data.strip():
            self.said.append(data.strip())


@pytest.fixture
def town_at_work(write: Any, leaving: Any, anna: User, bruno: User, carla: User) -> User:
    """A notice in every important state, and a superuser who may open everything."""
    write()
    reviewed = write(severity="urgent", night_reason="Il tubo è rotto")
    lifecycle.submit(reviewed.pk, by=anna, now=TUESDAY_10)
    fields = {"starts": "2026-11-26T09:00+01:00", "ends": "2026-11-26T12:00+01:00", "text": "Si prova."}
    drill = write(kind="exercise", topic="protezione-civile", fields=fields)
    lifecycle.submit(drill.pk, by=anna, now=TUESDAY_10)
    leaving({"pending": 2, "accepted": 3, "failed": 2, "skipped": 1})
    leaving({"accepted": 3, "failed": 1, "unconfirmed": 1}, state=State.SENT)
    return User.objects.create_superuser("root", first_name="Rita", last_name="Rossi")


def test_no_page_speaks_of_the_engine_room(town_at_work: User) -> None:
    client, wrong = Client(), []
    client.force_login(town_at_work)
    for address in every_page(town_at_work):
        if "/policyversion/" in address:  # whose English text is English
            continue
        page = Visible()
        page.feed(client.get(address).content.decode())
        wrong += [f"{address}: «{said}»" for said in page.said if FORBIDDEN.search(said)]
    assert not wrong, "\n".join(sorted(set(wrong)))


# What a server's doctor and alarms say is for the technician, who knows these words.
TECHNICIANS = ("broadcasts/checkup", "broadcasts/doctor", "broadcasts/alarm")


def test_no_sentence_of_the_source_does() -> None:
    catalogue = polib.pofile(str(settings.LOCALE_PATHS[0] / "en" / "LC_MESSAGES" / "django.po"))
    said = {
        entry.msgid: re.sub(r"%\(\w+\)s|\{\w+\}", "", entry.msgid)
        for entry in catalogue
        if not all(place.startswith(TECHNICIANS) for place, _line in entry.occurrences)
    }
    wrong = [msgid for msgid, words in said.items() if FORBIDDEN.search(words)]
    assert not wrong, "\n".join(wrong)


def test_no_button_that_stops_a_send_says_annulla(town_at_work: User) -> None:
    catalogue = polib.pofile(str(settings.LOCALE_PATHS[0] / "en" / "LC_MESSAGES" / "django.po"))
    assert not [entry.msgid for entry in catalogue if re.search(r"\bannull", entry.msgid, re.IGNORECASE)]
    for notice in Broadcast.objects.filter(state__in=[State.SENDING, State.PAUSED]):
        labels = [one.label for one in buttons.buttons_for(notice, town_at_work, None, 0)]
        assert "Non inviare più" in labels and not [label for label in labels if "nnulla" in label]


def test_what_lists_and_forms_show_has_an_italian_name(town: Any) -> None:
    wrong = []
    for model, shown in admin.site._registry.items():
        names = {name for name in (*shown.list_display, *(shown.fields or ())) if isinstance(name, str)}
        for field in model._meta.get_fields():
            if not isinstance(field, models.Field) or field.name not in names:
                continue
            if str(field.verbose_name) == field.name.replace("_", " ") != "policy":  # Italian by now
                wrong.append(f"{model.__name__}.{field.name}: {field.verbose_name}")
        if str(model._meta.verbose_name) == re.sub(r"(?<!^)(?=[A-Z])", " ", model.__name__).lower():
            wrong.append(f"{model.__name__}: {model._meta.verbose_name}")
    assert not wrong, "\n".join(wrong)


def test_a_zone_is_a_frazione_and_the_other_one_says_what_it_is(town: Any) -> None:
    assert str(Zone._meta.verbose_name) == "zona"
    assert "zona di allerta" in str(type(town)._meta.get_field("alert_zone").verbose_name).lower()


def test_dates_are_written_out(town_at_work: User) -> None:
    client = Client()
    client.force_login(town_at_work)
    notice = Broadcast.objects.filter(state=State.SENT).get()
    page = client.get(f"/admin/broadcasts/broadcast/{notice.pk}/change/").content.decode()
    assert "martedì 24 novembre 2026, ore 10:00" in page
