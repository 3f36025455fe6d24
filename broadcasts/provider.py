"""The wire as this installation has it set: one client, one bulk sender, one budget per process."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from whatsapp import bulk, pacing
from whatsapp.client import Client
from whatsapp.config import Config
from whatsapp.pacing import Budget


@cache
def config() -> Config:
    """The provider's address and credentials, from the settings."""
    return Config(
        base_url=settings.WHATSAPP_BASE_URL,
        api_version=settings.WHATSAPP_API_VERSION,
        phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID,
        business_account_id=settings.WHATSAPP_BUSINESS_ACCOUNT_ID,
        token=settings.WHATSAPP_TOKEN,
        app_secrets=tuple(settings.WHATSAPP_APP_SECRETS),
        verify_token=settings.WHATSAPP_VERIFY_TOKEN,
        app_id=settings.WHATSAPP_APP_ID,
    )


@cache
def client() -> Client:
    """The control plane: templates, media, single messages."""
    return Client(config())


def sender() -> bulk.BulkSender:
    """The asynchronous sender of this process, started at first use and after a fork."""
    return bulk.get_sender(config(), connections=settings.WHATSAPP_CONNECTIONS)


@cache
def budget() -> Budget:
    """The installation's budget of messages a second, shared by all workers."""
    return Budget(pacing.connect(settings.REDIS_URL), rate=settings.WHATSAPP_RATE)
