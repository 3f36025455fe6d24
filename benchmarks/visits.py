"""Visitors of one page of 127.0.0.1, in their own process: so many a second, or as fast as it is answered.

`visits.py URL SECONDS RATE CONNECTIONS`; RATE 0 is as fast as possible. At a rate, every second visitor comes
with a new connection, as phones do, and the time of each counts from when it was due, so that a server that
falls behind cannot hide it. Prints one JSON object: answers a second, times in ms, answers that were not 200.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio import StreamReader, StreamWriter
from urllib.parse import urlsplit

Connection = tuple[StreamReader, StreamWriter]


class Visitors:
    """Everybody who asks for one page."""

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        if parts.hostname != "127.0.0.1":
            raise ValueError("only this computer is visited")
        self.port, self.path, self.connections = parts.port, parts.path, connections
        self.times: list[float] = []
        self.wrong = 0
        self._idle: list[Connection] = []

    async def at_a_rate(self, seconds: float, rate: float) -> None:
        """An open loop: nobody waits for the one before."""
        began, visits = time.perf_counter(), set()
        for n in range(int(seconds * rate)):
            due = began + n / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            visits.add(asyncio.create_task(self._visit(due, new=n % 2 == 0)))
        await asyncio.gather(*visits)

    async def flat_out(self, seconds: float) -> None:
        """A closed loop on kept connections."""
        until = time.perf_counter() + seconds

        async def one() -> None:
            while (now := time.perf_counter()) < until:
                await self._visit(now, new=False)

        await asyncio.gather(*(one() for _n in range(self.connections)))

    async def _visit(self, due: float, *, new: bool) -> None:
        try:
            if new:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                await self._ask(reader, writer, "close")
                writer.close()
            else:
                kept = self._idle.pop() if self._idle else None
                reader, writer = kept or await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self._ask(reader, writer, "keep-alive")
                except (asyncio.IncompleteReadError, ConnectionError):
                    if kept is None:
                        raise
                    # it had lain idle too long and was closed: what a browser does is ask again
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    await self._ask(reader, writer, "keep-alive")
                self._idle.append((reader, writer))
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.wrong += 1
        else:
            self.times.append(time.perf_counter() - due)

    async def _ask(self, reader: StreamReader, writer: StreamWriter, connection: str) -> None:
        host = f"127.0.0.1:{self.port}"
        writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise ValueError(head[:20])
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))


async def main(url: str, seconds: float, rate: float, connections: int) -> dict[str, float]:
    """Visit, and say how it went."""
    visitors, began = Visitors(url, connections), time.perf_counter()
    await (visitors.at_a_rate(seconds, rate) if rate else visitors.flat_out(seconds))
    lasted, times = time.perf_counter() - began, sorted(visitors.times) or [0.0]
    return {
        "rps": len(visitors.times) / lasted,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[min(len(times) - 1, len(times) * 99 // 100)],
        "wrong": visitors.wrong,
    }


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(main(url, float(numbers[0]), float(numbers[1]), int(numbers[2])))))
