"""Each sample notice is of one kind, fits its form before it leaves, and its phone text is whole."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from broadcasts.bulletins.compose import Original, compose
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.notices import FOLLOW_UPS, SAMPLES, Notice, kind_of, load, read
from broadcasts.bulletins.templates import Town
from policy.calendar import Severity, may_leave_at
from policy.rules import SHIPPED

TOWN = Town("Comune di Empoli", "WhatsEmpoli", "112", "A4 Valdarno Inferiore")
NOTICES = load()
RAW = json.loads(SAMPLES.read_text(encoding="utf-8"))
EXPECTED = [
    *("alert", "alert", "alert", "ending"),
    *("water", "water", "ending"),
    *("road", "road", "road"),
    "pharmacy_week",
    *("school", "school", "deadline", "deadline", "event", "event"),
    *("correction", "notice", "water"),
]


def test_each_text_is_of_a_kind() -> None:
    assert [notice.kind for notice in NOTICES] == EXPECTED


def test_the_rule_finds_the_kind_without_being_told() -> None:
    bare = [{k: v for k, v in raw.items() if k != "kind"} for raw in RAW]
    assert [kind_of(raw) for raw in bare] == EXPECTED


@pytest.mark.parametrize("notice", NOTICES, ids=lambda n: n.title)
def test_it_fits_its_form_and_its_phone(notice: Notice) -> None:
    kind, due = KINDS[notice.kind], notice.due_at
    assert due is not None
    form = kind.form(kind.initial_from(notice.fields), now=due - timedelta(minutes=30))
    assert form.is_valid(), form.errors
    assert kind.suits(notice.category)
    valid_until = form.valid_until()
    assert valid_until is None or valid_until > due
    original = Original(notice.refers_to, due - timedelta(days=1)) if notice.refers_to else None
    for language in ("it", "en"):
        made = compose(
            notice.kind,
            form.stored(),
            town=TOWN,
            language=language,
            title=notice.title,
            link="https://whatsempoli.example/a/k7m2p9xq",
            category_label="Protezione civile",
            original=original,
        )
        text = kind.template.phone_text(language, TOWN, made.values)
        assert text.startswith("Comune di Empoli - ") and text.endswith("DISATTIVA ISCRIZIONE")
        assert len(text) <= 1024 and "https://whatsempoli.example/a/k7m2p9xq" in text
        assert ".." not in text and "  " not in text and "None" not in text
        assert notice.refers_to is None or notice.refers_to in text
        assert made.page_text


@pytest.mark.parametrize("raw", RAW, ids=lambda r: r["title"])
def test_it_fits_without_our_details_too(raw: dict) -> None:
    notice = read({k: v for k, v in raw.items() if k not in {"kind", "details"}})
    assert notice.due_at is not None
    kind = KINDS[notice.kind]
    form = kind.form(kind.initial_from(notice.fields), now=notice.due_at - timedelta(minutes=30))
    assert form.is_valid(), form.errors
    made = compose(
        notice.kind,
        form.stored(),
        town=TOWN,
        language="it",
        title=notice.title,
        link="https://whatsempoli.example/a/k7m2p9xq",
        category_label="Acqua",
    )
    assert kind.template.limits("it", TOWN, made.values) == []


@pytest.mark.parametrize("notice", NOTICES, ids=lambda n: n.title)
def test_it_leaves_when_it_may_and_before_what_it_announces(notice: Notice) -> None:
    assert notice.due_at is not None
    leave = may_leave_at(Severity(notice.severity), notice.due_at, SHIPPED.hours_of(notice.category))
    assert leave.at == notice.due_at
    starts = notice.fields.get("starts")
    if starts and notice.severity == "routine":
        assert notice.due_at.isoformat() < starts


def test_a_follow_up_leaves_after_its_original() -> None:
    by_title = {notice.title: notice for notice in NOTICES}
    followed = [notice for notice in NOTICES if notice.refers_to]
    assert len(followed) == sum(1 for raw in RAW if set(FOLLOW_UPS) & set(raw))
    for notice in followed:
        original = by_title[notice.refers_to or ""]
        assert notice.due_at and original.due_at and notice.due_at > original.due_at


def test_other_notices_of_the_same_format_find_their_kind() -> None:
    def of(category: str, **more: object) -> str:
        fields = more.pop("fields", {})
        return kind_of({"category": category, "title": "t", "text": "x", "fields": fields, **more})

    assert of("acqua") == "notice"
    assert of("acqua", fields={"from": "2026-12-01T08:00+01:00", "to": None}) == "water"
    assert of("viabilita", fields={"from": "2026-12-01T08:00+01:00"}) == "notice"
    assert of("scuole", updates="Scuole chiuse") == "update"
    assert of("protezione-civile", exercise=True) == "exercise"
    assert of("biblioteche", fields={"from": "2026-12-01"}) == "notice"


def test_an_unknown_category_or_risk_keeps_its_words() -> None:
    raw = {
        "category": "protezione-civile",
        "severity": "emergency",
        "title": "Nube tossica",
        "zones": ["ponte-a-elsa"],
        "fields": {
            "colour": None,
            "risk": "nube tossica",
            "from": "2026-12-13T06:30+01:00",
            "to": "2026-12-13T14:00+01:00",
        },
        "text": "Chiudete le finestre.",
    }
    notice = read(raw)
    assert notice.kind == "alert"
    assert notice.fields["risks"] == [{"risk": "nube tossica", "colour": ""}]
    assert notice.fields["area"] == "Ponte a Elsa"
    assert notice.fields["what_to_do"] == "Chiudete le finestre."
