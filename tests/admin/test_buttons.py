"""Who sees which button in which state, and what happens when one is pressed all the same."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from broadcasts import lifecycle, states, trial
from broadcasts.admin import buttons, pages
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import Severity
from staff import second_factor
from staff.models import User
from tests.conftest import TUESDAY_10, person

Browser = Callable[[User], Client]
ROLES = ("anna", "bruno", "carla")
# state → role → the verbs of the buttons on its page, in their order.
SEEN: dict[str, dict[str, list[str]]] = {
    State.DRAFT: {"anna": ["submit"], "bruno": [], "carla": []},
    State.IN_REVIEW: {"anna": ["withdraw"], "bruno": ["approve", "return", "reject"], "carla": []},
    State.RETURNED: {"anna": ["submit"], "bruno": [], "carla": []},
    State.REJECTED: {"anna": [], "bruno": [], "carla": []},
    State.SCHEDULED: {key: ["cancel"] for key in ROLES},
    State.OVERDUE: {key: ["send_now", "cancel"] for key in ROLES},
    State.SENDING: {key: ["pause", "cancel"] for key in ROLES},
    State.PAUSED: {key: ["resume", "cancel"] for key in ROLES},
    State.SENT: {key: [] for key in ROLES},
    State.CANCELLED: {key: [] for key in ROLES},
    State.EXPIRED: {key: [] for key in ROLES},
}


def put(notice: Broadcast, state: str) -> Broadcast:
    """Put a notice straight into a state, as a test may."""
    started = TUESDAY_10 if state in (State.SENDING, State.PAUSED, State.SENT) else None
    submitted = None if state == State.DRAFT else notice.created_by
    Broadcast.objects.filter(pk=notice.pk).update(state=state, started_at=started, submitted_by=submitted)
    notice.refresh_from_db()
    return notice


def page_of(client: Client, notice: Broadcast) -> str:
    answer = client.get(pages.notice_address(notice))
    assert answer.status_code == 200
    return answer.content.decode()


def verbs_on(html: str) -> list[str]:
    """Those of the lifecycle: a trial, a copy and the ticks of the other roads change no state."""
    found: list[str] = re.findall(r"/do/([a-z_]+)/", html)
    return [verb for verb in found if verb not in ("trial", "duplicate", "road")]


def press(client: Client, notice: Broadcast, verb: str, **data: str) -> str:
    """Press a button and return the page one lands on."""
    address = reverse("admin:broadcasts_broadcast_do", args=[notice.pk, verb])
    answer = client.post(address, data, follow=True)
    assert answer.status_code == 200
    notice.refresh_from_db()
    return answer.content.decode()


class TestTheTable:
    def test_every_state_is_expected_here(self) -> None:
        assert set(SEEN) == set(State)

    def test_every_verb_of_a_person_has_a_permission(self) -> None:
        of_the_system = {"start", "miss", "overtake", "expire", "finish"}
        beside = {"countersign", "dispute"}  # change no state
        assert set(buttons.PERMISSION) - beside == set(states.EDGES) - of_the_system

    def test_every_verb_has_words_for_the_history(self) -> None:
        assert set(states.EDGES) | {"create", "countersign", "dispute"} == set(buttons.VERB_WORDS)

    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("role", ROLES)
    def test_the_page_shows_exactly_these(
        self, state: str, role: str, request: Any, write: Any, browser: Browser, carla: User, bruno: User
    ) -> None:
        notice = put(write(), state)
        html = page_of(browser(request.getfixturevalue(role)), notice)
        assert verbs_on(html) == SEEN[state][role]

    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("role", ROLES)
    def test_a_button_that_is_not_there_does_nothing(
        self, state: str, role: str, request: Any, write: Any, browser: Browser, carla: User, bruno: User
    ) -> None:
        notice = put(write(), state)
        client = browser(request.getfixturevalue(role))
        for verb in sorted(set(buttons.PERMISSION) - set(SEEN[state][role]) - {"edit"}):
            press(client, notice, verb, reason="x", word="INVIA", seen=fingerprint_of(notice))
            assert notice.state == state, verb


class TestApproval:
    def test_the_button_says_when_and_to_how_many(
        self, write: Any, people: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        people(3, "acqua")
        people(2, "scuole")
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        html = page_of(browser(bruno), notice)
        assert "Approva: parte subito a 3 persone" in html
        assert "<strong>2</strong> non hanno scelto questo argomento" in html

    def test_it_approves_what_was_seen(self, write: Any, anna: User, bruno: User, browser: Browser) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        html = page_of(browser(bruno), notice)
        seen = re.search(r'name="seen" value="([0-9a-f]{64})"', html)
        assert seen is not None
        assert "Approvato: parte" in press(browser(bruno), notice, "approve", seen=seen[1])
        assert (notice.state, notice.approved_by) == (State.SCHEDULED, bruno)

    @pytest.mark.parametrize("seen", ["", "0" * 64])
    def test_a_stale_page_approves_nothing(
        self, seen: str, write: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        assert "Nel frattempo" in press(browser(bruno), notice, "approve", seen=seen)
        assert notice.state == State.IN_REVIEW

    def test_who_wrote_it_reads_why_not_even_with_every_power(
        self, write: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        anna.is_superuser = True
        anna.save()
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        html = page_of(browser(anna), notice)
        assert "approve" not in verbs_on(html)
        assert "lo approva un&#x27;altra persona" in html
        press(browser(anna), notice, "approve", seen=fingerprint_of(notice))
        assert notice.state == State.IN_REVIEW

    @pytest.mark.parametrize("verb", ["return", "reject"])
    def test_a_refusal_wants_a_reason(
        self, verb: str, write: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        assert "Scrivi il motivo" in press(browser(bruno), notice, verb, reason="  ")
        assert notice.state == State.IN_REVIEW
        html = press(browser(bruno), notice, verb, reason="<b>Data</b> sbagliata")
        assert "&lt;b&gt;Data&lt;/b&gt; sbagliata" in html
        assert "<b>Data" not in html


class TestEmergency:
    @pytest.fixture
    def emergency(self, write: Any) -> Broadcast:
        notice: Broadcast = write(
            topic="protezione-civile",
            severity=Severity.EMERGENCY,
            valid_until=TUESDAY_10 + timedelta(hours=6),
        )
        return notice

    @pytest.mark.parametrize("word", ["", "SI", "INVIA ORA", "PROVA", "nvi", "invitare", "AIVNI", "\x00"])
    def test_alone_needs_the_typed_word(
        self, word: str, emergency: Broadcast, anna: User, browser: Browser
    ) -> None:
        press(browser(anna), emergency, "break_glass", reason="Il fiume sale", word=word)
        assert emergency.state == State.DRAFT

    @pytest.mark.parametrize(
        "word", ["INVIA", "invia", " Invia. ", "Invìa", "ÌNVIA ", "Invio", "in via", "invi"]
    )
    def test_the_word_forgives_a_phone_keyboard(
        self, word: str, emergency: Broadcast, anna: User, browser: Browser
    ) -> None:
        press(browser(anna), emergency, "break_glass", reason="Il fiume sale", word=word)
        assert emergency.state == State.SCHEDULED
        assert emergency.needs_countersignature

    def test_alone_needs_a_reason(self, emergency: Broadcast, anna: User, browser: Browser) -> None:
        press(browser(anna), emergency, "break_glass", reason=" ", word="INVIA")
        assert emergency.state == State.DRAFT

    def test_another_person_countersigns(
        self, emergency: Broadcast, anna: User, bruno: User, browser: Browser
    ) -> None:
        press(browser(anna), emergency, "break_glass", reason="Il fiume sale", word="invia")
        assert "countersign" in verbs_on(page_of(browser(bruno), emergency))
        press(browser(bruno), emergency, "countersign")
        assert emergency.countersigned_by == bruno
        assert "countersign" not in verbs_on(page_of(browser(bruno), emergency))

    def test_an_ordinary_notice_has_no_such_button(self, write: Any, anna: User, browser: Browser) -> None:
        html = page_of(browser(anna), write())
        assert "break_glass" not in html
        assert "emergency-mode" not in html


class TestTheSecondFactor:
    """What cannot be undone asks for it again, and loses nothing that was typed."""

    @pytest.fixture
    def stale(self, anna: User, browser: Browser) -> Client:
        """Anna proved it ten minutes ago."""
        device = second_factor.begin(anna)
        second_factor.confirm(anna, f"{totp(device.bin_key):06}")
        client = browser(anna)
        session = client.session
        session[second_factor.PROVED_AT] = time.time() - 600
        session.save()
        return client

    def test_again_before_what_cannot_be_undone(self, stale: Client, anna: User, write: Any) -> None:
        notice = put(write(), State.SCHEDULED)
        html = press(stale, notice, "cancel", reason="Annullata la festa", code="000000")
        assert notice.state == State.SCHEDULED
        assert "Il codice non va bene" in html
        assert "Annullata la festa</textarea>" in html
        assert 'autocomplete="one-time-code"' in html
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        code = f"{totp(TOTPDevice.objects.get(user=anna).bin_key, drift=1):06}"
        press(stale, notice, "cancel", reason="Annullata la festa", code=code)
        assert notice.state == State.CANCELLED

    def test_not_for_what_can(self, stale: Client, write: Any) -> None:
        notice = write()
        press(stale, notice, "submit")
        assert notice.state == State.IN_REVIEW

    def test_a_page_that_has_aged_does_nothing_but_stop(
        self, write: Any, anna: User, bruno: User, browser: Browser
    ) -> None:
        notice = write(due_at=TUESDAY_10 + timedelta(hours=1))
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        step = str(notice.transitions.order_by("-id")[0].pk)
        lifecycle.approve(notice.pk, by=bruno, seen=fingerprint_of(notice), now=TUESDAY_10)
        html = press(browser(bruno), notice, "reject", reason="Troppo tardi", step=step)
        assert "Nel frattempo è cambiato (Bruno" in html
        assert notice.state == State.SCHEDULED
        press(browser(anna), notice, "cancel", reason="Non serve", step=step)
        assert notice.state == State.CANCELLED


class TestRetry:
    def test_it_names_how_many(self, leaving: Any, anna: User, browser: Browser) -> None:
        notice = leaving({"accepted": 2, "failed": 3}, state=State.SENT)
        notice.deliveries.filter(state="failed").update(error_code=131000)
        assert "Riprova i non riusciti (3)" in page_of(browser(anna), notice)
        press(browser(anna), notice, "retry")
        assert notice.state == State.SENDING

    def test_who_is_not_on_whatsapp_is_not_asked_again(
        self, leaving: Any, anna: User, browser: Browser
    ) -> None:
        notice = leaving({"accepted": 2, "failed": 3}, state=State.SENT)
        notice.deliveries.filter(state="failed").update(error_code=131026)
        assert "Riprova" not in page_of(browser(anna), notice)

    def test_not_once_it_is_over(self, leaving: Any, anna: User, browser: Browser) -> None:
        notice = leaving({"failed": 3}, state=State.SENT)
        Broadcast.objects.filter(pk=notice.pk).update(valid_until=TUESDAY_10 - timedelta(hours=1))
        assert "Riprova" not in page_of(browser(anna), notice)


class TestTrial:
    def test_it_goes_to_ones_own_phone(
        self, write: Any, anna: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[tuple[Broadcast, User]] = []
        monkeypatch.setattr(trial, "send_trial", lambda notice, *, by: sent.append((notice, by)))
        notice = write()
        assert "Prova inviata" in press(browser(anna), notice, "trial")
        assert sent == [(notice, anna)]
        assert notice.state == State.DRAFT

    def test_without_a_number_it_says_what_to_do(self, write: Any, anna: User, browser: Browser) -> None:
        html = press(browser(anna), write(), "trial")
        assert "La prova non è partita. Manca il tuo numero" in html

    def test_with_the_provider_away(self, write: Any, anna: User, browser: Browser) -> None:
        anna.phone = "333 1110001"
        anna.save()
        html = press(browser(anna), write(), "trial")
        assert "La prova non è partita. WhatsApp non risponde" in html


class TestTheDoor:
    def test_a_button_is_not_a_link(self, write: Any, anna: User, browser: Browser) -> None:
        notice = write()
        address = reverse("admin:broadcasts_broadcast_do", args=[notice.pk, "submit"])
        assert browser(anna).get(address).status_code == 405
        assert Broadcast.objects.get(pk=notice.pk).state == State.DRAFT

    def test_a_stranger_is_sent_to_the_log_in_page(self, write: Any, client: Client) -> None:
        notice = write()
        address = reverse("admin:broadcasts_broadcast_do", args=[notice.pk, "submit"])
        assert client.post(address).status_code == 302
        assert client.get(pages.notice_address(notice)).status_code == 302
        assert Broadcast.objects.get(pk=notice.pk).state == State.DRAFT

    def test_staff_without_a_role_see_nothing(self, write: Any, town: Any, browser: Browser) -> None:
        nobody = User.objects.create_user("nina", password="prova", is_staff=True)
        assert browser(nobody).get(pages.notice_address(write())).status_code == 403

    def test_an_unknown_verb_is_refused(self, write: Any, anna: User, browser: Browser) -> None:
        notice = write()
        assert "non esiste" in press(browser(anna), notice, "start")
        assert notice.state == State.DRAFT

    def test_roles_may_be_held_by_two(self, write: Any, anna: User, browser: Browser) -> None:
        """A second editor does not approve either: that is another role."""
        other = person("elio", "Elio", "Redazione")
        notice = write()
        lifecycle.submit(notice.pk, by=anna, now=TUESDAY_10)
        assert verbs_on(page_of(browser(other), notice)) == ["withdraw"]
