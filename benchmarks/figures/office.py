"""How fast the office's pages are when a notice has a million rows, and how many queries each one makes.

In this process, through every middleware and down to the rendered bytes; the web server adds a millisecond.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone

from benchmarks.figures.size import Size
from benchmarks.measure import Numbers
from benchmarks.rig import Rig
from broadcasts import tally
from broadcasts.models import Broadcast, Delivery
from staff import second_factor
from staff.models import User
from whatsempoli import clock

LOOKS = 30  # at each page
WARM = 2
# What a real send looks like: most have it, a third read it, one in twenty-five did not get it.
ROWS = """
    INSERT INTO broadcasts_delivery (broadcast_id, subscriber_id, state, reason, error_code, attempts,
        repeated, receipt, begun_at, accepted_at, delivered_at, read_at)
    SELECT %(broadcast)s, s.id,
        CASE WHEN s.id %% 50 = 0 THEN 'failed' WHEN s.id %% 50 = 1 THEN 'skipped' ELSE 'accepted' END,
        CASE WHEN s.id %% 50 = 1 THEN 'capped' ELSE '' END,
        CASE WHEN s.id %% 50 = 0 THEN 131026 END, 1, false,
        CASE WHEN s.id %% 50 < 2 THEN 0 WHEN s.id %% 3 = 0 THEN 3 ELSE 2 END,
        %(start)s + interval '1 ms' * (s.id %% 1000000),
        CASE WHEN s.id %% 50 > 1 THEN %(start)s + interval '1 ms' * (s.id %% 1000000) END,
        CASE WHEN s.id %% 50 > 1 THEN %(start)s + interval '1.2 ms' * (s.id %% 1000000) END,
        CASE WHEN s.id %% 50 > 1 AND s.id %% 3 = 0 THEN %(start)s + interval '9 ms' * (s.id %% 1000000) END
    FROM subscribers_subscriber s
"""


def office(rig: Rig, size: Size) -> Numbers:
    """Every page of the office, in a smoke of fewer people. The highest p95 and the most queries count."""
    rig.clean()
    rig.populate(size.audience, "acqua")
    notice, waiting = _sent(rig, size.audience), rig.submitted()
    seconds = _counted(notice)
    looks: dict[str, tuple[list[float], int]] = {}
    with override_settings(DEMO=False):  # without the demo's bar, as an office has it
        for name, page in _pages(notice, waiting):
            looks[name] = _look(page)
        Broadcast.objects.filter(pk=notice.pk).update(state="sending", finished_at=None)
        for name, page in _leaving_pages(notice):
            looks[name] = _look(page)
    Broadcast.objects.filter(pk__in=(notice.pk, waiting.pk)).update(state="cancelled")
    for name, (times, queries) in sorted(looks.items(), key=lambda item: -_at(item[1][0], 95)):
        print(
            f"  {_at(times, 50):7.1f} {_at(times, 95):7.1f} ms {queries:3} queries  {name}", file=sys.stderr
        )
    return {
        "office_page_p50_ms": max(_at(times, 50) for times, _queries in looks.values()),
        "office_page_p95_ms": max(_at(times, 95) for times, _queries in looks.values()),
        "office_page_queries": max(queries for _times, queries in looks.values()),
        "office_pages": len(looks),
        "office_count_seconds": seconds,
    }


def _sent(rig: Rig, people: int) -> Broadcast:
    """A notice that has left, with a row for everybody."""
    notice, start = rig.approved(), clock.now() - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"broadcast": notice.pk, "start": start})
        cursor.execute("ANALYZE broadcasts_delivery")
    Broadcast.objects.filter(pk=notice.pk).update(
        state="sent", started_at=start, finished_at=clock.now(), audience_count=people
    )
    assert Delivery.objects.filter(broadcast=notice).count() == people
    notice.refresh_from_db()
    return notice


def _counted(notice: Broadcast) -> float:
    """What a worker does for the pages; seconds."""
    began = time.monotonic()
    tally.refresh(notice.pk, timezone.now())
    return time.monotonic() - began


def _pages(notice: Broadcast, waiting: Broadcast) -> Iterator[tuple[str, str]]:
    """Name and address of every page when the notice has left."""
    of = "admin:broadcasts_broadcast_{}".format
    middle = Delivery.objects.filter(broadcast=notice).order_by("-id")[(notice.audience_count or 0) // 2].pk
    yield "front page", reverse("admin:index")
    yield "notice to approve", reverse(of("change"), args=[waiting.pk])
    yield "notice that has left", reverse(of("change"), args=[notice.pk])
    yield "report", reverse(of("report"), args=[notice.pk])
    yield "picture over time", reverse(of("picture"), args=[notice.pk, "over-time"])
    yield "who did not get it", reverse(of("missing"), args=[notice.pk])
    yield "who did not get it, deep", reverse(of("missing"), args=[notice.pk]) + f"?after={middle}"
    yield "choose a kind", reverse("admin:broadcasts_broadcast_add")
    yield "compose", reverse(of("compose"), args=["notice"])
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        yield f"list of {model._meta.model_name}", reverse(name)


def _leaving_pages(notice: Broadcast) -> Iterator[tuple[str, str]]:
    of = "admin:broadcasts_broadcast_{}".format
    yield "front page while it leaves", reverse("admin:index")
    yield "notice that is leaving", reverse(of("change"), args=[notice.pk])
    yield "its progress", reverse(of("progress"), args=[notice.pk]) + "?state=sending"
    yield "engine", reverse("admin:broadcasts_sending_changelist")


def _look(page: str) -> tuple[list[float], int]:
    """Milliseconds of each look by the first of the staff who may, and the most queries."""
    client = _who_may(page)
    times: list[float] = []
    queries = 0
    for n in range(WARM + LOOKS):
        with CaptureQueriesContext(connection) as found:
            began = time.perf_counter()
            answer = client.get(page, secure=settings.SECURE_SSL_REDIRECT)
            assert answer.status_code in (200, 302), (page, answer.status_code)
            took = time.perf_counter() - began
        if n >= WARM:
            times.append(took * 1000)
            queries = max(queries, len(found))
    return times, queries


def _who_may(page: str) -> Client:
    for name in ("bruno", "carla", "anna"):
        client = Client(SERVER_NAME="127.0.0.1")
        _log_in(client, User.objects.get(username=name))
        if client.get(page, secure=settings.SECURE_SSL_REDIRECT).status_code in (200, 302):
            return client
    client = Client(SERVER_NAME="127.0.0.1")  # what only a superuser may see
    root = User.objects.filter(is_superuser=True).first()
    _log_in(client, root or User.objects.create_superuser("root"))
    return client


def _log_in(client: Client, who: User) -> None:
    """With the second factor proved, as whoever approves has it."""
    client.force_login(who)
    session = client.session
    second_factor.remember(session)
    session.save()


def _at(times: list[float], percent: int) -> float:
    """The value below which so many per cent lie."""
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]
