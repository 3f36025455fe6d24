from __future__ import annotations

import pytest

from whatsapp.signature import sign, verify

BODY = b'{"entry":[{"text":"per\\u00f2"}]}'


def test_our_own_signature_is_accepted() -> None:
    assert verify(["segreto"], BODY, sign("segreto", BODY))


def test_the_provider_s_documented_algorithm() -> None:
    # HMAC-SHA256 test case 2 of RFC 4231
    assert sign("Jefe", b"what do ya want for nothing?") == (
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize("secrets", [["vecchio", "nuovo"], ["nuovo", "vecchio"]])
def test_both_secrets_hold_while_one_is_rotated(secrets: list[str]) -> None:
    assert verify(secrets, BODY, sign("vecchio", BODY))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        sign("segreto", BODY).removeprefix("sha256="),
        sign("segreto", BODY).upper(),
        sign("segreto", BODY).replace("sha256", "sha1"),
        sign("segreto", BODY)[:-1],
        sign("segreto", BODY) + "0",
        "sha256=è" + "0" * 63,
        "sha256=\udc80",
        sign("altro", BODY),
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    assert not verify(["segreto"], BODY, header)


def test_one_changed_byte_is_refused() -> None:
    assert not verify(["segreto"], BODY + b" ", sign("segreto", BODY))


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_without_a_secret_nothing_is_accepted(secrets: list[str]) -> None:
    assert not verify(secrets, BODY, sign("", BODY))
