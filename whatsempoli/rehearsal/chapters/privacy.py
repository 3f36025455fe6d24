"""People who want to be forgotten, a backup that does not know it, and numbers that are not there."""

from __future__ import annotations

import re
from datetime import timedelta

import requests
from django.conf import settings

from broadcasts import erasure, replaying
from broadcasts.models import Delivery
from subscribers.models import Erasure, Subscriber, Subscription
from whatsempoli import clock
from whatsempoli.rehearsal.citizens import Citizen
from whatsempoli.rehearsal.scene import NOT_REACHED, Say, Scene, notice, rome
from whatsempoli.rehearsal.stage import StageError

ERASED = 8  # people who use the page: each is a visit
LEFT = 12
LINK = re.compile(r"https?://\S+/dati/apri/\S+")


def forgotten(scene: Scene, say: Say) -> None:
    """Some ask for their data, open the link and erase them, some stop; then yesterday's backup is restored,
    which knows nothing of it. Read back from the journal, none of them gets anything."""
    scene.settle(rome(24, 9))
    visitors, leavers = scene.people[:ERASED], scene.people[ERASED : ERASED + LEFT]
    backup = list(Subscriber.objects.order_by("pk")), list(Subscription.objects.order_by("pk"))
    scene.stage.say((citizen.phone, "I MIEI DATI") for citizen in visitors)
    scene.stage.quiet()
    for citizen in visitors:
        _visit(_link_of(scene, citizen), citizen.phone)
        citizen.joined = False
    waiting = Erasure.objects.exclude(phone=None, user_id=None)
    scene.stage.wait("le cancellazioni sono finite", lambda: not waiting.exists())
    scene.stop(leavers)
    scene.stage.quiet()
    say(f"{ERASED} si sono cancellati dalla pagina, {LEFT} sono usciti")
    Subscriber.objects.bulk_update(
        backup[0], ["phone", "user_id", "state", "consent_at", "language", "marketing_stopped"]
    )
    Subscription.objects.bulk_create(backup[1], ignore_conflicts=True)
    if scene.broken != "uninvited":  # whoever restores a backup forgets the journal
        done = replaying.replay(clock.now())
        erasure.finish(clock.real_now())
        say(f"copia ripristinata: {done.stopped} uscite e {done.erased} cancellazioni ripetute")
        if done.stopped + done.erased < ERASED + LEFT:
            raise StageError("il diario non ha tutte le uscite e le cancellazioni")
    scene.finish(scene.publish(notice("Dopo il ripristino", rome(24, 11))))


def _link_of(scene: Scene, citizen: Citizen) -> str:
    """The address in the answer that this phone received."""
    bodies = [line["body"] for line in scene.stage.entries() if line["phone"] == citizen.phone]
    found = [match[0] for body in bodies if (match := LINK.search(body or ""))]
    if not found:
        raise StageError("I MIEI DATI: la risposta non ha il collegamento")
    return found[-1]


def _visit(link: str, phone: str) -> None:
    """As a browser would: look, tap, see, erase. Raises StageError where a page is not as promised."""
    with requests.Session() as web:
        first = web.get(link, timeout=30)
        if phone in first.text:
            raise StageError("il collegamento mostra i dati prima di un tocco")
        page = web.post(link, data=_token(first), timeout=30)
        if f"+{phone}" not in page.text:
            raise StageError("la pagina dei dati non mostra il numero al suo proprietario")
        address = f"{settings.SITE_URL}/dati/cancella/"
        gone = web.post(address, data=_token(page) | {"sure": "on"}, timeout=30)
        if not gone.ok or web.get(f"{settings.SITE_URL}/dati/", timeout=30).status_code != 410:
            raise StageError("la cancellazione dalla pagina non è riuscita")


def _token(page: requests.Response) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    return {"csrfmiddlewaretoken": found[1] if found else ""}


def resting(scene: Scene, say: Say) -> None:
    """Numbers that are not on WhatsApp: after three notices they are asked no more, and the one that writes
    comes back."""
    for citizen in scene.people[:12]:
        citizen.persona = NOT_REACHED
    scene.settle(rome(24, 9))
    absent = [citizen for citizen in scene.people if citizen.persona == NOT_REACHED]
    for number in range(3):
        scene.finish(scene.publish(notice(f"Avviso numero {number + 1}", rome(24, 10 + number))))
    rests = Subscriber.objects.filter(state=Subscriber.State.UNREACHABLE)
    scene.stage.wait("i numeri sono a riposo", lambda: rests.count() == len(absent))
    say(f"{rests.count()} numeri a riposo dopo tre avvisi")
    back = absent[0]
    scene.stage.post(f"phones/{back.phone}", {"persona": "normal"})
    back.persona = "normal"
    scene.stage.say([(back.phone, "INFO")])
    scene.stage.wait("chi scrive torna", lambda: rests.count() == len(absent) - 1)
    scene.stage.quiet()
    fourth = scene.publish(notice("Avviso numero 4", rome(24, 12) + timedelta(minutes=30)))
    scene.excuse(fourth, [citizen.phone for citizen in absent[1:]])
    scene.finish(fourth)
    tried = Delivery.objects.filter(broadcast=fourth, begun_at__isnull=False, subscriber__in=rests)
    if tried.exists():
        raise StageError("a un numero a riposo si è scritto lo stesso")
    if scene.broken == "misreported":  # the office boasts
        Delivery.objects.filter(broadcast=fourth).update(receipt=3)
