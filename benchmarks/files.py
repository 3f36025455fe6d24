"""A bare server of a folder's files on 127.0.0.1, for where there is no nginx: `files.py DIR PORT`.

One process, every request opens and reads its file. Only for measuring: it knows GET and nothing else.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path


class Files(asyncio.Protocol):
    """One connection."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _end, self.rest = self.rest.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            self.transport.write(self._answer(path))

    def _answer(self, path: str) -> bytes:
        name = path.lstrip("/") + ("index.html" if path.endswith("/") else "")
        try:
            if ".." in name:
                raise FileNotFoundError
            with open(self.folder / name, "rb") as file:
                body = file.read()
        except OSError:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def main(folder: Path, port: int) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Files(folder), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
