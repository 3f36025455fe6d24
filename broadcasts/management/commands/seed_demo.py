"""Fill an empty database with the demo's town. Safe to repeat: what is there is left alone."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from broadcasts.demo import people, town
from broadcasts.models import Broadcast
from policy.models import TownProfile
from staff.models import StaffMessage
from subscribers import town as town_setup
from subscribers.models import ConsentEvent, Subscriber
from whatsempoli import clock

BUDGET = 1500  # euros a month


class Command(BaseCommand):
    """`manage.py seed_demo`"""

    help = "Fills an empty database with a believable town. Only with DEMO=1."

    def handle(self, *args: Any, **options: Any) -> None:
        """Town, staff, citizens, notices: each only if there is none."""
        if not settings.DEMO:
            raise CommandError(
                "This fills a database with invented people: set DEMO=1 if that is what you want."
            )
        if Subscriber.objects.exists() and not ConsentEvent.objects.filter(channel="demo").exists():
            raise CommandError("This database holds people who are not the demo's: nothing was written.")
        now = clock.now()
        town_setup.set_up(town_setup.read("empoli"), published_at=now - timedelta(days=330))
        people.make_staff(os.environ.get("DEMO_PASSWORD", "empoli-demo"))
        people.make_rota(now)
        TownProfile.objects.filter(monthly_budget=None).update(monthly_budget=BUDGET)
        if not Subscriber.objects.exists():
            people.make_citizens(now)
        if not Broadcast.objects.exists():
            town.make_templates()
            town.make_notices(now)
            StaffMessage.objects.all().delete()  # of an invented past
