"""What a citizen lives, on the simulator's own phones: each point of the service's promise is a story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from broadcasts import intake, provider, replies
from broadcasts.letters import post, verbs
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import State
from policy.models import TownProfile
from simulator import inbound
from simulator.content import Message
from staff.models import User
from subscribers.ledger import compare
from subscribers.models import InboundMessage, Subscriber
from tests.broadcasts.conftest import _forget
from tests.broadcasts.simulated import Provider
from tests.broadcasts.whole_provider import WholeProvider
from whatsapp import bulk
from whatsempoli import clock

PHONE = "393331112233"


class Street:
    """One phone and the service; what the simulator posts is stored and worked on at once."""

    def __init__(self, whole: WholeProvider, sink: Provider, phone: str = PHONE) -> None:
        self.whole, self.sink, self.phone, self.read = whole, sink, phone, 0

    def say(self, text: str) -> str:
        """They write; returns what they read then."""
        return self._do(lambda world: inbound.say(world, world.phones.ensure(self.phone), text))

    def send(self, kind: str) -> str:
        return self._do(lambda world: inbound.send_other(world, world.phones.ensure(self.phone), kind, {}))

    def tap(self, choice: str) -> str:
        """They tap a button or a row of the last message that has it."""
        offers = [
            message
            for message in self.messages()
            if choice
            in {*(row.id for row in message.content.rows), *(b.value for b in message.content.buttons)}
        ]
        return self._do(lambda world: inbound.tap(world, world.phones.ensure(self.phone), offers[-1], choice))

    def prefer(self, value: str) -> str:
        return self._do(lambda world: inbound.prefer(world, world.phones.ensure(self.phone), value))

    def messages(self) -> list[Message]:
        """What the provider took from us for this phone, in its order."""

        def ours(world: Any) -> list[Message]:
            lines = [line for line in world.ledger.since(0, 10_000) if line["phone"] == self.phone]
            return [world.ledger.get(line["message_id"]) for line in lines]

        found: list[Message] = self.whole.do(ours)
        return found

    @property
    def me(self) -> Subscriber:
        return Subscriber.objects.get(phone=self.phone)

    def topics(self) -> set[str]:
        return {topic.slug for topic in self.me.categories.all()}

    def work(self) -> None:
        """Everything that was posted is received, worked on and answered."""
        while self.read < len(self.sink.ledger):
            body = self.sink.ledger[self.read].body
            self.read += 1
            intake.receive(json.dumps(body).encode())
        intake.take_in(seconds=1)
        replies.send_pending(seconds=1)

    def _do(self, act: Any) -> str:
        before, posts = len(self.messages()), len(self.sink.ledger)
        self.whole.do(lambda world: setattr(world.live, "offset", world.live.offset + 3))  # another second
        self.whole.do(act)
        self.sink.wait_for(posts + 1)
        self.work()
        said = self.messages()
        assert len(said) <= before + 1, "one answer at most"
        return said[-1].content.text if len(said) > before else ""


class Hook(Provider):
    """What the simulator posts to: it proves itself first, as to anybody."""

    async def _take(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(text=request.query.get("hub.challenge", ""))
        return await super()._take(request)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]


@pytest.fixture
def sink() -> Iterator[Provider]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def street(settings: Any, sink: Provider, town: TownProfile) -> Iterator[Street]:
    made = WholeProvider(
        token=settings.WHATSAPP_TOKEN, webhook_url=f"{sink.url}/hook", receipts_ms=3_600_000.0
    )
    settings.WHATSAPP_BASE_URL, settings.WHATSAPP_RATE = made.url, 10_000
    _forget(settings.REDIS_URL)
    yield Street(made, sink)
    sender = bulk._shared.pop(provider.config(), None)
    if sender is not None:
        sender.close()
    _forget(settings.REDIS_URL)
    made.close()


def test_understanding_a_stop_in_every_state(street: Street) -> None:
    assert street.say("STOP").startswith("La tua iscrizione a WhatsEmpoli non è attiva.")
    assert street.say("buongiorno, attiva iscrizzione 🙏").startswith(
        "La tua iscrizione a WhatsEmpoli è attiva."
    )
    assert "è attiva" in street.say("stop, il vigile non viene più")
    assert street.me.state == Subscriber.State.ACTIVE
    offered = street.say("vorrei non ricevere più gli avvisi delle scuole")
    assert "Forse vuoi non ricevere più gli avvisi su Scuole" in offered
    assert "scuole" in street.topics()
    street.tap("topic:scuole:off")
    assert "scuole" not in street.topics()
    street.say("scegli")  # in the middle of a list
    assert "non è attiva" in street.say("Stop.")
    assert street.say("grazie") == ""  # noise, once a day: the vigile was it
    assert street.me.state == Subscriber.State.STOPPED
    back = street.say("ATTIVA FARMACIE")
    assert "Non lo era: con questa richiesta torna attiva" in back
    assert street.topics() == {"protezione-civile", "farmacie"}
    street.say("perché")
    assert "non è attiva" in street.tap("cmd:stop")  # from a list
    assert compare() == []


def test_answers_to_what_nobody_opens_once_a_day(street: Street) -> None:
    said = street.send("audio")
    assert said.startswith("La tua iscrizione a WhatsEmpoli non è attiva.")
    assert "nessuno ascolta i messaggi vocali" in said
    assert [street.send(kind) for kind in ("image", "location", "contacts", "reaction", "audio")] == [""] * 5
    danger = street.say("c'è una fuga di gas in via Roma")
    assert danger.startswith("Se c'è un pericolo chiama subito il 112. Nessuno guarda questo numero.")
    kept = InboundMessage.objects.exclude(kind="text").values_list("text", flat=True)
    assert set(kept) == {""}  # nothing of what was sent


def test_joining_choosing_and_the_alerts_in_force(street: Street, write: Any) -> None:
    alert = write(topic="protezione-civile", severity="urgent", title="Allerta arancione per vento")
    now = clock.now()
    Broadcast.objects.filter(pk=alert.pk).update(
        state=State.SENT, started_at=now - timedelta(hours=1), valid_until=now + timedelta(days=1)
    )
    welcome = street.say("ATTIVA ISCRIZIONE")
    for words in ("Protezione civile, Viabilità", "Allerta arancione per vento", "policy", "STOP", "14 anni"):
        assert words in welcome
    assert not Delivery.objects.exists()
    street.say("scegli")
    street.tap("cmd:zones")
    for _page in range(2):
        turn = [row.id for row in street.messages()[-1].content.rows if row.id.startswith("cmd:zones:")]
        street.tap(turn[0])
    said = street.tap("zone:avane:on")
    assert "Le tue zone: Avane" in said
    assert "Le emergenze arrivano a tutti" in said
    street.say("scegli")
    street.tap("cmd:colours")
    street.tap("colour:arancione")
    assert "You are subscribed" in street.say("in english please")
    assert [zone.slug for zone in street.me.zones.all()] == ["avane"]
    assert (street.me.lowest_colour, street.me.language) == (2, "en")


def test_invited_at_the_counter_and_asked_by_whatsapps_own_switch(
    street: Street, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "may_leave_at", lambda severity, at, hours: type("Now", (), {"at": at})())
    from_office = verbs.invite("333 111 2233", by=anna, now=clock.now())
    assert from_office.subscriber.state == Subscriber.State.INVITED
    assert street.say("chi siete?").startswith("La tua iscrizione a WhatsEmpoli non è attiva.")
    assert street.me.state == Subscriber.State.INVITED
    street.say("sì, va bene")
    street.tap("cmd:start")
    street.say("eventi sì")
    assert {"eventi", "acqua"} <= street.topics()
    street.prefer("stop")
    assert post.send_pending(clock.now(), clock.real_now()) == 1
    told = street.messages()[-1].content
    assert "continuano" in told.text
    assert street.topics() & {"eventi", "acqua"} == {"acqua"}
    assert "non è attiva" in street.tap("cmd:stop")


def test_asking_at_any_hour_in_or_out(street: Street) -> None:
    for words in (
        "FARMACIA",
        "allerta?",
        "Acqua",
        "viabilità",
        "scuole chiuse domani?",
        "EVENTI",
        "scadenze",
    ):
        said = street.say(words)
        assert said.startswith("La tua iscrizione a WhatsEmpoli non è attiva."), words
        assert "[Attiva iscrizione]" in said, words
    assert street.say("info").count("• ") == 3
    street.tap("cmd:more")
    assert len(street.messages()[-1].content.rows) == 9
    assert "/miei-dati/" in street.say("i miei dati") or "http" in street.messages()[-1].content.text
    street.say("attiva iscrizione")
    why = street.say("perché")
    for words in ("Farmacie di turno", "quando hai scritto ATTIVA ISCRIZIONE", "policy versione 1", "Zone: "):
        assert words in why
