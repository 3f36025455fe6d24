"""What the simulator can be told: one field, one command line option, and mostly one run-time setting."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from simulator.scenarios import SCENARIOS

OUTAGES = (
    "none",
    "http_500",
    "http_503",
    "refuse",
    "reset_before",
    "reset_after",
    "hang",
    "hang_after",
    "html_502",
)
TIERS = {"TIER_250": 250, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000, "TIER_UNLIMITED": -1}
PACING = ("none", "template", "portfolio")
MAX_BATCH = 1000  # updates in one webhook, as the provider states
FIXED = frozenset({"host", "port", "seed", "webhook_concurrency"})  # only at the start
SECRET = frozenset({"app_secret", "verify_token", "token"})


def _says(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class Settings:
    """One provider account with one number. Times are seconds unless the name says `_ms`."""

    host: str = _says("127.0.0.1", "listening address, loopback only")
    port: int = _says(8090, "listening port")
    webhook_url: str = _says("http://127.0.0.1:8000/webhooks/whatsapp/", "where webhooks are posted")
    app_secret: str = _says("app-secret", "signs the webhooks")
    verify_token: str = _says("verify-token", "proves the handshake")
    token: str = _says("token", "the Bearer token that callers must show")
    phone_number_id: str = _says("106540352242922", "id of the number")
    business_account_id: str = _says("102290129340398", "id of the account")
    app_id: str = _says("634974688087057", "id of the app, for resumable uploads")
    display_number: str = _says("393386553630", "the number, digits")
    verified_name: str = _says("Rete Civica del Comune", "the name that people see")
    training: bool = _says(False, "a practice ground: its pages say so, in another colour")
    site_url: str = _says("", "the service's own site, for links back")
    seed: int = _says(7, "of every die that is thrown here")

    throughput: int = _says(1000, "messages a second, both ways; more is 130429")
    latency_ms: float = _says(150.0, "of an answer to a message, median")
    pair_limit: bool = _says(True, "1 message per 6 s to one person, 45 at once; more is 131056")
    tier: str = _says("TIER_UNLIMITED", "people reached outside their window in 24 hours")
    tier_growth: bool = _says(True, "the tier rises 6 hours after half of it was used in 7 days")
    throttle_429: bool = _says(False, "throttling answers HTTP 429 instead of 400")
    quirks: bool = _says(True, "Brazilian, Mexican and Argentine numbers are normalised")
    window_sync: bool = _says(False, "free text outside 24 hours is refused at once, not by webhook")

    pace: float = _says(1.0, "how slow receipts are; 0 is at once")
    receipts_ms: float = _says(-1.0, "if 0 or more: sent, delivered, read after 1, 2 and 3 times this")
    read_share: float = _says(0.85, "share of delivered messages that are read")
    persona_mix: str = _says("", "of people first seen, such as receipts_off=0.1,offline=0.02")
    review_s: float = _says(0.0, "from a template's creation to its approval")
    failed_rate: float = _says(0.0, "share of accepted messages that fail afterwards")
    failed_code: int = _says(131000, "with which code they fail")
    pacing: str = _says("none", "none, template or portfolio: hold what comes after pacing_free messages")
    pacing_free: int = _says(100, "messages of a template before the others are held")
    pacing_hold_s: float = _says(30.0, "after which the held are released")

    batch: int = _says(100, "status updates in one webhook, 1 to 1000")
    flush_ms: float = _says(50.0, "how long updates are collected")
    webhook_concurrency: int = _says(4, "webhooks under way at once")
    webhook_queue: int = _says(200_000, "updates kept in memory; the oldest go first")
    webhook_timeout_s: float = _says(10.0, "after which a webhook counts as failed")
    webhook_give_up_s: float = _says(600.0, "the provider's seven days of retries, compressed")
    webhook_version: int = _says(25, "up to 23 statuses carry `conversation`")
    failed_contacts: bool = _says(False, "`failed` names the number in `contacts`, as some clients expect")
    duplicate_rate: float = _says(0.0, "share of updates delivered twice")
    repeat_rate: float = _says(0.0, "share of webhooks posted again, byte for byte, though they were taken")
    disorder_rate: float = _says(0.0, "share of batches shuffled")
    skip_delivered_rate: float = _says(0.0, "share of reads that come without `delivered`")
    delivered_failed_rate: float = _says(0.0, "share of deliveries also reported as failed")
    bad_signature_rate: float = _says(0.0, "share of webhooks preceded by a forged copy")

    outage: str = _says("none", "|".join(OUTAGES))
    error_rate: float = _says(0.0, "share of requests refused with error_code")
    error_code: int = _says(131000, "see error_rate; 1.0 plays an account scenario such as 368 or 131031")
    maintenance_until: float = _says(0.0, "sends answer 131057 until this unix time")
    token_expired: bool = _says(False, "every call answers 190, subcode 463")
    scenario: str = _says("none", "|".join(SCENARIOS) + ": a trouble of the whole account")

    ledger_limit: int = _says(500_000, "messages remembered")

    def __post_init__(self) -> None:
        """Refuse what would reach beyond this computer, and what makes no sense."""
        if not is_loopback(self.host):
            raise ValueError("host: the simulator listens on loopback only")
        if not is_loopback(urlsplit(self.webhook_url).hostname or ""):
            raise ValueError("webhook_url: the simulator calls loopback only")
        if not 1 <= self.batch <= MAX_BATCH:
            raise ValueError(f"batch: from 1 to {MAX_BATCH}")
        words = {"outage": OUTAGES, "tier": TIERS, "pacing": PACING, "scenario": SCENARIOS}
        for name, allowed in words.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: one of {', '.join(allowed)}")
        if self.throughput < 1 or self.webhook_concurrency < 1:
            raise ValueError("throughput, webhook_concurrency: at least 1")

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """Return a copy with `values`; raise ValueError for an unknown, fixed or unfit one."""
        kinds = {item.name: _kind(item.type) for item in fields(self)}
        new = {}
        for name, value in values.items():
            if name not in kinds or name in FIXED:
                raise ValueError(f"{name}: no such run-time setting")
            new[name] = _as(kinds[name], name, value)
        return replace(self, **new)

    def public(self) -> dict[str, Any]:
        """Everything but the secrets, for the control page."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in SECRET}


def is_loopback(host: str) -> bool:
    """Whether `host` is this computer and no other. A name other than localhost is never looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parse_arguments(arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line; exits with a clear sentence where an option does not fit."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    for item in fields(Settings):
        option = "--" + item.name.replace("_", "-")
        kind = _kind(item.type)
        help_text = f"{item.metadata['help']} ({item.default})"
        if kind is bool:
            action = argparse.BooleanOptionalAction
            parser.add_argument(option, action=action, default=item.default, help=help_text)
        else:
            parser.add_argument(option, type=kind, default=item.default, help=help_text)
    values = vars(parser.parse_args(arguments))
    try:
        return Settings(**values)
    except ValueError as error:
        parser.error(str(error))


def _kind(annotation: Any) -> type:
    return {"str": str, "int": int, "float": float, "bool": bool}[annotation]


def _as(kind: type, name: str, value: Any) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name}: true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name}: {kind.__name__} expected")
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{name}: {kind.__name__} expected") from None
