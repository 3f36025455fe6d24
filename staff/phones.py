"""The office's own telephones: those of the staff and the trial phones. A number as a person writes it."""

from __future__ import annotations

import phonenumbers

from staff.models import TrialPhone, User


def digits(written: str) -> str:
    """E.164 without plus, as the wire has it; a number without a prefix is Italian. "" if it is none."""
    try:
        number = phonenumbers.parse(written, "IT")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def own() -> list[str]:
    """The digits of every telephone that exercises may reach; two queries."""
    people = User.objects.filter(is_active=True, is_staff=True).exclude(phone="")
    written = [*people.values_list("phone", flat=True), *TrialPhone.objects.values_list("phone", flat=True)]
    return sorted({number for number in map(digits, written) if number})
