"""The secret address of a call: signed, so that none can be guessed; nothing of it is stored."""

from __future__ import annotations

from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.urls import reverse

_SIGNER = Signer(salt="broadcasts.night")


def address_of(link: UUID) -> str:
    """The path of the page that this link opens."""
    return reverse("night", args=[_SIGNER.sign(link.hex)])


def read(token: str) -> UUID | None:
    """Whose link this is; None for a token that we did not sign."""
    try:
        return UUID(_SIGNER.unsign(token))
    except (BadSignature, ValueError):
        return None
