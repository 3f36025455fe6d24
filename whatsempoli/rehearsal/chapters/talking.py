"""People and the machine that answers them: they choose by tapping lists, ask, send what nobody opens, use
WhatsApp's own switch, come back by a topic; then a notice for one zone goes to whom these choices leave."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from broadcasts.letters.models import Letter
from subscribers.models import Subscriber
from whatsempoli.rehearsal.citizens import Citizen
from whatsempoli.rehearsal.scene import Say, Scene, notice, rome
from whatsempoli.rehearsal.stage import Stage

TAPPING = 6  # people of each kind, who tap their way through the lists


def talking(scene: Scene, say: Say) -> None:
    """Every message that asks is answered once; nobody gets what they left, everybody what they chose."""
    stage = scene.stage
    scene.settle(rome(24, 9))
    told = [c for c in scene.people if c.persona == "normal"]
    zoned, careful, curious, out, back = (told[n * TAPPING :][:TAPPING] for n in range(5))
    for citizen in zoned:
        _walk(stage, citizen, "scegli", ("cmd:zones", "zone:santa-maria:on"))
        citizen.zones = frozenset({"santa-maria"})
    for citizen in careful:
        _walk(stage, citizen, "scegli", ("cmd:colours", "colour:arancione"))
        citizen.lowest_colour = 2
    say("scelgono zone e colore toccando gli elenchi")
    for citizen in curious:
        stage.say((citizen.phone, words) for words in ("FARMACIA", "perché", "info", "allerta?"))
        for kind in ("audio", "image", "location", "reaction"):  # one answer a day to all of these
            stage.post(f"phones/{citizen.phone}/send", {"type": kind})
        stage.post(f"phones/{citizen.phone}", {"marketing": "stop"})
    stage.quiet()
    say("chiedono, mandano vocali e foto, fermano le promozioni")
    scene.stop([*out, *back])
    stage.say((citizen.phone, "grazie") for citizen in out)
    stage.quiet()
    stage.say((citizen.phone, "attiva farmacie") for citizen in back)
    inside = Subscriber.objects.filter(phone__in=[c.phone for c in back], state="active")
    stage.wait("sono rientrati", lambda: inside.count() == len(back))
    for citizen in back:
        citizen.left_at, citizen.topics = None, {"protezione-civile", "farmacie"}
    stage.quiet()
    letters = Letter.objects.filter(state=Letter.State.PENDING)
    stage.wait("le lettere sono partite", lambda: not letters.exists())
    stage.quiet()
    _count_answers(scene, zoned + careful, curious, out, back)
    if scene.broken == "uninvited":  # somebody's choice is forgotten
        Subscriber.objects.get(phone=zoned[0].phone).zones.clear()
    elsewhere = notice("Lavori a Ponte a Elsa", rome(24, 10, 30))
    scene.finish(scene.publish(replace(elsewhere, zones=("ponte-a-elsa",))))


def _walk(stage: Stage, citizen: Citizen, words: str, taps: tuple[str, ...]) -> None:
    """They write, and tap each row as soon as the answer that has it is on their phone."""
    stage.say([(citizen.phone, words)])
    for choice in taps:
        stage.wait(f"arriva l'elenco con {choice}", partial(_has_row, stage, citizen, choice))
        body = {"message_id": _with_row(stage, citizen, choice), "row_id": choice}
        stage.post(f"phones/{citizen.phone}/tap", body)


def _with_row(stage: Stage, citizen: Citizen, choice: str) -> str:
    """The id of the last message on the phone that offers this row, empty if there is none."""
    chat = stage.get(f"phones/{citizen.phone}/chat")["messages"]
    found = [m["id"] for m in chat if any(row["id"] == choice for row in m.get("rows", []))]
    return str(found[-1]) if found else ""


def _has_row(stage: Stage, citizen: Citizen, choice: str) -> bool:
    return bool(_with_row(stage, citizen, choice))


def _count_answers(
    scene: Scene, tapping: list[Citizen], curious: list[Citizen], out: list[Citizen], back: list[Citizen]
) -> None:
    """What each must have been answered, by hand: the letter about promotions is one of them."""
    scene.answers = {citizen.phone: 3 for citizen in tapping}
    scene.answers |= {citizen.phone: 4 + 1 + 1 for citizen in curious}
    scene.answers |= {citizen.phone: 2 for citizen in [*out, *back]}
