"""Dates and hours in words, Italian and English, as a stored text may hold them.

A stored text is read on another day than it was written: «oggi» and «domani» never appear. Every
moment is shown in the hour of Rome.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from policy.calendar import DAYS, MONTHS, ROME, localise

UNTIL_FURTHER_NOTICE = {"it": "fino a nuova comunicazione", "en": "until further notice"}


def read_moment(text: str) -> datetime:
    """An ISO moment in the zone of Rome; one without an offset is a wall-clock time of Rome."""
    moment = datetime.fromisoformat(text)
    return localise(moment) if moment.tzinfo is None else moment.astimezone(ROME)


def day(value: date, language: str = "it", *, month: bool = True, year: bool = False) -> str:
    """«venerdì 27 novembre», «martedì 1° dicembre», «Friday 27 November»."""
    words = [DAYS[language][value.weekday()], _number(value, language)]
    if month:
        words.append(MONTHS[language][value.month - 1])
    if year:
        words.append(str(value.year))
    return " ".join(words)


def short_day(value: date, language: str = "it") -> str:
    """«24 novembre», «1° dicembre», «24 November»."""
    return f"{_number(value, language)} {MONTHS[language][value.month - 1]}"


def days(first: date, last: date, language: str = "it", *, year: bool = False) -> str:
    """One day, or «da martedì 1° a venerdì 4 dicembre», with the month twice where it changes."""
    if first == last:
        return day(first, language, year=year)
    begin = day(
        first,
        language,
        month=(first.month, first.year) != (last.month, last.year),
        year=year and first.year != last.year,
    )
    end = day(last, language, year=year)
    return f"from {begin} to {end}" if language == "en" else f"da {begin} a {end}"


def span(start: datetime, end: datetime | None, language: str = "it", *, year: bool = False) -> str:
    """A stretch of time.

    «lunedì 30 novembre dalle 8:30 alle 16:30» within a day, «dalle 13:00 di venerdì 27 novembre alle
    8:00 di sabato 28» across two; without an end it lasts until further notice. A midnight at the end
    belongs to the day that closes: «alle 24:00 di venerdì 27».
    """
    begin = start.astimezone(ROME)
    if end is None:
        since = f"{_from(begin.time(), language)} {_of(language)}{day(begin.date(), language, year=year)}"
        return f"{since}, {UNTIL_FURTHER_NOTICE[language]}"
    last_day, last_clock = _closing(end.astimezone(ROME))
    if last_day == begin.date():
        named = day(last_day, language, year=year)
        if begin.time() == time(0) and last_clock == "24:00":
            return f"{named}, {'all day' if language == 'en' else 'tutto il giorno'}"
        return f"{named} {_from(begin.time(), language)} {_to(last_clock, language)}"
    same_month = (begin.year, begin.month) == (last_day.year, last_day.month)
    first = day(begin.date(), language, year=year)
    last = day(last_day, language, month=not same_month, year=year and not same_month)
    of = _of(language)
    return f"{_from(begin.time(), language)} {of}{first} {_to(last_clock, language)} {of}{last}"


def at(moment: datetime, language: str = "it", *, year: bool = False) -> str:
    """«sabato 5 dicembre alle 17:00»."""
    local = moment.astimezone(ROME)
    clock = _clock(local.time())
    when = f"at {clock}" if language == "en" else f"{_to(clock, language)}"
    return f"{day(local.date(), language, year=year)} {when}"


def day_end(value: date) -> datetime:
    """The midnight that closes a day in Rome."""
    return localise(datetime.combine(value + timedelta(days=1), time(0)))


def _number(value: date, language: str) -> str:
    return "1°" if language == "it" and value.day == 1 else str(value.day)


def _of(language: str) -> str:
    return "on " if language == "en" else "di "


def _clock(value: time) -> str:
    return f"{value.hour}:{value.minute:02}"


def _closing(end: datetime) -> tuple[date, str]:
    """The day and the clock of an end; midnight is the 24:00 of the day before."""
    if end.time() == time(0):
        return end.date() - timedelta(days=1), "24:00"
    return end.date(), _clock(end.time())


def _from(value: time, language: str) -> str:
    if language == "en":
        return f"from {_clock(value)}"
    if value == time(0):
        return "dalla mezzanotte"
    return f"dall'{_clock(value)}" if value.hour == 1 else f"dalle {_clock(value)}"


def _to(clock: str, language: str) -> str:
    if language == "en":
        return f"to {clock}"
    return f"all'{clock}" if clock.startswith("1:") else f"alle {clock}"
