"""The chapters themselves, inside a running installation with the simulator; `make rehearsal` calls it."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from whatsempoli.rehearsal import book, play
from whatsempoli.rehearsal.stage import Stage


class Command(BaseCommand):
    """`manage.py rehearse --prepare`, then `manage.py rehearse`. CHAPTER, BREAK, CITIZENS and SEED choose."""

    help = "Plays the rehearsal's chapters. Only with DEMO=1 and a database of its own, which it empties."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--prepare` makes the town; without it the chapters are played and judged."""
        parser.add_argument("--prepare", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 1 if a promise was broken, or one broken on purpose was not seen."""
        if not settings.DEMO or not settings.SIMULATOR_URL:
            raise CommandError("The rehearsal runs on the simulator only: use `make rehearsal`.")
        try:
            if options["prepare"]:
                play.prepare()
                return
            results = self._play(options["json"])
        except (book.UnknownChapterError, play.NotOursError) as error:
            raise CommandError(str(error)) from error
        if not options["json"]:
            self.stdout.write(book.table(results))
        elif len(results) > 1:
            self.stdout.write(json.dumps(book.total(results).as_dict(), ensure_ascii=False))
        purpose = os.environ.get("BREAK") == "all"  # a single broken one fails, as a broken promise must
        if not all(result.as_wanted if purpose else result.kept for result in results):
            sys.exit(1)

    def _play(self, as_json: bool) -> list[book.Result]:
        began = time.monotonic()

        def say(line: str) -> None:
            self.stderr.write(f"{time.monotonic() - began:6.1f} s  {line}", lambda text: text)

        stage, results = Stage(settings.SIMULATOR_URL), []
        citizens, seed = int(os.environ.get("CITIZENS") or 0), int(os.environ.get("SEED") or 7)
        for chapter, broken in book.chosen(os.environ.get("CHAPTER", ""), os.environ.get("BREAK", "")):
            say(f"— {chapter.title}" + (f", e si rompe «{broken}»" if broken else ""))
            result = play.perform(chapter, stage, say, citizens=citizens, seed=seed, broken=broken)
            results.append(result)
            for promise, example in result.examples.items():
                say(f"✗ {promise}: {example}")
            if as_json:
                self.stdout.write(json.dumps(result.as_dict(), ensure_ascii=False))
        return results
