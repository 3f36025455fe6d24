"""`manage.py when`: the first moment at which a message may leave, as one JSON object."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from policy.calendar import ROME, Severity, localise, may_leave_at
from policy.live import live_rules
from policy.rules import SHIPPED

YEARS = range(2000, 2101)  # for these the holidays are known


class Command(BaseCommand):
    help = "Dice quando può partire un messaggio, con le regole di fabbrica o con quelle del Comune (--live)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--severity", required=True, help="routine, urgent o emergency")
        parser.add_argument(
            "--at", required=True, help="per esempio 2026-10-25T02:30; senza fuso è l'ora di Roma"
        )
        parser.add_argument("--category", help="la sigla di un argomento, se ha orari suoi")
        parser.add_argument("--night-reason", action="store_true", help="c'è un motivo per partire di notte")
        parser.add_argument("--live", action="store_true", help="usa i valori del Comune, dal database")

    def handle(self, *args: Any, **options: Any) -> None:
        severity, at = _severity(options["severity"]), _moment(options["at"])
        rules = live_rules() if options["live"] else SHIPPED
        slug = options["category"]
        category = rules.category(slug) if slug else None
        if slug and category is None:
            _refuse(f"Non c'è un argomento con la sigla «{slug}».")
        if category and severity.rank > category.max_severity.rank:
            _refuse(f"«{category.name}» può arrivare al massimo a {category.max_severity}, non a {severity}.")
        leave = may_leave_at(severity, at, rules.hours_of(slug), night_reason=options["night_reason"])
        answer = {
            "severity": severity.value,
            "at": at.isoformat(),
            "may_leave_at": leave.at.isoformat() if leave.at else None,
            "reason": leave.words,
            "code": leave.reason.value,
        }
        self.stdout.write(json.dumps(answer, ensure_ascii=False))


def _severity(text: str) -> Severity:
    try:
        return Severity(text)
    except ValueError:
        _refuse(f"--severity «{text}» non va bene: scrivi routine, urgent o emergency.")


def _moment(text: str) -> datetime:
    """An ISO moment; without an offset, a wall-clock time of Rome."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"--at «{text}» non è una data: scrivi per esempio 2026-10-25T02:30.")
    if moment.year not in YEARS:
        _refuse(f"--at «{text}» è fuori dal calendario: l'anno va dal {YEARS[0]} al {YEARS[-1]}.")
    return localise(moment) if moment.tzinfo is None else moment.astimezone(ROME)


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(2)
