"""`manage.py watch`: looks after the others from a process of its own, and makes the night's backup."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from broadcasts import alarms, backup
from policy.calendar import ROME
from whatsempoli import clock

log = logging.getLogger(__name__)
BACKUP_HOUR = 3
BACKUP_EVERY = timedelta(hours=20)


class Command(BaseCommand):
    help = "Guarda ogni mezzo minuto se qualcosa non va e lo scrive a chi segue il server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--pulse` is a file that each round touches, for the health check."""
        parser.add_argument("--pulse", type=Path)
        parser.add_argument("--every", type=float, default=30.0, help="secondi")
        parser.add_argument("--rounds", type=int, default=0, help="0: finché non lo si ferma")
        parser.add_argument("--backups", action="store_true", help="anche la copia di riserva ogni notte")

    def handle(self, *args: Any, **options: Any) -> None:
        """Until SIGTERM."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, leave)
        away, number = False, 0
        while not stop.is_set():
            away = self._round(away)
            if options["backups"]:
                _backup_if_due(clock.real_now())
            if options["pulse"]:
                options["pulse"].touch()
            number += 1
            if number == options["rounds"]:
                return
            stop.wait(options["every"])

    def _round(self, away: bool) -> bool:
        """Whether the database is away; told at each change, without it."""
        try:
            alarms.watch(clock.real_now())
        except Error as error:
            connection.close()
            log.warning("The database is away: %s", type(error).__name__)
            if not away:
                alarms.mail("Il database non risponde.", "Controllate che PostgreSQL sia in funzione.")
            return True
        if away:
            alarms.mail("Risolto: il database risponde di nuovo.", "")
        return False


def _backup_if_due(now: datetime) -> None:
    """One a night; one that fails is tried again at the next round, and an alarm tells after a day."""
    if not settings.BACKUP_DIR or now.astimezone(ROME).hour < BACKUP_HOUR:
        return
    last = backup.latest(Path(settings.BACKUP_DIR))
    if last is not None and backup.moment_of(last) > now - BACKUP_EVERY:
        return
    try:
        call_command("backup")
    except CommandError as error:
        log.error("The backup failed: %s", error)
