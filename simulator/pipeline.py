"""What becomes of an accepted message: one heap of due steps, no task per message."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter, deque
from typing import Protocol

from simulator import ids, updates
from simulator.content import Message
from simulator.live import Live
from simulator.phones import Phone
from simulator.scenarios import fails_later
from simulator.webhooks import Webhooks

TICK = 0.02  # seconds
FREE_SERVICE = 1000  # free-form messages a month that cost nothing


class Watcher(Protocol):
    """Who wants to know when a chat changes: the phone page."""

    def changed(self, phone: Phone) -> None:
        """A chat is not what it was."""


class Receiver(Protocol):
    """Who wants to know what a phone received: the people that act by themselves."""

    def received(self, message: Message) -> None:
        """A phone has this message."""


def fate(message: Message, now: float) -> int | None:
    """The error code that this message will fail with, None if it goes on its way."""
    phone, content = message.phone, message.content
    if phone.persona == "not_on_whatsapp":
        return 131026
    if content.type != "template" and not phone.window_open(message.at):
        return 131047
    if content.category != "marketing":
        return None
    if phone.marketing_stopped:
        return 131050
    return {"experiment": 130472, "marketing_limit": 131049}.get(phone.persona)


class Pipeline:
    """Steps are due by the computer's clock, so that moving the provider's clock neither hurries nor
    stops a receipt; a message's time to live is by the provider's clock."""

    def __init__(self, live: Live, webhooks: Webhooks, watcher: Watcher, receiver: Receiver) -> None:
        self._live = live
        self._webhooks = webhooks
        self._watcher = watcher
        self._receiver = receiver
        self._heap: list[tuple[float, int, str, Message]] = []
        self._returns: list[tuple[float, int, Phone]] = []  # phones that come back, by the provider's clock
        self._count = 0
        self._held: deque[tuple[float, Message]] = deque()  # with when it goes by itself
        self._paced: Counter[str] = Counter()
        self._service: Counter[str] = Counter()

    @property
    def due(self) -> int:
        """Steps that are still to come, messages held by pacing included."""
        return len(self._heap) + len(self._held)

    @property
    def held(self) -> int:
        """Messages held by pacing."""
        return len(self._held)

    def accept(self, message: Message) -> None:
        """Take a message on; it is held where pacing says so."""
        content = message.content
        message.expires_at = message.at + (content.ttl or 2_592_000)
        if content.category == "service":
            month = time.strftime("%Y-%m", time.gmtime(message.at))
            self._service[month] += 1
            message.free = self._service[month] <= FREE_SERVICE
        if self._is_held(message):
            message.outcome = "held"
            self._held.append((time.monotonic() + self._live.settings.pacing_hold_s, message))
            return
        self._begin(message)

    def held_templates(self) -> set[str]:
        """The names of the templates that messages are held of."""
        return {message.content.template for _, message in self._held}

    def release(self, *, drop: bool = False) -> int:
        """Let the held go, or drop them all as the provider does after bad signs; returns how many."""
        count = len(self._held)
        while self._held:
            self._free(self._held.popleft()[1], drop=drop)
        return count

    def connect(self, phone: Phone, online: bool, seconds: float | None = None) -> None:
        """Switch a phone off (for `seconds` of the provider's clock, or until told) or on."""
        phone.online = online
        if not online and seconds is not None:
            self._count += 1
            heapq.heappush(self._returns, (self._live.now() + seconds, self._count, phone))
        if online:
            now = self._live.now()
            waiting, phone.waiting = phone.waiting, []
            for message in waiting:
                if now >= message.expires_at:
                    message.outcome = "expired"
                else:
                    self._later(0.0, "delivered", message)

    def open_chat(self, phone: Phone) -> None:
        """The person looks at the chat: what has arrived is read, and said to be if receipts are on."""
        phone.unread = 0
        for item in phone.chat:
            if isinstance(item, Message) and item.outcome == "delivered":
                self._read(item)

    async def run(self) -> None:
        """Do what is due, for ever."""
        while True:
            self.tick()
            await asyncio.sleep(TICK)

    def tick(self) -> None:
        """Do what is due by now."""
        now = time.monotonic()
        while self._held and self._held[0][0] <= now:
            self._free(self._held.popleft()[1])
        while self._heap and self._heap[0][0] <= now:
            _, _, step, message = heapq.heappop(self._heap)
            self._step(step, message)
        while self._returns and self._returns[0][0] <= self._live.now():
            self.connect(heapq.heappop(self._returns)[2], online=True)

    def clear(self) -> None:
        """Forget everything that was to come."""
        self._heap.clear()
        self._returns.clear()
        self._held.clear()
        self._paced.clear()
        self._service.clear()

    def _free(self, message: Message, *, drop: bool = False) -> None:
        if drop:
            message.code = 132015 if self._live.settings.pacing == "template" else 135000
            self._later(0.0, "failed", message)
            return
        message.outcome = "accepted"
        self._begin(message)

    def _begin(self, message: Message) -> None:
        settings = self._live.settings
        code = fails_later(settings.scenario) or fate(message, self._live.now())
        if code is None and self._live.happens(settings.failed_rate):
            code = settings.failed_code
        message.code = code or 0
        self._later(self._delay(1, 0.3, 0.4), "failed" if code else "sent", message)

    def _step(self, step: str, message: Message) -> None:
        if step == "sent":
            self._sent(message)
        elif step == "delivered":
            self._delivered(message)
        elif step == "read":
            self._read(message)
        elif step == "failed":
            message.outcome = "failed"
            self._tell(message, "failed")
        elif step == "also_failed":
            message.code = 131000
            self._tell(message, "failed")
            message.code = 0

    def _sent(self, message: Message) -> None:
        message.outcome, message.sent_at = "sent", self._live.now()
        self._tell(message, "sent", priced=True)
        if message.phone.persona == "blocked_us":
            message.outcome = "dropped"
            return
        self._later(self._delay(1, 0.6, 0.9), "delivered", message)

    def _delivered(self, message: Message) -> None:
        phone, now = message.phone, self._live.now()
        if now >= message.expires_at:
            message.outcome = "expired"
            return
        if not phone.online:
            message.outcome = "waiting"
            phone.waiting.append(message)
            return
        message.outcome, message.delivered_at = "delivered", now
        if message.content.type == "reaction":
            self._react(message)
        else:
            phone.remember(message, now)
            phone.unread += 1
        self._watcher.changed(phone)
        self._receiver.received(message)
        if self._live.happens(self._live.settings.delivered_failed_rate):
            self._later(0.0, "also_failed", message)
        reads = self._reads(message)
        if not (reads and self._live.happens(self._live.settings.skip_delivered_rate)):
            self._tell(message, "delivered", priced=True)
        if reads:
            self._later(self._delay(1, 20.0, 1.0), "read", message)

    def _react(self, message: Message) -> None:
        for item in message.phone.chat:
            if item.id == message.content.target:
                item.reaction = message.content.body

    def _reads(self, message: Message) -> bool:
        settings = self._live.settings
        if message.phone.receipts_off or message.content.type == "reaction":
            return False
        return ids.share(settings.seed, message.phone.number, message.seq) < settings.read_share

    def _read(self, message: Message) -> None:
        if message.outcome != "delivered":
            return
        message.outcome, message.read_at = "read", self._live.now()
        if message.phone.receipts_off:
            return
        self._tell(message, "read")
        self._watcher.changed(message.phone)

    def _tell(self, message: Message, name: str, *, priced: bool = False) -> None:
        self._live.counters[name] += 1
        settings = self._live.settings
        self._webhooks.push(updates.status(message, name, self._live.now(), settings, priced=priced))

    def _is_held(self, message: Message) -> bool:
        settings, content = self._live.settings, message.content
        if settings.pacing == "none" or not content.template:
            return False
        key = content.template if settings.pacing == "template" else ""
        self._paced[key] += 1
        return self._paced[key] > settings.pacing_free

    def _delay(self, steps: int, median: float, spread: float) -> float:
        settings = self._live.settings
        if settings.receipts_ms >= 0:
            return steps * settings.receipts_ms / 1000
        if settings.pace <= 0:
            return 0.0
        return settings.pace * median * self._live.rng.lognormvariate(0.0, spread)

    def _later(self, seconds: float, step: str, message: Message) -> None:
        self._count += 1
        heapq.heappush(self._heap, (time.monotonic() + seconds, self._count, step, message))
