"""An old list of subscribers, as the office has it: CSV with semicolons or commas. Pure.

The first row names the columns: `numero` is needed; `prova` (where the consent is kept) and `data` (its day)
belong together, and who has none of them is invited.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime, time

from django.utils.translation import gettext as _

from policy.calendar import ROME
from staff.phones import digits

MOST_ROWS = 2_000  # taken whole, within one request
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One person of the list; `since` is the moment that stands for the day of their consent."""

    phone: str
    proof: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row, counted as a spreadsheet does."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table says, each person once; nothing is to be used while there are problems."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def read(text: str, now: datetime) -> Reading:
    """The people of a table, or all that is wrong in it."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines:
        return Reading((), (Problem(1, "", _("La tabella è vuota.")),))
    rows = list(csv.reader(lines, delimiter=";" if ";" in lines[0] else ","))
    heads = [cell.strip().lower() for cell in rows[0]]
    if "numero" not in heads:
        return Reading((), (Problem(1, "numero", _("Manca la colonna «numero» nella prima riga.")),))
    if len(rows) > MOST_ROWS:
        return Reading((), (Problem(MOST_ROWS + 1, "", _("Sono troppe righe: dividi la lista.")),))
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for place, row in enumerate(rows[1:], start=2):
        cells = dict(zip(heads, (cell.strip() for cell in row), strict=False))
        if not any(cells.values()):
            continue
        found = _entry(cells, now)
        if isinstance(found, Entry):
            entries.setdefault(found.phone, found)
        else:
            problems.append(Problem(place, *found))
    return Reading(tuple(entries.values()), tuple(problems))


def _entry(cells: dict[str, str], now: datetime) -> Entry | tuple[str, str]:
    """The person of a row, or the column and what is wrong in it."""
    phone = digits(cells["numero"]) if cells.get("numero") else ""
    proof, written = cells.get("prova", ""), cells.get("data", "")
    if not phone:
        return "numero", _("Non è un numero di telefono.")
    if not proof and not written:
        return Entry(phone)
    if not proof:
        return "prova", _("C'è la data ma non si sa dov'è la prova del consenso.")
    since = _moment(written)
    if since is None:
        return "data", _("Scrivi il giorno del consenso così: 15/01/2026.")
    if since > now:
        return "data", _("È un giorno che non è ancora venuto.")
    return Entry(phone, proof[:32], since)


def _moment(written: str) -> datetime | None:
    found = _DAY.fullmatch(written)
    if found is None:
        return None
    day, month, year, iso_year, iso_month, iso_day = found.groups()
    try:
        at = datetime(int(year or iso_year), int(month or iso_month), int(day or iso_day))  # noqa: DTZ001
    except ValueError:
        return None
    return datetime.combine(at.date(), time(), ROME)
