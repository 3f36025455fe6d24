"""`manage.py restore FILE --yes`: the database as it was; nothing leaves until a person says so."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from broadcasts import backup, restored
from broadcasts.replaying import replay
from subscribers.ledger import compare
from whatsempoli import clock


class Command(BaseCommand):
    help = (
        "Rimette il database com'era in una copia di riserva, lo porta alla versione di adesso, ripete"
        " uscite e cancellazioni dal diario, confronta il registro dei consensi e lascia fermi gli invii."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Without FILE the newest one of BACKUP_DIR."""
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--yes", action="store_true", help="i dati di adesso si perdono: lo so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was done, a line each; exit with 1 if the ledger and the people differ."""
        path = options["file"] or (backup.latest(Path(settings.BACKUP_DIR)) if settings.BACKUP_DIR else None)
        if path is None:
            raise CommandError("Quale copia? In BACKUP_DIR non ce n'è nessuna.")
        if not options["yes"]:
            raise CommandError(
                f"I dati di adesso si perdono. Se è giusto così: manage.py restore {path} --yes"
            )
        try:
            backup.load(path, settings.BACKUP_KEY)
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", interactive=False, verbosity=0)
        restored.disarm(path.name)
        self.stdout.write(f"Ripristinata: {path.name}. Gli invii sono fermi.")
        done = replay(clock.now())
        self.stdout.write(f"Dal diario: {done.stopped} uscite e {done.erased} cancellazioni ripetute.")
        if different := compare():
            raise CommandError(
                f"Registro dei consensi e iscritti non concordano per {len(different)} persone."
            )
        self.stdout.write("Registro dei consensi e iscritti concordano.")
        self.stdout.write('Quando una persona ha guardato: manage.py sending on --reason "…"')
