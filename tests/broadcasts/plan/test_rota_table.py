"""A year's rota as offices really send it, and as nobody should."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from broadcasts.plan import table
from broadcasts.plan.shifts import read_shifts, spans_words
from broadcasts.plan.table import Unreadable, as_text, read_file, read_text

HEAD = "Data;Turno;Farmacia;Indirizzo;Orario;Telefono"
GOOD = (
    f"{HEAD}\nsabato 28/11/2026;giorno;Farmacia Comunale 1;via dei Cappuccini 1;9-13, 15:30-19:30;0571 76741"
)


def xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_every_usual_encoding_and_the_bom(self, encoding: str) -> None:
        [_, row] = read_file("turni.csv", f"{HEAD}\n28/11/2026;notte;Farmacia Pietà".encode(encoding))
        assert row == ["28/11/2026", "notte", "Farmacia Pietà"]

    @pytest.mark.parametrize("separator", [";", ",", "\t"])
    def test_every_usual_separator(self, separator: str) -> None:
        rows = read_text(f"data{separator}farmacia\r\n28/11/2026{separator}Bini\r\n")
        assert rows == [["data", "farmacia"], ["28/11/2026", "Bini"]]

    def test_quotes_keep_a_separator_and_a_new_line_inside(self) -> None:
        assert read_text('a;b\n1;"via Roma; 2"\n2;"due\nrighe"')[1:] == [
            ["1", "via Roma; 2"],
            ["2", "due\nrighe"],
        ]

    def test_what_is_shown_again_reads_the_same(self) -> None:
        rows = read_text(GOOD)
        assert read_text(as_text(rows)) == rows


class TestSpreadsheets:
    def test_dates_numbers_and_empty_cells(self) -> None:
        content = xlsx(["data", "farmacia", "telefono"], [datetime(2026, 11, 28), "Bini", 57176741.0])
        assert read_file("x.xlsx", content)[1] == ["28/11/2026", "Bini", "57176741"]

    def test_a_formula_is_not_computed(self) -> None:
        rows = read_file(
            "x.xlsx", xlsx(["data", "farmacia"], ["28/11/2026", '=HYPERLINK("http://x","Bini")'])
        )
        assert rows[1] == ["28/11/2026"]  # it never showed a value, so there is none
        assert [p.column for p in read_shifts(rows).problems] == ["farmacia"]

    def test_a_bomb_is_refused_before_it_is_unpacked(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * (table.MAX_UNPACKED + 1))
        assert len(buffer.getvalue()) < 100_000
        with pytest.raises(Unreadable, match="si gonfia"):
            read_file("x.xlsx", buffer.getvalue())

    def test_entities_do_not_unfold(self) -> None:
        content = xlsx(["data"])
        source, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in source.namelist():
                body = source.read(name)
                if "sheet1" in name:
                    body = body.replace(b"<worksheet", bomb + b"<worksheet", 1).replace(b"data", b"&b;")
                archive.writestr(name, body)
        with pytest.raises(Unreadable, match="davvero un XLSX"):
            read_file("x.xlsx", buffer.getvalue())

    @pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0old", b"\x00\x01\x02"])
    def test_what_is_no_table_is_refused_in_a_sentence(self, content: bytes) -> None:
        with pytest.raises(Unreadable):
            read_file("x", content)


class TestBounds:
    def test_too_many_rows_columns_bytes(self) -> None:
        with pytest.raises(Unreadable, match="troppe righe"):
            read_text("a;b\n" * (table.MAX_ROWS + 1))
        with pytest.raises(Unreadable, match="troppe colonne"):
            read_text("a;" * table.MAX_COLUMNS + "a")
        with pytest.raises(Unreadable, match="troppo grande"):
            read_file("x.csv", b"a" * (table.MAX_BYTES + 1))

    def test_a_very_long_cell_is_cut_and_a_wide_empty_sheet_is_not_read(self) -> None:
        assert len(read_text("a" * 10_000)[0][0]) == table.MAX_CELL


class TestShifts:
    def test_a_whole_row(self) -> None:
        [shift] = read_shifts(read_text(GOOD)).shifts
        assert (shift.date, shift.period, shift.name) == (date(2026, 11, 28), "day", "Farmacia Comunale 1")
        assert (shift.address, shift.phone) == ("via dei Cappuccini 1", "0571 76741")

    @pytest.mark.parametrize(
        "written",
        [
            "28/11/2026",
            "28-11-26",
            "28.11.2026",
            "2026-11-28",
            "28 novembre 2026",
            "sab 28 nov 2026",
            "Sabato 28 Novembre 2026",
            "2026-11-28 00:00:00",
        ],
    )
    def test_a_date_as_people_write_it(self, written: str) -> None:
        [shift] = read_shifts([["data", "farmacia"], [written, "Bini"]]).shifts
        assert shift.date == date(2026, 11, 28)

    def test_from_to_and_day_and_night_make_a_shift_for_each(self) -> None:
        rows = read_text("dal;al;turno;farmacia\n28/11/2026;04/12/2026;24 ore;Bini")
        shifts = read_shifts(rows).shifts
        assert len(shifts) == 14 and shifts[-1].date == date(2026, 12, 4)

    def test_without_headings_the_usual_order_holds(self) -> None:
        [shift] = read_shifts(read_text("28/11/2026\tnotte\tBini\tvia Roma 1")).shifts
        assert (shift.period, shift.address) == ("night", "via Roma 1")

    def test_a_title_above_the_headings_and_empty_rows_keep_their_numbers(self) -> None:
        rows = read_text(f"Turni 2027;;\n{HEAD}\n\n31/04/2027;giorno;Bini\n\n01/05/2027;sera;Bini")
        assert [(p.row, p.column) for p in read_shifts(rows).problems] == [(4, "data"), (6, "turno")]

    @pytest.mark.parametrize(
        ("row", "column", "words"),
        [
            ("31/04/2027;giorno;Bini", "data", "non esiste"),
            ("venerdì 28/11/2026;giorno;Bini", "data", "è sabato, non venerdì"),
            ("domani;giorno;Bini", "data", "non è una data"),
            (";giorno;Bini", "data", "manca il giorno"),
            ("28/11/2026;sera;Bini", "turno", "né giorno né notte"),
            ("28/11/2026;giorno;", "farmacia", "manca il nome"),
            ("28/11/2026;giorno;Bini;;;12", "telefono", "numero di telefono"),
            ("28/11/2026;giorno;Bini;;mai", "orario", "nessuna ora"),
            ("28/11/2026;giorno;" + "B" * 81, "farmacia", "troppo lungo"),
        ],
    )
    def test_what_is_wrong_says_where(self, row: str, column: str, words: str) -> None:
        [problem] = read_shifts(read_text(f"{HEAD}\n{row}")).problems
        assert (problem.row, problem.column) == (2, column) and words in problem.words

    def test_all_problems_at_once_and_a_row_written_twice(self) -> None:
        twice = f"{GOOD}\n28/11/2026;giorno;farmacia comunale 1\nx;y;z"
        assert [(p.row, p.column) for p in read_shifts(read_text(twice)).problems] == [
            (3, "farmacia"),
            (4, "data"),
        ]

    def test_a_table_without_headings_or_dates_asks_for_headings(self) -> None:
        [problem] = read_shifts(read_text("ciao;a tutti")).problems
        assert (problem.row, problem.column) == (1, "") and "titoli delle colonne" in problem.words
        assert read_shifts([]).problems

    def test_uncovered_days_and_nights(self) -> None:
        table_ = f"{HEAD}\n28/11/2026;24 ore;Bini\n30/11/2026;giorno;Bini\n02/12/2026;giorno;Bini"
        reading = read_shifts(read_text(table_))
        assert spans_words(reading.bare_days) == "domenica 29 novembre 2026, martedì 1° dicembre 2026"
        assert len(reading.bare_nights) == 4
        only_days = read_shifts(read_text(f"{HEAD}\n28/11/2026;giorno;Bini"))
        assert only_days.bare_nights == []

    def test_a_year_with_a_wrong_digit_is_seen(self) -> None:
        rows = read_text(f"{HEAD}\n28/11/2026;giorno;Bini\n28/11/2206;giorno;Bini")
        assert "più di due anni" in read_shifts(rows).problems[0].words
