"""The stage: the running system as the story drives it, by webhooks, verbs and the simulator's controls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

from broadcasts.models import Broadcast, Delivery, Reply, WebhookEvent
from broadcasts.states import OPEN, State
from subscribers.models import ConsentEvent, Subscriber
from whatsempoli import clock
from whatsempoli.rehearsal.judge import Clock, Received

POLL_SECONDS = 0.05


class StageError(RuntimeError):
    """The story could not go on: something that had to happen did not, in time."""


@dataclass(slots=True)
class Stage:
    """One running installation with the simulator."""

    simulator: str
    web: requests.Session = field(default_factory=requests.Session)
    moves: list[tuple[float, timedelta]] = field(default_factory=list)
    since: int = 0  # the ledger's last line before this chapter
    usual: dict[str, Any] = field(default_factory=dict)

    def post(self, path: str, body: object) -> Any:
        """Ask the simulator to do something."""
        answer = self.web.post(f"{self.simulator}/__sim__/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str, **query: int) -> Any:
        """Ask the simulator what it knows."""
        answer = self.web.get(f"{self.simulator}/__sim__/{path}", params=query, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def set(self, **settings: object) -> None:
        """Change the simulator's settings until the chapter ends."""
        self.usual = self.usual or self.get("state")["settings"]
        self.post("settings", settings)

    def restore(self) -> None:
        """Put back what `set` changed."""
        if self.usual:
            now = self.get("state")["settings"]
            self.post("settings", {name: was for name, was in self.usual.items() if now[name] != was})

    def say(self, messages: Iterable[tuple[str, str]]) -> None:
        """Citizens write: (phone, text) pairs become signed webhooks."""
        self.post("say", [{"phone": phone, "text": text} for phone, text in messages])

    def move_clock(self, to: datetime) -> None:
        """Set the business time of every process and of the simulator."""
        clock.move_to(to)
        self.moves.append((time.time(), clock.offset()))
        self.post("clock", {"offset_seconds": clock.offset().total_seconds()})

    @property
    def clock(self) -> Clock:
        """How business time stood to real time over the story."""
        return Clock(tuple(self.moves))

    def wait(self, what: str, happened: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is true; StageError naming it when time is up."""
        until = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > until:
                raise StageError(f"{what}: non è successo in {seconds:.0f} secondi")
            time.sleep(POLL_SECONDS)

    def never(self, what: str, happened: Callable[[], bool], seconds: float) -> None:
        """Watch that something does not happen for a while; StageError naming it if it does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if happened():
                raise StageError(what)
            time.sleep(POLL_SECONDS)

    def quiet(self, seconds: float = 60) -> None:
        """Wait until nothing is on its way: receipts, webhooks, replies, deliveries."""
        self.wait("il simulatore ha consegnato tutto", self._simulator_idle, seconds)
        pending = WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING)
        self.wait("tutte le ricevute sono elaborate", lambda: not pending.exists(), seconds)
        replies = Reply.objects.filter(state__in=OPEN)
        self.wait("tutte le risposte sono partite", lambda: not replies.exists(), seconds)

    def _nothing_flies(self) -> bool:
        queues = self.get("state")["queues"]
        return bool(queues["steps"] == queues["held"])

    def _simulator_idle(self) -> bool:
        queues = self.get("state")["queues"]
        return not any(queues.values())

    def sent(self, broadcast: Broadcast, seconds: float = 90) -> None:
        """Wait until a broadcast is sent and nothing is on its way to a phone: a clock that jumps meanwhile
        would outlive the message."""
        self.becomes(broadcast, State.SENT, seconds)
        self.wait("tutto è arrivato ai telefoni", self._nothing_flies)

    def accepted(self, broadcast: Broadcast, at_least: int) -> None:
        """Wait until the provider took so many of its messages."""
        rows = Delivery.objects.filter(broadcast=broadcast, accepted_at__isnull=False)
        self.wait(f"«{broadcast.title}» sta partendo", lambda: rows.count() >= at_least)

    def becomes(self, broadcast: Broadcast, state: State, seconds: float = 60) -> None:
        """Wait until a broadcast is in this state."""
        rows = Broadcast.objects.filter(pk=broadcast.pk, state=state)
        self.wait(f"«{broadcast.title}» è «{state.label}»", rows.exists, seconds)

    def still(self, broadcast: Broadcast, seconds: float = 60) -> None:
        """Wait until nobody's message of a broadcast is in a worker's hand."""
        held = Delivery.objects.filter(broadcast=broadcast, state__in=["claimed", "sending"])
        self.wait(f"«{broadcast.title}» è fermo", lambda: not held.exists(), seconds)

    def active(self) -> int:
        """How many are in."""
        return Subscriber.objects.filter(state=Subscriber.State.ACTIVE).count()

    def stopped_at(self, phone: str) -> float | None:
        """The real time at which this phone's stop was stored, None if it was not."""
        rows = ConsentEvent.objects.filter(
            act=ConsentEvent.Act.STOP, subject__in=Subscriber.objects.filter(phone=phone).values("subject")
        )
        last = rows.order_by("-id").first()
        return last.recorded_at.timestamp() if last else None

    def entries(self) -> list[dict[str, Any]]:
        """The phones' ledger since the chapter began, a line a message that the provider took."""
        lines: list[dict[str, Any]] = []
        while page := self._page(lines[-1]["seq"] if lines else self.since):
            lines += page
        return lines

    def ledger(self) -> list[Received]:
        """What the phones received of us, as the simulator saw it begin."""
        return [received(line) for line in self.entries()]

    def _page(self, since: int) -> list[dict[str, Any]]:
        page: list[dict[str, Any]] = self.get("ledger", since=since, limit=10_000)["entries"]
        return page


def received(line: dict[str, Any]) -> Received:
    """One line of the simulator's ledger."""
    mark = (line.get("opaque") or "").split(":")
    return Received(
        phone=line["phone"],
        broadcast=int(mark[1]) if mark[0] == "d" and len(mark) > 2 else 0,
        began=float(line["real_began_at"]),
        text=f"{line['body']}\n\n{line['footer']}",
        arrived=bool(line["received"]),
        failed=line["outcome"] == "failed",
    )
