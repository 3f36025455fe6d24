"""`manage.py reset_second_factor anna`: the phone is lost; the next log-in sets up a new one. Logged."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from staff import second_factor
from staff.models import User


class Command(BaseCommand):
    """Forget a person's second factor."""

    help = "Forget a person's second factor and recovery codes; their next log-in sets up new ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"Nobody here is called {options['username']}.")
        second_factor.forget(person, by=None)
        self.stdout.write(f"{person.username} sets up a new second factor at the next log-in.")
