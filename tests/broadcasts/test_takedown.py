"""Blacking out personal data: by two people, everywhere, with a trace that does not repeat it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from broadcasts import takedown
from broadcasts.models import Broadcast, Redaction
from broadcasts.states import State
from staff.models import AuditEntry, User
from tests.conftest import TUESDAY_10

NAME = "Mario Rossi"


@pytest.fixture
def notice(write: Callable[..., Broadcast]) -> Broadcast:
    made = write(title=f"Cerchiamo {NAME}", fields={"text": f"{NAME}, di anni 80, via Roma 1."})
    Broadcast.objects.filter(pk=made.pk).update(state=State.SENT, started_at=TUESDAY_10 - timedelta(hours=1))
    made.refresh_from_db()
    return made


def propose(notice: Broadcast, by: User, *passages: str) -> Redaction:
    return takedown.propose(notice, list(passages or [NAME]), reason="Non serviva", by=by, now=TUESDAY_10)


def everything(notice: Broadcast) -> str:
    notice.refresh_from_db()
    return json.dumps([notice.title, notice.fields, notice.rendered], ensure_ascii=False)


def test_a_second_person_blacks_it_out_everywhere(notice: Broadcast, anna: User, bruno: User) -> None:
    redaction = propose(notice, anna)
    assert NAME in everything(notice)
    takedown.confirm(redaction.pk, by=bruno, now=TUESDAY_10)
    assert NAME not in everything(notice) and takedown.BLACK in notice.rendered["it"]["page_text"]
    redaction.refresh_from_db()
    assert redaction.done and redaction.passages == []
    trace = json.dumps(list(AuditEntry.objects.values("verb", "target", "detail")))
    assert NAME not in trace and "redaction_done" in trace


def test_not_by_the_same_person_and_the_database_agrees(notice: Broadcast, anna: User) -> None:
    redaction = propose(notice, anna)
    with pytest.raises(ValidationError, match="un'altra persona"):
        takedown.confirm(redaction.pk, by=anna, now=TUESDAY_10)
    with pytest.raises(IntegrityError), transaction.atomic():
        Redaction.objects.filter(pk=redaction.pk).update(done=True, decided_by=anna)


def test_a_refusal_leaves_the_notice_and_forgets_the_words(
    notice: Broadcast, anna: User, bruno: User
) -> None:
    redaction = takedown.refuse(propose(notice, anna).pk, by=bruno, now=TUESDAY_10)
    assert NAME in everything(notice) and redaction.passages == []
    with pytest.raises(ValidationError, match="già stato deciso"):
        takedown.confirm(redaction.pk, by=bruno, now=TUESDAY_10)


@pytest.mark.parametrize("passages", [[], ["  "], ["ab"], ["Luigi Verdi"]])
def test_what_is_not_there_cannot_be_blacked_out(notice: Broadcast, anna: User, passages: list[str]) -> None:
    with pytest.raises(ValidationError):
        takedown.propose(notice, passages, reason="x", by=anna, now=TUESDAY_10)


def test_who_may_not(notice: Broadcast, anna: User) -> None:
    anna.groups.clear()
    with pytest.raises(PermissionDenied):
        propose(notice, User.objects.get(pk=anna.pk))


def test_on_the_pages_of_the_office_and_of_the_town(
    notice: Broadcast, anna: User, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)
    one, other, anyone = Client(), Client(), Client()
    one.force_login(anna)
    other.force_login(bruno)
    add = reverse("admin:broadcasts_redaction_add")
    assert (
        "non c&#x27;è in questo avviso"
        in one.post(add, {"code": notice.code, "passages": "Luigi", "reason": "x"}).content.decode()
    )
    one.post(add, {"code": notice.code, "passages": NAME, "reason": "Non serviva"})
    redaction = Redaction.objects.get()
    decide = reverse("admin:broadcasts_redaction_decide", args=[redaction.pk, "confirm"])
    assert other.get(decide).status_code == 405
    one.post(decide)
    assert NAME in anyone.get(f"/a/{notice.code}/").content.decode()
    other.post(decide)
    page = anyone.get(f"/a/{notice.code}/").content.decode()
    assert NAME not in page and "Il 24 novembre 2026 alcune parole sono state oscurate" in page
    assert NAME not in anyone.get("/avvisi/atom.xml").content.decode()
    assert (
        NAME
        not in other.get(reverse("admin:broadcasts_redaction_change", args=[redaction.pk])).content.decode()
    )
