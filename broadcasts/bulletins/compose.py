"""From the fields of a notice to the template's values and the public page's text. Pure.

`fields` is what the forms store (JSON): moments in ISO 8601, days as ISO dates. Its optional key `en`
maps a free text's name to its English; where one is missing the Italian stands. The page text is plain:
paragraphs apart by a blank line, one street or one day a line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin

from broadcasts.bulletins import dates
from broadcasts.bulletins.civic import in_language
from broadcasts.bulletins.templates import Town, clean_value
from broadcasts.bulletins.words import COLOURS, RISKS, listed, say


@dataclass(frozen=True, slots=True)
class Original:
    """The notice that a correction, update or ending names; `sent_at` is None before it left."""

    title: str
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """`values` are the template's parameters in its order, cleaned and never empty."""

    values: dict[str, str]
    page_text: str
    title: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a rule may use to compose one notice in one language."""

    fields: dict[str, Any]
    town: Town
    language: str
    title: str
    link: str
    category_label: str
    original: Original | None

    def text(self, name: str) -> str:
        """A field in this language, without blanks at its ends; empty if it is not there."""
        value = self.fields.get(name) or ""
        if self.language != "it":
            value = self.fields.get(self.language, {}).get(name) or value
        return str(value).strip()

    def say(self, key: str, **values: str) -> str:
        return say(key, self.language, **values)

    def say_if(self, key: str, **values: str) -> str:
        """The phrase, or nothing if one of its values is empty."""
        return self.say(key, **{k: bare(v) for k, v in values.items()}) if all(values.values()) else ""

    def moment(self, name: str) -> datetime | None:
        value = self.fields.get(name)
        return dates.read_moment(value) if value else None

    def when(self, *, year: bool = False) -> str:
        """From `starts` to `ends` and the `spans` after it, in words; `starts` missing means from now on."""
        starts, last = self.moment("starts"), self.moment("ends")
        more = [(s["starts"], s["ends"]) for s in self.fields.get("spans", [])]
        if starts:
            spans = [(starts, last), *((dates.read_moment(a), dates.read_moment(b)) for a, b in more)]
            return dates.several(spans, self.language, year=year)
        if last is None:
            return f"{self.say('now_on')}, {dates.UNTIL_FURTHER_NOTICE[self.language]}"
        until = "until" if self.language == "en" else "fino a"
        return f"{until} {dates.at(last, self.language, year=year)}"

    def days(self, *, year: bool = False) -> str:
        first = date.fromisoformat(self.fields["first_day"])
        last = date.fromisoformat(self.fields.get("last_day") or self.fields["first_day"])
        return dates.days(first, last, self.language, year=year)

    def day(self, name: str, *, year: bool = False) -> str:
        value = self.fields.get(name)
        return dates.day(date.fromisoformat(value), self.language, year=year) if value else ""

    def original_words(self) -> str:
        if self.original is None:
            return self.say("original_unknown")
        title = bare(self.original.title)
        if self.original.sent_at is None:
            return self.say("original_undated", title=title)
        sent = self.original.sent_at.astimezone(dates.ROME).date()
        return self.say("original", day=dates.short_day(sent, self.language), title=title)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a kind's rule gives: values without the link, and the page's paragraphs (empty ones fall)."""

    values: dict[str, str]
    page: list[str]


def compose(
    kind: str,
    fields: dict[str, Any],
    *,
    town: Town,
    language: str,
    title: str,
    link: str,
    category_label: str,
    original: Original | None = None,
) -> Composed:
    """Compose a notice of a kind (its slug) in a language; `link` is the notice's full address."""
    draft = Draft(fields, town, language, title, link, category_label, original)
    parts = COMPOSERS[kind](draft)
    values = {name: clean_value(value) for name, value in (parts.values | {"link": link}).items()}
    page = [*parts.page] if kind == "exercise" else [*parts.page, draft.text("more")]
    return Composed(values, "\n\n".join(p for p in page if p), draft.text("title") or title)


def bare(text: str) -> str:
    """Without the stop or colon that the phrase around it will write."""
    return text.strip().rstrip(".;:").rstrip()


def sentence(text: str) -> str:
    """A text that ends as a sentence does."""
    text = text.strip()
    return f"{text}." if text and (text[-1].isalnum() or text[-1] in "%€°") else text


def joined(*sentences: str) -> str:
    """The sentences that are there, one after the other."""
    return " ".join(sentence(s) for s in sentences if s)


def opened(text: str) -> str:
    """A text that begins as a sentence does."""
    return text[:1].upper() + text[1:]


def street_words(street: dict[str, str], language: str = "it") -> str:
    """«via di Barzino (numeri pari dal 2 al 48)»."""
    numbers = in_language(street.get("numbers") or "", language)
    return f"{street['name']} ({numbers})" if numbers else street["name"]


def duty_on(fields: dict[str, Any], day: date) -> list[str]:
    """The pharmacies on duty on a day according to a pharmacy week; empty if the rota does not say."""
    return next((s["pharmacies"] for s in fields.get("shifts", []) if s["date"] == day.isoformat()), [])


def _title(draft: Draft) -> str:
    """The title after the words of its template, which end with a colon already."""
    return bare(draft.text("title") or draft.title).replace(": ", ", ")


def _risk_words(risk: dict[str, str], language: str) -> str:
    known = RISKS.get(risk["risk"])
    return known[language] if known else risk["risk"]


def _alert_words(draft: Draft) -> str:
    """«allerta ARANCIONE per vento; allerta GIALLA per neve, dalle 8:00 …»: the worst first, with hours where
    they are not the alert's. The title, for another emergency."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for risk in draft.fields.get("risks", []):
        key = (risk.get("colour") or "", _own_hours(draft, risk))
        grouped.setdefault(key, []).append(_risk_words(risk, draft.language))
    words = []
    for colour in ("rossa", "arancione", "gialla"):
        for (of, hours), risks in grouped.items():
            if of == colour:
                alert = draft.say(
                    "alert_colour",
                    colour=COLOURS[colour][draft.language],
                    risks=listed(risks, draft.language),
                )
                words.append(draft.say("alert_hours", alert=alert, hours=hours) if hours else alert)
    others = [hours for (of, hours) in grouped if not of]
    if others:
        title = _title(draft)
        words.append(draft.say("alert_hours", alert=title, hours=others[0]) if others[0] else title)
    return "; ".join(words) or _title(draft)


def _own_hours(draft: Draft, risk: dict[str, str]) -> str:
    """A risk's hours in words, where they are not those of the whole alert."""
    starts, ends = risk.get("starts"), risk.get("ends")
    if not starts or not ends or (starts, ends) == (draft.fields.get("starts"), draft.fields.get("ends")):
        return ""
    return dates.span(dates.read_moment(starts), dates.read_moment(ends), draft.language)


def _alert(draft: Draft) -> Parts:
    area = draft.text("area")
    coloured = any(risk.get("colour") for risk in draft.fields.get("risks", []))
    zone = draft.text("alert_zone") or draft.town.alert_zone
    where = [area] if area else []
    if coloured and zone:
        where.append(draft.say("alert_zone", zone=zone))
    dove = ", ".join(where) or draft.say("whole_town")
    what = _alert_words(draft)
    to_do = joined(draft.text("what_to_do"), draft.say_if("call", phone=draft.text("phone")))
    order = draft.say_if("ordinance", number=draft.text("ordinance"))
    return Parts(
        {"allerta": what, "quando": draft.when(), "dove": dove, "indicazioni": joined(to_do, order)},
        [
            sentence(opened(what)),
            draft.say("when", text=draft.when(year=True)),
            draft.say("where", text=dove),
            to_do,
            order,
        ],
    )


def _streets_page(draft: Draft) -> str:
    streets = [street_words(s, draft.language) for s in draft.fields.get("streets", [])]
    return "\n".join([draft.say("streets"), *streets]) if streets else ""


def _water_details(draft: Draft) -> str:
    low = draft.text("effect") == "low_pressure"
    return joined(
        draft.say("low_pressure" if low else "no_water"),
        draft.text("notes"),
        draft.say_if("works_by", who=draft.text("works_by")),
        draft.say("turbid") if draft.fields.get("turbid") else "",
        draft.say_if("fallback", day=draft.day("fallback_date")),
        draft.say_if("tanker", where=draft.text("tanker")),
        draft.say_if("faults", phone=draft.text("phone")),
    )


def _water(draft: Draft) -> Parts:
    streets = ", ".join(street_words(s, draft.language) for s in draft.fields.get("streets", []))
    area = draft.text("area")
    where = f"{area}: {streets}" if area and streets else area or streets or draft.say("whole_town")
    details = _water_details(draft)
    return Parts(
        {"titolo": _title(draft), "quando": draft.when(), "dove": bare(where), "dettagli": details},
        [
            draft.say("when", text=draft.when(year=True)),
            draft.say_if("where", text=area),
            _streets_page(draft),
            details,
        ],
    )


def _road(draft: Draft) -> Parts:
    streets = ", ".join(street_words(s, draft.language) for s in draft.fields.get("streets", []))
    details = joined(
        draft.say_if("event", event=_event_words(draft)),
        draft.text("notes"),
        _parking_words(draft),
        draft.say_if("detour", detour=draft.text("detour")),
        draft.say_if("ordinance", number=draft.text("ordinance")),
    ) or draft.say("no_details")
    return Parts(
        {"titolo": _title(draft), "quando": draft.when(), "strade": bare(streets), "dettagli": details},
        [draft.say("when", text=draft.when(year=True)), _streets_page(draft), details],
    )


def _event_words(draft: Draft) -> str:
    """The match with its kick-off, the hour alone on the day that is named already."""
    event, kick_off = bare(draft.text("event")), draft.moment("kick_off")
    if not event or kick_off is None:
        return event
    starts = draft.moment("starts")
    words = dates.at(kick_off, draft.language)
    if starts and starts.date() == kick_off.date():
        words = dates.clock_at(kick_off, draft.language)
    return draft.say("kick_off", event=event, at=words)


def _parking_words(draft: Draft) -> str:
    """«Divieto di sosta con rimozione dalle 10:00 alle 18:00.»"""
    parking, first, last = (
        bare(draft.text("parking")),
        draft.moment("parking_from"),
        draft.moment("parking_to"),
    )
    if not parking:
        return ""
    if first is None:
        return sentence(opened(parking))
    around = (draft.moment("starts") or first).date()
    return sentence(f"{opened(parking)} {dates.hours(first, last, around, draft.language)}")


MOST_ROTA = 480  # characters of the rota on the phone; where addresses do not fit, the names alone


def _pharmacy_week(draft: Draft) -> Parts:
    first = date.fromisoformat(draft.fields["week_from"])
    week = dates.days(first, date.fromordinal(first.toordinal() + 6), draft.language)
    shifts, nights = _rota(draft, "shifts"), _rota(draft, "nights")
    by_night = dates.runs([(day, " + ".join(who)) for day, who in nights], draft.language)
    night = "; ".join(part for part in (by_night, bare(draft.text("night"))) if part)
    by_day = dict(nights)
    rota = [
        f"{dates.day(day, draft.language, year=True)}: {' + '.join(who)}"
        + (f"; {draft.say('by_night', who=' + '.join(by_day[day]))}" if day in by_day else "")
        for day, who in shifts
    ]
    pharmacies = [pharmacy_words(one, draft.language) for one in draft.fields.get("pharmacies", [])]
    return Parts(
        {"settimana": week, "turni": _turns(draft, shifts), "notte": night or draft.say("no_night")},
        [
            "\n".join([draft.say("rota"), *rota]),
            "\n".join([draft.say("pharmacies"), *pharmacies]) if pharmacies else "",
            draft.say_if("night", text=night),
            sentence(draft.text("notes")),
        ],
    )


def _rota(draft: Draft, name: str) -> list[tuple[date, list[str]]]:
    return [(date.fromisoformat(s["date"]), s["pharmacies"]) for s in draft.fields.get(name, [])]


def _turns(draft: Draft, shifts: list[tuple[date, list[str]]]) -> str:
    """The rota in one line, each pharmacy's address and telephone where it comes first if all fit."""
    known = {p["name"]: pharmacy_words(p, draft.language) for p in draft.fields.get("pharmacies", [])}

    def line(about: dict[str, str]) -> str:
        left = dict(about)
        days = [
            f"{dates.day(day, draft.language, month=False)} {' + '.join(left.pop(n, n) for n in who)}"
            for day, who in shifts
        ]
        return bare("; ".join(days))

    whole = line(known)
    return whole if len(whole) <= MOST_ROTA else line({})


def pharmacy_words(pharmacy: dict[str, str], language: str = "it") -> str:
    """«Farmacia Bini, via Roma 1, 8:30-20, tel. 0571 757940»."""
    phone = say("phone", language, phone=pharmacy["phone"]) if pharmacy.get("phone") else ""
    about = (pharmacy["name"], pharmacy.get("address"), pharmacy.get("hours"), phone)
    return ", ".join(part for part in about if part)


def _school(draft: Draft) -> Parts:
    schools = bare(draft.text("schools")) or draft.say("all_schools")
    details = joined(
        draft.text("notes"),
        draft.say_if("reason", reason=draft.text("reason")),
        draft.say_if("ordinance", number=draft.text("ordinance")),
    ) or draft.say("no_details")
    return Parts(
        {"titolo": _title(draft), "quando": draft.days(), "scuole": schools, "dettagli": details},
        [
            draft.say("when", text=draft.days(year=True)),
            draft.say("schools", text=schools),
            details,
        ],
    )


def _deadline(draft: Draft) -> Parts:
    details = joined(draft.text("text"), draft.say_if("office", office=draft.text("office")))
    address = draft.text("address")
    if address.startswith("/"):
        address = urljoin(draft.town.website, address) if draft.town.website else ""
    return Parts(
        {"titolo": _title(draft), "quando": draft.day("due"), "dettagli": details},
        [
            draft.say("last_day", text=draft.day("due", year=True)),
            details,
            draft.say("more_at", address=address) if address else "",
        ],
    )


def _event(draft: Draft) -> Parts:
    when, when_page = draft.when(), draft.when(year=True)
    if not draft.fields.get("ends"):
        start = dates.read_moment(draft.fields["starts"])
        when, when_page = (dates.at(start, draft.language, year=year) for year in (False, True))
    place = bare(draft.text("place"))
    details = sentence(draft.text("text"))
    return Parts(
        {
            "titolo": _title(draft),
            "quando": when,
            "luogo": place or draft.say("no_place"),
            "dettagli": details,
        },
        [draft.say("when", text=when_page), draft.say_if("where", text=place), details],
    )


def _notice(draft: Draft) -> Parts:
    text = sentence(draft.text("text"))
    return Parts({"titolo": _title(draft), "testo": text, "argomento": draft.category_label}, [text])


def _correction(draft: Draft) -> Parts:
    original, text = draft.original_words(), sentence(draft.text("text"))
    return Parts({"originale": original, "testo": text}, [draft.say("refers", original=original), text])


def _update(draft: Draft) -> Parts:
    original, text = draft.original_words(), sentence(draft.text("text"))
    return Parts(
        {"originale": original, "testo": text, "quando": draft.when()},
        [
            draft.say("refers", original=original),
            text,
            draft.say("valid", text=draft.when(year=True)),
        ],
    )


def _exercise(draft: Draft) -> Parts:
    text = sentence(draft.text("text"))
    marked = draft.say("exercise")
    return Parts(
        {"titolo": _title(draft), "quando": draft.when(), "testo": text},
        [marked, draft.say("when", text=draft.when(year=True)), text, draft.text("more"), marked],
    )


COMPOSERS: dict[str, Callable[[Draft], Parts]] = {
    "alert": _alert,
    "water": _water,
    "road": _road,
    "pharmacy_week": _pharmacy_week,
    "school": _school,
    "deadline": _deadline,
    "event": _event,
    "notice": _notice,
    "correction": _correction,
    "update": _update,
    "ending": _correction,
    "exercise": _exercise,
}
