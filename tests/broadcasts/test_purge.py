"""What is promised to be forgotten is forgotten, and a stop outlives the number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from broadcasts import intake, purge
from broadcasts.models import Reply, WebhookEvent
from policy.models import TownProfile
from subscribers import consent, identity
from subscribers.models import InboundMessage, Subscriber
from tests.broadcasts.simulated import envelope, said

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def gone(people):
    """Somebody who left two hours ago."""
    (person,) = people(1, "acqua")
    at = NOW - timedelta(hours=2)
    consent.stop(person, at=at, now=at, message_id="wamid.stop")
    return person


def test_the_number_of_who_left_goes_and_the_stop_stays(gone):
    phone = gone.phone
    assert purge.purge(NOW)["numbers"] == 1
    gone.refresh_from_db()
    assert (gone.phone, gone.user_id, gone.state) == (None, None, Subscriber.State.STOPPED)
    again = identity.find(phone, None, create=True)
    assert again is not None and again == gone
    assert again.state == Subscriber.State.STOPPED


def test_who_is_in_keeps_it(people):
    (person,) = people(1, "acqua", consent_at=NOW - timedelta(days=900))
    purge.purge(NOW)
    person.refresh_from_db()
    assert person.phone


def test_not_before_the_stated_days(gone):
    TownProfile.objects.update(keep_stopped_days=30)
    assert purge.purge(NOW)["numbers"] == 0
    assert purge.purge(NOW + timedelta(days=31))["numbers"] == 1


def test_not_while_the_goodbye_waits(gone):
    intake.receive(envelope(messages=[said("INFO", phone=gone.phone, at=NOW, id="wamid.later")]))
    intake.take_in()
    assert Reply.objects.filter(subscriber=gone, state="pending").exists()
    assert purge.purge(NOW)["numbers"] == 0
    Reply.objects.update(state="accepted")
    assert purge.purge(NOW)["numbers"] == 1


def test_texts_and_raw_webhooks_go_after_their_days(people):
    (person,) = people(1, "acqua")
    intake.receive(envelope(messages=[said("ho perso il cane", phone=person.phone, at=NOW, id="wamid.dog")]))
    intake.take_in()
    assert InboundMessage.objects.count() == WebhookEvent.objects.count() == 1
    assert not any(purge.purge(NOW + timedelta(days=29)).values())
    purge.purge(NOW + timedelta(days=31))
    assert InboundMessage.objects.count() == WebhookEvent.objects.count() == 0
