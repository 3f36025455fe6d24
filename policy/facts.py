"""What the public texts say of a town, taken from the same values that the sender obeys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

import phonenumbers
from django.conf import settings
from django.urls import reverse

from policy.calendar import Window, say_day
from policy.live import live_restraints, live_rules
from policy.markdown import (
    PolicyFacts,
    hours_in_words,
    night_in_words,
    promise_in_words,
    scope_in_words,
    values_of,
)
from policy.models import Category, Severity, TownProfile
from policy.page import language as page_language


@dataclass(frozen=True, slots=True)
class Promise:
    """One topic's own promise, in words."""

    topic: str
    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The promises in words, and `values` for the placeholders of the long texts."""

    number: str
    hours: str
    night: str
    promise: str
    own_promises: tuple[Promise, ...]
    narrow: str  # what alone is sent, in words; empty while the service is whole
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class RestraintToday:
    """What every page says while it holds: the narrow service, the vote and its last day, in words."""

    narrow: bool
    election: str = ""
    last: str = ""


def restraint_today(town: TownProfile, now: datetime) -> RestraintToday:
    """What the pages of this moment must say."""
    restraints = live_restraints(town)
    period = restraints.election_at(now)
    if period is None:
        return RestraintToday(restraints.only_emergencies)
    last = say_day(period.last, page_language(), with_year=True)
    return RestraintToday(restraints.only_emergencies, period.name, last)


def facts_of(town: TownProfile, language: str) -> Facts:
    """The facts in a language, read from the rules of this moment."""
    rules = live_rules()
    windows = tuple(_written(w) for w in rules.hours.windows)
    night = (f"{rules.hours.night.start:%H:%M}", f"{rules.hours.night.end:%H:%M}")
    categories = list(Category.objects.all())
    facts = PolicyFacts(
        town=town.name,
        service=town.service_name,
        number=say_number(town.whatsapp_number),
        windows=windows,
        night=night,
        monthly_promise=rules.monthly_promise,
        emergency_number=town.emergency_number,
        office=town.office,
        contacts=", ".join(c for c in (town.office_email, town.office_phone, town.office_address) if c),
        civil_protection_phone=town.civil_protection_phone,
        categories=tuple(c.label(language) for c in categories),
        only_emergencies=rules.restraints.only_emergencies,
        keep_texts_days=town.keep_texts_days,
        keep_webhooks_days=town.keep_webhooks_days,
        keep_stopped_days=town.keep_stopped_days,
        minimum_age=town.minimum_age,
        data_officer=town.dpo_contact,
        website=town.website,
        privacy_address=settings.SITE_URL + reverse("privacy"),
        rules_address=settings.SITE_URL + reverse("rules"),
        own_promises=tuple(
            (c.label(language), c.monthly_promise) for c in categories if c.monthly_promise is not None
        ),
        alone_in_emergencies=any(c.max_severity == Severity.EMERGENCY for c in categories),
    )
    own = tuple(
        Promise(c.label(language), promise_in_words(c.monthly_promise, language))
        for c in categories
        if c.monthly_promise is not None
    )
    return Facts(
        number=facts.number,
        hours=hours_in_words(windows, language),
        night=night_in_words(night, language),
        promise=promise_in_words(rules.monthly_promise, language),
        own_promises=own,
        narrow=scope_in_words(True, language) if facts.only_emergencies else "",
        values=values_of(facts, language),
    )


def say_number(number: str) -> str:
    """«338 655 3630»: as people of the town say it; as it is written where it is not a number."""
    try:
        parsed = phonenumbers.parse(number, "IT")
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def _written(window: Window) -> tuple[int, str, str]:
    end = "24:00" if window.end == time(0) else f"{window.end:%H:%M}"
    return window.weekday, f"{window.start:%H:%M}", end
