from __future__ import annotations

import pytest

from whatsapp.errors import ERRORS, ErrorClass, classify

C = ErrorClass
# Every code of the provider's own table (its error-codes page of November 2025 and what came since), with the
# class that we gave it. Where ours is not the obvious one, the reason stands beside it.
TABLE: dict[ErrorClass, tuple[int, ...]] = {
    C.AUTH: (
        *(0, 190, 3, 10, *range(200, 300), 131005, 33, 131030, 131037, 131045, 131063),
        *(133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016),
    ),
    C.RETRY: (1, 2, 131000, 131016, 133004),  # 1 may be our fault too: attempts are counted
    C.THROTTLE: (4, 80007, 130429, 131057),  # 131057: the number is in maintenance, all of it waits a minute
    C.PAIR: (131056,),
    C.NUMBER: (131048, 131064, 368, 130497, 131031, 131042, 131044, 139200),
    C.PERSON: (131021, 131026, 137000, 131062),  # 131062: we have no phone of theirs, others have one
    C.PERSON_MARKETING: (130472, 131049, 131050),
    C.TEMPLATE: (
        *(132000, 132001, 132007, 132012, 132015, 132016, 132068, 132069),
        *(134101, 134102),  # the template is not ready there: whoever sends it again gets the same
    ),
    C.REQUEST: (
        *(100, 131008, 131009, 135000, 131051, 131055, 131047, 131052, 131053, 131059, 131060),
        *(132005, 132008, 132018, 134011, 134100, 139100, 139101, 139102, 139103, *range(147001, 147006)),
        *(2388019, 2388024, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299),
    ),
}


@pytest.mark.parametrize("expected", ErrorClass)
def test_every_code_of_the_providers_table_has_its_class(expected: ErrorClass) -> None:
    assert {code: classify(code).cls for code in TABLE[expected]} == dict.fromkeys(TABLE[expected], expected)


def test_no_code_is_classified_that_the_table_does_not_have() -> None:
    known = {code for codes in TABLE.values() for code in codes}
    statuses = {code for code in ERRORS if 300 <= code < 500 and code != 368}  # HTTP answers without a code
    assert set(ERRORS) - known == statuses


@pytest.mark.parametrize("code", [999_999, 131999, 600, -5, None])
def test_a_code_that_nobody_knows_is_tried_again_a_few_times(code: int | None) -> None:
    """The mild mistake: attempts are few and counted, while a stop would silence an emergency."""
    assert classify(code).cls is ErrorClass.RETRY


def test_a_person_is_told_why_in_words_of_their_own() -> None:
    final = [*TABLE[C.PERSON], *TABLE[C.PERSON_MARKETING]]
    assert len({classify(code).reason for code in final}) == len(final)


def test_135000_depends_on_where_it_was_said() -> None:
    assert classify(135000).cls is ErrorClass.REQUEST
    assert classify(135000, where="webhook").cls is ErrorClass.NUMBER


def test_every_reason_is_a_plain_sentence() -> None:
    for info in ERRORS.values():
        assert info.reason[0].isupper()
        assert not info.reason.endswith((".", "!"))
        assert not any(character.isdigit() for character in info.reason.replace("24", ""))
