"""The demo's clock may be moved back: leaving still holds, and the ledger still tells the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from policy.models import Category, TownProfile
from subscribers import consent, identity, ledger
from subscribers.models import Subscriber
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
TOMORROW = TUESDAY_10 + timedelta(days=1)


@pytest.fixture
def joined_tomorrow(town: TownProfile, settings: Settings) -> Subscriber:
    """They joined with the clock at tomorrow; then it was put back to today."""
    settings.DEMO = True
    someone = identity.find("393331112233", None, create=True)
    assert someone is not None
    assert consent.join(someone, at=TOMORROW, now=TOMORROW)
    return someone


def test_a_stop_holds_and_one_may_come_back(joined_tomorrow: Subscriber) -> None:
    someone = joined_tomorrow
    assert consent.stop(someone, at=TUESDAY_10, now=TUESDAY_10)
    someone.refresh_from_db()
    assert someone.state == Subscriber.State.STOPPED
    assert ledger.compare() == []
    assert consent.join(someone, at=TUESDAY_10, now=TUESDAY_10)
    someone.refresh_from_db()
    assert someone.state == Subscriber.State.ACTIVE
    assert ledger.compare() == []


def test_a_topic_may_be_left(joined_tomorrow: Subscriber) -> None:
    water = Category.objects.get(slug="acqua")
    assert consent.topic_off(joined_tomorrow, water, at=TUESDAY_10, now=TUESDAY_10)
    assert ledger.compare() == []


def test_outside_the_demo_the_providers_time_decides(joined_tomorrow: Subscriber, settings: Settings) -> None:
    settings.DEMO = False
    assert not consent.stop(joined_tomorrow, at=TUESDAY_10, now=TUESDAY_10)
