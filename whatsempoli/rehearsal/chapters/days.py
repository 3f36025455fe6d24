"""Ordinary days: everybody joins at once, a window closes, people leave, the month fills, clocks change."""

from __future__ import annotations

from datetime import datetime, timedelta

from broadcasts import wake
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery, MonthlyUsage, Reply
from broadcasts.states import State
from policy.calendar import ROME, is_open
from policy.models import TownProfile
from policy.rules import SHIPPED
from whatsempoli.rehearsal.citizens import PRESELECTED, wordings
from whatsempoli.rehearsal.scene import NUMBER_RATE, Say, Scene, notice, put_back, rome

SLOW = 60  # messages a second: an audience of hundreds leaves in a handful of seconds


def storm(scene: Scene, say: Say) -> None:
    """Everybody joins in one second, by webhooks that come twice, in disorder and forged; a tenth leaves
    at once. Each is answered once, and only who is in gets the first notice."""
    scene.stage.move_clock(rome(24, 10))
    scene.stage.set(duplicate_rate=0.3, disorder_rate=0.5, bad_signature_rate=0.3)
    scene.meet()
    joining = [(citizen.phone, words) for citizen, words in wordings(scene.people, scene.seed)]
    scene.stage.say(joining)
    say("tutti hanno scritto")
    if scene.broken == "unanswered":
        scene.stage.wait("arrivano le risposte", Reply.objects.filter(state="pending").exists)
        Reply.objects.filter(state="pending").update(state="skipped")
    scene.stage.wait("tutti sono iscritti", lambda: scene.stage.active() >= len(scene.people), 120)
    leavers = scene.people[::10]
    for citizen in scene.people:
        citizen.joined, citizen.topics = True, set(PRESELECTED)
    scene.stop(leavers)
    say("uno su dieci è già uscito")
    scene.stage.quiet()
    scene.answers = {c.phone: 1 + (c in leavers) for c in scene.people if c.persona != "not_on_whatsapp"}
    if scene.broken == "uninvited":
        put_back([leavers[0].phone], "viabilita")
    broadcast = scene.publish(notice("Strada chiusa in via Roma", rome(24, 10, 30)))
    scene.finish(broadcast)


def window(scene: Scene, say: Say) -> None:
    """A routine notice is caught by the end of the morning, waits, and goes on in the afternoon."""
    closing = rome(24, 13)
    scene.settle(rome(24, 12, 50))
    scene.rate(SLOW)
    broadcast = scene.publish(notice("Lavori in via Ridolfi", closing - timedelta(seconds=3)))
    scene.stage.accepted(broadcast, 20)
    if scene.broken == "out_of_hours":
        always = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(7)]
        TownProfile.objects.update(service_hours=always)
    else:
        waits = Broadcast.objects.filter(pk=broadcast.pk, waits_until=rome(24, 15))
        scene.stage.wait("aspetta le 15", waits.exists)
        scene.stage.still(broadcast)
        say(f"alle 13 si ferma: {waiting(broadcast)} persone aspettano le 15")
        scene.stage.move_clock(rome(24, 14, 59))
        count = waiting(broadcast)
        scene.stage.never("è partito prima delle 15", lambda: waiting(broadcast) < count, 1)
        scene.stage.move_clock(rome(24, 15))
        wake.send(broadcast)
    scene.finish(broadcast)


def waiting(broadcast: Broadcast) -> int:
    """How many of its messages have not begun to leave."""
    return Delivery.objects.filter(broadcast=broadcast, state="pending").count()


def stop(scene: Scene, say: Say) -> None:
    """Three groups leave in the middle of a send, and get nothing afterwards either."""
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    broadcast = scene.publish(notice("Strade del centro senza auto", rome(24, 10)))
    gone: list[str] = []
    for group in range(3):
        scene.stage.accepted(broadcast, 30 + 60 * group)
        leavers = scene.people[len(scene.people) - 1 - group :: -15]
        leavers = [citizen for citizen in leavers if citizen.left_at is None]
        scene.stop(leavers)
        gone += [citizen.phone for citizen in leavers]
        say(f"escono in {len(leavers)}")
    scene.excuse(broadcast, gone)
    if scene.broken == "after_opt_out":
        put_back(gone, "viabilita")
    scene.finish(broadcast)
    scene.rate(NUMBER_RATE)
    scene.finish(scene.publish(notice("Riaperto il centro", rome(24, 11))))


def month(scene: Scene, say: Say) -> None:
    """Seven routine notices in November: five reach a phone. An urgent one does all the same, the
    pharmacies have an account of their own, and December begins anew."""
    scene.settle(rome(16, 9, 30))
    for number in range(7):
        if number == 5 and scene.broken == "over_cap":
            MonthlyUsage.objects.update(used=0)
        category, at = ("viabilita", "scuole")[number % 2], rome(16 + number, 10, number)
        if not is_open(at, SHIPPED.hours):  # a Sunday
            at += timedelta(days=1)
        scene.stage.sent(scene.publish(notice(f"Avviso numero {number + 1}", at, category=category)))
    say("il mese è pieno")
    scene.stage.sent(scene.publish(notice("Turno di notte", rome(26, 10), category="farmacie")))
    scene.stage.sent(scene.publish(notice("Tubo rotto", rome(26, 11), category="acqua", severity="urgent")))
    scene.stage.sent(scene.publish(notice("Avviso di dicembre", rome(1, 10, month=12))))
    scene.stage.quiet()


def summer_time(scene: Scene, say: Say) -> None:
    """The night in which 02:30 comes twice: an emergency leaves at the first, once; an urgent notice at
    seven, a routine one on Monday at nine."""
    due = datetime(2026, 10, 25, 2, 30, tzinfo=ROME)
    scene.settle(rome(25, 0, month=10))
    routine = scene.approve(notice("Deviazione in via Chiarugi", due), due)
    urgent = scene.approve(notice("Semafori spenti", due, severity="urgent"), due)
    if scene.broken == "out_of_hours":  # somebody writes a reason that nobody approved
        urgent.night_reason = "Perché sì"
        Broadcast.objects.filter(pk=urgent.pk).update(
            night_reason=urgent.night_reason, fingerprint=fingerprint_of(urgent)
        )
    emergency = scene.publish(
        notice("Piena dell'Arno", due, category="protezione-civile", severity="emergency")
    )
    scene.finish(emergency)
    say("l'emergenza è partita alle 2:30")
    for moment in (due.replace(fold=1), rome(25, 6, 59, month=10)):
        scene.stage.move_clock(moment)
        wake.release()
        scene.stage.quiet()
        scene.stage.never("un avviso è partito di notte", lambda: started(routine), 0.7)
    scene.stage.move_clock(rome(25, 7, month=10))
    wake.release()
    scene.finish(urgent)
    say("l'urgente è partito alle 7")
    scene.stage.move_clock(rome(26, 8, 59, month=10))
    wake.release()
    scene.stage.never("è partito prima delle 9", lambda: started(routine), 0.7)
    scene.stage.move_clock(rome(26, 9, month=10))
    wake.release()
    scene.finish(routine)


def started(broadcast: Broadcast) -> bool:
    """It has begun to leave."""
    return not Broadcast.objects.filter(pk=broadcast.pk, state=State.SCHEDULED).exists()
