"""What each kind knows of its matter: civic numbers, several hours, night rotas, English fallen behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from broadcasts.bulletins.civic import BadNumbers, civic_numbers, in_language
from broadcasts.bulletins.compose import MOST_ROTA, compose
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.languages import Behind, behind, written_for
from broadcasts.bulletins.templates import Town
from policy.calendar import ROME
from tests.broadcasts.test_bulletins_forms import GOOD, form_of

TOWN = Town("Comune di Empoli", "WhatsEmpoli", "112", "A4 Valdarno Inferiore")


def text_of(kind: str, language: str = "it", **changes: Any) -> str:
    """The phone text of a form that was filled in so."""
    form = form_of(kind, **changes)
    assert form.is_valid(), form.errors
    made = compose(
        kind,
        form.stored(),
        town=TOWN,
        language=language,
        title="Un titolo",
        link="https://whatsempoli.example/a/k7m2p9xq",
        category_label="Acqua",
    )
    return KINDS[kind].template.phone_text(language, TOWN, made.values)


@pytest.mark.parametrize(
    ("written", "said", "english"),
    [
        ("dal 2 al 48, pari", "numeri pari dal 2 al 48", "even numbers from 2 to 48"),
        ("pari 2-48", "numeri pari dal 2 al 48", "even numbers from 2 to 48"),
        ("numeri civici pari dal 2 al 48", "numeri pari dal 2 al 48", "even numbers from 2 to 48"),
        ("dall'1 all'11 dispari", "numeri dispari dal 1 al 11", "odd numbers from 1 to 11"),
        ("dal 12 al 12/B", "numeri dal 12 al 12/B", "numbers from 12 to 12/B"),
        ("dispari", "numeri dispari", "odd numbers"),
        ("3, 5 e 7bis", "numeri 3, 5 e 7bis", "numbers 3, 5 and 7bis"),
        ("n. 12", "numero 12", "number 12"),
        ("tutti", "", ""),
        ("tra via Meucci e il ponte", "tra via Meucci e il ponte", "tra via Meucci e il ponte"),
        ("fino al 30", "fino al 30", "fino al 30"),
    ],
)
def test_civic_numbers_have_one_wording(written: str, said: str, english: str) -> None:
    assert civic_numbers(written) == said
    assert civic_numbers(said) == said
    assert in_language(said, "en") == english


@pytest.mark.parametrize("written", ["dispari dal 2 al 48", "pari dal 2 al 47", "dal 48 al 2"])
def test_numbers_that_contradict_themselves(written: str) -> None:
    with pytest.raises(BadNumbers):
        civic_numbers(written)
    form = form_of("water", streets=f"via di Barzino: {written}")
    assert not form.is_valid()
    assert "via di Barzino" in str(form.errors["streets"])


class TestSpans:
    MORE = {
        "starts": "2026-11-30T08:30",
        "ends": "2026-11-30T12:30",
        "starts_2": "2026-11-30T14:00",
        "ends_2": "2026-11-30T16:30",
        "starts_3": "2026-12-01T08:30",
        "ends_3": "2026-12-01T12:30",
    }

    @pytest.mark.parametrize("kind", ["water", "road"])
    def test_several_are_said_the_same_day_together(self, kind: str) -> None:
        monday = "lunedì 30 novembre dalle 8:30 alle 12:30 e dalle 14:00 alle 16:30"
        said = f"Quando: {monday}; martedì 1° dicembre dalle 8:30 alle 12:30."
        assert said in text_of(kind, **self.MORE)
        form = form_of(kind, **self.MORE)
        assert form.is_valid()
        assert form.valid_until() == datetime(2026, 12, 1, 12, 30, tzinfo=ROME)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"ends_2": ""}, "ends_2"),
            ({"starts_2": ""}, "starts_2"),
            ({"ends_2": "2026-11-30T13:00"}, "ends_2"),
            ({"starts_2": "2026-11-30T12:00"}, "starts_2"),
            ({"ends": "", "remind_at": "2026-12-01T10:00"}, "ends"),
        ],
    )
    def test_what_does_not_fit_is_said(self, changes: dict[str, str], field: str) -> None:
        form = form_of("water", **self.MORE | changes)
        assert not form.is_valid()
        assert list(form.errors) == [field]


class TestAlert:
    OWN = {
        "risk_temporali": "arancione",
        "from_temporali": "2026-11-27T15:00",
        "to_temporali": "2026-11-27T21:00",
    }

    def test_a_risk_with_hours_of_its_own(self) -> None:
        text = text_of("alert", **self.OWN)
        assert (
            "allerta ARANCIONE per temporali forti, venerdì 27 novembre dalle 15:00 alle 21:00;"
            " allerta GIALLA per vento." in text
        )
        assert "Quando: dalle 13:00 di venerdì 27 novembre alle 8:00 di sabato 28." in text

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"to_temporali": ""}, "to_temporali"),
            ({"to_temporali": "2026-11-27T14:00"}, "to_temporali"),
            ({"from_temporali": "2026-11-27T12:00"}, "from_temporali"),
            ({"to_temporali": "2026-11-28T09:00"}, "to_temporali"),
            ({"risk_temporali": ""}, "from_temporali"),
        ],
    )
    def test_hours_that_do_not_fit(self, changes: dict[str, str], field: str) -> None:
        form = form_of("alert", **self.OWN | changes)
        assert not form.is_valid()
        assert list(form.errors) == [field]

    def test_they_are_edited_without_loss(self) -> None:
        form = form_of(
            "alert",
            **self.OWN,
            other_risk="nube tossica",
            from_other="2026-11-27T13:00",
            to_other="2026-11-27T14:00",
        )
        assert form.is_valid(), form.errors
        again = KINDS["alert"].form(KINDS["alert"].initial_from(form.stored()), now=form.now)
        assert again.is_valid(), again.errors
        assert again.stored() == form.stored()


class TestRoad:
    def test_a_match_with_its_ban_and_its_kick_off(self) -> None:
        text = text_of(
            "road",
            starts="2026-11-28T13:00",
            ends="2026-11-28T18:00",
            parking="divieto di sosta con rimozione",
            parking_from="2026-11-28T10:00",
            event="Empoli-Pisa",
            kick_off="2026-11-28T15:00",
        )
        assert "Occasione: Empoli-Pisa, calcio d'inizio alle 15:00." in text
        assert "Divieto di sosta con rimozione dalle 10:00." in text

    def test_it_holds_until_one_may_park_again(self) -> None:
        form = form_of(
            "road", starts="2026-11-28T13:00", ends="2026-11-28T18:00",
            parking="divieto", parking_to="2026-11-28T20:00",
        )  # fmt: skip
        assert form.is_valid(), form.errors
        assert form.valid_until() == datetime(2026, 11, 28, 20, tzinfo=ROME)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"parking_from": "2026-11-28T10:00"}, "parking"),
            (
                {"parking": "x", "parking_from": "2026-11-28T10:00", "parking_to": "2026-11-28T09:00"},
                "parking_to",
            ),
            ({"kick_off": "2026-11-28T15:00"}, "event"),
        ],
    )
    def test_what_is_wrong(self, changes: dict[str, str], field: str) -> None:
        form = form_of("road", **changes)
        assert not form.is_valid()
        assert list(form.errors) == [field]


class TestPharmacies:
    WHOLE = {
        "shifts": "\n".join(f"{day}/11: Farmacia Bini" for day in (28, 29, 30))
        + "".join(f"\n{day}/12: Farmacia Conti" for day in (1, 2, 3, 4)),
        "nights": "\n".join(f"{day}/11: Farmacia Conti" for day in (28, 29, 30)),
        "pharmacies": "Farmacia Bini: via Roma 1; 8:30-20; 0571 757940\n"
        "Farmacia Conti: 0571 72222; piazza Verdi 3",
    }

    def test_day_and_night_with_what_one_needs(self) -> None:
        text = text_of("pharmacy_week", **self.WHOLE)
        assert (
            "sabato 28 Farmacia Bini, via Roma 1, 8:30-20, tel. 0571 757940; domenica 29 Farmacia Bini"
            in text
        )
        assert "Di notte: da sabato 28 a lunedì 30 Farmacia Conti; a battenti chiusi." in text
        assert len(text) <= 1024

    def test_where_addresses_do_not_fit_the_names_stay(self) -> None:
        long = "; ".join(f"Farmacia numero {n} dell'Angelo Custode" for n in range(3))
        rota = "\n".join(f"{day}: {long}" for day in ("sabato", "domenica"))
        about = "\n".join(f"Farmacia numero {n} dell'Angelo Custode: {'via lunga ' * 8}" for n in range(3))
        text = text_of("pharmacy_week", shifts=rota, nights="", pharmacies=about)
        assert "via lunga" not in text
        assert "Farmacia numero 2" in text
        assert len(text) <= 1024 and MOST_ROTA < 700

    def test_the_page_has_all_of_it(self) -> None:
        form = form_of("pharmacy_week", **self.WHOLE)
        assert form.is_valid(), form.errors
        made = compose("pharmacy_week", form.stored(), town=TOWN, language="it", title="Turni",
                       link="https://x.example", category_label="Farmacie")  # fmt: skip
        assert "sabato 28 novembre 2026: Farmacia Bini; di notte Farmacia Conti" in made.page_text
        assert "Farmacia Conti, piazza Verdi 3, tel. 0571 72222" in made.page_text

    def test_a_colleague_counts_the_nights_and_the_addresses(self) -> None:
        about = "Farmacia Bini: via Roma 1; 0571 757940"
        form = form_of("pharmacy_week", **self.WHOLE | {"pharmacies": about})
        assert form.is_valid(), form.errors
        said = form.warnings(form.now)
        assert any("di notte per: martedì 1° dicembre" in each for each in said)
        assert any("Senza indirizzo o telefono: Farmacia Conti." in each for each in said)

    @pytest.mark.parametrize("line", ["Farmacia Bini", "Bini: ", ": via Roma 1", "Bini: via Roma; via Verdi"])
    def test_a_line_that_is_not_understood(self, line: str) -> None:
        form = form_of("pharmacy_week", pharmacies=line)
        assert not form.is_valid()
        assert "Non si capisce" in str(form.errors["pharmacies"])


class TestLanguages:
    NAMES = ("text",)

    def fields(self, **changes: Any) -> dict[str, Any]:
        whole = {
            "en": {"title": "Works", "text": "We work."},
            "en_of": {"title": "Lavori", "text": "Si lavora."},
        }
        return {"text": "Si lavora."} | whole | changes

    def test_up_to_date(self) -> None:
        assert not behind(self.fields(), "Lavori", self.NAMES)
        assert not behind({"text": "Solo italiano"}, "Lavori", self.NAMES)

    def test_the_italian_changed_after_it(self) -> None:
        found = behind(self.fields(text="Non si lavora più."), "Lavori", self.NAMES)
        assert found == Behind(changed=("text",))

    def test_one_text_has_no_english(self) -> None:
        fields = self.fields(en={"title": "Works"}, en_of={"title": "Lavori"})
        assert behind(fields, "Lavori", self.NAMES) == Behind(missing=("text",))

    def test_a_text_that_was_left_alone_stays_behind(self) -> None:
        italian = {"title": "Lavori", "text": "Non si lavora più."}
        before = self.fields()
        same = written_for(before["en"], italian, before, confirmed=False)
        assert same == {"title": "Lavori", "text": "Si lavora."}
        touched = written_for(before["en"] | {"text": "No works."}, italian, before, confirmed=False)
        assert touched == italian
        assert written_for(before["en"], italian, before, confirmed=True) == italian


def test_every_field_is_drawn_once() -> None:
    for kind in KINDS:
        form = KINDS[kind].form(GOOD[kind], now=form_of(kind).now)
        drawn = [field.name for block in form.blocks() for field in (*block.fields, *block.folded)]
        assert sorted(drawn) == sorted(form.fields), kind
