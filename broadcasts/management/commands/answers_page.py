"""`manage.py answers_page`: write docs/commands.md anew, from the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from broadcasts import answer_page


class Command(BaseCommand):
    help = "Riscrive docs/commands.md: ogni comando e ogni risposta, nelle due lingue."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        answer_page.FILE.write_text(answer_page.page(), encoding="utf-8")
        self.stdout.write(str(answer_page.FILE))
