"""System checks name a key that would be lost with another."""

from __future__ import annotations

from pytest_django import Settings

from whatsempoli import checks


def ids() -> set[str | None]:
    return {message.id for message in checks.installation(None)}


def test_the_identity_key_stands_apart(settings: Settings) -> None:
    settings.DEMO = False
    settings.IDENTITY_KEY = settings.SECRET_KEY
    assert "whatsempoli.W011" in ids()
    settings.IDENTITY_KEY = "another"
    assert "whatsempoli.W011" not in ids()


def test_the_journal_has_a_place(settings: Settings) -> None:
    settings.DEMO, settings.JOURNAL_DIR = False, ""
    assert "whatsempoli.W012" in ids()
    settings.JOURNAL_DIR = "/somewhere/else"
    assert "whatsempoli.W012" not in ids()
