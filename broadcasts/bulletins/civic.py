"""The numbers of a street's houses, however people write them, in one wording. Pure.

«dal 2 al 48, pari», «pari 2-48» and «numeri pari dal 2 al 48» are all the last one. What is not about numbers
(«tra via Meucci e il ponte») is a stretch and stays as it is written.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

WHOLE = frozenset({"", "tutti", "tutta", "tutti i numeri", "intera", "tutta la via", "tutta la strada"})
_PARITY = re.compile(r"\b(dispari|pari)\b", re.IGNORECASE)
_ONE = r"\d{1,4}(?:(?:\s?/\s?)?(?:bis|ter|[a-z]))?\b"
_RANGE = re.compile(
    rf"^(?:dal(?:l['’]|\s+)?\s*)?({_ONE})\s*(?:al(?:l['’]|\s+)?|-|–|a)\s*({_ONE})$", re.IGNORECASE
)
_LIST = re.compile(rf"^{_ONE}(?:\s*(?:,|;|\be\b)\s*{_ONE})*$", re.IGNORECASE)
_NOISE = re.compile(r"^(?:ai\s+)?(?:numer[oi]|civic[oi]|n\.|nn\.)(?:\s+civic[oi])?\s*", re.IGNORECASE)
_SAID = re.compile(
    r"^numer[oi] ?(?P<parity>pari|dispari)? ?(?:dal (?P<first>\S+) al (?P<last>\S+)|(?P<list>\d.*))?$"
)
_ENGLISH = {"pari": "even numbers", "dispari": "odd numbers", None: "numbers"}


class BadNumbers(ValueError):
    """Numbers that contradict themselves; str() says how, for the person who wrote them."""


def civic_numbers(written: str) -> str:
    """The one wording: «numeri pari dal 2 al 48», «numero 12»; empty for the whole street."""
    text = " ".join(written.split()).strip(" ,;.")
    if text.lower() in WHOLE:
        return ""
    parity = _PARITY.search(text)
    rest = _NOISE.sub("", _PARITY.sub("", text)).strip(" ,;")
    rest = _NOISE.sub("", rest)
    side = f"numeri {parity[1].lower()}" if parity else "numeri"
    if parity and not rest:
        return side
    if found := _RANGE.match(rest):
        first, last = (part.replace(" ", "") for part in found.groups())
        _check(first, last, parity[1].lower() if parity else "")
        return f"{side} dal {first} al {last}"
    if _LIST.match(rest):
        return _listed(re.findall(_ONE, rest, re.IGNORECASE), side)
    return text


def in_language(numbers: str, language: str) -> str:
    """The wording of `civic_numbers` in a language; a stretch keeps its own words."""
    found = _SAID.match(numbers)
    if language != "en" or not found or not numbers:
        return numbers
    side = _ENGLISH[found["parity"]]
    if found["first"]:
        return f"{side} from {found['first']} to {found['last']}"
    if found["list"]:
        return f"{'number' if numbers.startswith('numero') else side} {found['list'].replace(' e ', ' and ')}"
    return side


def _check(first: str, last: str, parity: str) -> None:
    low, high = (int(re.match(r"\d+", part)[0]) for part in (first, last))  # type: ignore[index]
    if low > high:
        raise BadNumbers(
            _("prima il numero più basso: dal %(low)d al %(high)d.") % {"low": high, "high": low}
        )
    for number in (low, high):
        if parity and (number % 2 == 0) != (parity == "pari"):
            raise BadNumbers(_("il %(number)d non è %(parity)s.") % {"number": number, "parity": parity})


def _listed(numbers: list[str], side: str) -> str:
    plain = [number.replace(" ", "") for number in numbers]
    if len(plain) == 1:
        return f"numero {plain[0]}"
    return f"{side} {', '.join(plain[:-1])} e {plain[-1]}"
