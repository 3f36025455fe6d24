"""System checks that name a missing or wrong setting and say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _missing() -> list[checks.CheckMessage]:
    wanted = {
        "DATABASE_URL": ("E001", "postgres://user:password@host/name"),
        "REDIS_URL": ("E002", "redis://host:6379/0 or unix:///path/to.sock"),
        "WHATSAPP_TOKEN": ("E003", "the system user's token of your Meta business account"),
        "WHATSAPP_PHONE_NUMBER_ID": ("E004", "the id (not the number) shown in WhatsApp Manager"),
        "WHATSAPP_BUSINESS_ACCOUNT_ID": ("E005", "the WhatsApp Business Account id"),
        "WHATSAPP_APP_SECRETS": ("E006", "set WHATSAPP_APP_SECRET: without it no webhook is believed"),
        "WHATSAPP_VERIFY_TOKEN": (
            "E007",
            "any long random word, also given to Meta with the webhook address",
        ),
    }
    return [
        checks.Error(
            f"The setting {name} is empty.",
            hint=f"Set it in the environment: {hint}.",
            id=f"whatsempoli.{id}",
        )
        for name, (id, hint) in wanted.items()
        if not getattr(settings, name)
    ]


def _demo() -> list[checks.CheckMessage]:
    if not settings.DEMO:
        return []
    if urlsplit(settings.WHATSAPP_BASE_URL).hostname in LOOPBACK:
        return []
    return [
        checks.Error(
            "A demo cannot talk to a real provider.",
            hint="WHATSAPP_BASE_URL must be the simulator on 127.0.0.1, or unset DEMO.",
            id="whatsempoli.E010",
        )
    ]


def _keys() -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.SECRET_KEY.startswith("insecure"):
        found.append(
            checks.Error(
                "SECRET_KEY is not set.",
                hint="Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters, and keep it.",
                id="whatsempoli.E008",
            )
        )
    if settings.IDENTITY_KEY == settings.SECRET_KEY and not settings.DEMO:
        found.append(
            checks.Warning(
                "IDENTITY_KEY is not set, and SECRET_KEY stands in for it.",
                hint="Give it a value of its own before the first citizen joins: whoever changes SECRET_KEY "
                "would else lose who has stopped.",
                id="whatsempoli.W011",
            )
        )
    if not settings.JOURNAL_DIR and not settings.DEMO:
        found.append(
            checks.Warning(
                "JOURNAL_DIR is not set: stops and erasures are written in the database only.",
                hint="Name a folder, on another disk if there is one, that restoring the database spares: "
                "who left after a backup would else be in again.",
                id="whatsempoli.W012",
            )
        )
    if settings.WHATSAPP_RATE < 0:
        found.append(
            checks.Error(
                "WHATSAPP_RATE is below zero.",
                hint="Messages a second the number may send: 80 for a new number, 1000 at most; 0 stops all.",
                id="whatsempoli.E009",
            )
        )
    return found


def installation(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """What a server needs before it may serve; the small tools skip it."""
    return _missing() + _keys() + _demo()


def register() -> None:
    """Called once from the project's AppConfig."""
    checks.register(installation)
