"""Celery shells: ids in, nothing out, one call each. Every one may be lost, repeated or late."""

from __future__ import annotations

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings

from broadcasts import (
    alarms,
    capacity,
    catalogue,
    erasure,
    exercises,
    fanout,
    intake,
    media,
    night,
    outbox,
    purge,
    reconsent,
    release,
    reminders,
    replies,
    tally,
    wake,
    written,
)
from broadcasts.letters import post
from broadcasts.models import Broadcast, Reply, WebhookEvent
from broadcasts.plan import series
from broadcasts.roads import mail
from staff.models import User
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsempoli import clock

log = logging.getLogger(__name__)


# The workers of emergencies do nothing that lasts longer: the next one must not wait for it.
BRIEFLY = 3.0


def _send(broadcast_id: int, *, seconds: float = fanout.SLICE_SECONDS) -> None:
    tally = fanout.send_slice(broadcast_id, seconds=seconds)
    if tally.ended == "empty":
        release.close(broadcast_id, clock.now())
    elif tally.ended == "time":
        wake.more(Broadcast.objects.get(pk=broadcast_id))


@shared_task(name="broadcasts.send")
def send(broadcast_id: int) -> None:
    """One slice of a routine or urgent broadcast."""
    _send(broadcast_id)


@shared_task(name="broadcasts.send_emergency")
def send_emergency(broadcast_id: int) -> None:
    """One slice of an emergency, on workers that do nothing slower."""
    _send(broadcast_id, seconds=BRIEFLY)


@shared_task(name="broadcasts.release")
def release_due() -> None:
    """Start what is due."""
    release.release_due(clock.now())


@shared_task(name="broadcasts.sweep")
def sweep() -> None:
    """Mend what was lost, close what is complete, wake what waits."""
    release.sweep(clock.now())
    replies.rescue()
    if WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING).exists():
        wake.intake()
    if Reply.objects.filter(state="pending").exists():
        wake.replies()


@shared_task(name="broadcasts.tally")
def count_again() -> None:
    """Keep the counts that large notices show, and file the report of an exercise that is over."""
    tally.refresh_due(clock.real_now())
    exercises.file_due(clock.now())


@shared_task(name="broadcasts.take_in")
def take_in() -> None:
    """Process the provider's webhooks, a little at a time: emergencies share these workers."""
    intake.take_in(seconds=0.5)


@shared_task(name="broadcasts.send_replies")
def send_replies() -> None:
    """Answer who wrote."""
    replies.send_pending(seconds=BRIEFLY)


@shared_task(name="broadcasts.erase_elsewhere")
def erase_elsewhere() -> None:
    """Finish what somebody asked to be erased, outside our own rows."""
    erasure.finish(clock.real_now())


@shared_task(name="broadcasts.reconsent")
def ask_again() -> None:
    """Ask the next people whether they stay; after the deadline, put out who did not say so."""
    reconsent.run(clock.now())


@shared_task(name="broadcasts.plan")
def plan_ahead() -> None:
    """Make the children of the series whose time has come."""
    series.make_ahead(clock.now())


@shared_task(name="broadcasts.write_site")
def write_site() -> None:
    """Keep the written-out pages up to what is published, a little at a time."""
    if settings.PUBLIC_DIR:
        written.write(Path(settings.PUBLIC_DIR), clock.now(), seconds=BRIEFLY)


@shared_task(name="broadcasts.purge")
def purge_old() -> None:
    """Delete what was kept long enough, and ask the provider how many people a day it allows."""
    erasure.finish(clock.real_now())
    purge.purge(clock.real_now())
    media.forget_unused(clock.real_now())
    try:
        capacity.refresh(clock.real_now())
    except (ApiError, NotSent, Unanswered) as error:
        log.warning("The provider did not say its limit: %s", type(error).__name__)


@shared_task(name="broadcasts.tell_staff")
def tell_staff() -> None:
    """Call who has to decide, and send what the service tells its own people."""
    night.watch(clock.now())
    reminders.send_due(clock.now())
    reminders.warn_blocked(clock.now())
    outbox.send_pending(clock.real_now())


@shared_task(name="broadcasts.mail_list")
def mail_list() -> None:
    """Mail what has begun to leave to who asked for it by e-mail."""
    mail.queue(clock.now())
    mail.send_pending(clock.real_now())


@shared_task(name="broadcasts.send_letters")
def send_letters() -> None:
    """Invitations, and the few things that single people are told or asked."""
    post.send_pending(clock.now(), clock.real_now())


@shared_task(name="broadcasts.submit_templates")
def submit_templates(by: int) -> None:
    """Submit the templates that the provider lacks, as a person asked; what is left over, they ask again."""
    try:
        catalogue.sync(by=User.objects.get(pk=by))
    except (ApiError, NotSent, Unanswered) as error:
        log.warning("The templates were not all submitted: %s", type(error).__name__)


@shared_task(name="broadcasts.alarms")
def look_after() -> None:
    """Tell the technician what is wrong."""
    alarms.watch(clock.real_now())


@shared_task(name="broadcasts.templates")
def refresh_templates() -> None:
    """Read the state of our templates, in case a webhook was lost."""
    try:
        catalogue.refresh()
    except (ApiError, NotSent, Unanswered) as error:
        log.warning("The provider did not list its templates: %s", type(error).__name__)


@shared_task(name="broadcasts.hand_over_files")
def hand_over_files() -> None:
    """Upload the files of what leaves soon, apart from what starts it: an upload may hang."""
    if media.hand_over(clock.now()):
        wake.release()
