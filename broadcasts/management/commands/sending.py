"""The switch for all sending, from a terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from broadcasts import switch
from broadcasts.lifecycle import NotAllowed


class Command(BaseCommand):
    """`manage.py sending [on|off --reason TEXT]`; without a word it only says how it stands."""

    help = "Says whether messages may leave at all, or switches all sending on or off."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The reason is kept in the log and shown to the office."""
        parser.add_argument("to", nargs="?", choices=("on", "off"))
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line: on or off, and why."""
        if options["to"]:
            try:
                switch.turn(options["to"] == "on", by=None, reason=options["reason"])
            except NotAllowed as error:
                raise CommandError(str(error)) from error
        why = switch.halted()
        self.stdout.write(f"off: {why}" if why else "on")
