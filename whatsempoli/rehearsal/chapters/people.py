"""People who are not a phone number: a new number, a username only; and receipts that come hours late."""

from __future__ import annotations

from datetime import timedelta

from broadcasts.models import Delivery
from subscribers.models import Subscriber
from whatsempoli.rehearsal.citizens import PRESELECTED, Citizen
from whatsempoli.rehearsal.scene import Say, Scene, notice, rome

HIDDEN = 40  # people with a username only
MOVED = 20  # people who change number


def identity(scene: Scene, say: Say) -> None:
    """Some join without showing a number, some change theirs and a stranger gets the old one: each
    person gets each notice once, the strangers none."""
    hidden, scene.people = scene.people[:HIDDEN], scene.people[HIDDEN:]
    scene.settle(rome(24, 9))
    for citizen in hidden:
        citizen.persona = "username_only"
        citizen.joined, citizen.topics = True, set(PRESELECTED)
    before = scene.stage.active()
    scene.people = [*scene.people, *hidden]
    scene.meet()
    scene.stage.say((citizen.phone, "ATTIVA ISCRIZIONE") for citizen in hidden)
    scene.stage.wait("sono iscritti", lambda: scene.stage.active() == before + len(hidden))
    known = Subscriber.objects.filter(phone__in=[citizen.phone for citizen in hidden])
    say(f"{len(hidden)} iscritti senza numero ({known.count()} numeri visti)")
    scene.finish(scene.publish(notice("Primo avviso", rome(24, 10))))
    moving = [citizen for citizen in scene.people if citizen.persona == "normal"][:MOVED]
    old = [_move(scene, citizen) for citizen in moving]
    moved = Subscriber.objects.filter(phone__in=[citizen.phone for citizen in moving])
    scene.stage.wait("i nuovi numeri sono noti", lambda: moved.count() == len(moving))
    scene.stage.post("phones", [{"phone": number, "name": "Uno sconosciuto"} for number in old])
    if scene.broken == "uninvited":  # the old number is written back
        Subscriber.objects.filter(phone=moving[0].phone).update(phone=old[0])
    say(f"{len(moving)} hanno cambiato numero")
    scene.finish(scene.publish(notice("Secondo avviso", rome(24, 11))))


def _move(scene: Scene, citizen: Citizen) -> str:
    """The citizen takes another number; returns the old one."""
    old, new = citizen.phone, f"39366{citizen.phone[-7:]}"
    scene.stage.post(f"phones/{old}", {"new_number": new})
    scene.renumber(citizen, new)
    return old


def receipts(scene: Scene, say: Say) -> None:
    """Phones that are off for six hours, receipts twice and in disorder, reads without a delivery: at the
    end the office sees what the phones have."""
    scene.settle(rome(24, 9))
    scene.stage.set(duplicate_rate=0.3, disorder_rate=0.6, skip_delivered_rate=0.3)
    for citizen in scene.people[::4]:
        scene.stage.post(f"phones/{citizen.phone}", {"online": False, "offline_seconds": 6 * 3600})
    broadcast = scene.publish(notice("Avviso della mattina", rome(24, 10)))
    scene.finish(broadcast)
    rows = Delivery.objects.filter(broadcast=broadcast, receipt__gte=2)
    before = rows.count()
    scene.stage.move_clock(rome(24, 10) + timedelta(hours=6))
    scene.stage.wait("i telefoni spenti si riaccendono", lambda: rows.count() > before)
    scene.stage.quiet()
    say(f"arrivati {before} subito, {rows.count() - before} sei ore dopo")
    if scene.broken == "misreported":  # the office boasts
        Delivery.objects.filter(broadcast=broadcast).update(receipt=3)
