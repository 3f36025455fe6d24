"""The archive's search, and whether a message is the town's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection
from django.test import Client

from broadcasts.finding import Verdict, Wanted, matching, verify
from broadcasts.models import NOTICE_WORDS, Broadcast
from broadcasts.states import State
from policy.models import Category, TownProfile
from subscribers.models import Zone
from tests.conftest import TUESDAY_10

Publish = Callable[..., Broadcast]
DAY = timedelta(days=1)


def titles(found: Any) -> list[str]:
    return [b.title for b in found]


class TestMatching:
    def test_words_are_found_as_italian_bends_them(self, publish: Publish) -> None:
        publish(title="Chiusura di via Roma", fields={"text": "Le strade riaprono lunedì."})
        publish(title="Farmacie", fields={"text": "Il turno."})
        for words in ("strada", "CHIUSURE", "via roma", '"via Roma"', "riaprono le strade", "lunedì -turno"):
            assert titles(matching(Wanted(words=words))) == ["Chiusura di via Roma"], words
        assert titles(matching(Wanted(words="strada turno"))) == []  # every word has to be there
        assert titles(matching(Wanted(words="farmacia"))) == ["Farmacie"]

    @pytest.mark.parametrize("words", ["'", "a & | !", "\\", "((", "x" * 200, "\u0000"[:0] + "%_"])
    def test_odd_words_find_nothing_and_break_nothing(self, publish: Publish, words: str) -> None:
        publish()
        assert titles(matching(Wanted(words=words))) == []

    def test_the_index_serves_the_words(self, publish: Publish) -> None:
        """Alone, so that the planner has no other index to like better on a table of one row."""
        publish()
        vector = SearchVector(*NOTICE_WORDS, config="italian")
        words = Broadcast.objects.order_by().annotate(search=vector)
        words = words.filter(search=SearchQuery("lavori", config="italian"))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "broadcast_words" in words.explain()

    def test_topic_zone_and_days_together(self, publish: Publish) -> None:
        avane, ponzano = Zone.objects.get(slug="avane"), Zone.objects.get(slug="ponzano")
        publish(title="Avane", zones=[avane, ponzano], at=TUESDAY_10 - DAY)
        publish(title="Ponzano", zones=[ponzano], at=TUESDAY_10 - DAY)
        publish(title="Tutti", topic="viabilita", at=TUESDAY_10 - 2 * DAY)
        assert set(titles(matching(Wanted(zone=avane)))) == {"Avane", "Tutti"}
        assert titles(matching(Wanted(topic=Category.objects.get(slug="viabilita"), zone=avane))) == ["Tutti"]
        assert titles(matching(Wanted(since=date(2026, 11, 23), zone=avane))) == ["Avane"]
        assert titles(matching(Wanted(until=date(2026, 11, 22)))) == ["Tutti"]


class TestThePage:
    def test_a_search_is_a_link_that_keeps_itself_through_the_pages(
        self, client: Client, publish: Publish
    ) -> None:
        for number in range(25):
            publish(title=f"Lavori {number}")
        page = client.get("/avvisi/?parole=lavori&zona=avane").content.decode()
        assert "25 avvisi trovati" in page and 'href="?parole=lavori&amp;zona=avane&amp;pagina=2"' in page
        assert "Pagina 2 di 2" in client.get("/avvisi/?parole=lavori&pagina=2").content.decode()

    def test_what_is_wrong_is_said_beside_the_field(self, client: Client, town: TownProfile) -> None:
        page = client.get("/avvisi/?dal=2026-12-02&al=2026-12-01").content.decode()
        assert "Viene prima del giorno d&#x27;inizio." in page or "Viene prima del giorno d'inizio." in page
        assert 'id="error_1_id_al"' in page or "is-invalid" in page
        assert client.get("/avvisi/?dal=ieri").status_code == 200

    def test_a_zone_that_does_not_exist_is_said(self, client: Client, town: TownProfile) -> None:
        assert "is-invalid" in client.get("/avvisi/?zona=luna").content.decode()


@pytest.fixture
def sent(publish: Publish) -> Broadcast:
    return publish(title="Acqua chiusa in via Roma")


def phone_text(broadcast: Broadcast) -> str:
    return str(broadcast.rendered["it"]["phone_text"])


class TestVerify:
    def test_by_its_code_its_link_or_its_text(self, sent: Broadcast) -> None:
        link = f"http://127.0.0.1:8000/a/{sent.code}/"
        for asked in (sent.code, f" {sent.code.upper()} ", link, phone_text(sent)):
            found = verify(asked)
            assert (found.verdict, found.broadcast) == (Verdict.OURS, sent), asked

    def test_marks_case_and_blanks_do_not_matter(self, sent: Broadcast) -> None:
        copied = phone_text(sent).replace("*", "").replace("\n", "  ").upper()
        assert verify(copied).verdict is Verdict.OURS

    def test_a_true_link_in_a_false_text_is_not_ours(self, sent: Broadcast) -> None:
        forged = f"Il Comune avvisa: pagate 50 euro subito http://127.0.0.1:8000/a/{sent.code}/"
        assert verify(forged).verdict is Verdict.CHANGED
        added = phone_text(sent) + "\nPagate qui: https://truffa.example"
        assert verify(added).verdict is Verdict.CHANGED

    def test_one_word_changed_is_told(self, sent: Broadcast) -> None:
        text = phone_text(sent).replace(f"http://127.0.0.1:8000/a/{sent.code}/", "")
        assert verify(text.replace("via Roma", "via Pisa")).verdict is Verdict.CHANGED

    @pytest.mark.parametrize("asked", ["", "ciao", "aaaaaaaa", "Hai vinto un telefono", "\x00", "🙂" * 50])
    def test_anything_else_is_unknown(self, sent: Broadcast, asked: str) -> None:
        assert verify(asked).verdict is Verdict.UNKNOWN

    def test_what_has_not_left_is_unknown(self, publish: Publish) -> None:
        draft = publish(state=State.SCHEDULED)
        assert verify(draft.code).verdict is Verdict.UNKNOWN
        assert verify(phone_text(draft)).verdict is Verdict.UNKNOWN


class TestTheVerifyPage:
    def test_it_says_when_and_whether_it_still_holds(
        self, client: Client, publish: Publish, sent: Broadcast
    ) -> None:
        page = client.get(f"/verifica/?codice={sent.code}").content.decode()
        assert (
            "Sì, è nostro." in page and "martedì 24 novembre 2026 alle 9:00" in page and "Vale ancora" in page
        )
        publish(title="Tornata", kind="ending", refers_to=sent, at=TUESDAY_10)
        assert "non vale più" in client.get(f"/verifica/?codice={sent.code}").content.decode()

    def test_a_pasted_text_is_posted_without_a_cookie_and_kept_nowhere(
        self, client: Client, sent: Broadcast
    ) -> None:
        strict = Client(enforce_csrf_checks=True)
        answer = strict.post("/verifica/", {"testo": phone_text(sent) + " Pagate."})
        page = answer.content.decode()
        assert "non è il testo che abbiamo mandato" in page and "Acqua chiusa in via Roma" in page
        assert not answer.cookies and answer["Cache-Control"] == "no-store"

    def test_nothing_and_too_much_are_said_beside_the_field(self, client: Client, town: TownProfile) -> None:
        assert "incolla il messaggio" in client.post("/verifica/", {"testo": " "}).content.decode()
        assert "is-invalid" in client.post("/verifica/", {"testo": "x" * 6000}).content.decode()
        assert "Può essere falso" in client.post("/verifica/", {"testo": "Hai vinto!"}).content.decode()
