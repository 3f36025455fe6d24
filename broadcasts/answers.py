"""What an answer says: the value that `subscribers` returned becomes a message without a recipient.

Every one says first whether the person is in or out now, then the thing, then where the rules are and how
to leave, with one button for what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import translation

from broadcasts.answer_words import (
    BUTTONS,
    DANGER,
    LEAVING,
    POLICY,
    SMALL,
    STANDING,
    THINGS,
    WORDINGS,
)
from broadcasts.models import Broadcast
from broadcasts.plan.duty import OnDuty, on_duty, shift_words
from broadcasts.plan.models import PharmacyShift
from broadcasts.plan.rota import KIND as ROTA_KIND
from broadcasts.published import PublicNotice, live_notices
from broadcasts.states import PUBLIC, State
from policy.calendar import ROME, say_day
from policy.live import LiveTown
from policy.markdown import promise_in_words
from policy.models import Category, TownProfile
from subscribers.conversation import (
    Answer,
    Ask,
    Choose,
    Info,
    Joined,
    MarketingStopped,
    MyData,
    Near,
    Nothing,
    NotUnderstood,
    Stopped,
    TopicOff,
    TopicOn,
    Why,
)
from subscribers.models import ConsentEvent, Subscriber, Subscription
from subscribers.understood import Command
from whatsapp import payloads

MOST_NOTICES = 3  # in one answer; the rest is on the site
MOST_LETTERS = 180  # of each notice's text
ROWS_FOR_TOPICS = 9  # of ten: the last row is the way out, or in
MARKETING = "MARKETING"


@dataclass(frozen=True, slots=True)
class Content:
    """`wording` is the id of the words; `payload` the provider's message without its recipient."""

    wording: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer's own part: the words' id, what fills them, and its button as (reply id, title)."""

    wording: str
    button: tuple[str, str]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Scene:
    """Whom the answer is for, and where and when."""

    subscriber: Subscriber
    town: TownProfile
    categories: Sequence[Category]
    now: datetime
    site_url: str
    language: str
    names: dict[str, str]  # of every topic, by slug, in the town's order

    def topics(self, slugs: Sequence[str]) -> str:
        return ", ".join(self.names[slug] for slug in slugs if slug in self.names) or self.small("none")

    def small(self, key: str, **values: str) -> str:
        return SMALL[key][self.language].format(**values)

    def button(self, key: str, reply_id: str = "") -> tuple[str, str]:
        return reply_id or f"cmd:{key}", BUTTONS[key][self.language]

    def contacts(self) -> str:
        town = self.town
        found = (town.office, town.office_phone, town.office_email)
        return ", ".join(part for part in found if part)

    def frame(self) -> dict[str, str]:
        """What any words may name."""
        return {
            "service": self.town.service_name,
            "town": self.town.name,
            "emergency": self.town.emergency_number,
            "contacts": self.contacts(),
            "policy": self.site_url + reverse("policy"),
            "all": self.site_url + reverse("notices"),
        }


def compose(
    answer: Answer, *, subscriber: Subscriber, town: LiveTown, now: datetime, site_url: str
) -> Content | None:
    """The message for an answer, in the person's language; None if there is nothing to say."""
    if isinstance(answer, Nothing):
        return None
    language = subscriber.language if subscriber.language in POLICY else "it"
    with translation.override(language):  # the links lead to the pages of that language
        names = {category.slug: category.label(language) for category in town.categories}
        scene = _Scene(subscriber, town.profile, town.categories, now, site_url, language, names)
        if isinstance(answer, Choose):
            return _choose(answer, scene)
        said = _SAYERS[type(answer)](answer, scene)
        return Content(said.wording, payloads.buttons(None, _body(answer, said, scene), [said.button]))


def _body(answer: Answer, said: _Said, scene: _Scene) -> str:
    """The whole text. Where it is too long for the provider, the middle gives way."""
    frame = scene.frame()
    first = STANDING[answer.active][scene.language].format(**frame)
    if isinstance(answer, NotUnderstood) and answer.danger:
        first = f"{DANGER[scene.language].format(**frame)}\n\n{first}"
    last = POLICY[scene.language].format(**frame)
    if answer.active:
        last = f"{last}\n{LEAVING[scene.language]}"
    middle = WORDINGS[said.wording][scene.language].format(**frame | said.values)
    room = payloads.MAX_BUTTON_BODY - len(first) - len(last) - 4
    return f"{first}\n\n{_short(middle, room)}\n\n{last}"


def _short(text: str, most: int) -> str:
    """At most so many characters, cut at a word."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(None, 1)[0] + "…"


# --- one function for each kind of answer ---------------------------------------------------------


def _joined(answer: Joined, scene: _Scene) -> _Said:
    values = {"topics": scene.topics(answer.topics), "promise": _promise(answer.topics, scene)}
    return _Said("joined-already-1" if answer.already else "joined-1", scene.button("choose"), values)


def _promise(slugs: Sequence[str], scene: _Scene) -> str:
    """The monthly promise, and those of topics that have their own."""
    extra = [
        scene.small(
            "own_promise",
            topic=category.label(scene.language),
            promise=promise_in_words(category.monthly_promise, scene.language),
        )
        for category in scene.categories
        if category.slug in slugs and category.monthly_promise is not None
    ]
    return "; ".join([promise_in_words(scene.town.monthly_promise, scene.language), *extra])


def _stopped(answer: Stopped, scene: _Scene) -> _Said:
    return _Said("stopped-already-1" if answer.already else "stopped-1", scene.button("start"), {})


def _topic_on(answer: TopicOn, scene: _Scene) -> _Said:
    values = {"topic": scene.topics([answer.topic]), "topics": scene.topics(answer.topics)}
    return _Said("topic-on-rejoined-1" if answer.rejoined else "topic-on-1", scene.button("choose"), values)


def _topic_off(answer: TopicOff, scene: _Scene) -> _Said:
    values = {"topic": scene.topics([answer.topic]), "topics": scene.topics(answer.topics)}
    if not answer.active:
        return _Said("topic-off-out-1", scene.button("start"), values)
    core = any(category.core for category in scene.categories if category.slug == answer.topic)
    button = scene.button("back_on", f"topic:{answer.topic}:on")
    return _Said("topic-off-core-1" if core else "topic-off-1", button, values)


def _marketing(answer: MarketingStopped, scene: _Scene) -> _Said:
    if not answer.active:
        return _Said("marketing-stopped-out-1", scene.button("start"), {})
    slugs = [category.slug for category in scene.categories if category.template_class == MARKETING]
    values = {"promotional": scene.topics(slugs), "topics": scene.topics(answer.topics)}
    return _Said("marketing-stopped-1", scene.button("stop_all", "cmd:stop"), values)


def _ask(answer: Ask, scene: _Scene) -> _Said:
    button = _after_asking(answer, scene)
    topic = scene.topics([answer.topic])
    on_duty = _pharmacies_today(answer.topic, scene)
    if on_duty is not None:
        return _Said("ask-pharmacy-1", button, on_duty)
    live = [n for n in live_notices(scene.language, scene.now) if n.topic.slug == answer.topic]
    if not live:
        return _Said("ask-none-1", button, {"topic": topic})
    notices = "\n\n".join(_notice(notice, scene) for notice in live[:MOST_NOTICES])
    return _Said("ask-1", button, {"topic": topic, "notices": notices})


def _after_asking(answer: Ask, scene: _Scene) -> tuple[str, str]:
    held = Subscription.objects.filter(subscriber=scene.subscriber, category__slug=answer.topic)
    if answer.active and not held.exists():
        return scene.button("topic_on", f"topic:{answer.topic}:on")
    return scene.button("choose" if answer.active else "start")


def _notice(notice: PublicNotice, scene: _Scene) -> str:
    title = f"{scene.small('exercise')} · {notice.title}" if notice.exercise else notice.title
    text = _short(" ".join(notice.text.split()), MOST_LETTERS)
    newest = notice.latest.address if notice.latest else notice.address
    return f"*{title}*\n{text}\n{scene.site_url}{newest}"


def _pharmacies_today(slug: str, scene: _Scene) -> dict[str, str] | None:
    """Who is on duty today by the newest rota that was sent; None if none says it, or if it was
    corrected since: then the notices themselves are the answer."""
    today = scene.now.astimezone(ROME).date()
    found = on_duty(scene.now) if slug == ROTA_KIND.categories[0] else None
    if found and not _said_otherwise(found):
        return _by_rota(found, scene)
    rotas = Broadcast.objects.filter(
        kind="pharmacy_week",
        category__slug=slug,
        state__in=PUBLIC - {State.CANCELLED},
        started_at__isnull=False,
        started_at__gte=scene.now - timedelta(days=60),
    ).order_by("-started_at")
    for rota in rotas[:10]:
        pharmacies = _shift(rota.fields, today)
        if pharmacies and not rota.follow_ups.filter(started_at__isnull=False).exists():
            night = str(rota.fields.get("night") or "").rstrip(". ")
            return {
                "day": say_day(today, scene.language),
                "pharmacies": pharmacies,
                "night": night or scene.small("no_night"),
                "link": scene.site_url + rota.get_absolute_url(),
            }
    return None


def _said_otherwise(found: OnDuty) -> bool:
    """The message of the day's week was changed before it left, or followed by another since: then the
    notices say it better than the rota."""
    weeks = Broadcast.objects.filter(
        rota__isnull=False,
        started_at__isnull=False,
        occurrence__lte=found.day,
        occurrence__gt=found.day - timedelta(days=7),
    )
    names = ", ".join(shift.name for shift in found.today)
    return any(
        _shift(week.fields, found.day) != names or week.follow_ups.filter(started_at__isnull=False).exists()
        for week in weeks
    )


def _by_rota(found: OnDuty, scene: _Scene) -> dict[str, str]:
    def words(shifts: Sequence[PharmacyShift]) -> str:
        return "; ".join(shift_words(shift, scene.language) for shift in shifts).rstrip(". ")

    week = Broadcast.objects.filter(
        rota__isnull=False, started_at__isnull=False, state__in=PUBLIC, occurrence__lte=found.day
    )
    last = week.order_by("-occurrence").first()
    page = last.get_absolute_url() if last else reverse("notices") + f"?argomento={ROTA_KIND.categories[0]}"
    return {
        "day": say_day(found.day, scene.language),
        "pharmacies": words(found.today) or scene.small("none"),
        "night": words(found.tonight) or scene.small("no_night"),
        "link": scene.site_url + page,
    }


def _shift(fields: dict[str, Any], day: date) -> str:
    """The pharmacies of a day in a stored rota, "" if it does not name any."""
    for shift in fields.get("shifts") or []:
        if shift.get("date") == day.isoformat():
            return ", ".join(shift.get("pharmacies") or [])
    return ""


def _info(answer: Info, scene: _Scene) -> _Said:
    return _Said("info-1", scene.button("choose" if answer.active else "start"), {})


def _my_data(answer: MyData, scene: _Scene) -> _Said:
    person = scene.subscriber
    held = person.categories.order_by("order", "name").values_list("slug", flat=True)
    zones = ", ".join(person.zones.values_list("name", flat=True))
    values = {
        "number": masked(person.phone) if person.phone else scene.small("no_phone"),
        "language": scene.small("language"),
        "topics": scene.topics(list(held)),
        "zones": zones or scene.small("whole_town"),
        "since": _day(person.consent_at, scene) if person.consent_at else scene.small("none"),
    }
    return _Said("my-data-1", scene.button("choose" if answer.active else "start"), values)


def masked(phone: str) -> str:
    """«••• ••• 30»: enough for its owner to know it."""
    return f"••• ••• {phone[-2:]}"


def _why(answer: Why, scene: _Scene) -> _Said:
    if not answer.active:
        return _Said("why-out-1", scene.button("start"), {})
    held = Subscription.objects.filter(subscriber=scene.subscriber).select_related("category")
    reasons = [
        scene.small("since", topic=one.category.label(scene.language), day=_day(one.since, scene))
        for one in held.order_by("category__order", "category__name")
    ]
    joined = ConsentEvent.objects.filter(subject=scene.subscriber.subject, act=ConsentEvent.Act.JOIN)
    last = joined.select_related("policy_version").order_by("at", "id").last()
    number = last.policy_version.number if last and last.policy_version else None
    values = {
        "reasons": "\n".join(reasons) or scene.small("none"),
        "version": scene.small("version", number=str(number)) if number else "",
    }
    return _Said("why-1", scene.button("choose"), values)


def _day(moment: datetime, scene: _Scene) -> str:
    return say_day(moment.astimezone(ROME).date(), scene.language, with_year=True)


def _near(answer: Near, scene: _Scene) -> _Said:
    wants = answer.wants
    if wants is None or wants.value not in THINGS:
        return _Said("near-unclear-1", scene.button("info"), {})
    about_topic = wants in (Command.TOPIC_ON, Command.TOPIC_OFF, Command.ASK)
    if about_topic and answer.topic not in scene.names:
        wants, about_topic = Command.CHOOSE, False
    reply_id = _topic_reply(wants, answer.topic) if about_topic else ""
    topic = scene.topics([answer.topic]) if answer.topic else ""
    thing = THINGS[wants.value][scene.language].format(topic=topic)
    return _Said("near-1", scene.button(wants.value, reply_id), {"thing": thing})


def _topic_reply(wants: Command, topic: str | None) -> str:
    if wants is Command.ASK:
        return f"ask:{topic}"
    return f"topic:{topic}:{'on' if wants is Command.TOPIC_ON else 'off'}"


def _not_understood(answer: NotUnderstood, scene: _Scene) -> _Said:
    return _Said("danger-1" if answer.danger else "not-understood-1", scene.button("info"), {})


_SAYERS: dict[type[Answer], Callable[[Any, _Scene], _Said]] = {
    Joined: _joined,
    Stopped: _stopped,
    TopicOn: _topic_on,
    TopicOff: _topic_off,
    MarketingStopped: _marketing,
    Ask: _ask,
    Info: _info,
    MyData: _my_data,
    Why: _why,
    Near: _near,
    NotUnderstood: _not_understood,
}


def _choose(answer: Choose, scene: _Scene) -> Content:
    """The topics as a list, with what is on, and the way out (or in) as the last row."""
    held = set(scene.subscriber.categories.values_list("slug", flat=True)) if answer.active else set()
    first = answer.page * ROWS_FOR_TOPICS
    rows = [
        (
            f"topic:{slug}:{'off' if slug in held else 'on'}",
            _short(f"✓ {name}" if slug in held else name, 24),
            scene.small("remove" if slug in held else "add"),
        )
        for slug, name in list(scene.names.items())[first : first + ROWS_FOR_TOPICS]
    ]
    rows.append((*scene.button("stop" if answer.active else "start"), ""))
    said = _Said("choose-1" if answer.active else "choose-out-1", rows[-1][:2], {})
    body = _body(answer, said, scene)
    return Content(said.wording, payloads.list_menu(None, body, BUTTONS["list"][scene.language], rows))
