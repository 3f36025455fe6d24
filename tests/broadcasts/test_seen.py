"""Nothing leaves that nobody read: a text that changed behind a person's back is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from broadcasts import lifecycle
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.states import State
from staff.models import User
from tests.conftest import TUESDAY_10

pytestmark = pytest.mark.django_db
Write = Callable[..., Broadcast]


def emergency(write: Write) -> Broadcast:
    end = TUESDAY_10 + timedelta(hours=6)
    return write(topic="protezione-civile", severity="emergency", valid_until=end)


class TestBreakGlass:
    def test_refuses_a_draft_that_a_colleague_edited_meanwhile(self, write: Write, anna: User) -> None:
        draft = emergency(write)
        seen = fingerprint_of(draft)
        Broadcast.objects.filter(pk=draft.pk).update(title="Tutt'altro")
        with pytest.raises(lifecycle.NotAllowed, match="rileggilo"):
            lifecycle.break_glass(draft.pk, by=anna, reason="Notte.", seen=seen, now=TUESDAY_10)
        draft.refresh_from_db()
        assert draft.state == State.DRAFT and not draft.approved_by

    def test_sends_what_was_read(self, write: Write, anna: User) -> None:
        draft = emergency(write)
        seen = fingerprint_of(draft)
        left = lifecycle.break_glass(draft.pk, by=anna, reason="Notte.", seen=seen, now=TUESDAY_10)
        assert left.state == State.SCHEDULED and left.fingerprint == seen

    def test_its_button_says_what_was_on_the_page(self, write: Write, anna: User, client: Any) -> None:
        draft = emergency(write)
        client.force_login(anna)
        page = client.get(f"/admin/broadcasts/broadcast/{draft.pk}/change/").content.decode()
        form = page.split("/do/break_glass/", 1)[1].split("</form>", 1)[0]
        assert f'name="seen" value="{fingerprint_of(draft)}"' in form


class TestSendNow:
    def test_a_new_moment_does_not_approve_a_new_text(
        self, write: Write, approve: Callable[[Broadcast], Broadcast], bruno: User
    ) -> None:
        late = approve(write())
        lifecycle.miss(late, now=TUESDAY_10)
        Broadcast.objects.filter(pk=late.pk).update(title="Tutt'altro")
        with pytest.raises(lifecycle.NotAllowed, match="non è quello approvato"):
            lifecycle.send_now(late.pk, by=bruno, now=TUESDAY_10)
        late.refresh_from_db()
        assert late.state == State.OVERDUE
