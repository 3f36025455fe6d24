"""A public text: written by one person, published by another, for ever, and true to the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from policy import publishing
from policy.models import Category, PolicyVersion, TownProfile
from staff.models import AuditEntry, User
from tests.conftest import TUESDAY_10

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)


@pytest.fixture
def draft(carla: User) -> PolicyVersion:
    return PolicyVersion.objects.create(
        kind="policy",
        number=2,
        body="# Nuova\n\nAl mese: {{ promessa }}.",
        changes="Meno messaggi.",
        edited_by=carla,
    )


def publish(version: PolicyVersion, by: User, **changes: Any) -> PolicyVersion:
    return publishing.publish(version.pk, by=by, **{"from_": TUESDAY_10, "now": TUESDAY_10} | changes)


class TestTheVerb:
    def test_another_person_publishes_and_it_is_logged(self, draft: PolicyVersion, bruno: User) -> None:
        done = publish(draft, bruno)
        assert done.published_by == bruno and PolicyVersion.in_force("policy", TUESDAY_10) == done
        assert AuditEntry.objects.filter(actor=bruno, verb="publish", target=str(done)).exists()

    def test_whoever_wrote_it_does_not(self, draft: PolicyVersion, carla: User) -> None:
        with pytest.raises(ValidationError, match="un'altra persona"):
            publish(draft, carla)

    def test_the_database_refuses_it_too(self, draft: PolicyVersion, carla: User) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            PolicyVersion.objects.filter(pk=draft.pk).update(published_by=carla)

    def test_it_may_begin_later_and_not_earlier(self, draft: PolicyVersion, bruno: User) -> None:
        with pytest.raises(ValidationError, match="passato"):
            publish(draft, bruno, from_=TUESDAY_10 - DAY)
        publish(draft, bruno, from_=TUESDAY_10 + DAY)
        now, then = (PolicyVersion.in_force("policy", at) for at in (TUESDAY_10, TUESDAY_10 + DAY))
        assert now and now.number == 1
        assert then and then.number == 2

    def test_it_is_published_once(self, draft: PolicyVersion, bruno: User) -> None:
        publish(draft, bruno)
        with pytest.raises(ValidationError, match="già pubblicata"):
            publish(draft, bruno)

    @pytest.mark.parametrize(
        "change", [{"body": "{{ sindaco_preferito }}"}, {"body_en": "{{ mayor }}"}, {"changes": "  "}]
    )
    def test_an_incomplete_one_stays_a_draft(
        self, draft: PolicyVersion, bruno: User, change: dict[str, str]
    ) -> None:
        PolicyVersion.objects.filter(pk=draft.pk).update(**change)
        with pytest.raises(ValidationError):
            publish(draft, bruno)
        draft.refresh_from_db()
        assert draft.published_at is None


class TestTheAdmin:
    def test_one_writes_another_reads_and_publishes(self, carla: User, bruno: User) -> None:
        writer, reader = Client(), Client()
        writer.force_login(carla)
        reader.force_login(bruno)
        body = {"kind": "policy", "body": "# Nuova\n\nScriviamo meno.", "body_en": "", "changes": "Meno."}
        writer.post(reverse("admin:policy_policyversion_add"), body)
        version = PolicyVersion.objects.get(kind="policy", number=2)
        address = reverse("admin:policy_policyversion_publish", args=[version.pk])
        own = writer.get(address).content.decode()
        assert "la pubblica un'altra persona" in own and "Pubblica questa versione" not in own
        page = reader.get(address).content.decode()
        assert "<ins>Scriviamo meno.</ins>" in page and "Pubblica questa versione" in page
        reader.post(address, {"from__0": "", "from__1": ""})
        version.refresh_from_db()
        assert version.published_by == bruno
        change = reverse("admin:policy_policyversion_change", args=[version.pk])
        writer.post(change, body | {"body": "# Altra"})
        version.refresh_from_db()
        assert version.body.startswith("# Nuova")

    def test_the_preview_shows_facts_and_runs_nothing(self, carla: User, client: Client) -> None:
        client.force_login(carla)
        address = reverse("admin:policy_policyversion_preview")
        page = client.post(address, {"body": "{{ promessa }} <script>x</script>"}).content.decode()
        assert "al massimo 4/5 messaggi al mese" in page and "<script>" not in page
        assert "sindaco" in client.post(address, {"body": "{{ sindaco }}"}).content.decode()

    def test_who_may_not_publish_is_refused(self, draft: PolicyVersion, anna: User, client: Client) -> None:
        client.force_login(anna)
        assert client.get(reverse("admin:policy_policyversion_publish", args=[draft.pk])).status_code == 403


class TestTheRuleAndThePage:
    """Change the rule and the page follows."""

    def page(self, client: Client, path: str = "/policy/") -> str:
        return client.get(path).content.decode()

    @pytest.mark.parametrize(
        ("change", "before", "after"),
        [
            (
                {"monthly_promise": 3},
                "<strong>al massimo 4/5 messaggi al mese",
                "<strong>al massimo 2/3 messaggi al mese",
            ),
            (
                {"service_hours": [{"weekday": 1, "start": "10:00", "end": "12:00"}]},
                "dal lunedì al venerdì 9–13",
                "il martedì 10–12",
            ),
            ({"keep_texts_days": 7}, "ci vengono scritti: 30 giorni", "ci vengono scritti: 7 giorni"),
            ({"minimum_age": 16}, "compiuto 14 anni", "compiuto 16 anni"),
        ],
    )
    def test_of_the_town(
        self, client: Client, town: TownProfile, change: dict[str, Any], before: str, after: str
    ) -> None:
        assert before in self.page(client)
        TownProfile.objects.update(**change)
        assert after in self.page(client) and before not in self.page(client)

    def test_of_a_topic(self, client: Client, town: TownProfile) -> None:
        assert "Farmacie di turno, al massimo 4/5" in self.page(client)
        Category.objects.filter(slug="farmacie").update(monthly_promise=2)
        assert "Farmacie di turno, al massimo 1/2" in self.page(client)

    def test_of_who_approves(self, client: Client, town: TownProfile) -> None:
        assert "In emergenza può bastarne una" in self.page(client)
        assert "In emergenza può bastarne una" in self.page(client, "/regole/")
        Category.objects.update(max_severity="urgent")
        assert "può bastarne una" not in self.page(client)


class TestVersions:
    @pytest.fixture
    def second(self, draft: PolicyVersion, bruno: User) -> PolicyVersion:
        return publish(draft, bruno)

    def test_the_replaced_one_says_what_it_said(
        self, client: Client, second: PolicyVersion, carla: User, bruno: User
    ) -> None:
        third = PolicyVersion.objects.create(
            kind="policy", number=3, body="# Terza", changes="Ancora.", edited_by=carla
        )
        publish(third, bruno)
        TownProfile.objects.update(monthly_promise=2)
        page = client.get("/policy/2/").content.decode()
        assert "al massimo 4/5 messaggi al mese" in page and "è stata sostituita" in page

    def test_what_changed_in_words_and_side_by_side(self, client: Client, second: PolicyVersion) -> None:
        page = client.get("/policy/2/cambiamenti/").content.decode()
        assert "Meno messaggi." in page and "<ins>" in page and "<del>" in page
        assert client.get("/en/policy/2/cambiamenti/").status_code == 200
        assert client.get("/policy/1/cambiamenti/").status_code == 404
        assert 'href="/policy/2/cambiamenti/"' in client.get("/policy/").content.decode()

    def test_one_that_is_not_in_force_yet_is_nowhere(
        self, client: Client, draft: PolicyVersion, bruno: User
    ) -> None:
        publish(draft, bruno, from_=TUESDAY_10 + DAY)
        for path in ("/policy/2/", "/policy/2/cambiamenti/"):
            assert client.get(path).status_code == 404
        assert "Versione 2" not in client.get("/policy/").content.decode()
