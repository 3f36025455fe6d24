"""Hours as an office writes them: a day a line, «lunedì 9:00-13:00, 15:00-18:00»."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policy.calendar import DAYS, Hours, check_edges
from policy.live import windows_of

_SPAN = re.compile(r"^(\d{1,2})(?:[:.](\d{2}))?\s*[-–]\s*(\d{1,2})(?:[:.](\d{2}))?$")
_PLAIN = str.maketrans("ìÌ", "ii")


class HoursField(forms.CharField):
    """Opening hours of a week. Cleans to the stored rows, `{"weekday", "start", "end"}`; empty to `empty`.

    A span whose end is not after its start crosses midnight. A day that is missing is closed.
    """

    widget = forms.Textarea(attrs={"rows": 7, "cols": 50})

    def __init__(self, *, empty: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text",
            gettext_lazy("Un giorno per riga: «lunedì 9:00-13:00, 15:00-18:00». Chi manca è chiuso."),
        )
        super().__init__(**kwargs)
        self.empty = empty

    def prepare_value(self, value: Any) -> Any:
        return write_hours(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text.strip():
            return self.empty
        rows = [row for line in text.splitlines() if line.strip() for row in read_line(line)]
        problems = check_edges(Hours(windows_of(rows)))
        if problems:
            raise ValidationError(problems)
        return rows


def read_line(line: str) -> list[dict[str, Any]]:
    """The rows of one day's line; raises ValidationError with a sentence that names the line."""
    day, _blank, spans = line.strip().partition(" ")
    names = [name.translate(_PLAIN) for name in DAYS["it"]]
    name = day.strip(":,").lower().translate(_PLAIN)
    if name not in names or not spans.strip():
        raise _unclear(line)
    return [_row(names.index(name), span.strip(), line) for span in spans.split(",")]


def _row(weekday: int, span: str, line: str) -> dict[str, Any]:
    found = _SPAN.match(span)
    if found is None:
        raise _unclear(line)
    hours = [int(found[1]), int(found[3])]
    minutes = [int(found[2] or 0), int(found[4] or 0)]
    end_of_day = hours[1] == 24 and minutes[1] == 0
    if hours[0] > 23 or (hours[1] > 23 and not end_of_day) or max(minutes) > 59:
        raise _unclear(line)
    start, end = (f"{hour:02}:{minute:02}" for hour, minute in zip(hours, minutes, strict=True))
    return {"weekday": weekday, "start": start, "end": end}


def _unclear(line: str) -> ValidationError:
    return ValidationError(
        _("Non si capisce la riga «%(line)s»: scrivi per esempio «lunedì 9:00-13:00, 15:00-18:00»."),
        params={"line": line.strip()},
        code="hours",
    )


def write_hours(rows: list[dict[str, Any]]) -> str:
    """The lines that `HoursField` reads back to the same rows."""
    lines = []
    for weekday, day in enumerate(DAYS["it"]):
        spans = [f"{row['start']}-{row['end']}" for row in rows if int(row["weekday"]) == weekday]
        if spans:
            lines.append(f"{day} {', '.join(spans)}")
    return "\n".join(lines)
