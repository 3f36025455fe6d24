"""The public texts: every fact filled, nothing run, nothing unsafe left."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from policy import markdown
from policy.markdown import PLACEHOLDERS, PolicyFacts, hours_in_words, promise_in_words, render, values_of
from policy.rules import SHIPPED

TEXTS = Path(markdown.__file__).parent / "texts"
SHIPPED_WINDOWS = tuple((w.weekday, f"{w.start:%H:%M}", f"{w.end:%H:%M}") for w in SHIPPED.hours.windows)
FACTS = PolicyFacts(
    town="Comune di Empoli",
    service="WhatsEmpoli",
    number="338 655 3630",
    windows=SHIPPED_WINDOWS,
    night=("22:00", "07:00"),
    monthly_promise=5,
    emergency_number="112",
    office="Rete Civica e URP",
    contacts="urp@comune.example, 0571 757999",
    civil_protection_phone="",
    categories=("Protezione civile", "Viabilità"),
    keep_texts_days=30,
    keep_webhooks_days=30,
    keep_stopped_days=0,
    minimum_age=14,
    data_officer="dpo@comune.example",
    website="https://www.comune.example",
    privacy_address="https://avvisi.comune.example/privacy",
    rules_address="https://avvisi.comune.example/regole",
    own_promises=(("Farmacie", 5),),
)


@pytest.mark.parametrize(
    "name", ["policy_it", "policy_en", "privacy_it", "privacy_en", "rules_it", "rules_en"]
)
def test_every_text_renders_whole(name: str) -> None:
    html = render((TEXTS / f"{name}.md").read_text(encoding="utf-8"), values_of(FACTS, name[-2:]))
    assert "{{" not in html and "}}" not in html
    assert "WhatsEmpoli" in html and "Comune di Empoli" in html
    assert not re.search(r"Empoli|0571|338 655", (TEXTS / f"{name}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_policy_has_its_thirteen_sections(language: str) -> None:
    html = render((TEXTS / f"policy_{language}.md").read_text(encoding="utf-8"), values_of(FACTS, language))
    headings = re.findall(r'<h2 id="([^"]+)">(\d+)\.', html)
    assert [int(number) for _, number in headings] == list(range(1, 14))
    assert len({anchor for anchor, _ in headings}) == 13


def test_the_italian_policy_says_the_promises() -> None:
    html = render((TEXTS / "policy_it.md").read_text(encoding="utf-8"), values_of(FACTS))
    for said in (
        "338 655 3630",
        "dal lunedì al venerdì 9–13 e 15–18, il sabato 9–12",
        "al massimo 4/5 messaggi al mese",
        "a qualunque ora",
        "chiamate il 112",
        "ATTIVA ISCRIZIONE",
        "DISATTIVA ISCRIZIONE",
        "compiuto 14 anni",
        "dalle 22 alle 7",
        "28 del 2000",
    ):
        assert said in html, said
    assert "!" not in re.sub(r"<[^>]+>", "", html)


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(ValueError, match="comunne"):
        render("Il {{ comunne }}", values_of(FACTS))
    with pytest.raises(ValueError, match=r"sindaco\.nome"):
        render("Il {{ sindaco.nome }}", values_of(FACTS))
    assert markdown.unknown_placeholders("{{ comune }} {{ x }} {{x}} {{ y|safe }}") == ["x", "y|safe"]


def test_every_placeholder_has_a_value_and_a_description() -> None:
    assert set(values_of(FACTS)) == set(PLACEHOLDERS) == set(values_of(FACTS, "en"))
    assert all(PLACEHOLDERS.values()) and all(values_of(replace(FACTS, office="", website="")).values())


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[qui](javascript:alert(1))",
        "**grassetto** _corsivo_ `codice`",
        "{{ numero }}",
        "{% load x %}",
        "a\n\n# Titolo\n\nb",
        "1. uno",
        "https://esempio.example/a_b_c",
    ],
)
def test_a_value_is_shown_as_it_is_written(hostile: str) -> None:
    html = render("Il servizio: {{ servizio }}, ecco.", values_of(replace(FACTS, service=hostile)))
    assert html.count("<") == 2 and html.startswith("<p>Il servizio: ")
    assert not re.search(r"<(script|img|strong|em|a|h1|code)", html)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        '<p onclick="x()" style="color:red">x</p>',
        "![x](https://esempio.example/spia.png)",
    ],
)
def test_a_text_cannot_carry_scripts_styles_or_images(hostile: str) -> None:
    html = render(f"# Titolo\n\n{hostile}", {})
    assert not re.search(r"<(script|img)|<[^>]*(onclick|style|javascript:|data:)", html)


def test_headings_have_ids_of_their_own() -> None:
    html = render("# Che cos'è\n\n## Orari\n\n## Orari\n\n## **!**\n\n## <b onclick=x>a\"b</b>", {})
    anchors = re.findall(r'<h\d id="([^"]+)">', html)
    assert anchors[:4] == ["che-cose", "orari", "orari-2", "sezione"]
    assert all(re.fullmatch(r"[a-z0-9-]+", anchor) for anchor in anchors) and len(set(anchors)) == 5


@pytest.mark.parametrize(
    ("windows", "italian", "english"),
    [
        (
            SHIPPED_WINDOWS,
            "dal lunedì al venerdì 9–13 e 15–18, il sabato 9–12",
            "Monday to Friday 9–13 and 15–18, Saturday 9–12",
        ),
        ((), "mai", "never"),
        (((6, "08:30", "12:00"),), "la domenica 8:30–12", "Sunday 8:30–12"),
        (
            ((0, "09:00", "13:00"), (2, "09:00", "13:00")),
            "il lunedì 9–13, il mercoledì 9–13",
            "Monday 9–13, Wednesday 9–13",
        ),
        (
            tuple((d, "22:00", "06:00") for d in range(7)),
            "dal lunedì alla domenica 22–6",
            "Monday to Sunday 22–6",
        ),
    ],
)
def test_hours_are_said_in_words(windows: tuple, italian: str, english: str) -> None:
    assert hours_in_words(windows) == italian
    assert hours_in_words(windows, "en") == english


def test_small_numbers_are_said_well() -> None:
    assert promise_in_words(0) == "nessun messaggio al mese"
    assert promise_in_words(1) == "al massimo 1 messaggio al mese"
    assert promise_in_words(5, "en") == "at most 4 or 5 messages a month"
    assert markdown.days_in_words(1) == "un giorno" and markdown.days_in_words(0) == "si cancella subito"
    assert markdown.night_in_words(("22:00", "01:00")) == "dalle 22 all'1"
