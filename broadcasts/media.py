"""Pictures and PDFs of notices: kept once by content, uploaded to the provider when needed, sent by id.

The provider forgets a file after 30 days, so its id is asked for anew near that age. Files live in the
database: the backup has them, and every worker reaches them.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from broadcasts import provider, uploads
from broadcasts.models import Broadcast, MediaFile
from broadcasts.states import State
from policy.models import Severity
from staff.models import User
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsempoli import clock

log = logging.getLogger(__name__)
ENDINGS = {uploads.JPEG: "jpg", uploads.PNG: "png", uploads.PDF: "pdf"}
AHEAD = timedelta(hours=1)
GOOD_FOR = timedelta(days=29)  # the provider says 30 days
UNUSED_FOR = timedelta(days=2)  # a file that no notice took is forgotten


def keep(content: bytes, *, by: User) -> MediaFile:
    """The file as it will be sent, stored; the one that is there if it is the same. Raises BadFile."""
    made = uploads.prepare(content)
    kept, _new = MediaFile.objects.get_or_create(
        sha256=made.sha256,
        defaults={
            "mime": made.mime,
            "size": len(made.content),
            "width": made.width,
            "height": made.height,
            "content": made.content,
            "uploaded_by": by,
        },
    )
    return kept


def ready(broadcast: Broadcast) -> str:
    """Have the provider hold this notice's file; empty when it does, else why not yet, in a sentence.

    One call over the network, outside of any transaction. Two workers at once upload it twice, harmlessly.
    """
    if broadcast.media_id is None or provider_id(broadcast):
        return ""
    file = MediaFile.objects.get(pk=broadcast.media_id)
    try:
        held = provider.client().upload_media(bytes(file.content), file.mime, filename_of(broadcast))
    except (ApiError, NotSent, Unanswered) as error:
        log.warning("The file of broadcast %s was not taken: %s", broadcast.code, type(error).__name__)
        return _("WhatsApp non ha ancora preso l'immagine o il PDF: si riprova da solo.")
    MediaFile.objects.filter(pk=file.pk).update(provider_id=held, provider_at=clock.real_now())
    return ""


def is_waited_for(broadcast: Broadcast) -> bool:
    """Whether it may not leave before the provider has its file. An emergency leaves without, same words."""
    return (
        broadcast.media_id is not None
        and broadcast.severity != Severity.EMERGENCY
        and not provider_id(broadcast)
    )


def hand_over(now: datetime) -> int:
    """Have the provider hold the files of what is leaving or leaves within the hour; how many it took."""
    soon = Q(due_at=None) | Q(due_at__lte=now + AHEAD)
    leaving = Q(state=State.SENDING) | Q(soon, state=State.SCHEDULED)
    taken = 0
    for broadcast in Broadcast.objects.filter(leaving).exclude(media=None).select_related("media"):
        if provider_id(broadcast):
            continue
        if why := ready(broadcast):
            Broadcast.objects.filter(pk=broadcast.pk).update(state_reason=why)
        else:
            taken += 1
    return taken


def provider_id(broadcast: Broadcast) -> str:
    """The id under which the provider holds this notice's file; empty if it has none, or too old a one."""
    fresh = clock.real_now() - GOOD_FOR
    found = MediaFile.objects.filter(broadcasts=broadcast, provider_at__gt=fresh)
    return found.values_list("provider_id", flat=True).first() or ""


def header_component(broadcast: Broadcast, held: str) -> dict[str, Any]:
    """The part of a message that shows the file."""
    kind = "document" if broadcast.media_header == "DOCUMENT" else "image"
    content = {"id": held}
    if kind == "document":
        content["filename"] = filename_of(broadcast)
    return {"type": "header", "parameters": [{"type": kind, kind: content}]}


def filename_of(broadcast: Broadcast) -> str:
    """What the file is called on a phone: after the notice, never after the author's folder."""
    ending = ENDINGS[broadcast.media.mime] if broadcast.media else "jpg"
    return f"{slugify(broadcast.title)[:60].strip('-') or 'avviso'}.{ending}"


def as_answer(file: MediaFile, name: str) -> HttpResponse:
    """The file over the web: a picture to look at, a PDF to download, neither taken for anything else."""
    answer = HttpResponse(bytes(file.content), content_type=file.mime)
    kind = "attachment" if file.mime == uploads.PDF else "inline"
    answer["Content-Disposition"] = f'{kind}; filename="{name}.{ENDINGS[file.mime]}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["ETag"] = f'"{file.sha256}"'
    return answer


def forget_unused(now: datetime) -> int:
    """Delete the files that no notice took; `now` is real time. Returns how many."""
    unused = MediaFile.objects.filter(broadcasts=None, created_at__lt=now - UNUSED_FOR)
    return unused.delete()[0]
