"""The sites that may show the banner of live notices: exact origins, nothing wider."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def origin_of(address: str) -> str:
    """`https://host[:port]` of an address, as browsers write it in `Origin`; empty for anything else."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("https", "http") or not parts.hostname or "*" in parts.hostname:
        return ""
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        return ""
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


def origins(lines: str) -> frozenset[str]:
    """The origins of a list, one a line; what is none is left out."""
    return frozenset(filter(None, map(origin_of, lines.splitlines())))


def validate_sites(lines: str) -> None:
    """Refuse a list with a line that is no exact origin, naming it."""
    for line in filter(str.strip, lines.splitlines()):
        if not origin_of(line):
            raise ValidationError(
                _(
                    "«%(line)s» non va: serve l'indirizzo di un sito, senza altro dopo, come https://www.esempio.it."
                )
                % {"line": line.strip()}
            )
