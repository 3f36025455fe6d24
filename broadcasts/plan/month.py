"""The calendar's matter: day by day what went and what will go, closed days, matches, votes, the promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from broadcasts.models import Broadcast
from broadcasts.plan.models import Match
from broadcasts.states import State
from policy.calendar import ROME, holiday_names, localise
from policy.models import Category, ElectionPeriod, Holiday, Severity, TownProfile
from policy.page import language

PLANNED = (State.SCHEDULED, State.IN_REVIEW, State.OVERDUE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice on one day; `when` is its hour in words, empty where it has none yet."""

    notice: Broadcast
    when: str
    left: bool


@dataclass(frozen=True, slots=True)
class Fixture:
    """A home match; `has_notice` says that a road notice of that day exists."""

    match: Match
    when: str
    has_notice: bool


@dataclass(slots=True)
class Day:
    """One day of the calendar; `other` is of another month than the one shown."""

    date: date
    today: bool = False
    other: bool = False
    closed: str = ""  # the holiday's name
    votes: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    matches: list[Fixture] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.entries or self.matches or self.closed or self.votes)


@dataclass(frozen=True, slots=True)
class Promise:
    """One monthly account: how many messages it was promised to stay within, and how it stands."""

    topics: str
    most: int
    sent: int
    planned: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.sent - self.planned)

    @property
    def over(self) -> bool:
        return self.sent + self.planned > self.most


def month_days(first: date) -> list[date]:
    """The whole weeks, Monday to Sunday, that a month touches."""
    following = (first.replace(day=28) + timedelta(days=7)).replace(day=1)
    start = first - timedelta(days=first.weekday())
    end = following - timedelta(days=1)
    end += timedelta(days=6 - end.weekday())
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def week_days(day: date) -> list[date]:
    """Monday to Sunday of the week that a day is in."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=n) for n in range(7)]


def fill(days: list[date], now: datetime, month: int | None = None) -> list[Day]:
    """These days with everything that is on them; five queries whatever their number."""
    today, language_now = now.astimezone(ROME).date(), language()
    closed = _closed(days, language_now)
    made = {
        day: Day(day, day == today, month is not None and day.month != month, closed.get(day, ""))
        for day in days
    }
    roads: set[date] = set()
    for notice in _notices(days):
        at = _moment(notice)
        if at is None:
            continue
        local = at.astimezone(ROME)
        if local.date() in made:
            left = notice.started_at is not None
            made[local.date()].entries.append(Entry(notice, f"{local.hour}:{local.minute:02}", left))
    for starts in (
        Broadcast.objects.filter(kind="road", fields__starts__isnull=False)
        .values_list("fields__starts", flat=True)
        .order_by("-id")[:200]
    ):
        roads.add(date.fromisoformat(str(starts)[:10]))
    for match in Match.objects.filter(kick_off__gte=_midnight(days[0]), kick_off__lt=_end(days)):
        local = match.kick_off.astimezone(ROME)
        when = f"{local.hour}:{local.minute:02}"
        made[local.date()].matches.append(Fixture(match, when, local.date() in roads))
    for vote in ElectionPeriod.objects.filter(first_day__lte=days[-1], last_day__gte=days[0]):
        for day in made.values():
            if vote.first_day <= day.date <= vote.last_day:
                day.votes.append(_vote_words(vote, day.date))
    return list(made.values())


def _vote_words(vote: ElectionPeriod, day: date) -> str:
    if day == vote.first_day:
        return _("comincia il periodo elettorale: %(what)s") % {"what": vote}
    if day == vote.last_day:
        return _("finisce il periodo elettorale: %(what)s") % {"what": vote}
    return _("periodo elettorale")


def promises(first: date) -> list[Promise]:
    """How the month that begins on `first` stands against each promise, the general one first."""
    after = (first.replace(day=28) + timedelta(days=7)).replace(day=1)
    town, categories = TownProfile.current(), list(Category.objects.all())
    counted = Broadcast.objects.filter(severity=Severity.ROUTINE, refers_to=None, exercise=False).annotate(
        moment=Coalesce("started_at", "waits_until", "due_at")
    )
    inside = counted.filter(moment__gte=_midnight(first), moment__lt=_midnight(after))
    sent: Counter[int] = Counter()
    planned: Counter[int] = Counter()
    for category, state, started in inside.values_list("category_id", "state", "started_at"):
        if started:
            sent[category] += 1
        elif state in PLANNED:
            planned[category] += 1
    general = [c for c in categories if c.monthly_promise is None]
    found = [_promise(_("Tutti gli altri argomenti insieme"), town.monthly_promise, general, sent, planned)]
    own = [c for c in categories if c.monthly_promise is not None]
    return found + [_promise(c.label(language()), c.monthly_promise or 0, [c], sent, planned) for c in own]


def _promise(
    topics: str, most: int, categories: Iterable[Category], sent: Counter[int], planned: Counter[int]
) -> Promise:
    ids = [category.pk for category in categories]
    return Promise(topics, most, sum(sent[pk] for pk in ids), sum(planned[pk] for pk in ids))


def _notices(days: list[date]) -> QuerySet[Broadcast]:
    """Everything that left or is to leave in these days; what was refused for good is not on a calendar."""
    span = {"moment__gte": _midnight(days[0]), "moment__lt": _end(days)}
    found = Broadcast.objects.annotate(moment=Coalesce("started_at", "waits_until", "due_at")).filter(**span)
    hidden = Q(state=State.REJECTED) | Q(started_at=None, state__in=(State.CANCELLED, State.EXPIRED))
    return found.exclude(hidden).select_related("category").order_by("moment", F("id"))


def _moment(notice: Broadcast) -> datetime | None:
    return notice.started_at or notice.waits_until or notice.due_at


def _closed(days: list[date], language_now: str) -> dict[date, str]:
    named: dict[date, str] = {}
    for year in {day.year for day in days}:
        named |= holiday_names(year, language_now)
    own = {(h.month, h.day): h.name for h in Holiday.objects.all()}
    return named | {day: own[day.month, day.day] for day in days if (day.month, day.day) in own}


def _midnight(day: date) -> datetime:
    return localise(datetime.combine(day, time(0)))


def _end(days: list[date]) -> datetime:
    return _midnight(days[-1] + timedelta(days=1))
