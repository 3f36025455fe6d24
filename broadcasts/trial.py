"""«Prova sul mio telefono»: the message as it will be, marked as a trial, to one of the staff."""

from __future__ import annotations

import copy

from django.utils.translation import gettext as _

from broadcasts import media, provider, render, wire
from broadcasts.models import Broadcast
from broadcasts.readiness import mark_used
from staff import phones
from staff.models import User, audit
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsapp.payloads import Recipient
from whatsempoli import clock


class TrialFailed(Exception):
    """The trial did not leave; str() says why, for the person who asked."""


def send_trial(broadcast: Broadcast, *, by: User) -> None:
    """Send the Italian text, its title marked «PROVA», to the person's own number."""
    phone = phones.digits(by.phone)
    if not phone:
        raise TrialFailed(_("Manca il tuo numero per le prove: chiedi di aggiungerlo alla tua scheda."))
    text = render.render(broadcast)[render.DEFAULT_LANGUAGE]
    if why := media.ready(broadcast):
        raise TrialFailed(why)
    held = media.provider_id(broadcast) if broadcast.media_id else ""
    payload = marked(wire.payload_of(broadcast, text, text["template"], held))
    try:
        provider.client().send(payload | Recipient(phone).fields() | {"biz_opaque_callback_data": "t:trial"})
    except ApiError as error:
        raise TrialFailed(str(error.info.reason)) from error
    except (NotSent, Unanswered) as error:
        raise TrialFailed(_("WhatsApp non risponde: riprova fra poco.")) from error
    mark_used(broadcast, clock.real_now())
    audit(by, "trial", f"avviso {broadcast.code}")


def marked(payload: dict[str, object]) -> dict[str, object]:
    """The same message with «PROVA» before its first value and after its last but the link."""
    copied = copy.deepcopy(payload)
    body = next(part for part in copied["template"]["components"] if part["type"] == "body")  # type: ignore[index]
    texts = [part for part in body["parameters"] if part["parameter_name"] != "link"]
    texts[0]["text"] = f"PROVA - {texts[0]['text']}"
    texts[-1]["text"] = f"{texts[-1]['text']} (questa è una PROVA)"
    return copied
