"""`manage.py write_site DIR`: what is published, as files that any web server serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from broadcasts import written
from whatsempoli import clock


class Command(BaseCommand):
    help = "Write every public page, feed and style sheet into a folder; only what changed, each file whole."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--anew", action="store_true", help="draw everything again")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = written.write(options["folder"], clock.now(), anew=options["anew"])
        except written.NotOurs:
            raise CommandError(
                f"{options['folder']} holds other files: name an empty folder or one written before."
            ) from None
        if done is None:
            raise CommandError("Another process is writing there.")
        self.stdout.write(f"{done.written} written, {done.removed} removed")
