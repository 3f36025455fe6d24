"""`manage.py doctor`: looks at the running installation and says what is wrong and what to do next."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadcasts import doctor
from whatsempoli import clock


class Command(BaseCommand):
    help = "Guarda l'installazione in funzione e dice che cosa non va e che cosa fare."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--json` is for a machine: one object."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each check, and exit with 1 if one found something."""
        with translation.override(settings.LANGUAGE_CODE):
            found = doctor.examine(clock.real_now())
            wrong = sum(len(findings) for _name, findings in found)
            self.stdout.write(self._as_json(found) if options["json"] else self._in_words(found, wrong))
        if wrong:
            sys.exit(1)

    def _as_json(self, found: list[tuple[str, list[doctor.Finding]]]) -> str:
        rows = [
            {
                "check": name,
                "ok": not findings,
                "faults": [{"words": f.words, "action": f.action} for f in findings],
            }
            for name, findings in found
        ]
        return json.dumps({"ok": all(row["ok"] for row in rows), "checks": rows}, ensure_ascii=False)

    def _in_words(self, found: list[tuple[str, list[doctor.Finding]]], wrong: int) -> str:
        lines = []
        for name, findings in found:
            if not findings:
                lines.append(f"  ✓ {name}")
            for finding in findings:
                lines += [f"  ✗ {name}: {finding.words}", f"      → {finding.action}"]
        verdict = (
            ngettext("C'è una cosa da fare.", "Ci sono %(n)s cose da fare.", wrong) % {"n": wrong}
            if wrong
            else _("Va tutto bene.")
        )
        return "\n".join([*lines, verdict])
