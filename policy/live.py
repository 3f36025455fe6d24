"""The town's own rules: what `rules.SHIPPED` is, read from the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time

from policy.calendar import Hours, NightQuiet, Severity, Window
from policy.models import Category, ElectionPeriod, Holiday, PolicyVersion, TownProfile
from policy.restraint import Period, Restraints
from policy.rules import SHIPPED, CategoryRule, Rules, TemplateClass, topic_words
from staff.once import once

Words = dict[str, dict[str, tuple[str, ...]]]  # slug → language → what citizens call it


@dataclass(frozen=True, slots=True)
class LiveTown:
    """What a piece of work needs to know of the town: read once for all of it, and never kept longer."""

    profile: TownProfile
    categories: tuple[Category, ...]  # in the town's order
    policy: PolicyVersion | None  # in force
    words: Words


def live_town(now: datetime) -> LiveTown:
    """The town at `now`; three small queries."""
    categories = tuple(Category.objects.all())
    policy = PolicyVersion.in_force(PolicyVersion.Kind.POLICY, now)
    return LiveTown(TownProfile.current(), categories, policy, words_of(categories))


def live_words() -> Words:
    """What citizens call the topics; one small query."""
    return words_of(Category.objects.all())


def words_of(categories: Iterable[Category]) -> Words:
    """What citizens call these topics, as `subscribers.commands` takes it."""
    return topic_words(replace(SHIPPED, categories=tuple(category_rule(c) for c in categories)))


@once
def live_rules() -> Rules:
    """The rules of this town now; four small queries. Before the set-up, the defaults of the models."""
    town = TownProfile.current()
    hours = Hours(
        windows=windows_of(town.service_hours),
        night=NightQuiet(town.night_start, town.night_end),
        own_days=frozenset(Holiday.objects.values_list("month", "day")),
    )
    categories = tuple(category_rule(c) for c in Category.objects.all())
    return Rules(hours, town.monthly_promise, categories, live_restraints(town))


@once
def live_restraints(town: TownProfile) -> Restraints:
    """What the town has switched on, election times of every year included."""
    periods = (Period(str(p), p.first_day, p.last_day) for p in ElectionPeriod.objects.all())
    return Restraints(town.only_emergencies, tuple(periods))


def windows_of(rows: Iterable[Mapping[str, object]]) -> tuple[Window, ...]:
    """Windows from their stored form, `{"weekday": 0, "start": "09:00", "end": "13:00"}`; «24:00» is
    midnight. Raises ValueError or KeyError on a row of another shape."""
    return tuple(Window(int(str(row["weekday"])), _clock(row["start"]), _clock(row["end"])) for row in rows)


def category_rule(category: Category) -> CategoryRule:
    """One category as the rules see it. Words beyond its name are the shipped ones of the same slug."""
    shipped = SHIPPED.category(category.slug)
    return CategoryRule(
        slug=category.slug,
        name=category.name,
        icon=category.icon,
        colour=category.colour,
        default_severity=Severity(category.default_severity),
        max_severity=Severity(category.max_severity),
        words=shipped.words if shipped else (category.name,),
        words_en=(*([category.name_en] if category.name_en else []), *(shipped.words_en if shipped else ())),
        core=category.core,
        preselected=category.preselected,
        promise=category.monthly_promise,
        windows=None if category.own_hours is None else windows_of(category.own_hours),
        template_class=TemplateClass(category.template_class),
        legal_basis=category.legal_basis,
        indispensable=category.indispensable,
    )


def _clock(value: object) -> time:
    return time(0) if value == "24:00" else time.fromisoformat(str(value))
