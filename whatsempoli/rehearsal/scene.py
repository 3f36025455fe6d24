"""What every chapter is played with: a town of people, an editor, an approver, and the account of it all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Q

from broadcasts import lifecycle, provider, wake
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.notices import Notice
from broadcasts.demo.people import citizens as invented
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import Receipt
from policy import cap
from policy.calendar import ROME, Severity, month_of
from policy.decision import Kind, counts_in_month
from policy.models import Category, PolicyVersion, TownProfile
from policy.rules import SHIPPED
from staff.models import User
from subscribers.ledger import record_join_bulk
from subscribers.models import Subscriber, Subscription, Zone
from whatsempoli.rehearsal.citizens import PRESELECTED, Citizen, choices, wordings
from whatsempoli.rehearsal.judge import Account, Row, Sent
from whatsempoli.rehearsal.stage import Stage

Say = Callable[[str], None]
NUMBER_RATE = 1_000
NOT_REACHED = "not_on_whatsapp"  # the provider says so: nobody corrects what never arrived


@dataclass(slots=True)
class Scene:
    """What happened in a chapter, in its own words; the judge reads `account()`.

    `broken` is the promise to break on purpose, past every guard of the application: the judge must see it.
    """

    stage: Stage
    anna: User
    bruno: User
    people: list[Citizen]
    seed: int = 7
    broken: str = ""
    sent: dict[int, Sent] = field(default_factory=dict)
    by_title: dict[str, Broadcast] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    overtook: bool = True  # whatever had to be first, was

    # --- Who is in the town ---------------------------------------------------------------------------

    def meet(self) -> None:
        """Make everybody's phone known to the simulator."""
        self.stage.post(
            "phones", [{"phone": c.phone, "name": c.name, "persona": c.persona} for c in self.people]
        )

    def join(self) -> None:
        """Everyone writes ATTIVA ISCRIZIONE, each in their own way, by signed webhooks."""
        self.meet()
        self.stage.say((citizen.phone, words) for citizen, words in wordings(self.people, self.seed))
        self.stage.wait("tutti si sono iscritti", lambda: self.stage.active() >= len(self.people), 120)
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

    def settle(self, at: datetime) -> None:
        """Everybody joined long ago: written straight into the town, since joining is another chapter's."""
        self.stage.move_clock(at)
        self.meet()
        since = at - timedelta(days=40)
        rows = Subscriber.objects.bulk_create(
            Subscriber(phone=c.phone, state=Subscriber.State.ACTIVE, consent_at=since) for c in self.people
        )
        topics = list(Category.objects.filter(slug__in=PRESELECTED))
        Subscription.objects.bulk_create(
            Subscription(subscriber=row, category=topic, since=since) for row in rows for topic in topics
        )
        record_join_bulk(rows, at=since, policy_version=PolicyVersion.objects.first(), channel="rehearsal")
        for citizen in self.people:
            citizen.joined, citizen.topics = True, set(PRESELECTED)

    def stop(self, leavers: Iterable[Citizen]) -> None:
        """They write DISATTIVA ISCRIZIONE; returns when all are stored, and notes when each was."""
        leaving, stopped_at = list(leavers), self.stage.stopped_at
        self.stage.say((citizen.phone, "DISATTIVA ISCRIZIONE") for citizen in leaving)
        self.stage.wait("gli stop sono registrati", lambda: all(stopped_at(c.phone) for c in leaving))
        for citizen in leaving:
            citizen.left_at = stopped_at(citizen.phone)

    def renumber(self, citizen: Citizen, number: str) -> None:
        """The citizen has another number, and what was sent to them before is theirs under it too."""
        old, citizen.phone = citizen.phone, number
        for id, known in self.sent.items():
            expected, allowed = ({number if phone == old else phone for phone in phones}
                                 for phones in (known.expected, known.allowed))  # fmt: skip
            self.sent[id] = replace(known, expected=frozenset(expected), allowed=frozenset(allowed))

    # --- What the office does -------------------------------------------------------------------------

    def publish(self, notice: Notice, *, now: datetime | None = None) -> Broadcast:
        """Anna writes through the form, Bruno approves what he saw, the clock comes to its moment."""
        at = now or moment_of(notice)
        broadcast = self.approve(notice, at)
        self.stage.move_clock(at)
        wake.release()  # beat would look within two seconds of a time that here has jumped
        return broadcast

    def approve(self, notice: Notice, at: datetime) -> Broadcast:
        """Written and approved two minutes before it is due."""
        self.stage.move_clock(at - timedelta(minutes=2))
        broadcast = self.write(notice, at)
        lifecycle.submit(broadcast.pk, by=self.anna)
        broadcast.refresh_from_db()
        self.sent[broadcast.pk] = self._known(notice, broadcast, at)
        self.by_title[broadcast.title] = broadcast
        lifecycle.approve(broadcast.pk, by=self.bruno, seen=fingerprint_of(broadcast))
        broadcast.refresh_from_db()
        return broadcast

    def _known(self, notice: Notice, broadcast: Broadcast, at: datetime) -> Sent:
        severity, original = Severity(broadcast.severity), self.by_title.get(notice.refers_to or "")
        routine = counts_in_month(severity, Kind.ORIGINAL) and original is None
        return Sent(
            id=broadcast.pk,
            title=broadcast.title,
            severity=Severity.URGENT if original and severity is Severity.ROUTINE else severity,
            expected=frozenset(self.expected(notice, broadcast, at)),
            # what failed costs nobody a message of the month
            allowed=frozenset(c.phone for c in self.people if routine and c.persona == NOT_REACHED),
            approved_text=broadcast.rendered["it"]["phone_text"],
            two_people=True,
            due_at=at,
            valid_until=broadcast.valid_until,
            refers_to=original.pk if original else 0,
            counter=cap.counter_for(notice.category, own_promise(notice)) if routine else None,
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

    def finish(self, broadcast: Broadcast) -> None:
        """Until it is sent and every receipt is back: the clock moves on only then."""
        self.stage.sent(broadcast)
        self.stage.quiet()

    def rate(self, messages: int) -> None:
        """Slow the installation down, so that there is a middle in which things happen."""
        provider.budget().set_rate(messages)

    # --- Whom it was for ------------------------------------------------------------------------------

    def expected(self, notice: Notice, broadcast: Broadcast, at: datetime) -> set[str]:
        """Who must get it, from what people asked for: the chapter's own reckoning, not the system's."""
        if notice.refers_to:
            first = self.sent[self.by_title[notice.refers_to].pk].expected
            told = [c for c in self.people if c.phone in first and c.persona != NOT_REACHED]
            return {c.phone for c in told if c.wants(notice.category, ())}
        wanting = [c for c in self.people if c.wants(notice.category, notice.zones, _colour(notice))]
        if not counts_in_month(Severity(broadcast.severity), Kind.ORIGINAL):
            return {c.phone for c in wanting}
        own = own_promise(notice)
        account, limit = cap.counter_for(notice.category, own), cap.limit_for(own, SHIPPED.monthly_promise)
        return {c.phone for c in wanting if c.charge(month_of(at), account, limit)}

    def excuse(self, broadcast: Broadcast, phones: Iterable[str]) -> None:
        """These need not get it any more, and may have: they left, or something newer overtook it."""
        known, gone = self.sent[broadcast.pk], frozenset(phones)
        self.sent[broadcast.pk] = replace(
            known, expected=known.expected - gone, allowed=known.allowed | (known.expected & gone)
        )

    def account(self) -> Account:
        """Everything but the phones' own ledger."""
        return Account(
            sent=self.sent,
            left_at={c.phone: c.left_at for c in self.people if c.left_at is not None},
            rows=self.rows(),
            hours=SHIPPED.hours,
            limits={cap.GENERAL: SHIPPED.monthly_promise}
            | {rule.slug: rule.promise for rule in SHIPPED.categories if rule.promise is not None},
            clock=self.stage.clock,
            answers=self.answers,
            absent=frozenset(c.phone for c in self.people if c.persona == NOT_REACHED),
            rests_after=TownProfile.current().unreachable_after,
        )

    def rows(self) -> tuple[Row, ...]:
        """The office's own account; who has no number there is found by the user id."""
        numbers = {line["user_id"]: line["phone"] for line in self.stage.entries()}
        found = Delivery.objects.filter(~Q(state="skipped") | Q(receipt__gt=0)).values_list(
            "broadcast_id", "subscriber__phone", "subscriber__user_id", "state", "receipt", "repeated"
        )
        return tuple(
            Row(broadcast, numbers.get(user_id) or phone or "", state, receipt >= Receipt.DELIVERED, repeated)
            for broadcast, phone, user_id, state, receipt, repeated in found.iterator()
        )


def own_promise(notice: Notice) -> int | None:
    """The monthly promise of a notice's category, None where the general one holds."""
    rule = SHIPPED.category(notice.category)
    return rule.promise if rule else None


def moment_of(notice: Notice) -> datetime:
    """When a sample notice is to leave."""
    if notice.due_at is None:
        raise ValueError(f"«{notice.title}» has no moment to leave")
    return notice.due_at


def _colour(notice: Notice) -> int:
    """The rank of an alert's darkest colour; 0 for an emergency, which everybody gets, and for no alert."""
    risks = notice.fields.get("risks", ()) if notice.severity != Severity.EMERGENCY else ()
    ranks = {"gialla": 1, "arancione": 2, "rossa": 3}
    return max((ranks.get(risk["colour"], 0) for risk in risks), default=0)


def notice(
    title: str,
    due_at: datetime,
    *,
    category: str = "viabilita",
    severity: str = "routine",
    kind: str = "notice",
    follows: str = "",
) -> Notice:
    """A plain notice for a chapter that needs no more than one."""
    text = "Questo è un messaggio della prova generale: non è successo niente."
    return Notice(
        kind=kind,
        category=category,
        severity=severity,
        title=title,
        zones=(),
        fields={"text": text},
        text=text,
        due_at=due_at,
        valid_until=None,
        refers_to=follows or None,
    )


def rome(day: int, hour: int, minute: int = 0, *, month: int = 11, second: int = 0) -> datetime:
    """A moment of November 2026 (or of another month) on the clocks of Rome."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=ROME)


def population(count: int, seed: int) -> list[Citizen]:
    """The rehearsal's citizens, drawn by seed."""
    return [Citizen(person.phone, person.name, person.persona) for person in invented(count, seed)]


def replace_rendered(broadcast: Broadcast) -> None:
    """Another text than the approved one, with a fingerprint that hides it: what a break-in would do."""
    broadcast.refresh_from_db()
    changed = broadcast.rendered
    changed["it"]["send"]["template"]["components"][0]["parameters"][0]["text"] = "Un testo diverso"
    broadcast.rendered = changed
    Broadcast.objects.filter(pk=broadcast.pk).update(rendered=changed, fingerprint=fingerprint_of(broadcast))


def put_back(phones: Iterable[str], category: str) -> None:
    """These are in again though they never asked: past the ledger, straight into the tables."""
    people, topic = Subscriber.objects.filter(phone__in=list(phones)), Category.objects.get(slug=category)
    people.update(state="active")
    Subscription.objects.bulk_create(
        Subscription(subscriber=person, category=topic, since=person.created_at) for person in people
    )
