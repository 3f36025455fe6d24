"""Dates in words, templates within the provider's limits, composing."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest

from broadcasts.bulletins import dates, kinds
from broadcasts.bulletins.compose import Original, compose, duty_on
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.templates import PARAMETER, TemplateDefinition, Town, clean_value
from policy.calendar import ROME

TOWN = Town("Comune di Empoli", "WhatsEmpoli", "112", "A4 Valdarno Inferiore")
LINK = "https://whatsempoli.example/a/k7m2p9xq"
TEMPLATES = [
    pytest.param(t, lang, id=f"{t.name}-{lang}") for _, t in kinds.base_templates() for lang in ("it", "en")
]


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def composed(kind: str, fields: dict[str, Any], language: str = "it", **extra: Any) -> Any:
    given: dict[str, Any] = {"title": "Un titolo", "link": LINK, "category_label": "Acqua"}
    return compose(kind, fields, town=TOWN, language=language, **given | extra)


@pytest.mark.parametrize(
    ("start", "end", "italian", "english"),
    [
        (
            "2026-11-27T13:00",
            "2026-11-28T08:00",
            "dalle 13:00 di venerdì 27 novembre alle 8:00 di sabato 28",
            "from 13:00 on Friday 27 November to 8:00 on Saturday 28",
        ),
        (
            "2026-11-30T22:00",
            "2026-12-01T05:00",
            "dalle 22:00 di lunedì 30 novembre alle 5:00 di martedì 1° dicembre",
            "from 22:00 on Monday 30 November to 5:00 on Tuesday 1 December",
        ),
        (
            "2026-11-30T08:30",
            "2026-11-30T16:30",
            "lunedì 30 novembre dalle 8:30 alle 16:30",
            "Monday 30 November from 8:30 to 16:30",
        ),
        (
            "2026-11-30T00:00",
            "2026-12-01T00:00",
            "lunedì 30 novembre, tutto il giorno",
            "Monday 30 November, all day",
        ),
        (
            "2026-12-03T01:00",
            "2026-12-03T13:15",
            "giovedì 3 dicembre dall'1:00 alle 13:15",
            "Thursday 3 December from 1:00 to 13:15",
        ),
        (
            "2026-12-03T20:00",
            "2026-12-04T00:00",
            "giovedì 3 dicembre dalle 20:00 alle 24:00",
            "Thursday 3 December from 20:00 to 24:00",
        ),
        (
            "2026-11-24T17:40",
            None,
            "dalle 17:40 di martedì 24 novembre, fino a nuova comunicazione",
            "from 17:40 on Tuesday 24 November, until further notice",
        ),
    ],
)
def test_spans_are_said_as_people_say_them(start: str, end: str | None, italian: str, english: str) -> None:
    last = rome(end) if end else None
    assert dates.span(rome(start), last) == italian
    assert dates.span(rome(start), last, "en") == english


def test_a_moment_stored_in_another_offset_is_shown_in_rome() -> None:
    assert dates.at(datetime.fromisoformat("2026-07-01T10:00+00:00")) == "mercoledì 1° luglio alle 12:00"


def test_an_hour_that_comes_twice_is_read_as_its_first() -> None:
    assert dates.read_moment("2026-10-25T02:30").isoformat() == "2026-10-25T02:30:00+02:00"


def test_days_name_the_month_once() -> None:
    assert dates.days(date(2026, 12, 1), date(2026, 12, 4)) == "da martedì 1° a venerdì 4 dicembre"
    assert dates.days(date(2026, 12, 31), date(2027, 1, 2), year=True) == (
        "da giovedì 31 dicembre 2026 a sabato 2 gennaio 2027"
    )


@pytest.mark.parametrize(("template", "language"), TEMPLATES)
class TestProviderLimits:
    """What the provider refuses at creation must be refused here first."""

    def test_names_the_town_first_and_how_to_leave_last(
        self, template: TemplateDefinition, language: str
    ) -> None:
        text = template.phone_text(language, TOWN, template.examples)
        assert re.match(r"Comune di Empoli( -|,) ", text)
        assert text.endswith("DISATTIVA ISCRIZIONE")
        assert len(text) <= 1024
        assert "[[" not in text and "{{" not in text

    def test_parameters(self, template: TemplateDefinition, language: str) -> None:
        body = template.body(language, TOWN)
        assert sorted(PARAMETER.findall(body)) == sorted(template.parameters)
        assert not PARAMETER.match(body) and not re.search(r"\}\}\W*$", body)
        assert all(re.search(r"\w", between) for between in re.findall(r"\}\}(.*?)\{\{", body, re.DOTALL))
        assert len(re.sub(PARAMETER, "x", body).split()) >= 2 * len(template.parameters) + 1
        assert len(template.footer(language, TOWN)) <= 60
        assert re.fullmatch(r"[a-z0-9_]{1,512}", template.provider_name)

    def test_definition(self, template: TemplateDefinition, language: str) -> None:
        definition = template.definition_for_provider(language, TOWN)
        body = definition["components"][0]
        assert definition["parameter_format"] == "NAMED" and definition["language"] == language
        named = {p["param_name"] for p in body["example"]["body_text_named_params"]}
        assert named == set(template.parameters)
        ttl = definition.get("message_send_ttl_seconds")
        assert (ttl is None) == (template.category == "MARKETING")
        assert ttl is None or 30 <= ttl <= 43_200

    def test_what_is_sent_is_what_is_shown(self, template: TemplateDefinition, language: str) -> None:
        sent = template.send_dict(language, TOWN, template.examples)
        values = {p["parameter_name"]: p["text"] for p in sent["components"][0]["parameters"]}
        shown = template.body(language, TOWN)
        for name, value in values.items():
            shown = shown.replace("{{" + name + "}}", value)
        assert template.phone_text(language, TOWN, template.examples).startswith(shown)
        assert sent["language"]["code"] == language and sent["name"] == template.provider_name


def test_template_names_are_unique() -> None:
    names = [template.provider_name for _, template in kinds.all_templates()]
    assert len(names) == len(set(names))


def test_a_value_cannot_open_a_parameter() -> None:
    template = KINDS["notice"].template
    values = template.examples | {"titolo": "{{link}} e \\g<1>", "testo": "uno\ndue\tdue    tre\u200b"}
    text = template.phone_text("it", TOWN, values)
    assert "{{link}} e \\g<1>" in text and "uno due due tre" in text


@pytest.mark.parametrize("values", [{}, {"titolo": " \n"}, {"estraneo": "x"}])
def test_a_missing_empty_or_unknown_value_is_refused(values: dict[str, str]) -> None:
    template = KINDS["notice"].template
    given = {} if not values else template.examples | values
    with pytest.raises(ValueError, match="avviso_comune_v1"):
        template.send_dict("it", TOWN, given)
    assert template.limits("it", TOWN, given)


def test_a_text_too_long_says_by_how_much() -> None:
    template = KINDS["notice"].template
    problems = kinds.limits(KINDS["notice"], "it", TOWN, template.examples | {"testo": "a" * 1024})
    assert len(problems) == 1 and "1024" in problems[0]
    assert kinds.limits(KINDS["notice"], "it", TOWN, template.examples) == []


def test_the_hash_changes_with_the_town_the_language_and_the_version() -> None:
    template = KINDS["water"].template
    other = Town("Comune di Vinci", "WhatsVinci")
    hashes = {template.body_hash("it", TOWN), template.body_hash("en", TOWN), template.body_hash("it", other)}
    assert len(hashes) == 3 and template.body_hash("it", TOWN) in hashes


def test_values_are_cleaned() -> None:
    assert clean_value("  a\r\nb\t c\u2028d\x00 ") == "a b c d"


class TestCompose:
    def test_several_risks_are_grouped_by_colour_the_worst_first(self) -> None:
        risks = [
            {"risk": "vento", "colour": "gialla"},
            {"risk": "temporali", "colour": "rossa"},
            {"risk": "neve", "colour": "gialla"},
        ]
        fields = {
            "risks": risks,
            "starts": "2026-11-27T13:00+01:00",
            "ends": "2026-11-28T08:00+01:00",
            "what_to_do": "Restate in casa",
            "ordinance": "n. 3/2026",
        }
        made = composed("alert", fields)
        assert made.values["allerta"] == "allerta ROSSA per temporali forti; allerta GIALLA per vento e neve"
        assert made.values["indicazioni"] == "Restate in casa. Ordinanza n. 3/2026."
        assert made.values["dove"] == "zona di allerta A4 Valdarno Inferiore"
        assert (
            composed("alert", fields, "en").values["allerta"].startswith("RED alert for severe thunderstorms")
        )

    def test_an_emergency_without_colour_takes_its_title_and_place(self) -> None:
        made = composed(
            "alert",
            {
                "risks": [{"risk": "ordigno bellico", "colour": ""}],
                "starts": "2026-12-13T06:30+01:00",
                "ends": "2026-12-13T14:00+01:00",
                "what_to_do": "Uscite entro le 7:30.",
                "area": "Pontorme",
            },
            title="Disinnesco ordigno bellico",
        )
        assert made.values["allerta"] == "Disinnesco ordigno bellico"
        assert made.values["dove"] == "Pontorme"

    def test_the_page_has_a_street_a_line_and_the_year(self) -> None:
        made = composed(
            "water",
            {
                "starts": "2026-11-30T08:30+01:00",
                "ends": "2026-11-30T16:30+01:00",
                "streets": [{"name": "via di Barzino", "numbers": "pari"}, {"name": "via Magolo"}],
                "more": "Due righe\nin fondo",
            },
        )
        assert "via di Barzino (pari)\nvia Magolo" in made.page_text
        assert "lunedì 30 novembre 2026" in made.page_text and made.page_text.endswith("Due righe\nin fondo")
        assert "2026" not in made.values["quando"] and "\n" not in "".join(made.values.values())

    def test_a_follow_up_names_what_it_is_about(self) -> None:
        original = Original("Mercato straordinario", rome("2026-12-01T10:00"))
        for kind in ("correction", "update", "ending"):
            made = composed(kind, {"text": "È sabato"}, original=original)
            assert made.values["originale"] == "del 1° dicembre «Mercato straordinario»"
            assert "Mercato straordinario" in made.page_text
            KINDS[kind].template.send_dict("it", TOWN, made.values)
        undated = composed("ending", {"text": "Fine"}, original=Original("Mercato"))
        assert undated.values["originale"] == "«Mercato»"

    def test_an_exercise_is_marked_at_both_ends(self) -> None:
        fields = {"starts": "2026-12-12T09:00+01:00", "ends": "2026-12-12T12:30+01:00", "text": "Uscite"}
        for language in ("it", "en"):
            made = composed("exercise", fields | {"more": "In fondo"}, language)
            body = KINDS["exercise"].template.filled_body(language, TOWN, made.values)
            first, *_, last = body.split("\n\n")
            assert "ESERCITAZIONE" in first and last.endswith("ESERCITAZIONE")
            assert "ESERCITAZIONE" in made.page_text.split("\n\n")[0]
            assert "ESERCITAZIONE" in made.page_text.split("\n\n")[-1]

    def test_english_takes_its_own_words_and_else_the_italian(self) -> None:
        fields = {"text": "Chiuso", "en": {"title": "Closed", "text": "We are closed"}}
        made = composed("notice", fields, "en")
        assert (made.title, made.values["titolo"], made.values["testo"]) == (
            "Closed",
            "Closed",
            "We are closed.",
        )
        assert composed("notice", {"text": "Chiuso"}, "en").values["testo"] == "Chiuso."
        assert composed("notice", fields).values["testo"] == "Chiuso."

    def test_duty_is_read_from_the_rota(self) -> None:
        fields = {"shifts": [{"date": "2026-11-28", "pharmacies": ["Comunale 1"]}]}
        assert duty_on(fields, date(2026, 11, 28)) == ["Comunale 1"]
        assert duty_on(fields, date(2026, 11, 29)) == []


def test_every_kind_composes_and_suits_a_category() -> None:
    assert set(KINDS) == {
        *("alert", "water", "road", "pharmacy_week", "school", "deadline", "event", "notice"),
        *("correction", "update", "ending", "exercise"),
    }
    assert [k.slug for k in kinds.for_category("acqua")] == [
        "water",
        "notice",
        "correction",
        "update",
        "ending",
    ]
    assert KINDS["correction"].template_for("MARKETING").category == "MARKETING"
    assert KINDS["water"].template_for("marketing") is KINDS["water"].template
