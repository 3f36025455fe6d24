"""The cast, the town and the builders that every area shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import factory
import pytest
from django.contrib.auth.models import Group
from django.utils import translation
from factory.django import DjangoModelFactory

from broadcasts import lifecycle, render
from broadcasts.bulletins.kinds import LANGUAGES, all_templates
from broadcasts.bulletins.staff_template import STAFF
from broadcasts.fingerprint import fingerprint_of
from broadcasts.letters.templates import LETTERS
from broadcasts.models import Broadcast, MessageTemplate
from policy import page_cache
from policy.calendar import ROME
from policy.models import Category, TownProfile
from policy.page_cache import PAGES
from staff import roles
from staff.models import User
from subscribers import town as town_setup
from subscribers.models import Subscriber, Subscription

# A Tuesday in service hours, before every date in data/avvisi.json.
TUESDAY_10 = datetime(2026, 11, 24, 10, 0, tzinfo=ROME)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Slow hashes protect people, not tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def pages_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public page says what is so now; that it is kept for moments has tests of its own."""
    PAGES.clear()
    monkeypatch.setattr(page_cache, "FRESH_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def italian_again() -> Iterator[None]:
    """A page asked for in English leaves its language to this thread, and so to the next test."""
    yield
    translation.deactivate()


@pytest.fixture
def town(db: None) -> TownProfile:
    """Empoli as the demo has it, with its templates approved."""
    profile = town_setup.set_up(town_setup.read("empoli"), published_at=TUESDAY_10 - timedelta(days=30))
    texts = render.town_of(profile)
    MessageTemplate.objects.bulk_create(
        MessageTemplate(
            name=template.name_for(texts),
            language=language,
            kind=kind,
            category=template.category,
            status=MessageTemplate.Status.APPROVED,
            body_hash=template.body_hash(language, texts),
            ttl_seconds=template.ttl_seconds,
        )
        for kind, template in [*all_templates(), ("staff", STAFF), *LETTERS.items()]
        for language in LANGUAGES
    )
    return profile


def person(username: str, first_name: str, role: str) -> User:
    user = User.objects.create_user(
        username, f"{username}@example.org", "prova", first_name=first_name, is_staff=True
    )
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def anna(town: TownProfile) -> User:
    """Writes."""
    return person("anna", "Anna", roles.EDITOR)


@pytest.fixture
def bruno(town: TownProfile) -> User:
    """Approves."""
    return person("bruno", "Bruno", roles.APPROVER)


@pytest.fixture
def carla(town: TownProfile) -> User:
    """Administers."""
    return person("carla", "Carla", roles.ADMINISTRATOR)


class SubscriberFactory(DjangoModelFactory):
    """An active citizen without topics; `topics=["acqua"]` subscribes."""

    class Meta:
        model = Subscriber
        skip_postgeneration_save = True

    phone = factory.Sequence(lambda n: f"3933300{n:05d}")
    state = Subscriber.State.ACTIVE

    @factory.post_generation
    def topics(self, create: bool, extracted: list[str] | None, **kwargs: Any) -> None:
        for slug in extracted or []:
            Subscription.objects.create(
                subscriber=self,  # type: ignore[misc]  # the factory's hook gets the made object
                category=Category.objects.get(slug=slug),
                since=TUESDAY_10 - timedelta(days=10),
            )


@pytest.fixture
def people(town: TownProfile) -> Callable[..., list[Subscriber]]:
    """`people(3, "acqua")` makes three citizens who asked for water."""

    def make(count: int, *topics: str, **fields: Any) -> list[Subscriber]:
        return SubscriberFactory.create_batch(count, topics=list(topics), **fields)

    return make


@pytest.fixture
def write(anna: User) -> Callable[..., Broadcast]:
    """A draft by Anna: a generic notice about water unless told otherwise."""

    def make(**changes: Any) -> Broadcast:
        zones = changes.pop("zones", None)
        category = Category.objects.get(slug=changes.pop("topic", "acqua"))
        values: dict[str, Any] = {
            "kind": "notice",
            "title": "Lavori in piazza",
            "category": category,
            "fields": {
                "title": changes.get("title", "Lavori in piazza"),
                "text": "Si lavora da lunedì a venerdì.",
            },
            "valid_until": TUESDAY_10 + timedelta(days=5),
        } | changes
        return lifecycle.save_draft(Broadcast(**values), by=anna, zones=zones, now=TUESDAY_10)

    return make


@pytest.fixture
def approve(anna: User, bruno: User) -> Callable[[Broadcast], Broadcast]:
    """Anna submits, Bruno approves what he saw."""

    def make(broadcast: Broadcast, now: datetime = TUESDAY_10) -> Broadcast:
        lifecycle.submit(broadcast.pk, by=anna, now=now)
        return lifecycle.approve(broadcast.pk, by=bruno, seen=fingerprint_of(broadcast), now=now)

    return make
