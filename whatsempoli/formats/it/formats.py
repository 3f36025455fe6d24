"""Italian dates as the office writes them: lunedì 30 novembre 2026, ore 17:00."""

from __future__ import annotations

DATE_FORMAT = "l j F Y"
DATETIME_FORMAT = r"l j F Y, \o\r\e H:i"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = "d/m/Y"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"
