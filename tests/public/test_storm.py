"""A correction shows within five seconds, wherever the page was kept meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from django.test import Client

from broadcasts.models import Broadcast
from policy import page_cache


def test_a_correction_shows_within_five_seconds(
    client: Client, publish: Callable[..., Broadcast], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = publish(title="Mercato mercoledì")
    first = client.get(wrong.get_absolute_url())
    publish(title="Il mercato è giovedì", kind="correction", refers_to=wrong)
    others = re.search(r"max-age=(\d+)", first["Cache-Control"])
    assert others and page_cache.FRESH_SECONDS + int(others[1]) <= 5
    later = time.monotonic() + page_cache.FRESH_SECONDS
    monkeypatch.setattr("policy.page_cache.time.monotonic", lambda: later)
    page = client.get(wrong.get_absolute_url())
    assert "è stato rettificato" in page.content.decode()
    stale = client.get(wrong.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    assert stale.status_code == 200, "a browser that asks again must not be told that nothing changed"
