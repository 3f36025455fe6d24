"""The story: they join, choose, get notices, leave in the middle; an emergency overtakes a routine send."""

from __future__ import annotations

import random
from datetime import timedelta

from broadcasts.bulletins import notices
from broadcasts.bulletins.notices import Notice
from broadcasts.models import Delivery
from broadcasts.states import State
from whatsempoli.rehearsal.scene import NUMBER_RATE, Say, Scene, moment_of, put_back, replace_rendered, rome

OPENING = rome(24, 9, 30)
SLOW_RATE = 250  # while the emergency overtakes, so that there is something to overtake
LEAVERS = 20
OVERTAKEN, OVERTAKER = (
    "Partita dell'Empoli: strade chiuse allo stadio",
    "Allerta arancione per rischio idraulico",
)
LEFT_DURING = "Farmacie di turno dal 28 novembre al 4 dicembre"


def play(scene: Scene, say: Say) -> None:
    """The whole of it."""
    scene.stage.move_clock(OPENING)
    say(f"{len(scene.people)} cittadini scrivono al servizio")
    scene.join()
    say("scelgono gli argomenti")
    scene.choose()
    samples = {notice.title: notice for notice in notices.load()}
    for notice in sorted(samples.values(), key=moment_of):
        if notice.title == OVERTAKER:
            continue  # it comes in the middle of another one
        say(f"{moment_of(notice):%d/%m %H:%M}  {notice.title}")
        if notice.title == OVERTAKEN:
            overtake(scene, notice, samples[OVERTAKER])
        elif notice.title == LEFT_DURING:
            leave_in_the_middle(scene, notice)
        else:
            if notice.refers_to:
                scene.stage.quiet()  # it goes to those whom the first one reached
            scene.stage.sent(scene.publish(notice))
    scene.stage.quiet()


def leave_in_the_middle(scene: Scene, notice: Notice) -> None:
    """Some write DISATTIVA ISCRIZIONE while it is leaving."""
    scene.rate(min(SLOW_RATE, max(len(scene.people) // 3, 1)))
    broadcast = scene.publish(notice)
    if scene.broken == "unapproved":
        replace_rendered(broadcast)
    scene.stage.accepted(broadcast, len(scene.people) // 30)
    inside = [citizen for citizen in scene.people if citizen.joined]
    leavers = random.Random(scene.seed + 3).sample(inside, min(LEAVERS, len(inside) // 4))
    scene.stop(leavers)
    phones = [citizen.phone for citizen in leavers]
    if scene.broken == "after_opt_out":  # somebody puts them back behind everybody's back
        put_back(phones, "viabilita")
    if scene.broken == "lost":  # rows vanish
        Delivery.objects.filter(broadcast=broadcast, state__in=["pending", "claimed"]).delete()
    scene.rate(NUMBER_RATE)
    scene.excuse(broadcast, phones)
    scene.finish(broadcast)


def overtake(scene: Scene, routine: Notice, emergency: Notice) -> None:
    """An emergency is approved while a routine notice leaves, and is done first."""
    scene.rate(min(SLOW_RATE, max(len(scene.people) // 3, 1)))
    slow = scene.publish(routine)
    scene.stage.accepted(slow, len(scene.people) // 30)
    fast = scene.publish(emergency, now=moment_of(routine) + timedelta(minutes=3))
    scene.stage.becomes(fast, State.SENT)
    scene.rate(NUMBER_RATE)
    slow.refresh_from_db()
    scene.overtook = slow.finished_at is None
    scene.stage.sent(slow)
