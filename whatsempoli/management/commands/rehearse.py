"""The story itself, inside a running installation with the simulator; `make rehearsal` calls it."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from whatsempoli.rehearsal import play
from whatsempoli.rehearsal.stage import StageError


class Command(BaseCommand):
    """`manage.py rehearse --prepare`, then `manage.py rehearse`"""

    help = "Plays the rehearsal's story. Only with DEMO=1 and an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--prepare` makes the town; without it the story is played and judged."""
        parser.add_argument("--prepare", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 1 if a promise was broken."""
        if not settings.DEMO or not settings.SIMULATOR_URL:
            raise CommandError("The rehearsal runs on the simulator only: use `make rehearsal`.")
        if options["prepare"]:
            play.prepare()
            return
        began = time.monotonic()

        def say(line: str) -> None:
            self.stderr.write(f"{time.monotonic() - began:6.1f} s  {line}", lambda text: text)

        try:
            result = play.perform(settings.SIMULATOR_URL, say, began)
        except StageError as error:
            raise CommandError(str(error)) from error
        text = json.dumps(result.as_dict(), ensure_ascii=False) if options["json"] else result.table()
        self.stdout.write(text)
        for promise, example in result.verdict.examples.items():
            self.stderr.write(f"{promise}: {example}")
        if not result.kept:
            sys.exit(1)
