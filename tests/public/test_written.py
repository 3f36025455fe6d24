"""What is published, as files: everything, whole, only what changed, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from broadcasts import tasks, written
from broadcasts.models import Broadcast
from broadcasts.states import State
from broadcasts.written import write
from policy.models import TownProfile
from tests.conftest import TUESDAY_10

Publish = Callable[..., Broadcast]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what rules alone change, which is slow to draw: the posters and codes of every topic."""
    monkeypatch.setattr("broadcasts.written_plan._texts", lambda _now: iter([("policy",)]))


def test_every_public_page_is_there_in_both_languages(folder: Path, publish: Publish, client: Client) -> None:
    notice = publish(title="Acqua in piazza", topic="protezione-civile", severity="emergency")
    done = write(folder, TUESDAY_10)
    assert done is not None and done.left == 0 and done.written > 80
    for path in ("/", "/avvisi/", "/policy/1/", "/iscriviti/", f"/a/{notice.code}/"):
        for language in ("", "/en"):
            page = (folder / written.file_of(language + path)).read_bytes()
            assert page == client.get(language + path).content
    for name in ("avvisi/atom.xml", "avvisi/argomento/acqua/calendario.ics", f"a/{notice.code}/cap.xml"):
        assert (folder / name).stat().st_size
    assert (folder / f"a/{notice.code}/foglio.pdf").read_bytes().startswith(b"%PDF")
    assert f"/a/{notice.code}/" in (folder / "sitemap-avvisi.xml").read_text()
    assert (folder / "static/public/site.css").exists() and (folder / "aspetto.css").exists()
    assert list(folder.glob("static/**/*.woff2")), "what a style sheet asks for is missing"
    assert not (folder / "dati").exists() and not (folder / "verifica").exists()


def test_nothing_new_costs_a_few_queries_and_touches_no_file(
    folder: Path, few: None, publish: Publish, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    publish()
    write(folder, TUESDAY_10)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    with django_assert_max_num_queries(25):
        done = write(folder, TUESDAY_10)
    assert done is not None and (done.written, done.removed, done.left) == (0, 0, 0)
    after = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    assert {f: t for f, t in after.items() if f.name != written.LOCK} == {
        f: t for f, t in before.items() if f.name != written.LOCK
    }


def test_a_correction_changes_what_it_corrects_and_the_lists_and_nothing_else(
    folder: Path, few: None, publish: Publish
) -> None:
    wrong, other = publish(title="Mercato mercoledì"), publish(title="Altro")
    write(folder, TUESDAY_10)
    untouched = folder / f"a/{other.code}/index.html"
    before = untouched.stat().st_mtime_ns
    publish(title="Il mercato è giovedì", kind="correction", refers_to=wrong, at=TUESDAY_10)
    write(folder, TUESDAY_10)
    assert "è stato rettificato" in (folder / f"a/{wrong.code}/index.html").read_text()
    assert "Il mercato è giovedì" in (folder / "index.html").read_text()
    assert untouched.stat().st_mtime_ns == before


def test_time_alone_ends_a_notice(
    folder: Path, few: None, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = publish(valid_until=TUESDAY_10 + timedelta(hours=1))
    write(folder, TUESDAY_10)
    later = TUESDAY_10 + timedelta(hours=2)
    monkeypatch.setattr("whatsempoli.clock.now", lambda: later)
    write(folder, later)
    assert "non vale più" in (folder / f"a/{notice.code}/index.html").read_text()


def test_what_is_not_public_any_more_goes(folder: Path, few: None, publish: Publish) -> None:
    notice = publish()
    write(folder, TUESDAY_10)
    Broadcast.objects.filter(pk=notice.pk).update(state=State.SCHEDULED)
    done = write(folder, TUESDAY_10)
    assert done is not None and done.removed
    assert not (folder / f"a/{notice.code}").exists()


def test_the_towns_new_name_is_on_every_page(folder: Path, few: None, publish: Publish) -> None:
    notice = publish()
    write(folder, TUESDAY_10)
    TownProfile.objects.update(name="Comune di Vinci")
    write(folder, TUESDAY_10)
    for page in ("index.html", f"a/{notice.code}/index.html", "en/policy/index.html"):
        assert "Comune di Vinci" in (folder / page).read_text()


def test_what_there_was_no_time_for_comes_in_the_next_pass(folder: Path, few: None, publish: Publish) -> None:
    publish()
    done = write(folder, TUESDAY_10, seconds=-1)
    assert done is not None and done.left and not done.written
    done = write(folder, TUESDAY_10)
    assert done is not None and done.written and not done.left


def test_a_page_that_cannot_be_drawn_leaves_the_last_one(
    folder: Path, few: None, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    write(folder, TUESDAY_10)
    before = (folder / "index.html").read_bytes()
    publish(title="Nuovo")
    monkeypatch.setattr("broadcasts.public.live_notices", lambda *_a: 1 / 0)
    with pytest.raises(RuntimeError):
        write(folder, TUESDAY_10)
    assert (folder / "index.html").read_bytes() == before
    monkeypatch.undo()
    monkeypatch.setattr("whatsempoli.clock.now", lambda: TUESDAY_10)
    write(folder, TUESDAY_10)
    assert "Nuovo" in (folder / "index.html").read_text()


def test_two_at_once_is_one(folder: Path, few: None, publish: Publish) -> None:
    with written._alone(folder) as mine:
        assert mine
        assert write(folder, TUESDAY_10) is None
        with pytest.raises(CommandError):
            call_command("write_site", folder)


def test_somebody_elses_folder_is_left_alone(tmp_path: Path, publish: Publish) -> None:
    (tmp_path / "tesi.txt").write_text("mia")
    with pytest.raises(CommandError, match="holds other files"):
        call_command("write_site", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["tesi.txt"]


def test_the_demos_bar_is_in_no_file(folder: Path, few: None, publish: Publish, settings: Settings) -> None:
    settings.DEMO = True
    write(folder, TUESDAY_10)
    page = (folder / "index.html").read_text()
    assert "csrfmiddlewaretoken" not in page and "clockbar" not in page


def test_the_worker_writes_where_the_setting_says(
    folder: Path, few: None, publish: Publish, settings: Settings
) -> None:
    publish()
    tasks.write_site()
    settings.PUBLIC_DIR = str(folder)
    tasks.write_site()
    assert (folder / "index.html").exists()
