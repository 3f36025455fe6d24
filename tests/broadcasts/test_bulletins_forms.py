"""The forms refuse what is wrong beside its field, and warn as a colleague would."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.forms.widgets import DateTimeBaseInput

from broadcasts.bulletins.form_fields import is_phone
from broadcasts.bulletins.kinds import KINDS
from policy.calendar import ROME

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ROME)
SPAN = {"starts": "2026-11-27T13:00", "ends": "2026-11-28T08:00"}
GOOD: dict[str, dict[str, Any]] = {
    "alert": {**SPAN, "risk_vento": "gialla", "what_to_do": "Fissate i vasi."},
    "water": {
        **SPAN,
        "streets": "via di Barzino: numeri pari dal 2 al 48\n\nvia Magolo",
        "phone": "800 983 389",
    },
    "road": {"starts": "2026-11-24T17:40", "remind_at": "2026-11-25T17:40", "streets": "via Val d'Orme"},
    "pharmacy_week": {
        "week_from": "2026-11-28",
        "shifts": "sabato 28 novembre: Comunale 1; Castellani\n29/11: Comunale 2\nlunedì 30: Comunale 3",
        "night": "a battenti chiusi",
    },
    "school": {"first_day": "2026-11-27", "schools": "tutte"},
    "deadline": {"due": "16/12/2026", "text": "Scade il saldo."},
    "event": {"starts": "2026-12-05T17:00", "text": "Le luci."},
    "notice": {"text": "Un avviso."},
    "correction": {"text": "È sabato."},
    "update": {"text": "Dura di più.", **SPAN},
    "ending": {"text": "È finita."},
    "exercise": {**SPAN, "text": "Uscite."},
}


def form_of(kind: str, **changes: Any) -> Any:
    return KINDS[kind].form({**GOOD[kind], **changes}, now=NOW)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_good_form_is_stored_and_edited_without_loss(kind: str) -> None:
    form = form_of(kind)
    assert form.is_valid(), form.errors
    stored = json.loads(json.dumps(form.stored()))
    again = KINDS[kind].form(KINDS[kind].initial_from(stored), now=NOW)
    assert again.is_valid(), again.errors
    assert again.stored() == stored
    unbound = KINDS[kind].form(now=NOW, initial=KINDS[kind].initial_from(stored))
    assert "None" not in unbound.as_p()


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_initial_shown_in_the_browser_comes_back_as_it_was(kind: str) -> None:
    form = form_of(kind)
    assert form.is_valid()
    unbound = KINDS[kind].form(now=NOW, initial=KINDS[kind].initial_from(form.stored()))
    typed = {}
    for bound in unbound:
        widget, value = bound.field.widget, bound.value()
        typed[bound.name] = widget.format_value(value) if isinstance(widget, DateTimeBaseInput) else value
    again = KINDS[kind].form({k: v for k, v in typed.items() if v is not None}, now=NOW)
    assert again.is_valid(), again.errors
    assert again.stored() | {"turbid": 0} == form.stored() | {"turbid": 0}


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("alert", {"ends": "2026-11-27T13:00"}, "ends"),  # an end at its start
        ("alert", {"ends": "2026-11-27T12:59"}, "ends"),
        ("alert", {"ends": ""}, "ends"),
        ("alert", {"starts": "2026-11-20T10:00", "ends": "2026-11-21T10:00"}, "ends starts"),
        ("alert", {"starts": "2026-11-20T10:00"}, "starts"),
        ("alert", {"starts": "domani"}, "starts"),
        ("alert", {"starts": "2026-02-30T10:00"}, "starts"),
        ("alert", {"risk_vento": ""}, "other_risk"),
        ("alert", {"other_colour": "rossa"}, "other_risk"),
        ("alert", {"risk_vento": "blu"}, "risk_vento"),
        ("alert", {"what_to_do": "   "}, "what_to_do"),
        ("alert", {"what_to_do": "Uno\ndue"}, "what_to_do"),
        ("alert", {"area": "Uno\r\ndue"}, "area"),
        ("alert", {"phone": "12345"}, "phone"),
        ("water", {"streets": ""}, "streets"),
        ("water", {"streets": ": pari"}, "streets"),
        ("water", {"phone": "chiamate"}, "phone"),
        ("water", {"fallback_date": "2026-11-27"}, "fallback_date"),
        ("road", {"remind_at": ""}, "remind_at"),
        ("road", {"remind_at": "2026-11-23T10:00"}, "remind_at"),
        ("road", {"streets": " \n "}, "streets"),
        ("pharmacy_week", {"shifts": "domenica 28 novembre: X"}, "shifts"),
        ("pharmacy_week", {"shifts": "sabato 5 dicembre: X"}, "shifts"),
        ("pharmacy_week", {"shifts": "28/11: X\nsabato: Y"}, "shifts"),
        ("pharmacy_week", {"shifts": "28/11 X"}, "shifts"),
        ("pharmacy_week", {"shifts": "28/99/2026: X"}, "shifts"),
        ("pharmacy_week", {"week_from": "2026-11-01"}, "week_from"),
        ("school", {"last_day": "2026-11-26"}, "last_day"),
        ("school", {"first_day": "2026-11-23"}, "first_day"),
        ("deadline", {"due": "2026-11-23"}, "due"),
        ("deadline", {"address": "javascript:alert(1)"}, "address"),
        ("event", {"ends": "2026-12-05T16:00"}, "ends"),
        ("notice", {"text": ""}, "text"),
        ("notice", {"text": "a" * 601}, "text"),
        ("correction", {"text": "\u200b \t"}, "text"),
        ("ending", {"ends": "2026-11-01T10:00"}, "ends"),
        ("exercise", {"ends": ""}, "ends"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(kind: str, changes: dict[str, Any], field: str) -> None:
    form = form_of(kind, **changes)
    assert not form.is_valid()
    assert list(form.errors) == field.split()


@pytest.mark.parametrize(
    "text", ["0571 757940", "800 983 389", "112", "+39 338 655 3630", "335.6685863", "118"]
)
def test_numbers_one_can_call(text: str) -> None:
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["", "1", "12345", "0571", "800 98 33 89 00 11 22", "33x5668586", "+999 1234567"]
)
def test_numbers_nobody_answers(text: str) -> None:
    assert not is_phone(text)


def test_the_hour_that_comes_twice_is_its_first_occurrence() -> None:
    now = datetime(2026, 10, 24, 12, tzinfo=ROME)
    data = {**GOOD["alert"], "starts": "2026-10-25T02:30", "ends": "2026-10-25T12:00"}
    form = KINDS["alert"].form(data, now=now)
    assert form.is_valid(), form.errors
    assert form.stored()["starts"] == "2026-10-25T02:30+02:00"


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("alert", {"what_to_do": "Chiamate il Centro operativo."}, "manca il numero"),
        ("alert", {"risk_vento": "rossa"}, "ordinanza"),
        ("alert", {"what_to_do": "Domani restate in casa."}, "Domani"),
        ("alert", {"starts": "2026-11-24T09:00"}, "già passato"),
        ("notice", {"text": "Si vota domenica 28 novembre."}, "è sabato, non domenica"),
        ("notice", {"text": "Si paga venerdì 31 novembre."}, "non esiste"),
        ("road", {}, "fino a nuova comunicazione"),
        ("water", {"phone": ""}, "per i guasti"),
        ("pharmacy_week", {}, "martedì 1° dicembre, mercoledì 2 dicembre"),
    ],
)
def test_a_colleague_would_say(kind: str, changes: dict[str, Any], said: str) -> None:
    form = form_of(kind, **changes)
    assert form.is_valid(), form.errors
    assert any(said in warning for warning in form.warnings(NOW)), form.warnings(NOW)


def test_a_colleague_is_silent_when_all_is_well() -> None:
    form = form_of("alert", what_to_do="Chiamate lo 0571 757940. Si torna sabato 28 novembre.")
    assert form.is_valid()
    assert form.warnings(NOW) == []


def test_validity_is_derived() -> None:
    until = {}
    for kind in KINDS:
        form = form_of(kind)
        assert form.is_valid()
        moment = form.valid_until()
        until[kind] = moment.isoformat(timespec="minutes") if moment else None
    assert until["alert"] == "2026-11-28T08:00+01:00"
    assert until["road"] is None
    assert until["pharmacy_week"] == "2026-12-05T00:00+01:00"
    assert until["school"] == "2026-11-28T00:00+01:00"
    assert until["deadline"] == "2026-12-17T00:00+01:00"
    assert until["event"] == "2026-12-06T00:00+01:00"
    assert until["ending"] == (NOW + timedelta(hours=24)).isoformat(timespec="minutes")


def test_an_open_end_has_its_reminder() -> None:
    form = form_of("road")
    assert form.is_valid()
    assert form.reminder() == datetime(2026, 11, 25, 17, 40, tzinfo=ROME)
