"""The processes of a whole WhatsEmpoli on one computer: environment, commands, signs of life.

The demo and the rehearsal run the same ones, with the simulator in the provider's place, on loopback only.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from whatsempoli.supervisor import Child

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PHONE_NUMBER_ID = "106540352242922"
BUSINESS_ACCOUNT_ID = "102290129340398"
APP_ID = "634974688087057"
DISPLAY_NUMBER = "393386553630"
DISPLAY_NAME = "WhatsEmpoli"
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stack:
    """One installation with the simulator: where it listens, where it keeps its files, its secret."""

    site_port: int
    simulator_port: int
    data: Path
    secret: str
    logs: Path | None = None  # None: what the processes say goes to the terminal
    throughput: int = 80  # messages a second that the simulated number may send
    simulator_options: tuple[str, ...] = ()

    @property
    def site_url(self) -> str:
        return f"http://{HOST}:{self.site_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://{HOST}:{self.simulator_port}"

    def key(self, name: str) -> str:
        """A value that the site and the simulator share, derived from the secret."""
        return hashlib.sha256(f"{name}:{self.secret}".encode()).hexdigest()[:40]

    def env(self, outer: Mapping[str, str], engines: Mapping[str, str]) -> dict[str, str]:
        """The environment of every process. What a server's own environment says of secrets is left out."""
        ours = {
            **engines,
            "DJANGO_SETTINGS_MODULE": "whatsempoli.settings",
            "DEMO": "1",
            "DEBUG": "0",
            "SECURE_COOKIES": "0",
            "SECURE_SSL_REDIRECT": "0",
            "SECRET_KEY": self.secret,
            "IDENTITY_KEY": self.key("identity"),
            "ALLOWED_HOSTS": f"{HOST},localhost",
            "SITE_URL": self.site_url,
            "SIMULATOR_URL": self.simulator_url,
            "MEDIA_ROOT": str(self.data / "media"),
            "JOURNAL_DIR": str(self.data / "journal"),
            "WHATSAPP_BASE_URL": self.simulator_url,
            "WHATSAPP_TOKEN": self.key("token"),
            "WHATSAPP_APP_SECRET": self.key("app-secret"),
            "WHATSAPP_VERIFY_TOKEN": self.key("verify-token"),
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": BUSINESS_ACCOUNT_ID,
            "WHATSAPP_APP_ID": APP_ID,
            "WHATSAPP_RATE": str(self.throughput),
            "PYTHONUNBUFFERED": "1",
        }
        hidden = {f"{name}_FILE" for name in ours} | {"GUNICORN_CMD_ARGS"}  # they would win over ours
        return {name: value for name, value in outer.items() if name not in hidden} | ours

    def children(self) -> tuple[Child, ...]:
        """Simulator, site, workers and beat, as the supervisor runs them."""
        celery = (sys.executable, "-m", "celery", "-A", "whatsempoli")
        worker = (
            *celery,
            "worker",
            "-P",
            "prefork",
            "-l",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        )
        beat_files = ("--schedule", str(self.data / "beat"), "--pidfile", "")
        web = (
            "--bind",
            f"{HOST}:{self.site_port}",
            "--workers",
            "2",
            "--threads",
            "4",
            "--no-control-socket",
        )
        commands = {
            "simulator": self._simulator(),
            "web": (sys.executable, "-m", "gunicorn", "whatsempoli.wsgi", "--worker-class", "gthread", *web),
            "worker-routine": (*worker, "-c", "2", "-n", "routine@%h", "-Q", "routine"),
            "worker-emergency": (
                *(*worker, "-c", "3", "-n", "emergency@%h"),  # one more than an emergency takes
                *("-Q", "emergency,replies,intake"),
            ),
            "beat": (*celery, "beat", "-l", "INFO", *beat_files),
        }
        return tuple(
            Child(name, command, self.logs / f"{name}.log" if self.logs else None)
            for name, command in commands.items()
        )

    def _simulator(self) -> tuple[str, ...]:
        options = {
            "--host": HOST,
            "--port": str(self.simulator_port),
            "--webhook-url": f"{self.site_url}/webhooks/whatsapp/",
            "--app-secret": self.key("app-secret"),
            "--verify-token": self.key("verify-token"),
            "--token": self.key("token"),
            "--phone-number-id": PHONE_NUMBER_ID,
            "--business-account-id": BUSINESS_ACCOUNT_ID,
            "--display-number": DISPLAY_NUMBER,
            "--verified-name": DISPLAY_NAME,
            "--site-url": self.site_url,
            "--throughput": str(self.throughput),
        }
        pairs = tuple(part for option in options.items() for part in option)
        return (sys.executable, "-m", "simulator", *pairs, *self.simulator_options)

    async def answers(self) -> None:
        """Wait until the site and the simulator answer. Raises RuntimeError naming the one that does not."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            await asyncio.gather(
                _answers(session, "Il sito", f"{self.site_url}/healthz"),
                _answers(session, "Il simulatore", f"{self.simulator_url}/__sim__/state"),
            )


async def _answers(session: aiohttp.ClientSession, name: str, url: str) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _is_ok(session, url):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise RuntimeError(f"{name} non risponde dopo {READY_SECONDS:.0f} secondi.") from None


async def _is_ok(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def kept_secret(file: Path) -> str:
    """The secret in that file, made at the first call and readable by its owner only."""
    if not file.exists() or not file.stat().st_size:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as new:
            new.write(secrets.token_urlsafe(50))
    return file.read_text()


def is_loopback(address: str) -> bool:
    """Whether a host or an http address can only be this computer."""
    host = urlsplit(address).hostname if "//" in address else address
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
