"""A whole number is seen by who says why, and leaves no trace of itself: not in the log, not in an e-mail."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils.log import AdminEmailHandler

from broadcasts.models import Broadcast, Delivery
from staff import roles
from staff.models import AuditEntry, User, audit
from staff.sentences import DEEDS, search, sentence
from subscribers import consent, numbers
from subscribers.models import InboundMessage, Subscriber
from tests.conftest import TUESDAY_10, person
from whatsempoli.logs import NoNumbers

pytestmark = pytest.mark.django_db
CANARY = "393987654321"
SEEN = (
    *("subscribers_subscriber", "subscribers_consentevent", "subscribers_erasure", "staff_auditentry"),
    *("broadcasts_purge", "broadcasts_broadcast", "broadcasts_delivery", "policy_townprofile"),
)


@pytest.fixture
def paola(town: Any) -> User:
    """Looks after data protection."""
    return person("paola", "Paola", roles.PRIVACY)


def office(user: User) -> Client:
    client = Client(REMOTE_ADDR="10.1.2.3")
    client.force_login(user)
    return client


@pytest.fixture
def canary(people: Any, write: Callable[..., Broadcast]) -> Subscriber:
    """Somebody with a row in every table that the admin shows."""
    [someone] = people(1, phone=CANARY)
    consent.join(someone, at=TUESDAY_10, now=TUESDAY_10, message_id=f"wamid.{CANARY}")
    InboundMessage.objects.create(
        message_id=f"w.{CANARY}", subscriber=someone, sent_at=TUESDAY_10, kind="text"
    )
    Delivery.objects.create(
        broadcast=write(), subscriber=someone, state="failed", error_code=131026, receipt=3
    )
    return someone


class TestReveal:
    def address(self, someone: Subscriber) -> str:
        return reverse("admin:subscribers_subscriber_reveal", args=[someone.pk])

    def test_with_a_reason_and_a_line_in_the_log(self, canary: Subscriber, carla: User) -> None:
        answer = office(carla).post(self.address(canary), {"reason": "ha telefonato all'ufficio"})
        assert f"+{CANARY}" in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        entry = AuditEntry.objects.get(verb="reveal")
        assert (entry.actor, entry.place) == (carla, "10.1.2.3")
        assert sentence(entry) == (
            f"Carla ha guardato il numero intero: iscritto #{canary.pk}. Perché: ha telefonato all'ufficio"
        )
        assert CANARY not in f"{entry.target}{entry.detail}"

    @pytest.mark.parametrize("reason", ["", "   ", "ok"])
    def test_not_without_a_reason(self, canary: Subscriber, carla: User, reason: str) -> None:
        answer = office(carla).post(self.address(canary), {"reason": reason}, follow=True)
        assert CANARY not in answer.content.decode()
        assert "Scrivi perché" in answer.content.decode()
        assert not AuditEntry.objects.filter(verb="reveal").exists()

    def test_not_on_a_get(self, canary: Subscriber, carla: User) -> None:
        assert office(carla).get(self.address(canary)).status_code == 405

    @pytest.mark.parametrize("who", ["anna", "bruno", "paola"])
    def test_not_to_others(self, canary: Subscriber, who: str, request: pytest.FixtureRequest) -> None:
        answer = office(request.getfixturevalue(who)).post(self.address(canary), {"reason": "curiosità"})
        assert CANARY not in answer.content.decode()
        with pytest.raises(numbers.NotAllowed):
            numbers.reveal(canary.pk, by=request.getfixturevalue(who), reason="curiosità")

    def test_the_log_falls_with_the_reveal(self, canary: Subscriber, carla: User) -> None:
        assert numbers.reveal(canary.pk, by=carla, reason="una ragione").phone == CANARY
        assert AuditEntry.objects.get().verb == "reveal"

    def test_somebody_who_is_not_there(self, carla: User) -> None:
        address = reverse("admin:subscribers_subscriber_reveal", args=[999])
        assert office(carla).post(address, {"reason": "una ragione"}).status_code == 302


class TestLookUp:
    @pytest.mark.parametrize("text", [CANARY, f"+{CANARY}", "398 765 4321", "0039 398 7654321"])
    def test_by_a_number_as_people_write_it(self, canary: Subscriber, carla: User, text: str) -> None:
        answer = office(carla).post(reverse("admin:subscribers_subscriber_find"), {"number": text})
        assert answer["Location"].endswith(f"/{canary.pk}/change/")
        assert CANARY not in answer["Location"]
        entry = AuditEntry.objects.get(verb="look_up")
        assert CANARY not in f"{entry.target}{entry.detail}"

    def test_who_left_is_found_by_the_fingerprint(self, canary: Subscriber, carla: User) -> None:
        Subscriber.objects.update(phone=None)
        assert numbers.look_up(CANARY, by=carla) == canary

    @pytest.mark.parametrize("text", ["", "anna", "12", "3" * 40, "\x00", "393331119999"])
    def test_nobody(self, canary: Subscriber, carla: User, text: str) -> None:
        assert numbers.look_up(text, by=carla) is None


def admin_pages() -> list[str]:
    """Every list, and the page of the first row of each."""
    found = []
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.pattern.__class__.__name__ == "LocalePrefixPattern":
            for one in resolver.url_patterns:
                if isinstance(one, URLResolver) and one.namespace == "admin":
                    found += [each.name for each in _leaves(one) if each.name]
    return sorted(set(found))


def _leaves(resolver: URLResolver) -> list[URLPattern]:
    leaves: list[URLPattern] = []
    for each in resolver.url_patterns:
        leaves += _leaves(each) if isinstance(each, URLResolver) else [each]
    return leaves


def test_no_page_of_the_office_shows_a_whole_number(canary: Subscriber, carla: User) -> None:
    carla.is_superuser = True
    carla.save()
    client, seen = office(carla), 0
    delivery = Delivery.objects.get()
    for name in admin_pages():
        for arguments in ([], [canary.pk], [delivery.pk], [delivery.broadcast_id]):
            try:
                address = reverse(f"admin:{name}", args=arguments)
            except NoReverseMatch:
                continue
            if "logout" in address:
                continue
            html = client.get(address).content.decode(errors="replace")
            assert CANARY not in html and CANARY[2:] not in html, address
            seen += 1
    assert seen > 40


def test_that_one_person_read_it_is_shown_to_nobody(canary: Subscriber, carla: User) -> None:
    html = office(carla).get(reverse("admin:broadcasts_delivery_changelist")).content.decode()
    assert "arrivato" in html and ">letto<" not in html


class TestErrorMail:
    def test_a_fault_is_mailed_without_anybody(self, settings: Any) -> None:
        settings.ADMINS = [("", "tecnico@example.org")]
        request = RequestFactory().post(f"/webhooks/?to={CANARY}", {"number": CANARY}, headers={"x": CANARY})
        request.COOKIES["n"] = CANARY
        handler = AdminEmailHandler(include_html=True)
        handler.addFilter(NoNumbers())
        logger = logging.Logger("canary")
        logger.addHandler(handler)
        phone = CANARY
        try:
            raise ValueError(f"Key (phone)=({phone}) 398 765 4321")
        except ValueError:
            logger.exception("It broke for %s", phone, extra={"request": request})
        [letter] = mail.outbox
        everything = letter.subject + str(letter.message())
        assert "ValueError" in everything
        for trace in (CANARY, CANARY[2:], "398 765 4321"):
            assert trace not in everything

    def test_the_settings_send_it_that_way(self, settings: Any) -> None:
        assert settings.LOGGING["handlers"]["mail"]["filters"] == ["no_numbers"]
        assert set(settings.LOGGING["root"]["handlers"]) == {"console", "mail"}


class TestPrivacyOfficer:
    def test_has_only_rights_to_look(self, paola: User) -> None:
        held = Permission.objects.filter(group__user=paola).values_list("codename", flat=True)
        assert held and all(name.startswith("view_") for name in held)

    @pytest.mark.parametrize("name", SEEN)
    def test_sees_it(self, paola: User, canary: Subscriber, name: str) -> None:
        answer = office(paola).get(reverse(f"admin:{name}_changelist"), follow=True)
        assert answer.status_code == 200

    def test_changes_nothing_by_any_address(self, paola: User, canary: Subscriber, approve: Any) -> None:
        notice = Broadcast.objects.get()
        approve(notice)
        client = office(paola)
        before = (AuditEntry.objects.exclude(verb="look_up").count(), Broadcast.objects.values().get())
        for name in admin_pages():
            for arguments in ([], [notice.pk], [notice.pk, "cancel"], [notice.pk, "send_now"], [1]):
                try:
                    address = reverse(f"admin:{name}", args=arguments)
                except NoReverseMatch:
                    continue
                if "log" not in name and "password" not in name and "language" not in name:
                    client.post(address, {"to": "off", "reason": "una ragione", "title": "x"})
        after = (AuditEntry.objects.exclude(verb="look_up").count(), Broadcast.objects.values().get())
        assert after == before


class TestSentences:
    def test_every_verb_of_the_code_has_words(self) -> None:

        root = Path(__file__).resolve().parents[2]
        verbs = set()
        for path in root.glob("*/**/*.py"):
            if path.parts[-2] != "migrations" and "tests" not in path.parts and ".venv" not in path.parts:
                verbs |= set(re.findall(r'\baudit\(\s*[\w.()]+,\s*"(\w+)"', path.read_text()))
        assert verbs - set(DEEDS) == set()

    def test_words_of_the_sentence_find_it(self, carla: User, bruno: User) -> None:
        audit(carla, "reveal", "iscritto #7", reason="ha telefonato")
        audit(bruno, "approve", "avviso k3f9")
        entries = AuditEntry.objects.all()
        for words, expected in (("carla guardato", 1), ("numero intero", 1), ("telefonato", 1), ("k3f9", 1),
                                ("bruno guardato", 0), ("approvato", 1), ("", 2)):  # fmt: skip
            assert search(entries, words).count() == expected, words

    def test_the_page_searches_by_them(self, carla: User) -> None:
        audit(carla, "reveal", "iscritto #7", reason="ha telefonato")
        page = office(carla).get(reverse("admin:staff_auditentry_changelist"), {"q": "guardato telefonato"})
        assert "Carla ha guardato il numero intero: iscritto #7." in page.content.decode()

    def test_from_where_behind_a_proxy(self, carla: User, canary: Subscriber, settings: Any) -> None:
        settings.BEHIND_TLS_PROXY = True
        client = Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.7")
        client.force_login(carla)
        client.post(
            reverse("admin:subscribers_subscriber_reveal", args=[canary.pk]), {"reason": "una ragione"}
        )
        assert AuditEntry.objects.get(verb="reveal").place == "192.0.2.7"
