"""What an answer says: the value that `subscribers` returned becomes a message without a recipient.

Every one says first whether the person is in or out now, then the thing, then where the rules are and how
to leave, with one button for what to do next. Those that are a list are in broadcasts/answer_lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation

from broadcasts import answer_lists
from broadcasts.answer_lists import ask_word
from broadcasts.answer_pharmacy import on_duty_words
from broadcasts.answer_scene import Content, Said, Scene, body_of, short
from broadcasts.answer_words import NOISE, POLICY, THINGS
from broadcasts.published import PublicNotice, live_notices
from policy.live import LiveTown, live_town
from policy.markdown import promise_in_words
from subscribers import my_data
from subscribers.conversation import (
    Answer,
    Ask,
    Choose,
    Colours,
    Enough,
    Info,
    Joined,
    Languages,
    MarketingStopped,
    More,
    MyData,
    Near,
    Nothing,
    NotUnderstood,
    Stopped,
    TopicOff,
    TopicOn,
    Why,
    Zones,
)
from subscribers.models import Subscriber, Subscription
from subscribers.numbers import masked
from subscribers.understood import Command
from whatsapp import payloads

__all__ = ["Content", "compose"]

MOST_NOTICES = 3  # in one answer; the rest is on the site
MOST_LETTERS = 180  # of each notice's text
MARKETING = "MARKETING"


def compose(
    answer: Answer, *, subscriber: Subscriber, town: LiveTown, now: datetime, site_url: str
) -> Content | None:
    """The message for an answer, in the person's language; None if there is nothing to say."""
    if isinstance(answer, Nothing):
        return None
    language = subscriber.language if subscriber.language in POLICY else "it"
    with translation.override(language):  # the links lead to the pages of that language
        names = {category.slug: category.label(language) for category in town.categories}
        scene = Scene(subscriber, town.profile, town.categories, now, site_url, language, names)
        said = _SAYERS[type(answer)](answer, scene)
        if isinstance(said, Content):
            return said
        body = body_of(answer, said, scene, payloads.MAX_BUTTON_BODY)
        return Content(said.wording, payloads.buttons(None, body, said.buttons))


def promotions_stopped(subscriber: Subscriber, now: datetime) -> dict[str, Any]:
    """The same words as for who writes STOP PROMOZIONI, for who used WhatsApp's own switch."""
    held = subscriber.categories.order_by("order", "name").values_list("slug", flat=True)
    answer = MarketingStopped(active=subscriber.state == Subscriber.State.ACTIVE, topics=tuple(held))
    content = compose(answer, subscriber=subscriber, town=live_town(now), now=now, site_url=settings.SITE_URL)
    return content.payload if content else {}


def _say(wording: str, *buttons: tuple[str, str], **values: str) -> Said:
    return Said(wording, buttons, values)


# --- one function for each kind of answer ---------------------------------------------------------


def _joined(answer: Joined, scene: Scene) -> Said | Content:
    topics, button = scene.topics(answer.topics), scene.button("choose")
    if answer.already:
        return _say("joined-already-1", button, topics=topics)
    age = str(scene.town.minimum_age)
    alerts = _in_force(answer.topics, scene)
    values = {"topics": topics, "promise": _promise(answer.topics, scene), "age": age}
    if not alerts:
        return _say("joined-2", button, **values)
    return answer_lists.welcome(answer, _say("joined-alerts-2", alerts=alerts, **values), scene)


def _in_force(slugs: Collection[str], scene: Scene) -> str:
    """The alerts that still hold, for who joins after they left: an answer, and no row of their account."""
    live = [
        notice
        for notice in live_notices(scene.language, scene.now)
        if notice.topic.slug in slugs and (notice.emergency or notice.topic.core) and not notice.exercise
    ]
    return "\n\n".join(_notice(notice, scene) for notice in live[:MOST_NOTICES])


def _promise(slugs: Sequence[str], scene: Scene) -> str:
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


def _stopped(answer: Stopped, scene: Scene) -> Said:
    return _say("stopped-already-1" if answer.already else "stopped-1", scene.button("start"))


def _topic_on(answer: TopicOn, scene: Scene) -> Said:
    values = {"topic": scene.topics([answer.topic]), "topics": scene.topics(answer.topics)}
    if answer.rejoined:
        alerts = _in_force(answer.topics, scene)
        wording = "topic-on-rejoined-alerts-1" if alerts else "topic-on-rejoined-1"
        return _say(wording, scene.button("choose"), alerts=alerts, **values)
    return _say("topic-on-1", scene.button("choose"), **values)


def _topic_off(answer: TopicOff, scene: Scene) -> Said:
    values = {"topic": scene.topics([answer.topic]), "topics": scene.topics(answer.topics)}
    if not answer.active:
        return _say("topic-off-out-1", scene.button("start"), **values)
    core = any(category.core for category in scene.categories if category.slug == answer.topic)
    button = scene.button("back_on", f"topic:{answer.topic}:on")
    return _say("topic-off-core-1" if core else "topic-off-1", button, **values)


def _marketing(answer: MarketingStopped, scene: Scene) -> Said:
    if not answer.active:
        return _say("marketing-stopped-out-1", scene.button("start"))
    slugs = [category.slug for category in scene.categories if category.template_class == MARKETING]
    values = {"promotional": scene.topics(slugs), "topics": scene.topics(answer.topics)}
    return _say("marketing-stopped-1", scene.button("stop_all", "cmd:stop"), **values)


def _ask(answer: Ask, scene: Scene) -> Said:
    button, topic = _after_asking(answer, scene), scene.topics([answer.topic])
    on_duty = on_duty_words(answer.topic, scene)
    if on_duty is not None:
        return _say("ask-pharmacy-1", button, **on_duty)
    live = [n for n in live_notices(scene.language, scene.now) if n.topic.slug == answer.topic]
    if not live:
        return _say("ask-none-1", button, topic=topic)
    notices = "\n\n".join(_notice(notice, scene) for notice in live[:MOST_NOTICES])
    return _say("ask-1", button, topic=topic, notices=notices)


def _after_asking(answer: Ask, scene: Scene) -> tuple[str, str]:
    held = Subscription.objects.filter(subscriber=scene.subscriber, category__slug=answer.topic)
    if answer.active and not held.exists():
        return scene.button("topic_on", f"topic:{answer.topic}:on")
    return scene.button("choose" if answer.active else "start")


def _notice(notice: PublicNotice, scene: Scene) -> str:
    title = f"{scene.small('exercise')} · {notice.title}" if notice.exercise else notice.title
    text = short(" ".join(notice.text.split()), MOST_LETTERS)
    newest = notice.latest.address if notice.latest else notice.address
    return f"*{title}*\n{text}\n{scene.site_url}{newest}"


def _info(answer: Info, scene: Scene) -> Said:
    """Three things to begin with; everything else is behind the button."""
    asks = [
        ask_word(slug, scene) for slug in list(scene.names)[:1] + [s for s in scene.names if s == "farmacie"]
    ]
    first = scene.small("menu_choose" if answer.active else "menu_start")
    lines = [first, *(scene.small("menu_ask", word=word) for word in dict.fromkeys(asks))]
    more = scene.button("more")
    buttons = (more,) if answer.active else (scene.button("start"), more)
    return _say("info-2", *buttons, things="\n".join(lines))


def _my_data(answer: MyData, scene: Scene) -> Said:
    person = scene.subscriber
    minutes = str(int(my_data.TO_OPEN.total_seconds() // 60))
    number = masked(person.phone) if person.phone else scene.small("no_phone")
    button = scene.button("choose" if answer.active else "start")
    link = my_data.link_for(person, scene.now)
    return _say("my-data-2", button, number=number, link=link, minutes=minutes)


def _why(answer: Why, scene: Scene) -> Said | Content:
    if not answer.active:
        return _say("why-out-1", scene.button("start"))
    return answer_lists.why(answer, scene)


def _near(answer: Near, scene: Scene) -> Said:
    wants = answer.wants
    if wants is None or wants.value not in THINGS:
        return _say("near-unclear-1", scene.button("info"))
    about_topic = wants in (Command.TOPIC_ON, Command.TOPIC_OFF, Command.ASK)
    if about_topic and answer.topic not in scene.names:
        wants, about_topic = Command.CHOOSE, False
    reply_id = _topic_reply(wants, answer.topic) if about_topic else ""
    topic = scene.topics([answer.topic]) if answer.topic else ""
    thing = THINGS[wants.value][scene.language].format(topic=topic)
    return _say("near-1", scene.button(wants.value, reply_id), thing=thing)


def _topic_reply(wants: Command, topic: str | None) -> str:
    if wants is Command.ASK:
        return f"ask:{topic}"
    return f"topic:{topic}:{'on' if wants is Command.TOPIC_ON else 'off'}"


def _not_understood(answer: NotUnderstood, scene: Scene) -> Said:
    if answer.danger:
        return _say("danger-1", scene.button("info"))
    heard = NOISE.get(answer.kind, NOISE[""])[scene.language]
    return _say("not-understood-2", scene.button("info"), heard=heard)


def _enough(answer: Enough, scene: Scene) -> Said:
    return _say("enough-1", scene.button("choose" if answer.active else "start"))


_SAYERS: dict[type[Answer], Callable[[Any, Scene], Said | Content]] = {
    Joined: _joined,
    Stopped: _stopped,
    TopicOn: _topic_on,
    TopicOff: _topic_off,
    MarketingStopped: _marketing,
    Ask: _ask,
    Info: _info,
    More: answer_lists.more,
    Choose: answer_lists.choose,
    Zones: answer_lists.zones,
    Languages: answer_lists.languages,
    Colours: answer_lists.colours,
    Enough: _enough,
    MyData: _my_data,
    Why: _why,
    Near: _near,
    NotUnderstood: _not_understood,
}
