"""The sample notices of `data/avvisi.json`, and the rule that says which kind each of them is.

The rule reads the category and which fields a notice has, so that other notices in the same format find
their kind too. `details` is what is left to say beside the fields; without it the notice's own text is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from broadcasts.bulletins import dates
from broadcasts.bulletins.civic import civic_numbers

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "avvisi.json"
REMIND_AFTER = timedelta(hours=24)
FOLLOW_UPS = {"corrects": "correction", "updates": "update", "ends": "ending"}

# What a notice of a category must say to be of the category's own kind; else it is a generic one.
OWN_KIND = {
    "protezione-civile": ("alert", ("risk", "from", "to")),
    "acqua": ("water", ("from",)),
    "viabilita": ("road", ("from", "streets")),
    "farmacie": ("pharmacy_week", ("week_from", "shifts")),
    "scuole": ("school", ("from",)),
    "scadenze": ("deadline", ("due",)),
    "eventi": ("event", ("from",)),
}
COLOURS = ("gialla", "arancione", "rossa")
RISK_WORDS = {
    "reticolo minore": "idraulico_minore",
    "idrogeologico": "idraulico_minore",
    "reticolo principale": "idraulico_principale",
    "temporali": "temporali",
    "vento": "vento",
    "mareggiate": "mareggiate",
    "neve": "neve",
    "ghiaccio": "ghiaccio",
}
SMALL_WORDS = {"a", "al", "alla", "da", "de", "dei", "del", "della", "di", "e", "in", "la", "le"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sample notice. `refers_to` is the title of the one that it corrects, updates or ends; `fields`
    are the kind's stored fields; the moments are in Rome."""

    kind: str
    category: str
    severity: str
    title: str
    zones: tuple[str, ...]
    fields: dict[str, Any]
    text: str
    due_at: datetime | None
    valid_until: datetime | None
    refers_to: str | None


def load(path: Path = SAMPLES) -> list[Notice]:
    """The notices of a file, in its order."""
    return [read(notice) for notice in json.loads(path.read_text(encoding="utf-8"))]


def read(notice: dict[str, Any]) -> Notice:
    """One notice as it stands in a file."""
    refers = next((notice[key] for key in FOLLOW_UPS if notice.get(key)), None)
    due, until = notice.get("due_at"), notice.get("valid_until")
    return Notice(
        kind=kind_of(notice),
        category=notice["category"],
        severity=notice["severity"],
        title=notice["title"],
        zones=tuple(notice.get("zones") or ()),
        fields=fields_of(notice),
        text=notice["text"],
        due_at=dates.read_moment(due) if due else None,
        valid_until=dates.read_moment(until) if until else None,
        refers_to=refers,
    )


def kind_of(notice: dict[str, Any]) -> str:
    """The slug of the kind that a notice is: what it follows, then what its fields say, else generic."""
    if notice.get("kind"):
        return str(notice["kind"])
    for key, kind in FOLLOW_UPS.items():
        if notice.get(key):
            return kind
    if notice.get("exercise"):
        return "exercise"
    kind, needed = OWN_KIND.get(notice["category"], ("notice", ()))
    fields = notice.get("fields") or {}
    return kind if all(fields.get(name) for name in needed) else "notice"


def fields_of(notice: dict[str, Any]) -> dict[str, Any]:
    """The stored fields of a notice's kind, without what is empty."""
    kind = kind_of(notice)
    rule = {
        "alert": _alert,
        "water": _water,
        "road": _road,
        "pharmacy_week": _pharmacy_week,
        "school": _school,
        "deadline": _deadline,
        "event": _event,
    }.get(kind, _text_only)
    made = rule(notice.get("fields") or {}, notice.get("details") or notice["text"], notice)
    return {name: value for name, value in made.items() if value not in (None, "", [])}


def place_words(slugs: list[str]) -> str:
    """«Monterappoli e Pozzale» from the slugs of zones."""
    names = [
        " ".join(w if w in SMALL_WORDS and n else w.capitalize() for n, w in enumerate(slug.split("-")))
        for slug in slugs
    ]
    return " e ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _span(fields: dict[str, Any]) -> dict[str, Any]:
    """The beginning and the end; without an end, when to be reminded."""
    span = {"starts": fields.get("from"), "ends": fields.get("to")}
    if span["starts"] and not span["ends"]:
        remind = dates.read_moment(span["starts"]) + REMIND_AFTER
        span["remind_at"] = remind.isoformat(timespec="minutes")
    return span


def _risks(fields: dict[str, Any]) -> list[dict[str, str]]:
    """Known risks named in the words, each with the notice's colour; else the words as they are."""
    words, colour = str(fields.get("risk") or ""), str(fields.get("colour") or "").lower()
    colour = colour if colour in COLOURS else ""
    known = dict.fromkeys(slug for word, slug in RISK_WORDS.items() if word in words.lower())
    if known and colour:
        return [{"risk": slug, "colour": colour} for slug in known]
    return [{"risk": words, "colour": colour}]


def _streets(fields: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": s["name"], "numbers": civic_numbers(s.get("numbers") or "")}
        for s in fields.get("streets") or []
    ]


def _alert(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    area = "" if fields.get("colour") else place_words(notice.get("zones") or [])
    return {
        "risks": _risks(fields),
        "starts": fields["from"],
        "ends": fields["to"],
        "alert_zone": fields.get("alert_zone"),
        "area": fields.get("area") or area,
        "ordinance": fields.get("ordinance"),
        "phone": fields.get("phone"),
        "what_to_do": details,
    }


def _water(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    streets = _streets(fields)
    place = place_words(notice.get("zones") or []) or ("" if streets else "tutto il territorio comunale")
    area = fields.get("area") or ("" if streets else place)
    kept = ("fallback_date", "works_by", "phone", "tanker", "spans")
    low = "pressione" in f"{notice['title']} {notice['text']}".lower()
    return {
        **_span(fields),
        **{name: fields.get(name) for name in kept},
        "effect": fields.get("effect") or ("low_pressure" if low else ""),
        "streets": streets,
        "area": area,
        "notes": details,
    }


def _road(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    names = ("event", "kick_off", "parking", "parking_from", "parking_to", "detour", "ordinance", "spans")
    kept = {name: fields.get(name) for name in names}
    return {**_span(fields), **kept, "streets": _streets(fields), "notes": details}


def _pharmacy_week(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    return {
        "week_from": fields["week_from"],
        "shifts": fields["shifts"],
        "nights": fields.get("nights"),
        "night": fields.get("night"),
        "pharmacies": fields.get("pharmacies"),
        "notes": notice.get("details"),
        "more": "" if notice.get("details") else details,
    }


def _school(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    return {
        "first_day": fields["from"][:10],
        "last_day": (fields.get("to") or fields["from"])[:10],
        "schools": fields.get("schools") or "tutte le scuole",
        "reason": fields.get("reason"),
        "ordinance": fields.get("ordinance"),
        "notes": details,
    }


def _deadline(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    return {
        "due": fields["due"][:10],
        "office": fields.get("office"),
        "address": fields.get("link"),
        "text": details,
    }


def _event(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    return {
        "starts": fields["from"],
        "ends": fields.get("to"),
        "place": fields.get("place"),
        "text": details,
    }


def _text_only(fields: dict[str, Any], details: str, notice: dict[str, Any]) -> dict[str, Any]:
    return {"starts": fields.get("from"), "ends": fields.get("to"), "text": details}
