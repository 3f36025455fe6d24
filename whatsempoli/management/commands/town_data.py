"""Print the town's own data as JSON: what a practice ground may copy. No people, no messages, no secrets."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from whatsempoli import town_copy


class Command(BaseCommand):
    """`manage.py town_data > comune.json`"""

    help = "Prints profile, holidays, zones and categories as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        """One JSON object."""
        self.stdout.write(json.dumps(town_copy.give(), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
