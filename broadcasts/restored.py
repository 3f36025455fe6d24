"""What is done to a database that has just been put back, before anything may read it."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db import transaction

from broadcasts import switch


@transaction.atomic
def disarm(name: str) -> None:
    """Nothing leaves until a person says so, and everybody logs in anew: old sessions were put out since."""
    reason = (
        f"Ripristinata la copia {name}: prima di ripartire una persona deve guardare che cosa è già uscito."
    )
    switch.turn(False, by=None, reason=reason)
    Session.objects.all().delete()
