"""What a person chooses beside the topics: zones, language, the lowest alert colour.

None of it is consent, so none is in the ledger; each verb locks the person, and writes what was chosen last.
"""

from __future__ import annotations

from django.db import transaction

from policy.decision import ALERT_COLOURS
from subscribers.models import Subscriber, Zone

LANGUAGES = ("it", "en")


@transaction.atomic(savepoint=False)
def add_zone(subscriber: Subscriber, zone: Zone) -> None:
    """From now on they get what concerns this zone, and no other that they have not chosen."""
    _lock(subscriber)
    subscriber.zones.add(zone)


@transaction.atomic(savepoint=False)
def remove_zone(subscriber: Subscriber, zone: Zone) -> None:
    """Without a zone left they get what concerns any."""
    _lock(subscriber)
    subscriber.zones.remove(zone)


@transaction.atomic(savepoint=False)
def whole_town(subscriber: Subscriber) -> None:
    """They get what concerns any zone."""
    _lock(subscriber)
    subscriber.zones.clear()


@transaction.atomic(savepoint=False)
def speak(subscriber: Subscriber, language: str) -> bool:
    """Answer and send in this language; False if it is none of ours."""
    if language not in LANGUAGES:
        return False
    _lock(subscriber)
    subscriber.language = language
    subscriber.save(update_fields=["language"])
    return True


@transaction.atomic(savepoint=False)
def want_colour(subscriber: Subscriber, colour: str) -> bool:
    """No alert paler than this one, but for emergencies; False if it is no colour of alerts."""
    if colour not in ALERT_COLOURS:
        return False
    _lock(subscriber)
    subscriber.lowest_colour = ALERT_COLOURS.index(colour) + 1
    subscriber.save(update_fields=["lowest_colour"])
    return True


def _lock(subscriber: Subscriber) -> None:
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
