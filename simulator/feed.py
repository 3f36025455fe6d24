"""Tell the open pages which chats have changed."""

from __future__ import annotations

import asyncio

from simulator.phones import Phone

PAUSE = 0.15  # seconds: a broadcast to thousands is a few events, not thousands


class Listener:
    """One open page: the numbers whose chats changed since it was last told."""

    __slots__ = ("numbers", "woken")

    def __init__(self) -> None:
        self.numbers: set[str] = set()
        self.woken = asyncio.Event()


class Feed:
    """The open pages."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self.over = False

    def end(self) -> None:
        """Let every page go: the simulator stops."""
        self.over = True
        self.everything()

    def changed(self, phone: Phone) -> None:
        """A chat is not what it was."""
        for listener in self._listeners:
            listener.numbers.add(phone.number)
            listener.woken.set()

    def everything(self) -> None:
        """All chats may have changed."""
        for listener in self._listeners:
            listener.numbers.add("*")
            listener.woken.set()

    def open(self) -> Listener:
        """A page has been opened."""
        listener = Listener()
        self._listeners.add(listener)
        return listener

    def close(self, listener: Listener) -> None:
        """A page has been closed."""
        self._listeners.discard(listener)

    async def next(self, listener: Listener) -> list[str]:
        """Wait for changes, collect for a moment, return the numbers."""
        await listener.woken.wait()
        await asyncio.sleep(PAUSE)
        listener.woken.clear()
        numbers, listener.numbers = listener.numbers, set()
        return sorted(numbers)
