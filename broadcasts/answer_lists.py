"""Answers that are a list to tap: topics, zones, language, alert colour, everything one may ask, and why.

A list has ten rows at most, a title of 24 letters, a description of 72.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from broadcasts.answer_scene import Content, Said, Scene, body_of, short
from broadcasts.answer_words import ASK_WORDS, BUTTONS, COLOURS
from broadcasts.models import Delivery
from policy.decision import ALERT_COLOURS
from policy.models import PolicyVersion
from subscribers.conversation import (
    ZONES_A_PAGE,
    Answer,
    Choose,
    Colours,
    Joined,
    Languages,
    More,
    Why,
    Zones,
)
from subscribers.models import ConsentEvent, Subscription, Zone
from subscribers.understood import Command
from whatsapp import payloads

TITLE, DESCRIPTION, ROWS = 24, 72, 10
Row = tuple[str, str, str]


def listed(answer: Answer, said: Said, button: str, rows: Sequence[Row], scene: Scene) -> Content:
    """A text with a list under one button."""
    body = body_of(answer, said, scene, payloads.MAX_LIST_BODY)
    cut = [(id, short(title, TITLE), short(description, DESCRIPTION)) for id, title, description in rows]
    return Content(said.wording, payloads.list_menu(None, body, BUTTONS[button][scene.language], cut))


def choose(answer: Choose, scene: Scene) -> Content:
    """The topics with what is on, and the ways to zones, colours and language; for who is out the way in."""
    rows = choose_rows(answer.active, answer.page, scene)
    said = Said("choose-1" if answer.active else "choose-out-1", (), {})
    return listed(answer, said, "list", rows, scene)


def choose_rows(active: bool, page: int, scene: Scene) -> list[Row]:
    """The rows of one page; where the topics do not fit, the last one turns to the others."""
    held = set(scene.subscriber.categories.values_list("slug", flat=True)) if active else set()
    names = list(scene.names.items())
    last = _ways(scene) if active else [(*scene.button("start"), "")]
    room = ROWS - len(last)
    if len(names) > room:
        room -= 1
        pages = -(-len(names) // room)
        last = [(f"cmd:choose:{(page + 1) % pages}", scene.small("more_topics"), ""), *last]
        names = names[page % pages * room :][:room]
    topics = [
        (
            f"topic:{slug}:{'off' if slug in held else 'on'}",
            f"✓ {name}" if slug in held else name,
            scene.small("remove" if slug in held else "add"),
        )
        for slug, name in names
    ]
    return [*topics, *last]


def _ways(scene: Scene) -> list[Row]:
    person = scene.subscriber
    zones = ", ".join(person.zones.values_list("name", flat=True)) or scene.small("whole_town")
    colour = COLOURS[ALERT_COLOURS[person.lowest_colour - 1]][scene.language]
    return [
        ("cmd:zones", scene.small("zones"), zones),
        ("cmd:colours", scene.small("colours"), colour),
        ("cmd:languages", scene.small("languages"), scene.small("language")),
    ]


def zones(answer: Zones, scene: Scene) -> Content:
    """Eight zones at a time, the way to the others, the whole town."""
    everywhere = list(Zone.objects.all())
    held = list(scene.subscriber.zones.all())
    pages = max(1, -(-len(everywhere) // ZONES_A_PAGE))
    page = answer.page % pages
    rows: list[Row] = [
        (
            f"zone:{zone.slug}:{'off' if zone in held else 'on'}",
            f"✓ {zone.name}" if zone in held else zone.name,
            scene.small("zone_remove" if zone in held else "zone_add"),
        )
        for zone in everywhere[page * ZONES_A_PAGE :][:ZONES_A_PAGE]
    ]
    if pages > 1:
        count = scene.small("page", page=str(page + 1), pages=str(pages))
        rows.append((f"cmd:zones:{(page + 1) % pages}", scene.small("more_zones"), count))
    mark = "" if held else "✓ "
    whole = scene.small("whole_town")
    rows.append(("cmd:whole_town", f"{mark}{whole[0].upper()}{whole[1:]}", scene.small("whole_town_help")))
    names = ", ".join(zone.name for zone in held)
    said = Said("zones-1" if held else "zones-none-1", (), {"zones": names})
    return listed(answer, said, "zones", rows, scene)


def languages(answer: Languages, scene: Scene) -> Content:
    """Both languages, each in its own words."""
    rows: list[Row] = [
        (f"speak:{code}", f"✓ {name}" if code == scene.language else name, "")
        for code, name in (("it", "Italiano"), ("en", "English"))
    ]
    said = Said("language-chosen-1" if answer.changed else "languages-1", (), {})
    return listed(answer, said, "languages", rows, scene)


def colours(answer: Colours, scene: Scene) -> Content:
    """From which colour on; emergencies come whatever was chosen."""
    chosen = ALERT_COLOURS[scene.subscriber.lowest_colour - 1]
    rows: list[Row] = [
        (f"colour:{colour}", f"✓ {name}" if colour == chosen else name[0].upper() + name[1:], "")
        for colour, name in ((each, COLOURS[each][scene.language]) for each in ALERT_COLOURS)
    ]
    said = Said("colours-1", (), {"colour": COLOURS[chosen][scene.language]})
    return listed(answer, said, "colours", rows, scene)


def more(answer: More, scene: Scene) -> Content:
    """Everything that one may ask, within ten rows."""
    ways = ["choose", "my_data", "why"] if answer.active else ["start", "my_data"]
    last: list[Row] = [(*scene.button(key), "") for key in ways]
    asks: list[Row] = [(f"ask:{slug}", name, scene.small("ask_help")) for slug, name in scene.names.items()][
        : ROWS - len(last)
    ]
    return listed(answer, Said("more-1", (), {}), "more", [*asks, *last], scene)


def ask_word(slug: str, scene: Scene) -> str:
    """What one writes to ask about a topic: «FARMACIA»."""
    return ASK_WORDS.get(slug, {}).get(scene.language) or scene.names[slug].upper()


# --- why ------------------------------------------------------------------------------------------


def why(answer: Why, scene: Scene) -> Content:
    """What they receive and since when, by which act and under which policy, where; the list takes away one
    topic at a time."""
    person = scene.subscriber
    held = Subscription.objects.filter(subscriber=person).select_related("category")
    topics = list(held.order_by("category__order", "category__name"))
    acts = _last_acts(person.subject)
    reasons = [_reason(one, acts, scene) for one in topics]
    zones = ", ".join(person.zones.values_list("name", flat=True)) or scene.small("whole_town")
    values = {"reasons": "\n".join(reasons) or scene.small("none"), "zones": zones, "last": _last(scene)}
    rows: list[Row] = [
        (f"topic:{one.category.slug}:off", one.category.label(scene.language), scene.small("remove"))
        for one in topics
    ][: ROWS - 1]
    rows.append((*scene.button("stop"), scene.small("stop_help")))
    return listed(answer, Said("why-2", (), values), "leave_one", rows, scene)


def _last_acts(subject: UUID) -> dict[int | None, ConsentEvent]:
    """By category the last act that gave it; under None the last joining."""
    given = ConsentEvent.objects.filter(
        subject=subject, act__in=(ConsentEvent.Act.JOIN, ConsentEvent.Act.TOPIC_ON)
    )
    return {act.category_id: act for act in given.select_related("policy_version").order_by("at", "id")}


def _reason(one: Subscription, acts: dict[int | None, ConsentEvent], scene: Scene) -> str:
    act = acts.get(one.category_id) or acts.get(None)
    topic, day = one.category.label(scene.language), scene.day(one.since)
    if act is None:
        return scene.small("since", topic=topic, day=day)
    how = "how_import" if act.channel.startswith("import") else "how_tap"
    if act.command in (Command.START, Command.TOPIC_ON):
        how = "how_start" if act.command == Command.START else "how_topic"
    version: PolicyVersion | None = act.policy_version
    number = str(version.number) if version else "–"
    parts = {"topic": topic, "day": day, "how": scene.small(how), "wording": act.wording, "number": number}
    return scene.small("reason", **parts)


def _last(scene: Scene) -> str:
    """The last notice that left for them, since that is what they ask about."""
    rows = Delivery.objects.filter(subscriber=scene.subscriber, accepted_at__isnull=False)
    row = rows.select_related("broadcast__category").order_by("-accepted_at").first()
    if row is None:
        return ""
    notice = row.broadcast
    places = ", ".join(notice.zones.values_list("name", flat=True)) or scene.small("whole_town")
    topic, link = notice.category.label(scene.language), scene.site_url + notice.get_absolute_url()
    return scene.small("last_notice", title=notice.title, topic=topic, zones=places, link=link)


def welcome(answer: Joined, said: Said, scene: Scene) -> Content:
    """The welcome with a list to choose from at once, where a button's text has no room for the alerts."""
    return listed(answer, said, "choose", choose_rows(answer.active, 0, scene), scene)
