"""A table that somebody pasted or uploaded, as rows of text. Nothing in it is run, fetched or believed.

A CSV of any usual separator and encoding, the cells of a spreadsheet pasted as they are (tabs), or an XLSX.
Sizes are bounded before anything is unpacked. Row n of the result is row n of the file.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook

MAX_BYTES = 2_000_000
MAX_UNPACKED = 40_000_000  # bytes of an XLSX once unzipped; a year's rota is far below one million
MAX_PARTS = 500
MAX_ROWS = 3_000
MAX_COLUMNS = 20
MAX_CELL = 300
SEPARATORS = ("\t", ";", ",")

Rows = list[list[str]]


class Unreadable(ValueError):
    """The table cannot be read; str() says why and what to do."""


def read_file(name: str, content: bytes) -> Rows:
    """The rows of an upload; the content decides what it is, not its name."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_("Il file è troppo grande: al massimo 2 MB."))
    if content.startswith(b"PK\x03\x04"):
        return _read_xlsx(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(_("È un vecchio file .xls: salvalo come .xlsx o come CSV e riprova."))
    return read_text(_decoded(content))


def read_text(text: str) -> Rows:
    """The rows of a text: tabs, semicolons or commas, whichever its first lines have most of."""
    text = text.lstrip("\ufeff")
    if len(text) > MAX_BYTES:
        raise Unreadable(_("La tabella è troppo grande: al massimo 2 MB."))
    if "\0" in text:
        raise Unreadable(_("Questo file non è una tabella: serve un CSV o un XLSX."))
    sample = "\n".join(text.splitlines()[:20])
    separator = max(SEPARATORS, key=sample.count)
    try:
        return _bounded(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise Unreadable(_("Non si riesce a leggere la tabella: controlla le virgolette.")) from error


def as_text(rows: Rows) -> str:
    """The same rows as they would have been pasted, to be shown and corrected."""
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def _decoded(content: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, else what Windows writes in Italy."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_xlsx(content: bytes) -> Rows:
    """The first sheet's stored values; a formula counts for what it last showed, and is never computed."""
    try:
        _check_archive(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            return _bounded(sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS + 1, values_only=True))
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:  # openpyxl raises whatever a broken file makes it stumble over
        raise Unreadable(_("Non si riesce ad aprire il file: è davvero un XLSX?")) from error


def _check_archive(content: bytes) -> None:
    """Refuse what would unpack to far more than a rota, before it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Unreadable(_("Il file si gonfia troppo quando si apre: esporta solo il foglio dei turni."))


def _bounded(rows: Iterable[Iterable[Any]]) -> Rows:
    """The cells as text, trailing empty rows and cells cut, within the bounds."""
    found: Rows = []
    for number, row in enumerate(rows, 1):
        cells = [_cell(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise Unreadable(
                _("La riga %(row)d ha troppe colonne: al massimo %(most)d.")
                % {"row": number, "most": MAX_COLUMNS}
            )
        found.append(cells)
        if len(found) > MAX_ROWS:
            raise Unreadable(_("La tabella ha troppe righe: al massimo %(most)d.") % {"most": MAX_ROWS})
    while found and not found[-1]:
        found.pop()
    return found


def _cell(value: Any) -> str:
    """A cell as a person reads it: Italian dates, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y}" if value.time() == time(0) else f"{value:%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:MAX_CELL]
