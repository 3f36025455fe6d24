"""Pictures and PDFs: what is taken, how it is kept, and how it reaches a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from broadcasts import media, release, tasks, uploads, wire
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast, MediaFile
from broadcasts.states import State
from staff.models import User
from tests.broadcasts.whole_provider import WholeProvider
from tests.conftest import TUESDAY_10
from whatsempoli import clock

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
GPS = 34853  # the EXIF tag of where it was taken


def drawn(form: str = "JPEG", size: tuple[int, int] = (800, 600), mode: str = "RGB", **more: Any) -> bytes:
    written = BytesIO()
    Image.new(mode, size, "teal").save(written, form, **more)
    return written.getvalue()


def taken_at() -> Image.Exif:
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (43.0, 43.0, 0.0)}
    exif[274] = 6  # lies on its side
    return exif


class TestPrepare:
    def test_a_photograph_loses_its_place_and_stands_upright(self) -> None:
        content = drawn(size=(3000, 2000), exif=taken_at())
        assert Image.open(BytesIO(content)).getexif().get_ifd(GPS)
        made = uploads.prepare(content)
        again = Image.open(BytesIO(made.content))
        assert not again.getexif()
        assert (made.mime, made.width, made.height) == ("image/jpeg", 1067, 1600)
        assert len(made.content) < uploads.MOST_PICTURE

    def test_transparency_stays(self) -> None:
        made = uploads.prepare(drawn("PNG", mode="RGBA"))
        assert (made.mime, Image.open(BytesIO(made.content)).mode) == ("image/png", "RGBA")

    def test_the_content_decides_not_the_name(self) -> None:
        hidden = drawn() + b"<script>alert(1)</script>"
        made = uploads.prepare(hidden)
        assert b"script" not in made.content

    def test_the_same_file_is_the_same(self) -> None:
        assert uploads.prepare(drawn()).sha256 == uploads.prepare(drawn()).sha256

    def test_a_pdf_is_left_as_it_is(self) -> None:
        made = uploads.prepare(PDF)
        assert (made.content, made.mime, made.header) == (PDF, "application/pdf", "DOCUMENT")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "vuoto"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "questo file è altro"),
            (drawn("GIF"), "questo file è altro"),
            (drawn("WEBP"), "questo file è altro"),
            (drawn()[:200], "rovinata"),
            (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "rovinata"),
            (b"MZ" + b"\0" * 100, "questo file è altro"),
            (b"%PDF-1.4 half", "incompleto"),
            (PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 2 0 R"), "password"),
            (b"%PDF-" + b"0" * (16 * 1024 * 1024), "al massimo 16"),
        ],
    )
    def test_what_the_provider_does_not_take_is_said(self, content: bytes, words: str) -> None:
        with pytest.raises(uploads.BadFile, match=words):
            uploads.prepare(content)

    def test_a_bomb_is_not_unfolded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "MOST_PIXELS", 100)
        with pytest.raises(uploads.BadFile, match="troppi punti"):
            uploads.prepare(drawn("PNG"))


@pytest.fixture
def illustrated(write: Callable[..., Broadcast], anna: User) -> Callable[..., Broadcast]:
    """`illustrated(PDF)` is a draft with this file."""

    def make(content: bytes = drawn(), **changes: Any) -> Broadcast:
        return write(media=media.keep(content, by=anna), media_alt="La piazza", **changes)

    return make


class TestSending:
    def test_it_is_kept_once(self, illustrated: Any) -> None:
        assert illustrated().media_id == illustrated().media_id
        assert MediaFile.objects.count() == 1

    def test_it_is_covered_by_the_approval(self, illustrated: Any, approve: Any, anna: User) -> None:
        notice = approve(illustrated())
        notice.media = media.keep(PDF, by=anna)
        notice.rendered["it"]["media"]["sha256"] = notice.media.sha256
        assert fingerprint_of(notice) != notice.fingerprint

    @pytest.mark.parametrize(
        ("content", "header", "name"),
        [(drawn(), "image", "avviso_comune_immagine_v1"), (PDF, "document", "avviso_comune_documento_v1")],
    )
    def test_it_is_uploaded_once_and_sent_by_id(
        self, illustrated: Any, approve: Any, people: Any, whole: WholeProvider, clock_at: Any,
        content: bytes, header: str, name: str,
    ) -> None:  # fmt: skip
        people(3, "acqua")
        notice = approve(illustrated(content))
        release.release_due(TUESDAY_10)
        notice.refresh_from_db()
        assert notice.state == State.SCHEDULED  # it waits for its file
        for _again in range(2):
            tasks.hand_over_files()
            release.release_due(TUESDAY_10)
        notice.refresh_from_db()
        assert notice.state == State.SENDING, notice.state_reason
        files = whole.do(lambda world: dict(world.media._files))
        held = media.provider_id(notice)
        assert list(files) == [held]
        assert files[held].content == bytes(MediaFile.objects.get().content)
        payload = wire.payload_of(notice, notice.rendered["it"], name, held)
        shown = payload["template"]["components"][0]["parameters"][0]
        assert (notice.rendered["it"]["template"], shown["type"]) == (name, header)
        assert shown[header] == {"id": held} | (
            {"filename": "lavori-in-piazza.pdf"} if content is PDF else {}
        )

    def test_an_old_id_is_asked_for_anew(self, illustrated: Any, approve: Any, whole: WholeProvider) -> None:
        notice = approve(illustrated())
        assert media.ready(notice) == ""
        first = media.provider_id(notice)
        MediaFile.objects.update(provider_at=clock.real_now() - timedelta(days=30))
        assert media.provider_id(notice) == ""
        assert media.ready(notice) == ""
        assert media.provider_id(notice) not in ("", first)

    def test_it_waits_for_a_provider_that_does_not_take_it(
        self, illustrated: Any, approve: Any, meta: Any, clock_at: Any
    ) -> None:
        notice = approve(illustrated())
        meta.stop()
        tasks.hand_over_files()
        release.release_due(TUESDAY_10)
        notice.refresh_from_db()
        assert (notice.state, "si riprova da solo" in notice.state_reason) == (State.SCHEDULED, True)

    def test_an_emergency_leaves_without_it_in_the_same_words(
        self, illustrated: Any, approve: Any, meta: Any, clock_at: Any
    ) -> None:
        fields = {
            "risks": [{"risk": "vento", "colour": "rossa"}],
            "starts": "2026-11-24T11:00+01:00",
            "ends": "2026-11-25T08:00+01:00",
            "what_to_do": "Restate in casa.",
        }
        alert = approve(
            illustrated(kind="alert", topic="protezione-civile", severity="emergency", fields=fields)
        )
        release.release_due(TUESDAY_10)
        alert.refresh_from_db()
        assert alert.state == State.SENDING, alert.state_reason
        text = alert.rendered["it"]
        payload = wire.payload_of(alert, text, text["template"], "")
        assert payload["template"]["name"] == "avviso_allerta_v1"
        assert [part["type"] for part in payload["template"]["components"]] == ["body", "button"]

    def test_what_no_notice_took_is_forgotten(self, illustrated: Any, anna: User) -> None:
        kept, _unused = illustrated().media, media.keep(PDF, by=anna)
        later = clock.real_now() + timedelta(days=3)
        assert media.forget_unused(later) == 1
        assert list(MediaFile.objects.all()) == [kept]


class TestPages:
    def data(self, **changes: Any) -> dict[str, Any]:
        until = (TUESDAY_10 + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
        return {
            "title": "Lavori in piazza",
            "b-text": "Si lavora.",
            "category": "",
            "severity": "routine",
            "valid_until": until,
        } | changes

    @pytest.fixture
    def writer(self, anna: User, clock_at: Any) -> Client:
        client = Client()
        client.force_login(anna)
        return client

    def test_it_comes_with_the_form_and_is_shown(self, writer: Client, write: Any) -> None:
        topic = str(write().category_id)
        photo = SimpleUploadedFile("../../etc/passwd.exe", drawn(exif=taken_at()), "application/x-evil")
        address = reverse("admin:broadcasts_broadcast_compose", args=["notice"])
        html = writer.post(address, self.data(category=topic, file=photo, save="")).content.decode()
        assert "Scrivi che cosa mostra" in html  # the file is kept while the rest is mended
        kept = MediaFile.objects.get()
        again = self.data(category=topic, media_file=kept.pk, media_alt="La piazza", save="")
        assert writer.post(address, again).status_code == 302
        notice = Broadcast.objects.latest("pk")
        assert (notice.media, notice.rendered["it"]["media"]["alt"]) == (kept, "La piazza")
        page = writer.get(reverse("admin:broadcasts_broadcast_change", args=[notice.pk])).content.decode()
        assert reverse("admin:broadcasts_broadcast_file", args=[kept.sha256]) in page

    def test_a_file_that_was_taken_off_stays_off(self, writer: Client, write: Any) -> None:
        topic = str(write().category_id)
        photo = SimpleUploadedFile("piazza.jpg", drawn())  # the browser still has it in its field
        address = reverse("admin:broadcasts_broadcast_compose", args=["notice"])
        writer.post(address, self.data(category=topic, file=photo, media_drop="on", save=""))
        assert Broadcast.objects.latest("pk").media is None

    def test_a_file_that_is_not_taken_is_said_beside_it(self, writer: Client) -> None:
        address = reverse("admin:broadcasts_broadcast_upload")
        answer = writer.post(address, {"file": SimpleUploadedFile("a.png", b"<svg/>")}).content.decode()
        assert "questo file è altro" in answer
        assert not MediaFile.objects.exists()

    def test_the_public_page_shows_it_and_a_draft_does_not(
        self, illustrated: Any, client: Client, town: Any
    ) -> None:
        notice = illustrated(PDF)
        address = reverse("notice-file", args=[notice.code])
        assert client.get(address).status_code == 404
        Broadcast.objects.filter(pk=notice.pk).update(state=State.SENT, started_at=TUESDAY_10)
        answer = client.get(address)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert address in client.get(notice.get_absolute_url()).content.decode()

    def test_who_does_not_work_here_gets_no_draft(self, illustrated: Any, client: Client, town: Any) -> None:
        sha256 = illustrated().media.sha256
        answer = client.get(reverse("admin:broadcasts_broadcast_file", args=[sha256]))
        assert answer.status_code == 302
