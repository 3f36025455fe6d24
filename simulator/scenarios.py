"""What may befall a whole account: each trouble has a name, an error and, if the provider tells, a webhook.

Codes and HTTP statuses: WhatsApp Cloud API «Error codes», November 2025; webhooks: `account_update`,
`account_alerts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.errors import ApiError


@dataclass(frozen=True, slots=True)
class Scenario:
    """One trouble. `code` is answered to messages, or told afterwards in a `failed` status where `later`."""

    label: str
    code: int = 0
    later: bool = False
    management: int = 0  # the code that calls other than messages are answered with
    health: str = "AVAILABLE"
    event: str = ""  # of account_update


NONE = "none"
SCENARIOS: dict[str, Scenario] = {
    NONE: Scenario("nessun problema"),
    "payment": Scenario("pagamento", 131042, later=True, health="BLOCKED"),
    "blocked": Scenario("blocco", 368, health="BLOCKED", event="ACCOUNT_RESTRICTION"),
    "locked": Scenario("account chiuso", 131031, health="BLOCKED", event="DISABLED_UPDATE"),
    "spam": Scenario("spam", 131048, health="LIMITED"),
    "misuse": Scenario("modelli usati male", 131064, health="LIMITED", event="ACCOUNT_VIOLATION"),
    "token": Scenario("token scaduto", 190, management=190),
    "management": Scenario("limite chiamate di gestione", management=80007),
}


def refuse_message(name: str) -> None:
    """Raise what a message is answered with under this trouble."""
    scenario = SCENARIOS[name]
    if scenario.code and not scenario.later:
        raise _error(scenario.code)


def refuse_call(name: str) -> None:
    """Raise what any other call is answered with under this trouble."""
    if code := SCENARIOS[name].management:
        raise _error(code)


def fails_later(name: str) -> int | None:
    """The code with which every accepted message fails afterwards."""
    scenario = SCENARIOS[name]
    return scenario.code if scenario.later else None


def account_update(name: str, now: float) -> dict[str, Any] | None:
    """The webhook that announces this trouble; None where the provider keeps silent."""
    event = SCENARIOS[name].event
    if event == "ACCOUNT_RESTRICTION":
        day = int(now + 24 * 3600)
        kind = "RESTRICTED_BIZ_INITIATED_MESSAGING"
        return {"event": event, "restriction_info": [{"restriction_type": kind, "expiration": day}]}
    if event == "DISABLED_UPDATE":
        return {"event": event, "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "April 17, 2026"}}
    if event == "ACCOUNT_VIOLATION":
        return {"event": event, "violation_info": {"violation_type": "TEMPLATE_MISUSE"}}
    return None


def _error(code: int) -> ApiError:
    if code == 190:
        return ApiError(190, "Error validating access token: Session has expired.", subcode=463)
    return ApiError(code)
