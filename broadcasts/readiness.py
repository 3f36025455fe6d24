"""May the provider's templates carry this notice? Asked before approval and before the start.

One rule, `trouble_of`, over what is stored of a template; the rest reads rows. What is stored comes from the
provider's webhooks at once (broadcasts/template_news) and from its list every hour (broadcasts/catalogue).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import Broadcast, MessageTemplate
from broadcasts.render import town_of
from policy.models import TownProfile

Status = MessageTemplate.Status
WAITING = (Status.PENDING, Status.IN_APPEAL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a notice needs of one template; `ttl` in seconds, None where the provider allows none of ours."""

    name: str
    language: str
    template_class: str
    body_hash: str
    ttl: int | None


def template_trouble(broadcast: Broadcast) -> str:
    """Why its templates cannot carry it now, in a sentence; empty if they can."""
    wanted = [
        Wanted(
            text["template"],
            language,
            broadcast.category.template_class,
            text.get("body_hash", ""),
            text.get("ttl"),
        )
        for language, text in broadcast.rendered.items()
    ]
    rows = _rows({each.name for each in wanted})
    return next((t for each in wanted if (t := trouble_of(each, rows.get((each.name, each.language))))), "")


def spare_trouble(broadcast: Broadcast) -> str:
    """The same for the spare templates of an emergency; a sentence also where its kind has none."""
    kind, town = KINDS[broadcast.kind], town_of(TownProfile.current())
    if kind.spare is None:
        return _("Per questo tipo di avviso non c'è un modello di riserva.")
    spare = kind.spare
    wanted = [
        Wanted(
            spare.name_for(town), language, spare.category, spare.body_hash(language, town), spare.ttl_seconds
        )
        for language in broadcast.rendered or {"it": {}}
    ]
    rows = _rows({each.name for each in wanted})
    return next((t for each in wanted if (t := trouble_of(each, rows.get((each.name, each.language))))), "")


def trouble_of(wanted: Wanted, row: MessageTemplate | None) -> str:
    """Why this template cannot be used as wanted, in a sentence; empty if it can. Pure."""
    named = {"name": wanted.name, "language": wanted.language, "why": row.why if row else ""}
    if row is None or row.status == Status.UNKNOWN:
        return (
            _("WhatsApp non conosce ancora il modello «%(name)s» (%(language)s): va mandato in esame.")
            % named
        )
    if row.status in WAITING:
        return _("WhatsApp sta ancora esaminando il modello «%(name)s» (%(language)s).") % named
    if row.status == Status.REJECTED:
        return _("WhatsApp ha respinto il modello «%(name)s» (%(language)s). %(why)s") % named
    if row.status == Status.PAUSED:
        return _("WhatsApp ha messo in pausa il modello «%(name)s» (%(language)s). %(why)s") % named
    if row.status != Status.APPROVED:
        return _("WhatsApp non permette più di usare il modello «%(name)s» (%(language)s). %(why)s") % named
    return _wrong_shape(wanted, row, named)


def _wrong_shape(wanted: Wanted, row: MessageTemplate, named: dict[str, Any]) -> str:
    """What is wrong with an approved one: class, words, time to live."""
    if row.category != wanted.template_class:
        return _(
            "WhatsApp considera il modello «%(name)s» (%(language)s) un messaggio %(is)s"
            " e non %(wanted)s, come vuole il suo argomento."
        ) % (named | {"is": class_words(row.category), "wanted": class_words(wanted.template_class)})
    if row.body_hash and wanted.body_hash and row.body_hash != wanted.body_hash:
        return (
            _(
                "Le parole del modello «%(name)s» (%(language)s) da WhatsApp non sono quelle dell'avviso:"
                " salvalo di nuovo o manda in esame il modello nuovo."
            )
            % named
        )
    if wanted.ttl is not None and (row.ttl_seconds is None or row.ttl_seconds > wanted.ttl):
        return (
            _(
                "Il modello «%(name)s» (%(language)s) ha perso la sua scadenza da WhatsApp:"
                " il messaggio potrebbe arrivare dopo giorni."
            )
            % named
        )
    return ""


def class_words(category: str) -> str:
    """The provider's classes in the office's words."""
    return {"UTILITY": _("di servizio"), "MARKETING": _("promozionale")}.get(category, category)


def lives_ready(names: Iterable[str], language: str) -> set[str]:
    """Which of these twins may be used now in a language."""
    found = MessageTemplate.objects.filter(name__in=names, language=language, status=Status.APPROVED)
    return set(found.values_list("name", flat=True))


def mark_used(broadcast: Broadcast, real_now: datetime) -> None:
    """Its templates are in use: the provider archives what nobody sends for a year, and so does not these."""
    names = {text["template"] for text in broadcast.rendered.values()}
    MessageTemplate.objects.filter(name__in=names).update(used_at=real_now)


def _rows(names: set[str]) -> dict[tuple[str, str], MessageTemplate]:
    return {(row.name, row.language): row for row in MessageTemplate.objects.filter(name__in=names)}
