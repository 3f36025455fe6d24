"""What the service did, month by month, against what it promised. Only sums; what could point to a person
is left out, and each figure stays off until the town switches it on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.utils.translation import gettext as _

from broadcasts.models import Broadcast, Proof
from broadcasts.report import progress_of
from broadcasts.states import PUBLIC
from broadcasts.tally import Counted, as_rows
from policy.calendar import ROME, is_night, month_of, say_month
from policy.live import live_rules
from policy.models import Category, Severity

MONTHS = 12
FEWEST = 50  # people: a share of fewer could point to somebody
FEWEST_LEAVERS = 5  # and so could a handful of them


@dataclass(frozen=True, slots=True)
class Left:
    """One notice that left, with what of it is told. `seconds` is from the approval, or from the hour that
    was fixed, to 95 % arrived."""

    broadcast: Broadcast
    month: date
    entrusted: int
    arrived: int
    stops: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class MonthOfTopic:
    """One row: a topic in a month. None where the figure is not known or would tell too much."""

    month: str
    topic: str
    messages: int
    promise: str
    reach: float | None  # per cent of those entrusted who got it
    minutes: float | None  # median from approval to 95 % arrived
    leavers: float | None  # per thousand who got it, within a day


@dataclass(frozen=True, slots=True)
class AtNight:
    """A message that left in the night, and why it did not wait."""

    when: datetime
    title: str
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the page may show."""

    rows: list[MonthOfTopic]
    nights: list[AtNight]
    drill: Proof | None
    by_month: list[tuple[str, int]]  # messages of all topics, oldest month first


def account(now: datetime, language: str) -> Account:
    """The last twelve months up to now, the newest first."""
    since = _months_before(month_of(now), MONTHS - 1)
    notices = [_left(b, now) for b in _public_since(since)]
    groups: dict[tuple[date, int], list[Left]] = defaultdict(list)
    for left in notices:
        groups[left.month, left.broadcast.category_id].append(left)
    order = {c.pk: c for c in Category.objects.all()}
    rows = [
        _row(month, order[pk], groups[month, pk], language)
        for month in sorted({month for month, _pk in groups}, reverse=True)
        for pk in order
        if (month, pk) in groups
    ]
    by_month = [(say_month(m, language), sum(n.month == m for n in notices)) for m in _run(since, now)]
    return Account(rows, _nights(notices, language), _last_drill(now), by_month)


def _public_since(since: date) -> Iterable[Broadcast]:
    """Real notices that left: an exercise is told apart, as the last proof."""
    began = datetime(since.year, since.month, 1, tzinfo=ROME)
    found = Broadcast.objects.filter(state__in=PUBLIC, started_at__gte=began, exercise=False)
    return found.select_related("category", "tally").order_by("-started_at")


def _left(broadcast: Broadcast, now: datetime) -> Left:
    tally = getattr(broadcast, "tally", None)
    done = progress_of(Counted(as_rows(tally.rows) if tally else ()))
    started = broadcast.started_at or now
    asked = max((at for at in (broadcast.approved_at, broadcast.due_at) if at), default=started)
    most = tally.most_seconds if tally else None
    seconds = max(0.0, (started - asked).total_seconds()) + most if most is not None else None
    stops = tally.stops if tally else None
    return Left(broadcast, month_of(started), done.entrusted, done.arrived, stops, seconds)


def _row(month: date, topic: Category, notices: list[Left], language: str) -> MonthOfTopic:
    entrusted = sum(n.entrusted for n in notices)
    arrived = sum(n.arrived for n in notices)
    stops = sum(n.stops or 0 for n in notices) if all(n.stops is not None for n in notices) else None
    taken = [n.seconds for n in notices if n.seconds is not None]
    told = entrusted >= FEWEST
    few = stops is None or 0 < stops < FEWEST_LEAVERS
    return MonthOfTopic(
        month=say_month(month, language),
        topic=topic.label(language),
        messages=len(notices),
        promise=_promise(topic),
        reach=100 * arrived / entrusted if told else None,
        minutes=median(taken) / 60 if taken else None,
        leavers=1000 * (stops or 0) / arrived if told and not few and arrived else None,
    )


def _promise(topic: Category) -> str:
    if topic.monthly_promise is not None:
        return str(topic.monthly_promise)
    return _("%(n)s in tutto") % {"n": live_rules().monthly_promise}


def _nights(notices: list[Left], language: str) -> list[AtNight]:
    hours = live_rules().hours
    found = []
    for left in notices:
        b, at = left.broadcast, left.broadcast.started_at
        if at is None or not is_night(at, hours):
            continue
        why = _("emergenza") if b.severity == Severity.EMERGENCY else b.night_reason
        title = b.rendered.get(language, {}).get("title") or b.title
        found.append(
            AtNight(at, title, b.get_absolute_url(), why or _("un aggiornamento di un avviso urgente"))
        )
    return found


def _last_drill(now: datetime) -> Proof | None:
    return Proof.objects.filter(at__lte=now).order_by("-at").first()


def _months_before(month: date, number: int) -> date:
    for _n in range(number):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _run(since: date, now: datetime) -> list[date]:
    months, month = [], since
    while month <= month_of(now):
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months
