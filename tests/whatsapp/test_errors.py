from __future__ import annotations

import pytest

from whatsapp.errors import ERRORS, ErrorClass, classify


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, ErrorClass.AUTH),
        (190, ErrorClass.AUTH),
        (200, ErrorClass.AUTH),  # the whole range 200-299
        (299, ErrorClass.AUTH),
        (33, ErrorClass.AUTH),
        (2, ErrorClass.RETRY),
        (131000, ErrorClass.RETRY),
        (130429, ErrorClass.THROTTLE),
        (80007, ErrorClass.THROTTLE),
        (131057, ErrorClass.THROTTLE),  # the whole sender waits a minute
        (131056, ErrorClass.PAIR),
        (131026, ErrorClass.PERSON),
        (131050, ErrorClass.PERSON_MARKETING),
        (132001, ErrorClass.TEMPLATE),
        (132015, ErrorClass.TEMPLATE),
        (131031, ErrorClass.NUMBER),
        (131048, ErrorClass.NUMBER),
        (100, ErrorClass.REQUEST),
        (132018, ErrorClass.REQUEST),
        (999_999, ErrorClass.RETRY),  # unknown
        (-5, ErrorClass.RETRY),
        (None, ErrorClass.RETRY),
    ],
)
def test_classes(code: int | None, expected: ErrorClass) -> None:
    assert classify(code).cls is expected


def test_135000_depends_on_where_it_was_said() -> None:
    assert classify(135000).cls is ErrorClass.REQUEST
    assert classify(135000, where="webhook").cls is ErrorClass.NUMBER


def test_every_reason_is_a_plain_sentence() -> None:
    for info in ERRORS.values():
        assert info.reason[0].isupper()
        assert not info.reason.endswith((".", "!"))
        assert not any(character.isdigit() for character in info.reason.replace("24", ""))
