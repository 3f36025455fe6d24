"""`manage.py check_ledger`: rebuilds everybody's state from the consent ledger and compares."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from subscribers.acts import DerivedState
from subscribers.ledger import compare, rebuild
from subscribers.models import ConsentEvent, Subscriber


class Command(BaseCommand):
    help = "Ricostruisce lo stato di ognuno dal registro dei consensi e lo confronta, in righe JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rebuild", metavar="FILE", help="scrive in questo file lo stato di ognuno, dal solo registro"
        )

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
        if options["rebuild"]:
            summary |= _write(Path(options["rebuild"]))
        self.stdout.write(json.dumps(summary))
        if found:
            sys.exit(1)


def _write(file: Path) -> dict[str, int]:
    """One line a subject, readable by its owner only; returns how many are in and out."""
    counts: Counter[str] = Counter()
    file.touch(mode=0o600)
    with file.open("w") as report:
        for one in rebuild():
            counts["in" if one.state.active else "out"] += 1
            line = {
                "subject": str(one.subject),
                **_shown(one.state),
                "acts": one.acts,
                "last": one.last_act,
                "at": one.last_at.isoformat() if one.last_at else None,
            }
            report.write(json.dumps(line) + "\n")
    return {"rebuilt_in": counts["in"], "rebuilt_out": counts["out"]}


def _shown(state: DerivedState) -> dict[str, Any]:
    return {"active": state.active, "topics": sorted(state.topics)}
