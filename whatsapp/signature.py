"""The provider's signature: HMAC-SHA256 of the raw body, in X-Hub-Signature-256."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

PREFIX = b"sha256="


def sign(secret: str, body: bytes) -> str:
    """Return the header's value for `body`. The provider signs the bytes it sends, never parsed JSON."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secrets: Sequence[str], body: bytes, header: str | None) -> bool:
    """Return whether any of `secrets` signed `body`. Several are accepted while one is being rotated.

    Fails closed without a header, with an empty secret, and with a header that is not ASCII, on which
    `hmac.compare_digest` of strings would raise.
    """
    if not header:
        return False
    given = header.encode("utf-8", "surrogateescape")
    if not given.startswith(PREFIX):
        return False
    matches = [hmac.compare_digest(sign(secret, body).encode(), given) for secret in secrets if secret]
    return any(matches)
