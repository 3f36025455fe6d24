"""Prepare the town, play a chapter in it, add everything up."""

from __future__ import annotations

import time
from datetime import timedelta

from django.core.management import call_command
from django.db import connection
from django.db.models import Count, Q, Sum

from broadcasts import catalogue, provider
from broadcasts.demo.people import make_staff
from broadcasts.models import Broadcast, Delivery, WebhookEvent
from broadcasts.states import Delivery as D
from broadcasts.states import Receipt
from policy.models import TownProfile
from staff.models import User
from subscribers import journal, town
from subscribers.models import Subscriber, Zone
from whatsempoli import clock
from whatsempoli.rehearsal.book import Chapter, Result
from whatsempoli.rehearsal.chapters.story import OPENING
from whatsempoli.rehearsal.judge import judge
from whatsempoli.rehearsal.scene import NUMBER_RATE, Say, Scene, population
from whatsempoli.rehearsal.stage import Stage, StageError

TOTALS = ("failed", "skipped", "held", "expired", "undelivered", "unconfirmed")
MARK = "prova-generale"  # whoever has this person may be emptied
KEPT = {Zone._meta.db_table}  # the town's own, not a chapter's


class NotOursError(RuntimeError):
    """The database holds somebody's town, which a rehearsal would empty."""


def prepare() -> None:
    """Migrate and set the town up, before the processes start. Raises NotOursError."""
    call_command("migrate", verbosity=0, interactive=False)
    if not is_ours() and (Subscriber.objects.exists() or Broadcast.objects.exists()):
        raise NotOursError("In questo database c'è già qualcuno: la prova generale lo svuoterebbe.")
    town.set_up(town.read("empoli"), published_at=OPENING - timedelta(days=60))
    make_staff("rehearsal")
    User.objects.get_or_create(username=MARK, defaults={"is_active": False})


def is_ours() -> bool:
    """This database was made for rehearsals, and may be emptied."""
    return User.objects.filter(username=MARK, is_active=False).exists()


def perform(
    chapter: Chapter, stage: Stage, say: Say, *, citizens: int = 0, seed: int = 7, broken: str = ""
) -> Result:
    """Play a chapter in an empty town and judge it. `citizens` other than 0 plays it with so many."""
    began = time.monotonic()
    empty(stage)
    scene = Scene(
        stage,
        User.objects.get(username="anna"),
        User.objects.get(username="bruno"),
        population(citizens or chapter.citizens, seed),
        seed,
        broken,
    )
    stuck = ""
    try:
        chapter.play(scene, say)
    except StageError as error:  # told with the rest; the other chapters are played all the same
        stuck = str(error)
    result = _add_up(chapter, scene, began, stuck)
    stage.restore()
    return result


def empty(stage: Stage) -> None:
    """Nobody has joined, nothing was sent, every template is as new. Ids go on, so that what still comes in
    from an earlier chapter is about nobody. Raises NotOursError."""
    if not is_ours():
        raise NotOursError("Questo database non è stato preparato per la prova generale.")
    # Stops of another chapter's town, whose people had the same numbers.
    journal.drop(clock.real_now() + timedelta(days=2))
    with connection.cursor() as cursor:
        tables = [
            name
            for name in connection.introspection.table_names(cursor)
            if name.startswith(("broadcasts_", "subscribers_")) and name not in KEPT
        ]
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
    stage.post("reset", {})
    stage.since, stage.moves, stage.usual = stage.get("state")["last_seq"], [], {}
    provider.budget().set_rate(NUMBER_RATE)
    TownProfile.objects.filter(pk=1).update(**town.read("empoli")["profile"])
    catalogue.sync()


def _add_up(chapter: Chapter, scene: Scene, began: float, stuck: str) -> Result:
    rows = Delivery.objects.aggregate(
        accepted=Count("id", filter=Q(state=D.ACCEPTED)),
        delivered=Count("id", filter=Q(receipt__gte=Receipt.DELIVERED)),
        read=Count("id", filter=Q(receipt=Receipt.READ)),
        **{name: Count("id", filter=Q(state=name)) for name in TOTALS},
    )
    audience = Broadcast.objects.aggregate(total=Sum("audience_count"))["total"] or 0
    verdict = judge(scene.stage.ledger(), scene.account())
    numbers: dict[str, float] = {
        "citizens": len(scene.people),
        "broadcasts": Broadcast.objects.filter(started_at__isnull=False).count(),
        "audience": audience,
        **rows,
        **verdict.as_dict(),
        "seconds": round(time.monotonic() - began, 1),
    }
    aside = WebhookEvent.objects.filter(state=WebhookEvent.State.ASIDE).exists()
    closes = audience == rows["accepted"] + sum(rows[name] for name in TOTALS) and not aside
    examples = verdict.examples | ({"stuck": stuck} if stuck else {})
    return Result(chapter.slug, chapter.title, numbers, examples, scene.overtook, closes, scene.broken)
