"""`manage.py understand`: what citizens' messages ask for, a line in, a JSON object out."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from policy.live import live_rules
from policy.rules import SHIPPED, topic_words
from subscribers.commands import TopicWords, understand


class Command(BaseCommand):
    help = "Legge messaggi dall'ingresso, uno per riga, e dice che cosa chiedono."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--live", action="store_true", help="usa gli argomenti del Comune, dal database")
        parser.add_argument(
            "--language", choices=["it", "en"], default="it", help="la lingua, dove il testo tace"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        topics = topic_words(live_rules() if options["live"] else SHIPPED)
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        try:
            for raw in sys.stdin.buffer:  # bytes: a line that is not UTF-8 is a line all the same
                text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
                self.stdout.write(one_line(text, topics, options["language"]))
        except BrokenPipeError:  # whoever reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def one_line(text: str, topics: TopicWords, language: str) -> str:
    """The answer for one message, as a JSON object on one line."""
    understood = understand(text, topics=topics, language=language)
    answer = {
        "text": text,
        "command": understood.command.value,
        "topic": understood.topic,
        "language": understood.language,
        "near": understood.near.value if understood.near else None,
    }
    return json.dumps(answer, ensure_ascii=False)
