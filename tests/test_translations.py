"""English is complete, compiled, not stale, and is what the English pages show."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation.template import templatize

from broadcasts import lifecycle
from broadcasts.bulletins.kinds import KINDS
from broadcasts.fingerprint import fingerprint_of
from broadcasts.models import Broadcast
from broadcasts.render import render
from broadcasts.report import why_words
from broadcasts.states import Delivery, State
from policy.models import Category
from staff.models import User
from tests.conftest import TUESDAY_10
from tests.test_architecture import ROOT, parsed, sources
from whatsempoli import clock

CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
# How many leading arguments of each marking function are sentences.
MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# What Django's templatize makes of {% translate %} and {% blocktranslate %}.
ONE = re.compile(rf"(?<![a-z])(?:gettext|_)\(\s*{STRING}\s*\)", re.DOTALL)
MANY = re.compile(rf"ngettext\(\s*{STRING}\s*,\s*{STRING}", re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?\w+[^>]*>")
ITALIAN = re.compile(
    r"\b(?:avvis[oi]|argoment[oi]|iscri\w+|telefono|messaggio?|quando|perché|della|degli|alle|oggi|domani"
    r"|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|novembre|dicembre)\b",
    re.IGNORECASE,
)

# What is no sentence: translated blocks, the classes of a body, tags of Django and of HTML, entities.
NO_WORDS = (
    r"\{% *blocktranslate.*?endblocktranslate *%\}",
    r"\{% *block (?:body|col)(?:class|type) *%\}.*?\{% *endblock *%\}",
    r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    r"&\w+;",
)
SPEAK_BOTH = {"phone.html"}  # the buttons of a message, in the language of the message

Sentences = set[tuple[str, str]]  # (singular, plural or "")


def in_python(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        literals = [str(a.value) for a in node.args[: MARKS.get(name, 0)] if isinstance(a, ast.Constant)]
        if literals:
            yield literals[0], (literals[1] if len(literals) > 1 else "")


def in_template(path: Path) -> Iterator[tuple[str, str]]:
    code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    yield from ((ast.literal_eval(one), "") for one in ONE.findall(code))
    yield from ((ast.literal_eval(one), ast.literal_eval(many)) for one, many in MANY.findall(code))


def in_source() -> Sentences:
    """Every sentence that is marked for translation; the simulator's page is a tool, in Italian only."""
    modules = [path for path in sources() if "simulator" not in path.parts]
    templates = sorted((ROOT / "templates").rglob("*.html"))
    found = {sentence for path in modules for sentence in in_python(path)}
    return found | {sentence for path in templates for sentence in in_template(path)}


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


class TestCatalogue:
    def test_every_sentence_of_the_source_is_in_it_and_no_other(self, catalogue: polib.POFile) -> None:
        source = in_source()
        assert len(source) > 700, "the source was not read"
        # One entry serves a sentence alone and as a singular: gettext knows it by its singular.
        plurals = {one for one, many in source if many}
        source = {(one, many) for one, many in source if many or one not in plurals}
        known = {(entry.msgid, entry.msgid_plural) for entry in catalogue}
        assert source - known == set(), "not in the catalogue: make messages"
        assert known - source == set(), "no longer in the source: make messages"

    def test_a_template_says_nothing_that_is_not_marked(self) -> None:
        for path in sorted((ROOT / "templates").rglob("*.html")):
            text = path.read_text(encoding="utf-8")
            for gone in NO_WORDS:
                text = re.sub(gone, " ", text, flags=re.DOTALL)
            bare = re.findall(r"[^\W\d_]{2,}", text)
            assert path.name in SPEAK_BOTH or bare == [], path

    def test_every_sentence_has_its_english(self, catalogue: polib.POFile) -> None:
        assert [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy] == []

    def test_placeholders_tags_and_endings_are_kept(self, catalogue: polib.POFile) -> None:
        for entry in catalogue:
            pairs = [(entry.msgid, entry.msgstr)]
            if entry.msgid_plural:
                one, many = entry.msgstr_plural[0], entry.msgstr_plural[1]
                pairs = [(entry.msgid, one), (entry.msgid_plural, many)]
            for italian, english in pairs:
                assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(italian)), italian
                assert (english[-1] in ".?:…") == (italian[-1] in ".?:…"), italian

    def test_the_compiled_one_is_the_same(self, catalogue: polib.POFile) -> None:
        compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
        assert {_whole(entry) for entry in compiled} == {_whole(entry) for entry in catalogue}
        assert compiled.metadata["Plural-Forms"] == catalogue.metadata["Plural-Forms"]


def _whole(entry: polib.MOEntry | polib.POEntry) -> tuple[str, ...]:
    return (entry.msgid, entry.msgid_plural or "", entry.msgstr, *dict(entry.msgstr_plural or {}).values())


class Shown(HTMLParser):
    """The words of a page and of its labels, without what says of itself that it is Italian."""

    VOID = frozenset(("br", "img", "input", "link", "meta", "hr", "wbr", "use", "rect", "source"))
    LABELS = ("aria-label", "title", "alt", "placeholder", "content")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden: list[bool] = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hidden = (
            self.hidden[-1] or (given.get("lang") == "it" and tag != "html") or tag in ("script", "style")
        )
        if not hidden:
            self.words += [str(given[label]) for label in self.LABELS if given.get(label)]
        if tag not in self.VOID:
            self.hidden.append(hidden)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self.hidden[-1]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def italian_of(page: bytes, catalogue: polib.POFile) -> list[str]:
    """Sentences of the source that an English page shows as they are in the source."""
    text = Shown(page.decode()).text
    sentences = (entry.msgid for entry in catalogue if " " in entry.msgid and "%" not in entry.msgid)
    return [sentence for sentence in sentences if sentence in text]


def italian_words(page: bytes) -> list[str]:
    """Those of ITALIAN; the commands for the chat, in capitals, are the same in every language."""
    return [word for word in ITALIAN.findall(Shown(page.decode()).text) if not word.isupper()]


@pytest.fixture
def tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: TUESDAY_10)


@pytest.fixture
def notice(write: Callable[..., Broadcast], tuesday: None) -> Broadcast:
    """A published notice, in Italian and in English."""
    both = {"title": "Works in the square", "text": "From Monday to Friday."}
    written = write(fields={"title": "Lavori in piazza", "text": "Si lavora.", "en": both})
    Broadcast.objects.filter(pk=written.pk).update(
        state=State.SENT, started_at=TUESDAY_10 - timedelta(hours=1)
    )
    return Broadcast.objects.get(pk=written.pk)


class TestEnglishPages:
    @pytest.mark.parametrize("path", ["", "avvisi/", "avvisi/?argomento=acqua", "policy/", "privacy/"])
    def test_the_public_ones(
        self, client: Client, notice: Broadcast, catalogue: polib.POFile, path: str
    ) -> None:
        page = client.get(f"/en/{path}").content
        assert len(Shown(page.decode()).text) > 500
        assert italian_of(page, catalogue) == []
        assert italian_words(page) == []

    def test_a_notice_keeps_its_own_words_and_nothing_else(
        self, client: Client, notice: Broadcast, catalogue: polib.POFile
    ) -> None:
        page = client.get(f"/en/a/{notice.code}/").content
        assert italian_of(page, catalogue) == []
        assert "About this notice" in page.decode()

    def test_the_same_page_in_italian_is_italian(self, client: Client, town: Any, tuesday: None) -> None:
        """So the words above can be found at all."""
        catalogue = polib.pofile(str(CATALOGUE))
        page = client.get("/").content
        assert len(italian_of(page, catalogue)) > 20
        assert len(italian_words(page)) > 20

    def test_a_page_that_is_not_there(self, client: Client, town: Any, catalogue: polib.POFile) -> None:
        answer = client.get("/en/niente/")
        assert answer.status_code == 404
        assert italian_of(answer.content, catalogue) == []


class TestEnglishOffice:
    @pytest.fixture
    def pages(self, write: Any, anna: User, bruno: User, notice: Broadcast) -> list[str]:
        waiting = write()
        lifecycle.submit(waiting.pk, by=anna, now=TUESDAY_10)
        with translation.override("en"):
            front, table = reverse("admin:index"), reverse("admin:broadcasts_broadcast_changelist")
            add = reverse("admin:broadcasts_broadcast_add")
        assert front == "/en/admin/"
        notices = [f"{table}{one.pk}/change/" for one in (notice, waiting)]
        kinds = [f"{add}{kind}/?refers_to={notice.pk}" for kind in KINDS]
        return [front, table, add, *kinds, *notices, f"{table}{notice.pk}/missing/", f"{table}999/change/"]

    def test_everybody_reads_english(
        self, pages: list[str], anna: User, bruno: User, carla: User, catalogue: polib.POFile
    ) -> None:
        # A topic's name is data of the town, and the office calls it by its own name.
        topics = set(Category.objects.values_list("name", flat=True))
        seen = set()
        for user in (anna, bruno, carla):
            client = Client()
            client.force_login(user)
            for path in pages:
                answer = client.get(path, follow=True)
                assert set(italian_of(answer.content, catalogue)) <= topics, path
                if answer.status_code == 200:
                    seen.add(path)
        assert len(pages) - len(seen) <= 1, "a page was shown to nobody, so nothing was read"

    @pytest.mark.parametrize(
        "name", ["policy_townprofile", "policy_category", "subscribers_subscriber", "staff_user"]
    )
    def test_the_tables_are_in_english(
        self, client: Client, carla: User, tuesday: None, catalogue: polib.POFile, name: str
    ) -> None:
        client.force_login(carla)
        with translation.override("en"):
            path = reverse(f"admin:{name}_changelist")
        answer = client.get(path, follow=True)
        assert answer.status_code == 200
        topics = set(Category.objects.values_list("name", flat=True))
        assert set(italian_of(answer.content, catalogue)) <= topics

    def test_the_header_leads_to_the_same_page_in_the_other_language(
        self, client: Client, anna: User, tuesday: None
    ) -> None:
        client.force_login(anna)
        assert 'href="/en/admin/?a=b"' in client.get("/admin/?a=b").content.decode()
        assert 'href="/admin/"' in client.get("/en/admin/").content.decode()

    def test_the_log_in_does_not_lead_back_to_italian(self, client: Client, town: Any) -> None:
        page = client.get("/admin/login/?next=/admin/").content.decode()
        assert 'href="/en/admin/login/"' in page

    def test_what_is_sent_does_not_depend_on_who_writes_or_reads(self, notice: Broadcast) -> None:
        with translation.override("it"):
            texts, approved = render(notice), fingerprint_of(notice)
        with translation.override("en"):
            assert (render(notice), fingerprint_of(notice)) == (texts, approved)
        assert f"/a/{notice.code}/" in texts["it"]["phone_text"]
        assert "/en/" not in texts["it"]["phone_text"]
        assert f"/en/a/{notice.code}/" in texts["en"]["phone_text"]

    def test_the_history_is_written_in_the_words_of_the_source(
        self, write: Any, approve: Any, anna: User, tuesday: None
    ) -> None:
        approved = approve(write())
        with translation.override("en"):
            approved.title = "Altro"
            lifecycle.save_draft(approved, by=anna, now=TUESDAY_10)
        assert approved.transitions.latest("id").reason == "Modificato: va approvato di nuovo."


def test_the_providers_errors_are_told_in_the_language_of_the_page() -> None:
    with translation.override("en"):
        assert why_words(Delivery.FAILED, "", 131026).startswith("Undeliverable:")
    with translation.override("it"):
        assert why_words(Delivery.FAILED, "", 131026).startswith("Non consegnabile:")
