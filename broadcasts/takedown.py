"""Blacking out personal data that was published by mistake: one person proposes, another confirms.

What is blacked out is gone from the notice, and from the proposal too; that it happened, who did it and why
stays. The message on the phones cannot be taken back, and the page says nothing else than it did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts.models import Broadcast, Redaction
from staff.models import User, audit

BLACK = "█████"
SHORTEST = 3  # characters: blacking out «a» would black out the page


@transaction.atomic
def propose(broadcast: Broadcast, passages: list[str], *, reason: str, by: User, now: datetime) -> Redaction:
    """Ask another person to black out these passages. Raises ValidationError naming a passage that is
    too short or is nowhere in the notice."""
    _allowed(by)
    wanted = [passage.strip() for passage in passages if passage.strip()]
    if not wanted:
        raise ValidationError(_("Scrivi che cosa oscurare, un passo per riga."))
    if not reason.strip():
        raise ValidationError(_("Scrivi perché."))
    for passage in wanted:
        if len(passage) < SHORTEST:
            raise ValidationError(_("«%(passage)s» è troppo corto.") % {"passage": passage})
        if not _found(broadcast, passage):
            raise ValidationError(_("«%(passage)s» non c'è in questo avviso.") % {"passage": passage})
    made = Redaction.objects.create(
        broadcast=broadcast, passages=wanted, reason=reason.strip()[:300], proposed_by=by, proposed_at=now
    )
    audit(by, "redaction_proposed", f"{broadcast.code}", passages=len(wanted))
    return made


@transaction.atomic
def confirm(pk: int, *, by: User, now: datetime) -> Redaction:
    """Black it out. Raises ValidationError if it was decided already or proposed by the same person."""
    redaction = _open(pk, by)
    if redaction.proposed_by_id == by.pk:
        raise ValidationError(_("L'hai proposto tu: lo conferma un'altra persona."))
    broadcast = Broadcast.objects.select_for_update().get(pk=redaction.broadcast_id)
    for passage in redaction.passages:
        broadcast.title = broadcast.title.replace(passage, BLACK)
        broadcast.fields = blacked(broadcast.fields, passage)
        broadcast.rendered = blacked(broadcast.rendered, passage)
    broadcast.save(update_fields=["title", "fields", "rendered"])
    return _decided(redaction, by, now, done=True)


@transaction.atomic
def refuse(pk: int, *, by: User, now: datetime) -> Redaction:
    """Leave the notice as it is; the proposal forgets its passages."""
    return _decided(_open(pk, by), by, now, done=False)


def _decided(redaction: Redaction, by: User, now: datetime, *, done: bool) -> Redaction:
    redaction.passages, redaction.done = [], done
    redaction.decided_by, redaction.decided_at = by, now
    redaction.save()
    audit(by, "redaction_done" if done else "redaction_refused", f"{redaction.broadcast.code}")
    return redaction


def _open(pk: int, by: User) -> Redaction:
    _allowed(by)
    redaction = Redaction.objects.select_for_update().get(pk=pk)
    if redaction.decided_at is not None:
        raise ValidationError(_("È già stato deciso."))
    return redaction


def _allowed(by: User) -> None:
    if not by.has_perm("broadcasts.redact_broadcast"):
        raise PermissionDenied


def blacked(value: Any, passage: str) -> Any:
    """The same JSON with the passage blacked out in every text, keys left alone."""
    if isinstance(value, str):
        return value.replace(passage, BLACK)
    if isinstance(value, list):
        return [blacked(one, passage) for one in value]
    if isinstance(value, dict):
        return {key: blacked(one, passage) for key, one in value.items()}
    return value


def _found(broadcast: Broadcast, passage: str) -> bool:
    shown = [broadcast.title, *(str(text.get("page_text", "")) for text in broadcast.rendered.values())]
    shown += [str(text.get("phone_text", "")) for text in broadcast.rendered.values()]
    return any(passage in text for text in shown)
