"""Turn a demo into a practice ground: the town's own data if a file is given, another name, no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from whatsempoli import town_copy


class Command(BaseCommand):
    """`manage.py practice_ground [FILE]`, only with TRAINING=1."""

    help = "Marks this installation as a practice ground; FILE comes from town_data."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, or none."""
        parser.add_argument("file", nargs="?", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy, then mark: the mark wins over what the file says of name and number."""
        if not (settings.TRAINING and settings.DEMO):
            raise CommandError("This changes the town's name and number: only with TRAINING=1 and DEMO=1.")
        if file := options["file"]:
            try:
                town_copy.take(json.loads(file.read_text()))
            except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
                raise CommandError(f"{file}: {error}") from error
        town_copy.mark_practice()
