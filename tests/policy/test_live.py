"""The town's own values, read as the same kind of value that is shipped."""

from __future__ import annotations

import json
from datetime import time
from io import StringIO

import pytest
from django.core.management import call_command

from policy.calendar import Window
from policy.live import live_rules, windows_of
from policy.models import Category, Holiday, TownProfile
from policy.rules import SHIPPED


def test_windows_are_read_from_their_stored_form() -> None:
    rows = [{"weekday": 5, "start": "20:00", "end": "24:00"}]
    assert windows_of(rows) == (Window(5, time(20), time(0)),)


@pytest.mark.parametrize("row", [{"weekday": 1, "start": "9", "end": "boh"}, {"weekday": 1}, {}])
def test_a_window_of_another_shape_is_refused(row: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        windows_of([row])


@pytest.mark.django_db
def test_the_defaults_of_the_town_are_the_shipped_hours() -> None:
    TownProfile.objects.all().delete()
    Holiday.objects.all().delete()
    rules = live_rules()
    assert rules.hours.windows and set(rules.hours.windows) == set(SHIPPED.hours.windows)
    assert rules.hours.night == SHIPPED.hours.night and rules.hours.own_days == frozenset()


@pytest.mark.django_db
def test_what_the_town_changes_is_what_the_tools_use() -> None:
    TownProfile(service_hours=[{"weekday": 0, "start": "10:00", "end": "11:00"}], monthly_promise=0).save()
    Holiday.objects.all().delete()
    Holiday.objects.create(month=11, day=30, name="Patrono")
    Category.objects.all().delete()
    Category.objects.create(
        slug="mercato",
        name="Mercato",
        monthly_promise=2,
        own_hours=[{"weekday": 1, "start": "06:00", "end": "08:00"}],
    )
    rules = live_rules()
    assert (rules.monthly_promise, rules.categories[0].promise) == (0, 2)
    out = StringIO()
    call_command("when", "--live", "--severity", "routine", "--at", "2026-11-30T10:00", stdout=out)
    call_command(
        "when", "--live", "--severity=routine", "--at=2026-11-30T10:00", "--category=mercato", stdout=out
    )
    leaves = [json.loads(line)["may_leave_at"] for line in out.getvalue().splitlines()]
    assert leaves == ["2026-12-07T10:00:00+01:00", "2026-12-01T07:00:00+01:00"]
