"""Tell the simulator, which forgets at every start, who lives here and which templates we have."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from broadcasts import catalogue
from broadcasts.demo.people import STAFF, citizens
from whatsempoli import clock


class Command(BaseCommand):
    """`manage.py seed_simulator`"""

    help = "Fills the simulator with the demo's people and our templates. Only with SIMULATOR_URL."

    def handle(self, *args: Any, **options: Any) -> None:
        """Phones, clock, templates."""
        if not settings.SIMULATOR_URL:
            raise CommandError("SIMULATOR_URL is empty: there is no simulator to fill.")
        phones = [{"phone": each.phone, "name": each.name, "persona": each.persona} for each in citizens()]
        phones += [
            {"phone": phone.removeprefix("+"), "name": f"{first} {last} (redazione)", "persona": "normal"}
            for _username, first, last, _role, phone in STAFF
        ]
        self._post("phones", phones)
        self._post("clock", {"offset_seconds": clock.offset().total_seconds()})
        counts = catalogue.sync()
        self.stdout.write(", ".join(f"{status} {n}" for status, n in sorted(counts.items())))

    def _post(self, path: str, body: object) -> None:
        answer = requests.post(f"{settings.SIMULATOR_URL}/__sim__/{path}", json=body, timeout=20)
        if not answer.ok:
            raise CommandError(f"The simulator answered {answer.status_code} to {path}.")
