"""`manage.py replay_stops`: does again the stops and erasures that a restored backup does not know."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from broadcasts.replaying import replay
from whatsempoli import clock


class Command(BaseCommand):
    help = "Ripete uscite e cancellazioni dal diario, dopo il ripristino di una copia di sicurezza."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=_moment, help="ISO 8601; senza, tutto il diario")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.JOURNAL_DIR:
            raise CommandError("JOURNAL_DIR is not set: there is no journal to replay.")
        self.stdout.write(json.dumps(asdict(replay(clock.now(), since=options["since"]))))


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise CommandError(f"{text}: write a moment with its zone, for example 2026-11-30T03:00:00+01:00.")
    return moment
