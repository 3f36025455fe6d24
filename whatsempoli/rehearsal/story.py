"""The story: they join, choose, get notices, leave in the middle; an emergency overtakes a routine send."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from broadcasts import lifecycle, provider, wake
from broadcasts.bulletins import notices
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.notices import Notice
from broadcasts.demo.people import citizens as invented
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from policy import cap
from policy.calendar import ROME, Severity, month_of
from policy.decision import Kind, counts_in_month
from policy.models import Category
from policy.rules import SHIPPED
from staff.models import User
from subscribers.models import Subscriber, Zone
from whatsempoli.rehearsal.citizens import PRESELECTED, Citizen, choices, wordings
from whatsempoli.rehearsal.judge import Sent
from whatsempoli.rehearsal.stage import Stage

OPENING = datetime(2026, 11, 24, 9, 30, tzinfo=ROME)
NUMBER_RATE = 1_000
SLOW_RATE = 250  # while the emergency overtakes, so that there is something to overtake
LEAVERS = 20
OVERTAKEN, OVERTAKER = (
    "Partita dell'Empoli: strade chiuse allo stadio",
    "Allerta arancione per rischio idraulico",
)
NOT_REACHED = "not_on_whatsapp"  # the provider says so: nobody corrects what never arrived
LEFT_DURING = "Farmacie di turno dal 28 novembre al 4 dicembre"


@dataclass(slots=True)
class Story:
    """What happened, in the story's own words; the judge reads `sent` and the citizens."""

    stage: Stage
    anna: User
    bruno: User
    people: list[Citizen]
    seed: int = 7
    broken: str = ""  # the promise to break on purpose, in the system itself: the judge must see it
    sent: dict[int, Sent] = field(default_factory=dict)
    by_title: dict[str, Broadcast] = field(default_factory=dict)
    overtook: bool | None = None

    def play(self, say: Callable[[str], None]) -> None:
        """The whole of it."""
        self.stage.move_clock(OPENING)
        say(f"{len(self.people)} cittadini scrivono al servizio")
        self.join()
        self.choose()
        for notice in sorted(notices.load(), key=moment_of):
            if notice.title == OVERTAKER:
                continue  # it comes in the middle of another one
            say(f"{moment_of(notice):%d/%m %H:%M}  {notice.title}")
            if notice.title == OVERTAKEN:
                self.overtake(notice, next(n for n in notices.load() if n.title == OVERTAKER))
            elif notice.title == LEFT_DURING:
                self.leave_in_the_middle(notice)
            else:
                self.finish(self.publish(notice))
        self.stage.quiet()

    def join(self) -> None:
        """Everyone writes ATTIVA ISCRIZIONE, each in their own way, by signed webhooks."""
        self.stage.post(
            "phones", [{"phone": c.phone, "name": c.name, "persona": c.persona} for c in self.people]
        )
        self.stage.say((citizen.phone, words) for citizen, words in wordings(self.people, self.seed))
        self.stage.wait("tutti si sono iscritti", lambda: self.stage.active() >= len(self.people))
        for citizen in self.people:
            citizen.joined, citizen.topics = True, set(PRESELECTED)
        self.stage.quiet()

    def choose(self) -> None:
        """Some change a topic by writing; a third lives in a zone (there is no wording for zones yet)."""
        self.stage.say((citizen.phone, words) for citizen, _topic, words in choices(self.people, self.seed))
        self.stage.quiet()
        dice, zones = random.Random(self.seed + 2), list(Zone.objects.all())
        rows = {s.phone: s for s in Subscriber.objects.filter(phone__isnull=False)}
        links = []
        for citizen in self.people:
            if dice.random() < 0.33:
                zone = dice.choice(zones)
                citizen.zones = frozenset({zone.slug})
                links.append(Subscriber.zones.through(subscriber_id=rows[citizen.phone].pk, zone_id=zone.pk))
        Subscriber.zones.through.objects.bulk_create(links)

    def publish(self, notice: Notice, *, now: datetime | None = None) -> Broadcast:
        """Anna writes through the form, Bruno approves what he saw, the clock comes to its moment."""
        at = now or moment_of(notice)
        self.stage.move_clock(at - timedelta(minutes=2))
        broadcast = self.write(notice, at)
        lifecycle.submit(broadcast.pk, by=self.anna)
        broadcast.refresh_from_db()
        expected = self.expected(notice, broadcast, at)
        self.sent[broadcast.pk] = Sent(
            id=broadcast.pk,
            title=broadcast.title,
            severity=Severity(broadcast.severity),
            expected=frozenset(expected),
            allowed=frozenset(),
            approved_text=broadcast.rendered["it"]["phone_text"],
            two_people=True,
        )
        self.by_title[broadcast.title] = broadcast
        lifecycle.approve(broadcast.pk, by=self.bruno, seen=fingerprint_of(broadcast))
        self.break_one(broadcast)
        self.stage.move_clock(at)
        wake.release()  # beat would look within two seconds of a time that here has jumped
        return broadcast

    def break_one(self, broadcast: Broadcast) -> None:
        """Do to one broadcast what must never happen, past every guard of the application."""
        if broadcast.title != LEFT_DURING:
            return
        if self.broken == "unapproved":
            changed = broadcast.rendered
            changed["it"]["send"]["template"]["components"][0]["parameters"][0]["text"] = "Un testo diverso"
            broadcast.rendered = changed
            Broadcast.objects.filter(pk=broadcast.pk).update(
                rendered=changed, fingerprint=fingerprint_of(broadcast)
            )

    def write(self, notice: Notice, at: datetime) -> Broadcast:
        """Through the kind's own form, as an editor would."""
        kind = KINDS[notice.kind]
        form = kind.form(kind.initial_from(notice.fields), now=at - timedelta(minutes=5))
        if not form.is_valid():
            raise lifecycle.NotAllowed(f"{notice.title}: {form.errors.as_text()}")
        zones = list(Zone.objects.filter(slug__in=notice.zones).values_list("id", flat=True))
        draft = Broadcast(
            kind=kind.slug,
            title=notice.title,
            category=Category.objects.get(slug=notice.category),
            severity=notice.severity,
            fields={"title": notice.title, **form.stored()},
            refers_to=self.by_title.get(notice.refers_to or ""),
            due_at=at,
            valid_until=notice.valid_until or form.valid_until() or at + timedelta(days=3),
        )
        return lifecycle.save_draft(draft, by=self.anna, zones=zones)

    def expected(self, notice: Notice, broadcast: Broadcast, at: datetime) -> set[str]:
        """Who must get it, from what people asked for: the story's own reckoning, not the system's."""
        if notice.refers_to:
            first = self.sent[self.by_title[notice.refers_to].pk].expected
            told = [c for c in self.people if c.phone in first and c.persona != NOT_REACHED]
            return {c.phone for c in told if c.wants(notice.category, ())}
        wanting = [c for c in self.people if c.wants(notice.category, notice.zones)]
        if not counts_in_month(Severity(broadcast.severity), Kind.ORIGINAL):
            return {c.phone for c in wanting}
        own = SHIPPED.category(notice.category).promise  # type: ignore[union-attr]
        account, limit = cap.counter_for(notice.category, own), cap.limit_for(own, SHIPPED.monthly_promise)
        return {c.phone for c in wanting if c.charge(month_of(at), account, limit)}

    def finish(self, broadcast: Broadcast) -> None:
        """Until it is sent and every receipt is back: the clock moves on only then."""
        self.stage.sent(broadcast)
        self.stage.quiet()

    def leave_in_the_middle(self, notice: Notice) -> None:
        """Some write DISATTIVA ISCRIZIONE while it is leaving."""
        provider.budget().set_rate(SLOW_RATE)
        broadcast = self.publish(notice)
        self.stage.accepted(broadcast, len(self.people) // 30)
        dice = random.Random(self.seed + 3)
        leavers = dice.sample([c for c in self.people if c.joined], LEAVERS)
        self.stage.say((citizen.phone, "DISATTIVA ISCRIZIONE") for citizen in leavers)
        stopped_at = self.stage.stopped_at
        self.stage.wait("gli stop sono registrati", lambda: all(stopped_at(c.phone) for c in leavers))
        for citizen in leavers:
            citizen.left_at = stopped_at(citizen.phone)
        if self.broken == "after_opt_out":  # somebody puts them back behind everybody's back
            Subscriber.objects.filter(phone__in=[c.phone for c in leavers]).update(state="active")
        if self.broken == "lost":  # rows vanish
            Delivery.objects.filter(broadcast=broadcast, state="pending").delete()
        provider.budget().set_rate(NUMBER_RATE)
        known = self.sent[broadcast.pk]
        gone = frozenset(citizen.phone for citizen in leavers)
        self.sent[broadcast.pk] = Sent(
            known.id,
            known.title,
            known.severity,
            known.expected - gone,
            known.expected & gone,
            known.approved_text,
            known.two_people,
        )
        self.finish(broadcast)

    def overtake(self, routine: Notice, emergency: Notice) -> None:
        """An emergency is approved while a routine notice leaves, and is done first."""
        provider.budget().set_rate(SLOW_RATE)
        slow = self.publish(routine)
        self.stage.accepted(slow, len(self.people) // 30)
        fast = self.publish(emergency, now=moment_of(routine) + timedelta(minutes=1))
        self.stage.sent(fast)
        provider.budget().set_rate(NUMBER_RATE)
        slow.refresh_from_db()
        self.overtook = slow.finished_at is None
        self.finish(slow)


def moment_of(notice: Notice) -> datetime:
    """When a sample notice is to leave."""
    if notice.due_at is None:
        raise ValueError(f"«{notice.title}» has no moment to leave")
    return notice.due_at


def population(count: int, seed: int) -> list[Citizen]:
    """The rehearsal's citizens, drawn by seed."""
    return [Citizen(person.phone, person.name, person.persona) for person in invented(count, seed)]
