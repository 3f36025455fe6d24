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


def several(
    stretches: list[tuple[datetime, datetime | None]], language: str = "it", *, year: bool = False
) -> str:
    """Several stretches, those of one day together: «lunedì 30 novembre dalle 8:30 alle 12:30 e dalle 14:00
    alle 16:30; martedì 1° dicembre dalle 8:30 alle 12:30»."""
    said: list[str] = []
    last_day: date | None = None
    for start, end in stretches:
        begin = start.astimezone(ROME)
        if end is not None and last_day == begin.date() == _closing(end.astimezone(ROME))[0]:
            hours = f"{_from(begin.time(), language)} {_to(_closing(end.astimezone(ROME))[1], language)}"
            said[-1] += f" {'and' if language == 'en' else 'e'} {hours}"
            continue
        said.append(span(start, end, language, year=year))
        last_day = begin.date() if end and _closing(end.astimezone(ROME))[0] == begin.date() else None
    return "; ".join(said)


def hours(start: datetime, end: datetime | None, around: date, language: str = "it") -> str:
    """A stretch within a day that has been named already: «dalle 10:00 alle 18:00»; else with its days."""
    begin = start.astimezone(ROME)
    if begin.date() != around:
        return span(start, end, language) if end else at(start, language)
    if end is None:
        return _from(begin.time(), language)
    last_day, clock = _closing(end.astimezone(ROME))
    if last_day != around:
        return span(start, end, language)
    return f"{_from(begin.time(), language)} {_to(clock, language)}"


def runs(named: list[tuple[date, str]], language: str = "it") -> str:
    """Who has which days, neighbours of one name together: «da sabato 28 a lunedì 30 Farmacia Bini»."""
    found: list[tuple[date, date, str]] = []
    for value, who in named:
        if found and found[-1][2] == who and value - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], value, who)
        else:
            found.append((value, value, who))
    if len(found) == 1 and len(named) == 7:
        return found[0][2]
    return "; ".join(f"{_run(first, last, language)} {who}" for first, last, who in found)


def _run(first: date, last: date, language: str) -> str:
    begin, end = (day(value, language, month=False) for value in (first, last))
    if first == last:
        return begin
    return f"from {begin} to {end}" if language == "en" else f"da {begin} a {end}"


def at(moment: datetime, language: str = "it", *, year: bool = False) -> str:
    """«sabato 5 dicembre alle 17:00»."""
    local = moment.astimezone(ROME)
    return f"{day(local.date(), language, year=year)} {clock_at(local, language)}"


def clock_at(moment: datetime, language: str = "it") -> str:
    """«alle 15:00», of a day that has been named already."""
    clock = _clock(moment.astimezone(ROME).time())
    return f"at {clock}" if language == "en" else _to(clock, language)


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
