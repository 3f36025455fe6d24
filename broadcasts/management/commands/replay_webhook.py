"""What a recorded provider payload means, one JSON object an event."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from broadcasts import intake
from whatsapp.webhook import parse, to_json


class Command(BaseCommand):
    """`manage.py replay_webhook FILE [--dry-run]`"""

    help = "Says what a recorded webhook means; without --dry-run it is also stored and processed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE may be - for standard input, and hold one JSON body or one a line."""
        parser.add_argument("file")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the events; store the bodies unless it is a rehearsal."""
        for body in bodies(read(options["file"])):
            try:
                payload = json.loads(body)
            except ValueError as error:
                raise CommandError(f"Not JSON: {error}") from error
            for event in parse(payload):
                self.stdout.write(json.dumps(to_json(event), ensure_ascii=False))
            if not options["dry_run"]:
                intake.receive(body)
                intake.take_in()


def read(name: str) -> bytes:
    """The file's bytes; CommandError if it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def bodies(data: bytes) -> list[bytes]:
    """One JSON document, or one a line; a document is taken as it is, bytes unchanged."""
    try:
        json.loads(data)
    except ValueError:
        lines = [line for line in data.splitlines() if line.strip()]
        return lines or [data]
    return [data]
