"""Invented citizens and staff of the demo. Drawn by seed; the numbers are of nobody we know of."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from policy.models import Category, PolicyVersion
from staff import roles
from staff.models import DutyShift, User
from subscribers.ledger import record_join_bulk
from subscribers.models import Subscriber, Subscription, Zone

CITIZENS = 1_512
FIRST = ["Anna", "Marco", "Giulia", "Luca", "Sara", "Paolo", "Elena", "Matteo", "Chiara", "Andrea", "Laura"]
MORE = [
    "Franco",
    "Rosa",
    "Piero",
    "Luisa",
    "Dario",
    "Nadia",
    "Ilaria",
    "Omar",
    "Li",
    "Fatima",
    "Ivan",
    "Teresa",
]
LAST = [
    "Rossi",
    "Bini",
    "Conti",
    "Ciampi",
    "Fanti",
    "Lelli",
    "Mori",
    "Nesi",
    "Pieri",
    "Sani",
    "Tani",
    "Vezzosi",
]
MORE_LAST = [
    "Alderighi",
    "Bagnoli",
    "Cioni",
    "Falorni",
    "Gori",
    "Lari",
    "Marconcini",
    "Parri",
    "Salvi",
    "Torrini",
]
STAFF = (
    ("anna", "Anna", "Redi", roles.EDITOR, "+393331110001"),
    ("bruno", "Bruno", "Tani", roles.APPROVER, "+393331110002"),
    ("carla", "Carla", "Neri", roles.ADMINISTRATOR, "+393331110003"),
    ("paola", "Paola", "Bini", roles.PRIVACY, "+393331110004"),
)
# Of a hundred people that joined, how many have each topic besides the core one.
TOPICS = {"viabilita": 78, "farmacie": 86, "acqua": 74, "scuole": 41, "scadenze": 52, "eventi": 37}
PERSONAS = (("receipts_off", 12), ("not_on_whatsapp", 1), ("offline", 2), ("blocked_us", 1))  # in a hundred


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who the phone page shows; only the number reaches the town."""

    phone: str
    name: str
    persona: str


def citizens(count: int = CITIZENS, seed: int = 7) -> list[Citizen]:
    """The same people for the same seed."""
    dice = random.Random(seed)  # noqa: S311  believable, not secret
    found: dict[str, Citizen] = {}
    while len(found) < count:
        phone = f"39{dice.choice(('320', '328', '333', '338', '347', '349'))}{dice.randrange(10**7):07d}"
        name = f"{dice.choice(FIRST + MORE)} {dice.choice(LAST + MORE_LAST)}"
        found.setdefault(phone, Citizen(phone, name, _persona(dice)))
    return list(found.values())


def _persona(dice: random.Random) -> str:
    roll = dice.randrange(100)
    for persona, share in PERSONAS:
        roll -= share
        if roll < 0:
            return persona
    return "normal"


def make_staff(password: str) -> None:
    """The editor, the approver and the administrator; a password that was changed is left alone."""
    roles.sync_roles()
    for username, first, last, role, phone in STAFF:
        user, new = User.objects.get_or_create(
            username=username,
            defaults={
                "first_name": first,
                "last_name": last,
                "is_staff": True,
                "phone": phone,
                "email": f"{username}@example.org",
            },
        )
        if new:
            user.set_password(password)
            user.save()
            user.groups.add(Group.objects.get(name=role))


def make_rota(now: datetime) -> None:
    """Bruno is on duty: who writes an urgent notice sees the call on his phone."""
    bruno = User.objects.get(username="bruno")
    until = now + timedelta(days=365)
    DutyShift.objects.get_or_create(person=bruno, rank=1, defaults={"starts": now, "ends": until})


@transaction.atomic
def make_citizens(now: datetime) -> int:
    """1,512 people who joined over the last months, with their ledger; returns how many."""
    dice = random.Random(11)  # noqa: S311
    people = Subscriber.objects.bulk_create(
        Subscriber(
            phone=citizen.phone,
            state=Subscriber.State.ACTIVE,
            language="en" if dice.random() < 0.04 else "it",
            consent_at=now - timedelta(days=dice.randrange(25, 300), minutes=dice.randrange(1440)),
        )
        for citizen in citizens()
    )
    _choose(people, dice)
    policy = PolicyVersion.objects.filter(kind="policy").order_by("number").first()
    record_join_bulk(people, at=now - timedelta(days=24), policy_version=policy, channel="demo")
    return len(people)


def _choose(people: list[Subscriber], dice: random.Random) -> None:
    """Topics by their popularity, a zone or two for a third of them."""
    topics = {category.slug: category for category in Category.objects.all()}
    zones = list(Zone.objects.all())
    chosen, living = [], []
    through = Subscriber.zones.through
    for someone in people:
        slugs = [
            "protezione-civile",
            *(slug for slug, share in TOPICS.items() if dice.randrange(100) < share),
        ]
        chosen += [
            Subscription(
                subscriber=someone, category=topics[slug], since=someone.consent_at or someone.created_at
            )
            for slug in slugs
        ]
        if dice.random() < 0.33:
            for zone in dice.sample(zones, dice.choice((1, 1, 2))):
                living.append(through(subscriber_id=someone.pk, zone_id=zone.pk))
    Subscription.objects.bulk_create(chosen)
    through.objects.bulk_create(living)
