"""Tables that leave for a spreadsheet, CSV or XLSX. No cell can be taken for a formula (ENGINE.md E2.12)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Cell = str | int | float | None
Table = tuple[str, list[str], Iterable[list[Cell]]]  # name, headings, rows

# Blanks that a spreadsheet, or an import into one, may drop before it looks: of every width, and of none.
_BLANK = (
    "\\s\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u2064\u3164\ufeff\uffa0"
)
# What begins a formula, in ASCII and in its full-width and small forms, with the minus of typesetters.
_BEGINS = "=+\\-@|%\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\uff5c\uff05"
_FORMULA = re.compile(rf"(?m)(?:^|[\t\r\n\v\f\x85\u2028\u2029])[{_BLANK}\"']*[{_BEGINS}]")
_LEADING = re.compile("^[\t\r\n]")


def safe_cell(value: Cell) -> Cell:
    """The value, with an apostrophe before it where a spreadsheet could read a formula on any of its lines.

    Numbers stay numbers. Control characters, which no spreadsheet takes, are dropped first: they would hide
    what comes after.
    """
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if _LEADING.search(text) or _FORMULA.search(text) else text


def csv_lines(headings: list[str], rows: Iterable[list[Cell]]) -> Iterator[str]:
    """The table line by line, as Excel in Italian opens it: a byte-order mark, semicolons, CRLF."""
    writer = csv.writer(_Echo(), delimiter=";", quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow([safe_cell(cell) for cell in headings])
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def xlsx(tables: Iterable[Table]) -> bytes:
    """A workbook with one sheet for each table, written row by row: memory does not grow with it."""
    book = Workbook(write_only=True)
    for name, headings, rows in tables:
        sheet = book.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        sheet.append([safe_cell(cell) for cell in headings])
        for row in rows:
            sheet.append([safe_cell(cell) for cell in row])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        return file.read()
