"""What comes after something else: an emergency over a backlog; a correction, an update, an ending."""

from __future__ import annotations

from broadcasts import wake
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from whatsempoli.rehearsal.scene import NOT_REACHED, NUMBER_RATE, Say, Scene, notice, rome

SLOW = 100  # messages a second


def emergency(scene: Scene, say: Say) -> None:
    """Three routine notices are leaving; an emergency takes the whole budget and gives it back."""
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    backlog = [scene.approve(notice(f"Avviso in coda {n}", rome(24, 10)), rome(24, 10)) for n in (1, 2, 3)]
    scene.stage.move_clock(rome(24, 10))
    wake.release()
    scene.stage.accepted(backlog[0], 20)
    say("un arretrato sta partendo")
    alert = notice(
        "Evacuazione di Avane", rome(24, 10, 5), category="protezione-civile", severity="emergency"
    )
    urgent = scene.publish(alert)
    if scene.broken == "behind":  # it waits in the lane of the others
        urgent.refresh_from_db()
        urgent.severity = "routine"
        Broadcast.objects.filter(pk=urgent.pk).update(severity="routine", fingerprint=fingerprint_of(urgent))
    scene.stage.becomes(urgent, State.SENT)
    left = Delivery.objects.filter(broadcast__in=backlog, state="pending").count()
    say(f"l'emergenza è arrivata a tutti mentre {left} messaggi aspettavano")
    scene.overtook = left > 0
    scene.rate(NUMBER_RATE)
    for broadcast in backlog:
        scene.stage.sent(broadcast)
    scene.stage.quiet()


def follow_ups(scene: Scene, say: Say) -> None:
    """A wrong notice is corrected while it leaves: who has not got it yet never will. Then an update and
    an ending, each after the one it follows on every phone."""
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    wrong = scene.publish(notice("Via del Giglio chiusa domenica", rome(24, 10)))
    scene.stage.accepted(wrong, 60)
    title, at = "Via del Giglio chiusa sabato", rome(24, 10, 10)
    right = scene.publish(notice(title, at, severity="urgent", kind="correction", follows=wrong.title))
    scene.finish(right)
    if scene.broken == "out_of_order":
        let_the_original_go_on(scene, wrong, right)
    scene.finish(wrong)
    reached = {line.phone for line in scene.stage.ledger() if line.broadcast == wrong.pk}
    never = scene.sent[wrong.pk].expected - reached
    say(f"corretto a metà: {len(reached)} l'avevano avuto, {len(never)} non lo avranno")
    scene.excuse(wrong, never)
    scene.excuse(right, never)
    scene.rate(NUMBER_RATE)
    told = {c.phone for c in scene.people if c.persona != NOT_REACHED}
    for hour, kind, title in (
        (11, "update", "Via del Giglio: anche il parcheggio"),
        (12, "ending", "Riaperta"),
    ):
        follow = scene.publish(
            notice(title, rome(24, hour), severity="urgent", kind=kind, follows=right.title)
        )
        scene.excuse(follow, scene.sent[follow.pk].expected - (reached & told))
        scene.finish(follow)


def let_the_original_go_on(scene: Scene, wrong: Broadcast, right: Broadcast) -> None:
    """Cut the tie that keeps the original behind its correction, and send the rest of it."""
    Broadcast.objects.filter(pk=right.pk).update(refers_to=None)
    Delivery.objects.filter(broadcast=wrong, state="skipped", reason="superseded").update(state="pending")
    Broadcast.objects.filter(pk=wrong.pk).update(state=State.SENDING, finished_at=None)
    wake.send(wrong)
