"""An emergency that the provider's day has no room for: the page asks which zones come first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from broadcasts import capacity, lifecycle
from broadcasts.forecast import Forecast, people_words
from broadcasts.models import Broadcast
from broadcasts.states import FINAL, State
from policy.models import Severity
from staff.admin_base import person
from staff.models import User
from subscribers.models import Subscriber, Zone
from whatsempoli import clock

VERB = "zones-first"


class ZoneField(forms.ModelMultipleChoiceField):
    """Zones, each with how many people of this topic chose it."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, zone: Any) -> str:
        return f"{zone.name} ({people_words(zone.people)})"


class ZonesFirstForm(forms.Form):
    """The zones among which this notice's people are."""

    zones = ZoneField(Zone.objects.none(), required=False)

    def __init__(self, notice: Broadcast, data: Any = None) -> None:
        super().__init__(data, initial={"zones": list(notice.zones_first.values_list("pk", flat=True))})
        self.fields["zones"].queryset = zones_of(notice)  # type: ignore[attr-defined]


def zones_of(notice: Broadcast) -> QuerySet[Zone]:
    """The notice's zones (all where it is for everyone), with the `people` of its topic who chose each."""
    own = notice.zones.values_list("pk", flat=True)
    found = Zone.objects.filter(pk__in=own) if own else Zone.objects.all()
    theirs = Q(
        subscriber__state=Subscriber.State.ACTIVE, subscriber__subscription__category=notice.category_id
    )
    return found.annotate(people=Count("subscriber", filter=theirs, distinct=True))


def panel(notice: Broadcast, user: User, foreseen: Forecast | None, to_go: int) -> dict[str, Any] | None:
    """What the panel needs; None where there is nothing to ask, or nobody who may answer."""
    if notice.severity != Severity.EMERGENCY or not user.has_perm("broadcasts.change_broadcast"):
        return None
    if notice.state in FINAL or notice.state == State.SENT or not _short(foreseen, to_go):
        return None
    form = ZonesFirstForm(notice)
    if len(form.fields["zones"].queryset) < 2:  # type: ignore[attr-defined]
        return None
    return {"form": form, "chosen": list(notice.zones_first.all())}


def _short(foreseen: Forecast | None, to_go: int) -> bool:
    """Whether more people are to get it than the provider leaves room for today."""
    if foreseen is not None:
        return foreseen.beyond > 0
    room = capacity.capacity(clock.real_now()).room(emergency=True)
    return room is not None and to_go > room


def choose(request: HttpRequest, notice: Broadcast, back: str) -> HttpResponse:
    """Store the answer, and say what it means."""
    form = ZonesFirstForm(notice, request.POST)
    if not form.is_valid():
        messages.error(request, _("Scegli fra le zone dell'avviso."))
        return HttpResponseRedirect(back)
    chosen = form.cleaned_data["zones"]
    try:
        lifecycle.put_first(notice.pk, [zone.pk for zone in chosen], by=person(request))
    except lifecycle.NotAllowed as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(back)
    if chosen:
        names = ", ".join(zone.name for zone in chosen)
        messages.success(request, _("Prima va a chi ha scelto %(zones)s.") % {"zones": names})
    else:
        messages.success(request, _("Nessuna zona viene prima delle altre."))
    return HttpResponseRedirect(back)
