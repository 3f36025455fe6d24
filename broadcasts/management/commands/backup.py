"""`manage.py backup`: one encrypted copy of the whole database in BACKUP_DIR, and the old ones go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from broadcasts import backup
from whatsempoli import clock


class Command(BaseCommand):
    help = "Fa una copia di riserva cifrata in BACKUP_DIR e cancella quelle vecchie."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the file's name."""
        if not settings.BACKUP_DIR:
            raise CommandError("Mettete BACKUP_DIR nell'ambiente: dove vanno le copie?")
        folder, now = Path(settings.BACKUP_DIR), clock.real_now()
        try:
            path = backup.save(folder, settings.BACKUP_KEY, now)
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        backup.drop_old(folder, now, settings.BACKUP_KEEP_DAYS)
        self.stdout.write(str(path))
