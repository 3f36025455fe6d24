"""Create our templates at the provider and read their state back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from broadcasts import catalogue
from whatsapp.client import ApiError, NotSent, Unanswered


class Command(BaseCommand):
    """`manage.py sync_templates`"""

    help = "Creates the templates that the provider lacks and stores the state of all."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many templates are in each state."""
        try:
            counts = catalogue.sync()
        except (ApiError, NotSent, Unanswered) as error:
            raise CommandError(f"The provider did not answer as expected: {error}") from error
        self.stdout.write(", ".join(f"{status} {n}" for status, n in sorted(counts.items())))
