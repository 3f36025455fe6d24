"""Templates at the provider: submitted, read back, told by webhook, and what a notice may leave with."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcasts import catalogue, lifecycle, readiness, release, tasks, template_news, wire
from broadcasts.bulletins.kinds import LANGUAGES, all_templates, base_templates
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, Delivery, MessageTemplate
from broadcasts.states import State
from policy.models import Severity, TownProfile
from staff.models import AuditEntry
from tests.broadcasts.simulated import envelope
from tests.broadcasts.whole_provider import WholeProvider
from tests.conftest import TUESDAY_10
from whatsapp.webhook import TemplateUpdate, parse
from whatsempoli import clock

WORDS = Path(__file__).with_name("template_words.json")
DAY = timedelta(days=1)


def row_of(broadcast: Any, language: str = "it") -> MessageTemplate:
    return MessageTemplate.objects.get(name=broadcast.rendered[language]["template"], language=language)


def told(row: MessageTemplate, field: str = "message_template_status_update", **value: Any) -> TemplateUpdate:
    about = {"message_template_name": row.name, "message_template_language": row.language}
    (event,) = parse(json.loads(envelope(field, **about, **value)))
    assert isinstance(event, TemplateUpdate)
    return event


def test_a_changed_word_has_a_new_name() -> None:
    """The words of each name, as they were submitted: raise `version` in bodies.py, then add the new line."""
    known = json.loads(WORDS.read_text(encoding="utf-8"))
    now = {
        template.provider_name: hashlib.sha256(
            json.dumps([template.bodies, template.parameters]).encode()
        ).hexdigest()[:16]
        for _kind, template in base_templates()
    }
    assert {name: known.get(name) for name in now} == now


def test_an_account_that_nobody_verified_has_room_for_them() -> None:
    names = {(t.provider_name, language) for _kind, t in all_templates() for language in LANGUAGES}
    assert len(names) < 250


class TestCatalogue:
    def test_all_are_submitted_and_read_back(self, town: Any, whole: WholeProvider) -> None:
        MessageTemplate.objects.all().delete()
        counts = catalogue.sync()
        assert counts == {"APPROVED": len(catalogue.wanted()) * len(LANGUAGES)}
        picture = whole.do(lambda world: world.templates.get("avviso_acqua_immagine_v1", "it"))
        assert picture.part("HEADER")["format"] == "IMAGE"
        assert picture.part("HEADER")["example"]["header_handle"][0].startswith("4::")
        assert picture.ttl == 43_200

    def test_one_that_was_approved_while_the_others_were_submitted_is_not_forgotten(
        self, town: Any, whole: WholeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        MessageTemplate.objects.all().delete()
        store = catalogue._store

        def quickly(*args: Any) -> None:
            store(*args)
            row = MessageTemplate.objects.latest("pk")
            template_news.apply(told(row, event="APPROVED"), now=clock.real_now())

        monkeypatch.setattr(catalogue, "_store", quickly)
        assert set(catalogue.sync()) == {"APPROVED"}

    def test_a_person_has_them_submitted_by_a_worker(
        self, carla: Any, town: Any, whole: WholeProvider
    ) -> None:
        MessageTemplate.objects.all().delete()
        tasks.submit_templates(carla.pk)
        assert catalogue.missing() == 0
        assert AuditEntry.objects.filter(actor=carla, verb="templates_submit").exists()

    def test_without_the_app_none_that_carries_a_file(
        self, town: Any, whole: WholeProvider, settings: Any
    ) -> None:
        settings.WHATSAPP_APP_ID = ""
        MessageTemplate.objects.all().delete()
        assert catalogue.missing() > 0
        catalogue.sync()
        assert not MessageTemplate.objects.filter(name__contains="immagine").exists()
        assert catalogue.missing() == 0

    def test_a_poll_finds_what_a_lost_webhook_would_have_told(self, write: Any, whole: WholeProvider) -> None:
        notice = write()
        catalogue.sync()
        name = notice.rendered["it"]["template"]

        def happen(world: Any) -> None:
            item = world.templates.get(name, "it")
            world.templates.set_status(item, "PAUSED", "LOW_QUALITY")
            item.quality = "RED"
            other = world.templates.get("avviso_acqua_v1", "it")
            other.category, other.ttl = "MARKETING", None

        whole.do(happen)
        catalogue.refresh()
        row = row_of(notice)
        assert (row.status, row.quality, row.reason) == ("PAUSED", "RED", "LOW_QUALITY")
        water = MessageTemplate.objects.get(name="avviso_acqua_v1", language="it")
        assert (water.category, water.ttl_seconds) == ("MARKETING", None)

    def test_words_changed_by_hand_there_are_noticed(self, write: Any, whole: WholeProvider) -> None:
        notice = write()
        catalogue.sync()
        assert readiness.template_trouble(notice) == ""

        def meddle(world: Any) -> None:
            item = world.templates.get(notice.rendered["it"]["template"], "it")
            item.components = [
                part | ({"text": "Saldi! {{titolo}} ora"} if part["type"] == "BODY" else {})
                for part in item.components
            ]

        whole.do(meddle)
        catalogue.refresh()
        assert "non sono quelle dell'avviso" in readiness.template_trouble(notice)

    def test_one_that_was_deleted_there_cannot_be_used(self, write: Any, whole: WholeProvider) -> None:
        notice = write()
        catalogue.sync()
        whole.do(lambda world: world.templates.delete(notice.rendered["it"]["template"]))
        catalogue.refresh()
        assert row_of(notice).status == "DELETED"
        assert readiness.template_trouble(notice)

    def test_one_that_lost_its_time_to_live_is_mended(self, write: Any, whole: WholeProvider) -> None:
        notice = write()
        catalogue.sync()
        name = notice.rendered["it"]["template"]
        whole.do(lambda world: setattr(world.templates.get(name, "it"), "ttl", None))
        catalogue.refresh()
        assert "ha perso la sua scadenza" in readiness.template_trouble(notice)
        catalogue.sync()
        assert whole.do(lambda world: world.templates.get(name, "it")).ttl == 43_200

    def test_a_town_that_changes_its_name_has_new_templates(self, town: Any, whole: WholeProvider) -> None:
        catalogue.sync()
        TownProfile.objects.update(name="Comune di Vinci", template_revision=2)
        assert catalogue.missing() > 100
        catalogue.sync()
        renewed = whole.do(lambda world: world.templates.get("avviso_acqua_v1_r2", "it"))
        assert renewed.part("BODY")["text"].startswith("Comune di Vinci - ")


class TestWebhook:
    @pytest.mark.parametrize(
        ("word", "status", "quality"),
        [
            ("PAUSED", "PAUSED", "GREEN"),
            ("DISABLED", "DISABLED", "GREEN"),
            ("ARCHIVED", "ARCHIVED", "GREEN"),
            ("PENDING_DELETION", "PENDING_DELETION", "GREEN"),
            ("LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "GREEN"),
            ("REINSTATED", "APPROVED", "UNKNOWN"),
            ("UNARCHIVED", "APPROVED", "UNKNOWN"),
            ("FLAGGED", "APPROVED", "FLAGGED"),
            ("LOCKED", "APPROVED", "GREEN"),
        ],
    )
    def test_each_word(self, write: Any, word: str, status: str, quality: str) -> None:
        row = row_of(write())
        MessageTemplate.objects.filter(pk=row.pk).update(quality="GREEN")
        template_news.apply(told(row, event=word, reason="NONE"), now=TUESDAY_10)
        row.refresh_from_db()
        assert (row.status, row.quality, row.reason) == (status, quality, "")

    def test_the_reason_is_kept_for_people(self, write: Any) -> None:
        row = row_of(write())
        more: dict[str, Any] = {"rejection_info": {"reason": "PROMOTIONAL", "recommendation": "Tell a date"}}
        template_news.apply(told(row, event="REJECTED", reason="PROMOTIONAL", **more), now=TUESDAY_10)
        row.refresh_from_db()
        assert row.reason == "PROMOTIONAL: Tell a date"

    def test_quality(self, write: Any) -> None:
        row = row_of(write())
        change = {"previous_quality_score": "GREEN", "new_quality_score": "RED"}
        template_news.apply(told(row, "message_template_quality_update", **change), now=TUESDAY_10)
        row.refresh_from_db()
        assert (row.quality, row.status) == ("RED", "APPROVED")

    def test_re_classing_is_announced_and_then_done(self, write: Any) -> None:
        notice = write()
        row = row_of(notice)
        field = "template_category_update"
        announced = told(row, field, new_category="UTILITY", correct_category="MARKETING")
        template_news.apply(announced, now=TUESDAY_10)
        row.refresh_from_db()
        assert (row.category, row.correct_category) == ("UTILITY", "MARKETING")
        assert readiness.template_trouble(notice) == ""
        done = told(row, field, previous_category="UTILITY", new_category="MARKETING")
        template_news.apply(done, now=TUESDAY_10)
        row.refresh_from_db()
        assert (row.category, row.correct_category, row.ttl_seconds) == ("MARKETING", "", None)
        assert "promozionale e non di servizio" in readiness.template_trouble(notice)

    def test_the_later_word_wins_in_whatever_order_they_come(self, write: Any) -> None:
        row = row_of(write())
        early, late = (told(row, event=word) for word in ("PAUSED", "REINSTATED"))
        for event, minutes in ((late, 5), (early, 0)):
            dated = TemplateUpdate(
                row.name, row.language, event.event, at=TUESDAY_10 + timedelta(minutes=minutes)
            )
            template_news.apply(dated, now=TUESDAY_10 + DAY)
        row.refresh_from_db()
        assert row.status == "APPROVED"

    def test_a_language_with_its_country_is_ours(self, write: Any) -> None:
        row = row_of(write())
        event = TemplateUpdate(row.name, "it_IT", "PAUSED")
        assert template_news.apply(event, now=TUESDAY_10) == 1


class TestGate:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"status": "UNKNOWN"}, "va mandato in esame"),
            ({"status": "PENDING"}, "sta ancora esaminando"),
            ({"status": "IN_APPEAL"}, "sta ancora esaminando"),
            ({"status": "REJECTED", "reason": "PROMOTIONAL"}, "Motivo: PROMOTIONAL."),
            ({"status": "PAUSED"}, "messo in pausa"),
            ({"status": "ARCHIVED"}, "non permette più"),
            ({"category": "MARKETING"}, "promozionale e non di servizio"),
            ({"ttl_seconds": None}, "ha perso la sua scadenza"),
            ({"body_hash": "altre"}, "non sono quelle dell'avviso"),
        ],
    )
    def test_it_cannot_be_approved_and_does_not_start(
        self,
        write: Any,
        approve: Any,
        anna: Any,
        bruno: Any,
        change: dict[str, Any],
        words: str,
        clock_at: Any,
    ) -> None:
        waiting, scheduled = write(), approve(write(due_at=TUESDAY_10 + timedelta(hours=1)))
        lifecycle.submit(waiting.pk, by=anna, now=TUESDAY_10)
        MessageTemplate.objects.filter(pk=row_of(waiting).pk).update(**change)
        assert words in readiness.template_trouble(waiting)
        with pytest.raises(lifecycle.NotAllowed, match="Si potrà approvare"):
            lifecycle.approve(waiting.pk, by=bruno, seen=fingerprint_of(waiting), now=TUESDAY_10)
        release.release_due(TUESDAY_10 + timedelta(hours=1))
        scheduled.refresh_from_db()
        assert scheduled.state == State.SCHEDULED
        assert words in scheduled.state_reason

    def test_an_emergency_is_not_refused_for_it(self, write: Any, approve: Any) -> None:
        emergency = write(topic="protezione-civile", severity=Severity.EMERGENCY)
        MessageTemplate.objects.filter(pk=row_of(emergency).pk).update(status="PAUSED")
        assert approve(emergency).state == State.SCHEDULED

    def test_the_spare_of_an_emergency_is_ready_and_leaves(
        self, write: Any, approve: Any, clock_at: Any
    ) -> None:
        fields = {
            "risks": [{"risk": "vento", "colour": "rossa"}],
            "starts": "2026-11-24T11:00+01:00",
            "ends": "2026-11-25T08:00+01:00",
            "what_to_do": "Restate in casa.",
        }
        alert = write(kind="alert", topic="protezione-civile", severity=Severity.EMERGENCY, fields=fields)
        MessageTemplate.objects.filter(pk=row_of(alert).pk).update(status="PAUSED")
        assert readiness.template_trouble(alert)
        assert readiness.spare_trouble(alert) == ""
        alert.spare_template = True
        lifecycle.save_draft(alert, by=alert.created_by)
        assert alert.rendered["it"]["template"] == "avviso_allerta_riserva_v1"
        assert readiness.template_trouble(alert) == ""
        assert "Restate in casa." in alert.rendered["it"]["phone_text"]

    def test_a_kind_without_a_spare_says_so(self, write: Any) -> None:
        assert "non c'è un modello di riserva" in readiness.spare_trouble(write())


class TestTimeToLive:
    """Nothing arrives after it is over: the nearer the end, the shorter the message tries."""

    @pytest.mark.parametrize(
        ("hours", "name"),
        [(20, "avviso_comune_v1"), (12, "avviso_comune_v1"), (11.9, "avviso_comune_3h_v1"),
         (3, "avviso_comune_3h_v1"), (2, "avviso_comune_30m_v1"), (0.2, "avviso_comune_30m_v1")],
    )  # fmt: skip
    def test_by_what_is_left(self, write: Any, hours: float, name: str) -> None:
        notice = write()
        assert wire.name_for(notice.rendered["it"], "it", hours * 3600) == name

    def test_without_an_end_the_longest(self, write: Any) -> None:
        assert wire.name_for(write().rendered["it"], "it", None) == "avviso_comune_v1"

    def test_a_twin_that_was_refused_gives_way_to_the_next(self, write: Any) -> None:
        text = write().rendered["it"]
        MessageTemplate.objects.filter(name="avviso_comune_3h_v1").update(status="REJECTED")
        assert wire.name_for(text, "it", 4 * 3600) == "avviso_comune_30m_v1"
        MessageTemplate.objects.filter(name="avviso_comune_30m_v1").update(status="REJECTED")
        assert wire.name_for(text, "it", 4 * 3600) == "avviso_comune_v1"

    def test_it_leaves_with_the_approved_words_under_the_shorter_name(
        self, leaving: Any, people: Any, meta: Any
    ) -> None:
        people(1, "acqua")
        notice = leaving(valid_until=TUESDAY_10 + timedelta(hours=2))
        from_wire = wire.bodies(notice, TUESDAY_10)["it"]
        assert b'"avviso_comune_30m_v1"' in from_wire._head
        assert notice.rendered["it"]["send"]["template"]["name"] == "avviso_comune_v1"

    def test_what_had_a_short_life_lapses_sooner(self, leaving: Any, people: Any, meta: Any) -> None:
        long, short = people(2, "acqua")
        until = clock.real_now() + timedelta(hours=1)
        notice = leaving()
        Broadcast.objects.filter(pk=notice.pk).update(valid_until=until + clock.offset())
        notice.refresh_from_db()
        for person, hours in ((long, 14), (short, 2)):  # before the end
            moment = until - timedelta(hours=hours)
            Delivery.objects.filter(broadcast=notice, subscriber=person).update(
                state="accepted", accepted_at=moment
            )
        for minutes, gone in ((100, {long.pk}), (80, {long.pk, short.pk})):
            lapsed = wire.lapsed(notice, until - timedelta(minutes=minutes))
            assert lapsed is not None
            rows = Delivery.objects.filter(lapsed, broadcast=notice)
            assert set(rows.values_list("subscriber_id", flat=True)) == gone
