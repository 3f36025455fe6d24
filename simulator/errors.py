"""The provider's errors: HTTP status and title by code, and the envelope they travel in.

Statuses and titles: WhatsApp Cloud API «Error codes», November 2025.
"""

from __future__ import annotations

from typing import Any

HREF = "/documentation/business-messaging/whatsapp/support/error-codes"
THROTTLES = frozenset({4, 80007, 130429, 131056})

# code: (HTTP status, title, details)
ERRORS: dict[int, tuple[int, str, str]] = {
    0: (401, "AuthException", "We were unable to authenticate the app user."),
    1: (400, "API Unknown", "Invalid request or possible server error."),
    2: (503, "Service temporarily unavailable", "Temporary due to downtime or due to being overloaded."),
    3: (500, "API Method", "Capability or permissions issue."),
    4: (400, "Application request limit reached", "The app has reached its API call rate limit."),
    10: (403, "Application does not have permission for this action", "Permission is not granted."),
    100: (400, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."),
    190: (401, "Invalid OAuth access token - Cannot parse access token", ""),
    200: (403, "API Permission", "Permission is either not granted or has been removed."),
    368: (403, "Temporarily blocked for policies violations", "The account has been restricted."),
    80007: (400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130429: (400, "Rate limit hit", "Cloud API message throughput has been reached."),
    130472: (400, "User's number is part of an experiment", "Message was not sent as part of an experiment."),
    130497: (403, "Business account is restricted from messaging users in this country", "Restricted."),
    131000: (500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: (403, "Access denied", "Permission is either not granted or has been removed."),
    131008: (400, "Required parameter is missing", "The request is missing a required parameter."),
    131009: (400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: (500, "Service unavailable", "A service is temporarily unavailable."),
    131021: (400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: (400, "Message undeliverable", "Message Undeliverable."),
    131031: (403, "Account has been locked", "The account has been restricted or disabled."),
    131037: (400, "Display name not approved", "The number's display name is not approved."),
    131042: (400, "Business eligibility payment issue", "There were errors related to your payment method."),
    131045: (500, "Incorrect certificate", "A phone number registration error."),
    131047: (
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied.",
    ),
    131048: (
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on the number.",
    ),
    131049: (
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131050: (400, "User has stopped marketing messages", "User has stopped receiving marketing messages."),
    131051: (400, "Unsupported message type", "Message type is currently not supported."),
    131053: (400, "Media upload error", "Unable to upload the media used in the message."),
    131056: (
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages sent to the same phone number in a short period of time.",
    ),
    131057: (500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    131059: (400, "Invalid cursor", "The pagination cursor is not valid."),
    131062: (400, "Business-scoped user ID recipients are not supported", "Use a phone number instead."),
    131063: (400, "Marketing templates are disabled on Cloud API", "Marketing templates are disabled."),
    131064: (400, "Messaging limit reached", "Template classification violations."),
    131215: (400, "Groups API not eligible", "Groups APIs are only available for eligible phone numbers."),
    132000: (400, "Number of parameters does not match the expected number of params", ""),
    132001: (404, "Template name does not exist in the translation", ""),
    132005: (400, "Translated text too long", "Translated text is too long."),
    132007: (400, "Template format character policy violated", "Template content violates a policy."),
    132012: (400, "Parameter format does not match format in the created template", ""),
    132015: (400, "Template is Paused", "Template is paused due to low quality."),
    132016: (400, "Template is Disabled", "Template was paused too many times and is now disabled."),
    132018: (
        400,
        "Template message has invalid parameters",
        "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
    ),
    133004: (503, "Server temporarily unavailable", "Server is temporarily unavailable."),
    133010: (400, "Phone number not registered", "Phone number not registered on the platform."),
    135000: (400, "Generic user error", "Message failed to send because of an unknown error."),
}


class ApiError(Exception):
    """A refusal. `user_title` and `user_message` come with errors of the management calls."""

    def __init__(
        self, code: int, details: str = "", *, subcode: int = 0, user_title: str = "", user_message: str = ""
    ) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details
        self.subcode = subcode
        self.user_title = user_title
        self.user_message = user_message


def status_of(code: int, throttle_429: bool = False) -> int:
    """The HTTP status of an answer with this code; 400 for one that is not listed."""
    if throttle_429 and code in THROTTLES:
        return 429
    return ERRORS.get(code, (400, "", ""))[0]


def envelope(error: ApiError, trace: str) -> dict[str, Any]:
    """The body of a refusal."""
    if error.code == 190:
        return _auth(error, trace)
    if error.code == 100 and error.subcode == 33:
        return {"error": {"message": error.details, "type": "GraphMethodException", "code": 100,
                          "error_subcode": 33, "fbtrace_id": trace}}  # fmt: skip
    _, title, details = ERRORS.get(error.code, (400, "Unknown error", ""))
    if error.user_title:
        return {"error": {"message": title, "type": "OAuthException", "code": error.code,
                          "error_subcode": error.subcode, "is_transient": False,
                          "error_user_title": error.user_title, "error_user_msg": error.user_message,
                          "fbtrace_id": trace}}  # fmt: skip
    inner: dict[str, Any] = {
        "message": f"(#{error.code}) {title}",
        "type": "OAuthException",
        "code": error.code,
        "error_data": {"messaging_product": "whatsapp", "details": error.details or details},
        "fbtrace_id": trace,
    }
    if error.subcode:
        inner["error_subcode"] = error.subcode
    return {"error": inner}


def webhook_error(code: int, details: str = "") -> dict[str, Any]:
    """The error object of a `failed` status: the title has no code before it."""
    _, title, usual = ERRORS.get(code, (400, "Unknown error", ""))
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or usual or title},
        "href": HREF,
    }


def _auth(error: ApiError, trace: str) -> dict[str, Any]:
    message = error.details or ERRORS[190][1]
    inner: dict[str, Any] = {"message": message, "type": "OAuthException", "code": 190}
    if error.subcode:
        inner["error_subcode"] = error.subcode
    return {"error": {**inner, "fbtrace_id": trace}}
