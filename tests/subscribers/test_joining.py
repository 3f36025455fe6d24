"""The words that a link or a code has ready are understood as what they promise."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from policy.live import live_words
from policy.models import Category, TownProfile
from subscribers.commands import understand
from subscribers.joining import join_address, join_code, words_for
from subscribers.understood import Command


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_words_of_every_link_do_what_they_say(town: TownProfile, settings: Any, language: str) -> None:
    settings.DEMO = False
    for topic in (None, *Category.objects.all()):
        address = join_address(town.whatsapp_number, words_for(topic, language))
        assert address.startswith("https://wa.me/393386553630?text=")
        (text,) = parse_qs(urlsplit(address).query)["text"]
        found = understand(text, topics=live_words())
        expected = (Command.TOPIC_ON, topic.slug) if topic else (Command.START, None)
        assert (found.command, found.topic) == expected, text


def test_the_code_comes_as_drawing_and_as_picture(settings: Any) -> None:
    settings.DEMO = False
    assert b"<svg" in join_code("+393386553630")
    assert join_code("+393386553630", kind="png").startswith(b"\x89PNG")
