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

    def when(self, *, year: bool = False) -> str:
        """From `starts` to `ends` in words; `starts` missing means from now on."""
        starts, ends = self.fields.get("starts"), self.fields.get("ends")
        last = dates.read_moment(ends) if ends else None
        if starts:
            return dates.span(dates.read_moment(starts), last, self.language, year=year)
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


def street_words(street: dict[str, str]) -> str:
    """«via di Barzino (numeri pari dal 2 al 48)»."""
    numbers = street.get("numbers") or ""
    return f"{street['name']} ({numbers})" if numbers else street["name"]


def duty_on(fields: dict[str, Any], day: date) -> list[str]:
    """The pharmacies on duty on a day according to a pharmacy week; empty if the rota does not say."""
    return next((s["pharmacies"] for s in fields.get("shifts", []) if s["date"] == day.isoformat()), [])


def _title(draft: Draft) -> str:
    return bare(draft.text("title") or draft.title)


def _risk_words(risk: dict[str, str], language: str) -> str:
    known = RISKS.get(risk["risk"])
    return known[language] if known else risk["risk"]


def _alert_words(draft: Draft) -> str:
    """«allerta ARANCIONE per vento; allerta GIALLA per neve», or the title of another emergency."""
    by_colour: dict[str, list[str]] = {}
    for risk in draft.fields.get("risks", []):
        by_colour.setdefault(risk.get("colour") or "", []).append(_risk_words(risk, draft.language))
    order = [c for c in ("rossa", "arancione", "gialla") if c in by_colour]
    words = [
        draft.say(
            "alert_colour", colour=COLOURS[c][draft.language], risks=listed(by_colour[c], draft.language)
        )
        for c in order
    ]
    if "" in by_colour:
        words.append(_title(draft))
    return "; ".join(words) or _title(draft)


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
            sentence(what[:1].upper() + what[1:]),
            draft.say("when", text=draft.when(year=True)),
            draft.say("where", text=dove),
            to_do,
            order,
        ],
    )


def _streets_page(draft: Draft) -> str:
    streets = [street_words(s) for s in draft.fields.get("streets", [])]
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
    streets = ", ".join(street_words(s) for s in draft.fields.get("streets", []))
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
    streets = ", ".join(street_words(s) for s in draft.fields.get("streets", []))
    details = joined(
        draft.say_if("event", event=draft.text("event")),
        draft.text("notes"),
        draft.say_if("parking", parking=draft.text("parking")),
        draft.say_if("detour", detour=draft.text("detour")),
        draft.say_if("ordinance", number=draft.text("ordinance")),
    ) or draft.say("no_details")
    return Parts(
        {"titolo": _title(draft), "quando": draft.when(), "strade": bare(streets), "dettagli": details},
        [draft.say("when", text=draft.when(year=True)), _streets_page(draft), details],
    )


def _pharmacy_week(draft: Draft) -> Parts:
    first = date.fromisoformat(draft.fields["week_from"])
    week = dates.days(first, date.fromordinal(first.toordinal() + 6), draft.language)
    shifts = [(date.fromisoformat(s["date"]), " + ".join(s["pharmacies"])) for s in draft.fields["shifts"]]
    one_line = "; ".join(f"{dates.day(d, draft.language, month=False)} {who}" for d, who in shifts)
    night = bare(draft.text("night"))
    rota = [f"{dates.day(d, draft.language, year=True)}: {who}" for d, who in shifts]
    return Parts(
        {"settimana": week, "turni": bare(one_line), "notte": night or draft.say("no_night")},
        [
            "\n".join([draft.say("rota"), *rota]),
            draft.say_if("night", text=night),
            sentence(draft.text("notes")),
        ],
    )


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
