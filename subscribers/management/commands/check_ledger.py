"""`manage.py check_ledger`: rebuilds everybody's state from the consent ledger and compares."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from subscribers.acts import DerivedState
from subscribers.ledger import compare
from subscribers.models import ConsentEvent, Subscriber


class Command(BaseCommand):
    help = "Ricostruisce lo stato di ognuno dal registro dei consensi e lo confronta, in righe JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        found = compare()
        for each in found:
            line = {
                "subscriber": each.subscriber_id,
                "held": _shown(each.held),
                "ledger": _shown(each.derived),
            }
            self.stdout.write(json.dumps(line))
        people = Subscriber.objects.exclude(state=Subscriber.State.ERASED).count()
        summary = {"people": people, "acts": ConsentEvent.objects.count(), "differences": len(found)}
        self.stdout.write(json.dumps(summary))
        if found:
            sys.exit(1)


def _shown(state: DerivedState) -> dict[str, Any]:
    return {"active": state.active, "topics": sorted(state.topics)}
