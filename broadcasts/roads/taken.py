"""Which roads a notice went, when and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadcasts.models import Broadcast
from broadcasts.roads.models import ListMail, RoadTaken
from policy.models import Severity, TownProfile
from policy.sites import origins
from staff.models import User, audit


@dataclass(frozen=True, slots=True)
class Went:
    """One road: `words` say how far it is, `key` is set where somebody may still tick it."""

    name: str
    words: str
    at: datetime | None = None
    by: str = ""
    key: str = ""


def roads(notice: Broadcast) -> list[Went]:
    """Every road of a notice that has begun to leave, WhatsApp apart; what goes by itself comes first."""
    return [_mail(notice), *_banner(notice), *_by_hand(notice)]


@transaction.atomic
def take(notice: Broadcast, road: str, *, by: User, now: datetime) -> bool:
    """Note that somebody has put it there; False if it was noted before. Raises ValueError for no road."""
    if not may_take(by):
        raise PermissionDenied
    if road not in RoadTaken.Road.values or notice.started_at is None:
        raise ValueError(road)
    _row, new = RoadTaken.objects.get_or_create(broadcast=notice, road=road, defaults={"by": by, "at": now})
    if new:
        audit(by, "road", f"avviso {notice.code}", dove=road)
    return new


def may_take(person: User) -> bool:
    """Who writes or approves notices."""
    return person.has_perm("broadcasts.add_broadcast") or person.has_perm("broadcasts.approve_broadcast")


def _mail(notice: Broadcast) -> Went:
    state = ListMail.State
    found = notice.list_mails.aggregate(
        all=Count("pk"),
        sent=Count("pk", filter=Q(state=state.SENT)),
        failed=Count("pk", filter=Q(state=state.FAILED)),
        last=Max("sent_at"),
    )
    if not found["all"]:
        return Went(_("E-mail"), _("nessun indirizzo per questo argomento"))
    words = ngettext(
        "partita a %(sent)d indirizzo su %(all)d", "partita a %(sent)d indirizzi su %(all)d", found["sent"]
    )
    words %= {"sent": found["sent"], "all": found["all"]}
    if found["failed"]:
        words += ", " + _("%(failed)d non riuscite") % {"failed": found["failed"]}
    return Went(_("E-mail"), words, found["last"])


def _banner(notice: Broadcast) -> list[Went]:
    if not origins(TownProfile.current().banner_sites):
        return []
    urgent = notice.severity in (Severity.EMERGENCY, Severity.URGENT) and not notice.exercise
    words = _("mostrato da solo finché vale") if urgent else _("solo per gli avvisi urgenti")
    return [Went(_("Striscia sul sito del Comune"), words, notice.started_at if urgent else None)]


def _by_hand(notice: Broadcast) -> list[Went]:
    taken = {row.road: row for row in notice.roads.select_related("by")}
    found = []
    for road in RoadTaken.Road:
        row = taken.get(road.value)
        if row is None:
            found.append(Went(str(road.label), _("non ancora"), key=road.value))
        else:
            found.append(Went(str(road.label), _("messo"), row.at, str(row.by)))
    return found
