"""«Duplica»: a new draft with the words of another notice, of which nothing else is taken over."""

from __future__ import annotations

import copy

from django.db import transaction
from django.utils.translation import gettext as _

from broadcasts import lifecycle
from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import Broadcast
from staff.models import User, audit

SAME = ("kind", "title", "category", "severity", "exercise", "media", "media_alt")


@transaction.atomic
def duplicate(broadcast_id: int, *, by: User) -> Broadcast:
    """A draft by this person with the content, the topic and the zones of a notice; raises NotAllowed.

    The moments of the content stay to be corrected; when it leaves, its exceptions and its approval do not.
    """
    if not (by.is_active and by.has_perm("broadcasts.add_broadcast")):
        raise lifecycle.NotAllowed(_("Il tuo ruolo non comprende questa azione."))
    source = Broadcast.objects.select_related("category").get(pk=broadcast_id)
    if KINDS[source.kind].follow_up:
        raise lifecycle.NotAllowed(_("Un messaggio che ne segue un altro non si può duplicare."))
    draft = Broadcast(**{name: getattr(source, name) for name in SAME})
    draft.fields = copy.deepcopy(source.fields)
    draft.valid_until = source.valid_until
    lifecycle.save_draft(draft, by=by, zones=list(source.zones.values_list("pk", flat=True)))
    audit(by, "duplicate", f"avviso {draft.code}", source=source.code)
    return draft
