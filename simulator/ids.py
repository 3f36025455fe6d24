"""Identifiers in the provider's forms. All but the message id derive from the seed alone."""

from __future__ import annotations

import base64
import hashlib
import random
import string

_COUNTRIES = {"39": "IT", "378": "SM", "33": "FR", "34": "ES", "41": "CH", "43": "AT", "44": "GB", "49": "DE",
              "40": "RO", "355": "AL", "212": "MA", "86": "CN", "380": "UA", "55": "BR", "52": "MX",
              "54": "AR", "1": "US"}  # fmt: skip


def wamid(number: str, rng: random.Random) -> str:
    """A message id: opaque to callers, and as the real one it holds the number."""
    raw = (
        b"\x1d\x18\x0c"
        + number.encode()
        + b"\x15\x02\x00\x11\x18\x12"
        + rng.randbytes(16).hex().upper().encode()
    )
    return "wamid." + base64.b64encode(raw + b"\x00").decode()


def user_id(number: str, seed: int, generation: int = 0) -> str:
    """The business-scoped id of the person who has this number: the same at every run of a seed."""
    digest = hashlib.sha256(f"{seed}:{generation}:{number}".encode()).digest()
    digits = 10**19 + int.from_bytes(digest[:8]) % (9 * 10**19)
    return f"{country(number)}.{digits}"


def country(number: str) -> str:
    """Two letters for a number's country, Italy where the prefix is not one of the few known here."""
    for length in (3, 2, 1):
        if found := _COUNTRIES.get(number[:length]):
            return found
    return "IT"


def object_id(rng: random.Random) -> str:
    """Sixteen digits, as templates and media have."""
    return str(rng.randrange(10**15, 10**16))


def trace_id(rng: random.Random) -> str:
    """What the provider's support would ask for."""
    return "A" + "".join(rng.choices(string.ascii_letters + string.digits + "-_", k=22))


def share(seed: int, *parts: object) -> float:
    """A number in [0, 1) that depends on the parts only: dice that do not depend on the order of events."""
    digest = hashlib.blake2b(":".join(map(str, (seed, *parts))).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
