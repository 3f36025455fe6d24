"""The provider's bad days: away, holding back, a template paused, the token expired."""

from __future__ import annotations

from datetime import timedelta

from broadcasts import lifecycle, wake
from broadcasts.models import Broadcast, Delivery, MessageTemplate, Transition
from broadcasts.states import State
from whatsempoli.rehearsal.scene import Say, Scene, notice, replace_rendered, rome
from whatsempoli.rehearsal.stage import StageError

SLOW = 60  # messages a second
OUTAGE_SECONDS = 3.0


def outage(scene: Scene, say: Say) -> None:
    """Away for a minute: connections cut, then 503, then taken and cut before the answer. All by itself
    the send goes on; who is in doubt is shown as such, and the receipts settle it."""
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    begin = rome(24, 10)
    broadcast = scene.publish(notice("Allagamento in via Salaiola", begin))
    scene.stage.accepted(broadcast, 40)
    for step, trouble in enumerate(("refuse", "http_503", "reset_after"), start=1):
        scene.stage.set(outage=trouble)
        say(f"il fornitore: {trouble}")
        scene.stage.never("si è arreso", lambda: state_of(broadcast) != State.SENDING, OUTAGE_SECONDS)
        scene.stage.move_clock(begin + timedelta(seconds=20 * step))
    if scene.broken == "duplicates":  # somebody takes the doubtful and the accepted for never sent
        Delivery.objects.filter(broadcast=broadcast, state__in=["accepted", "unconfirmed"]).update(
            state="pending", receipt=0
        )
    scene.stage.set(outage="none")
    scene.finish(broadcast)
    doubtful = Delivery.objects.filter(broadcast=broadcast, state="unconfirmed").count()
    say(f"{doubtful} persone restano in dubbio, e l'ufficio lo vede")


def state_of(broadcast: Broadcast) -> str:
    """Where a broadcast stands now."""
    return str(Broadcast.objects.values_list("state", flat=True).get(pk=broadcast.pk))


def held(scene: Scene, say: Say) -> None:
    """The provider holds back what comes after fifty messages: the first time it lets them go, the
    second time it drops them. Nothing held is repeated."""
    scene.settle(rome(24, 9, 30))
    scene.stage.set(pacing="template", pacing_free=50, pacing_hold_s=600)
    for hour, action in ((10, "release"), (11, "drop")):
        broadcast = scene.publish(notice(f"Avviso delle {hour}", rome(24, hour)))
        scene.stage.sent(broadcast)
        rows = Delivery.objects.filter(broadcast=broadcast, state="held")
        scene.stage.wait("alcuni sono trattenuti", rows.exists)
        say(f"{rows.count()} trattenuti ({action})")
        if scene.broken == "duplicates" and action == "release":
            rows.update(state="pending")
            Broadcast.objects.filter(pk=broadcast.pk).update(state=State.SENDING)
            scene.stage.set(pacing="none")
            wake.send(broadcast)
            scene.stage.sent(broadcast)
            scene.stage.set(pacing="template")
        scene.stage.post("held", {"action": action})
        scene.stage.quiet()


def template(scene: Scene, say: Say) -> None:
    """The template is paused in the middle: the send stops, keeps its place and says why; a person lets
    it go on once the template is back."""
    broadcast = _halfway(scene, "Mercato spostato")
    name = broadcast.rendered["it"]["template"]
    scene.stage.post(f"templates/{name}", {"status": "PAUSED", "language": "it"})
    _stopped(scene, broadcast, say)
    if scene.broken == "lost":  # it does not keep its place
        Delivery.objects.filter(broadcast=broadcast, state="pending").update(state="skipped", reason="topic")
    scene.stage.post(f"templates/{name}", {"status": "APPROVED", "language": "it"})
    back = MessageTemplate.objects.filter(name=name, language="it", status="APPROVED")
    scene.stage.wait("il modello è di nuovo approvato", back.exists)
    lifecycle.resume(broadcast.pk, by=scene.bruno)
    scene.finish(broadcast)


def token(scene: Scene, say: Say) -> None:
    """The access token expires in the middle: the send stops and waits for people, and nothing is lost.
    What was approved is what goes on, also if somebody touches it meanwhile."""
    broadcast = _halfway(scene, "Scuolabus in ritardo")
    scene.stage.set(token_expired=True)
    _stopped(scene, broadcast, say)
    scene.stage.set(token_expired=False)
    if scene.broken == "unapproved":
        replace_rendered(broadcast)
    lifecycle.resume(broadcast.pk, by=scene.bruno)
    scene.finish(broadcast)


def _halfway(scene: Scene, title: str) -> Broadcast:
    scene.settle(rome(24, 9, 30))
    scene.rate(SLOW)
    broadcast = scene.publish(notice(title, rome(24, 10)))
    scene.stage.accepted(broadcast, 40)
    return broadcast


def _stopped(scene: Scene, broadcast: Broadcast, say: Say) -> None:
    """It stopped by itself, with a sentence for people, and most of it is still in its place."""
    scene.stage.becomes(broadcast, State.PAUSED)
    scene.stage.still(broadcast)
    told = Transition.objects.filter(broadcast=broadcast, verb="pause", by=None).exclude(reason="").first()
    left = Delivery.objects.filter(broadcast=broadcast, state="pending").count()
    if told is None or not left:
        raise StageError(f"«{broadcast.title}» si è fermato senza dire perché o senza tenere il posto")
    say(f"fermo, {left} persone in attesa: «{told.reason}»")
