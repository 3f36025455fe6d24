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
        """FILE may be - for standard input, and hold one JSON body, a list of them, or one a line."""
        parser.add_argument("file")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the events; store the bodies unless it is a rehearsal."""
        broken = []
        for number, body in enumerate(bodies(read(options["file"])), start=1):
            try:
                payload = json.loads(body)
            except (ValueError, RecursionError) as error:  # the others are readable all the same
                broken.append(f"Body {number} is not JSON that can be read: {error}.")
                continue
            for event in parse(payload):
                self.stdout.write(json.dumps(to_json(event), ensure_ascii=False))
            if not options["dry_run"]:
                intake.receive(body)
                intake.take_in()
        if broken:
            more = f" And {len(broken) - 1} more like it." if len(broken) > 1 else ""
            raise CommandError(broken[0] + more)


def read(name: str) -> bytes:
    """The file's bytes; CommandError if it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def bodies(data: bytes) -> list[bytes]:
    """One JSON document, a list of them, or one a line; a single document keeps its bytes unchanged."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        lines = [line for line in data.splitlines() if line.strip()]
        return lines or [data]
    if isinstance(whole, list) and whole:
        return [json.dumps(each).encode() for each in whole]
    return [data]
