"""docker-compose.yml as data, with its variables filled in."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}")
VALUES = {"POSTGRES_PASSWORD": "secret", "VALKEY_PASSWORD": "also-secret"}


def text() -> str:
    return (ROOT / "docker-compose.yml").read_text()


def services() -> dict[str, dict[str, Any]]:
    filled = VARIABLE.sub(lambda found: VALUES[found[1]], text())
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled)["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run this project."""
    return {name: service for name, service in services().items() if service["image"] == "whatsempoli"}


def command(service: dict[str, Any]) -> list[str]:
    return shlex.split(service["command"])
