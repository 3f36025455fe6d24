"""Home matches from a pasted list, and the road notice that one of them proposes. Pure but for the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from broadcasts.plan.models import Match
from broadcasts.plan.shifts import Problem, Wrong, read_day
from broadcasts.plan.table import Rows
from policy.calendar import localise

BEFORE, AFTER = timedelta(hours=3), timedelta(hours=4)  # of the kick-off: what the office corrects at most
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.](\d{2}))?$")
COLUMNS = ("data", "ora", "avversario", "competizione")


@dataclass(frozen=True, slots=True)
class Fixture:
    """One match as it was pasted."""

    kick_off: datetime
    opponent: str
    competition: str = ""


def read_matches(rows: Rows) -> tuple[list[Fixture], list[Problem]]:
    """Day, hour, opponent and competition, a match a row; a first row of headings is passed over."""
    found: list[Fixture] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        if not any(row) or (number == 1 and row[0].lower().strip() in ("data", "giorno")):
            continue
        try:
            found.append(_fixture(row))
        except Wrong as wrong:
            problems.append(Problem(number, wrong.column, str(wrong)))
    if not found and not problems:
        problems.append(Problem(1, "", _("La tabella è vuota.")))
    return found, problems


def _fixture(row: list[str]) -> Fixture:
    cells = [" ".join(cell.split()) for cell in row] + [""] * 4
    day = read_day(cells[0], column=COLUMNS[0])
    if day is None:
        raise Wrong(COLUMNS[0], _("manca il giorno."))
    clock = _CLOCK.match(cells[1])
    if clock is None or int(clock[1]) > 23 or int(clock[2] or 0) > 59:
        raise Wrong(COLUMNS[1], _("«%(text)s» non è un'ora: scrivila come 15:00.") % {"text": cells[1]})
    if not cells[2]:
        raise Wrong(COLUMNS[2], _("manca l'avversario."))
    for place in (2, 3):
        if len(cells[place]) > 40:
            raise Wrong(COLUMNS[place], _("è troppo lungo: al massimo %(most)d caratteri.") % {"most": 40})
    moment = localise(datetime.combine(day, time(int(clock[1]), int(clock[2] or 0))))
    return Fixture(moment, cells[2], cells[3])


def road_fields(match: Match, earlier: dict[str, Any]) -> dict[str, Any]:
    """The road notice for a match: its hours around the kick-off, the rest as the last time (`earlier`)."""
    kept = {name: earlier[name] for name in ("streets", "parking", "detour", "notes") if earlier.get(name)}
    return kept | {
        "event": str(match),
        "starts": (match.kick_off - BEFORE).isoformat(timespec="minutes"),
        "ends": (match.kick_off + AFTER).isoformat(timespec="minutes"),
    }
