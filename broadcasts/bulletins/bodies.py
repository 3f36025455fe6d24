"""The wording of every template, Italian and English.

The first words name the town, so that nobody takes another town's message for theirs. Every body says
why one receives it: the provider classes a subscribed service's notice as utility by such words.
A changed word is a new version, since the provider approves wordings; a test compares them with
tests/broadcasts/template_words.json.
"""

from __future__ import annotations

from broadcasts.bulletins.templates import UTILITY_TTL, TemplateDefinition

LINK = "https://avvisi.comune.example/a/k7m2p9xq"
WHEN = "lunedì 30 novembre dalle 8:30 alle 16:30"
WHY_IT = "Ricevi questo avviso perché lo hai chiesto a [[servizio]]."
WHY_EN = "You receive this notice because you asked [[servizio]] for it."


def _utility(
    name: str,
    italian: str,
    english: str,
    examples: dict[str, str],
    *,
    version: int = 1,
    ttl_seconds: int = UTILITY_TTL,
) -> TemplateDefinition:
    """A utility template whose parameters are the examples' names, in the body's order."""
    return TemplateDefinition(
        name=name,
        version=version,
        category="UTILITY",
        parameters=tuple(examples),
        bodies={"it": italian, "en": english},
        examples=examples,
        ttl_seconds=ttl_seconds,
    )


ALERT = _utility(
    "avviso_allerta",
    "[[comune]] - Protezione civile: {{allerta}}.\n\nQuando: {{quando}}.\nDove: {{dove}}.\n"
    "Che cosa fare: {{indicazioni}}\nAggiornamenti: {{link}}\n\nPer le emergenze chiama il [[emergenze]].",
    "[[comune]] - Civil protection: {{allerta}}.\n\nWhen: {{quando}}.\nWhere: {{dove}}.\n"
    "What to do: {{indicazioni}}\nUpdates: {{link}}\n\nIn an emergency call [[emergenze]].",
    {
        "allerta": "allerta ARANCIONE per temporali forti",
        "quando": "dalle 13:00 di venerdì 27 novembre alle 8:00 di sabato 28",
        "dove": "zona di allerta A4 Valdarno Inferiore",
        "indicazioni": "Evitate sottopassi, argini e guadi.",
        "link": LINK,
    },
)

WATER = _utility(
    "avviso_acqua",
    "[[comune]] - Acqua: {{titolo}}.\n\nQuando: {{quando}}.\nDove: {{dove}}.\nDa sapere: {{dettagli}}\n"
    f"Aggiornamenti: {{{{link}}}}\n\n{WHY_IT}",
    "[[comune]] - Water: {{titolo}}.\n\nWhen: {{quando}}.\nWhere: {{dove}}.\nGood to know: {{dettagli}}\n"
    f"Updates: {{{{link}}}}\n\n{WHY_EN}",
    {
        "titolo": "Interruzione idrica in via di Barzino",
        "quando": WHEN,
        "dove": "via di Barzino (numeri pari dal 2 al 48)",
        "dettagli": "Lavori di Acque SpA. Guasti: 800 983 389.",
        "link": LINK,
    },
)

ROAD = _utility(
    "avviso_strade",
    "[[comune]] - Viabilità: {{titolo}}.\n\nQuando: {{quando}}.\nStrade: {{strade}}.\n"
    f"Da sapere: {{{{dettagli}}}}\nAggiornamenti: {{{{link}}}}\n\n{WHY_IT}",
    "[[comune]] - Roads: {{titolo}}.\n\nWhen: {{quando}}.\nStreets: {{strade}}.\n"
    f"Good to know: {{{{dettagli}}}}\nUpdates: {{{{link}}}}\n\n{WHY_EN}",
    {
        "titolo": "Strade chiuse allo stadio",
        "quando": "sabato 28 novembre dalle 10:00 alle 19:30",
        "strade": "viale delle Olimpiadi, via della Maratona",
        "dettagli": "Divieto di sosta con rimozione dalle 10.",
        "link": LINK,
    },
)

PHARMACY_WEEK = _utility(
    "avviso_farmacie",
    "[[comune]] - Farmacie di turno {{settimana}}.\n\nTurni: {{turni}}.\nDi notte: {{notte}}.\n"
    "Tutti i turni: {{link}}\n\nScrivi FARMACIA per sapere quella di oggi. Ricevi i turni perché li hai "
    "chiesti a [[servizio]].",
    "[[comune]] - Pharmacies on duty {{settimana}}.\n\nRota: {{turni}}.\nAt night: {{notte}}.\n"
    "Whole rota: {{link}}\n\nWrite PHARMACY to know today's. You receive the rota because you asked "
    "[[servizio]] for it.",
    {
        "settimana": "da sabato 28 novembre a venerdì 4 dicembre",
        "turni": "sabato 28 Farmacia Comunale 1; domenica 29 Farmacia Castellani",
        "notte": "dalle 20 alle 8 a battenti chiusi, con ricetta urgente",
        "link": LINK,
    },
)

SCHOOL = _utility(
    "avviso_scuole",
    "[[comune]] - Scuole: {{titolo}}.\n\nQuando: {{quando}}.\nScuole interessate: {{scuole}}.\n"
    f"Da sapere: {{{{dettagli}}}}\nAggiornamenti: {{{{link}}}}\n\n{WHY_IT}",
    "[[comune]] - Schools: {{titolo}}.\n\nWhen: {{quando}}.\nSchools concerned: {{scuole}}.\n"
    f"Good to know: {{{{dettagli}}}}\nUpdates: {{{{link}}}}\n\n{WHY_EN}",
    {
        "titolo": "Scuole chiuse venerdì 27 novembre",
        "quando": "venerdì 27 novembre",
        "scuole": "tutte le scuole di ogni ordine e grado",
        "dettagli": "Motivo: allerta arancione. Ordinanza n. 405/2026.",
        "link": LINK,
    },
)

DEADLINE = _utility(
    "avviso_scadenza",
    "[[comune]] - Scadenza: {{titolo}}.\n\nUltimo giorno: {{quando}}.\nDa sapere: {{dettagli}}\n"
    f"Altre informazioni: {{{{link}}}}\n\n{WHY_IT}",
    "[[comune]] - Deadline: {{titolo}}.\n\nLast day: {{quando}}.\nGood to know: {{dettagli}}\n"
    f"More information: {{{{link}}}}\n\n{WHY_EN}",
    {
        "titolo": "IMU, il saldo",
        "quando": "mercoledì 16 dicembre",
        "dettagli": "Aliquote e calcolo sul sito del Comune. Ufficio tributi.",
        "link": LINK,
    },
)

EVENT = TemplateDefinition(
    name="avviso_evento",
    version=1,
    category="MARKETING",
    parameters=("titolo", "quando", "luogo", "dettagli", "link"),
    bodies={
        "it": "[[comune]] - Eventi: {{titolo}}.\n\nQuando: {{quando}}.\nDove: {{luogo}}.\n"
        f"In breve: {{{{dettagli}}}}\nIl programma: {{{{link}}}}\n\n{WHY_IT}",
        "en": "[[comune]] - Events: {{titolo}}.\n\nWhen: {{quando}}.\nWhere: {{luogo}}.\n"
        f"In short: {{{{dettagli}}}}\nProgramme: {{{{link}}}}\n\n{WHY_EN}",
    },
    examples={
        "titolo": "Luci di Natale",
        "quando": "sabato 5 dicembre dalle 17:00 alle 19:00",
        "luogo": "piazza della Vittoria",
        "dettagli": "Si accendono le luci, con il coro dei bambini.",
        "link": LINK,
    },
    ttl_seconds=None,
)

NOTICE = _utility(
    "avviso_comune",
    "[[comune]] - Avviso: {{titolo}}.\n\nDa sapere: {{testo}}\nTutti i dettagli: {{link}}\n\n"
    "Ricevi questo avviso perché segui «{{argomento}}» su [[servizio]].",
    "[[comune]] - Notice: {{titolo}}.\n\nGood to know: {{testo}}\nAll the details: {{link}}\n\n"
    'You receive this notice because you follow "{{argomento}}" on [[servizio]].',
    {
        "titolo": "Esercitazione di protezione civile sabato mattina",
        "testo": "Sabato 12 dicembre dalle 9 alle 12:30 prova di evacuazione con volontari e sirene.",
        "link": LINK,
        "argomento": "Protezione civile",
    },
)

CORRECTION = _utility(
    "avviso_rettifica",
    "[[comune]] - RETTIFICA al messaggio {{originale}}.\n\nL'informazione giusta: {{testo}}\n"
    "Tutti i dettagli: {{link}}\n\nRicevi questa rettifica perché avevi ricevuto il primo messaggio.",
    "[[comune]] - CORRECTION to our message {{originale}}.\n\nThe right information: {{testo}}\n"
    "All the details: {{link}}\n\nYou receive this correction because you got the first message.",
    {
        "originale": "del 1° dicembre «Mercato straordinario»",
        "testo": "Il mercato è sabato 5 dicembre, non domenica 6.",
        "link": LINK,
    },
)

UPDATE = _utility(
    "avviso_aggiornamento",
    "[[comune]] - AGGIORNAMENTO del messaggio {{originale}}.\n\nChe cosa cambia: {{testo}}\n"
    "Vale: {{quando}}.\nTutti i dettagli: {{link}}\n\n"
    "Ricevi questo aggiornamento perché avevi ricevuto il primo messaggio.",
    "[[comune]] - UPDATE to our message {{originale}}.\n\nWhat changes: {{testo}}\n"
    "Valid: {{quando}}.\nAll the details: {{link}}\n\n"
    "You receive this update because you got the first message.",
    {
        "originale": "del 26 novembre «Allerta arancione per rischio idraulico»",
        "testo": "L'allerta è prolungata.",
        "quando": "dalle 8:00 alle 14:00 di sabato 28 novembre",
        "link": LINK,
    },
)

ENDING = _utility(
    "avviso_cessato",
    "[[comune]] - CESSATO: si chiude l'avviso {{originale}}.\n\nLa situazione adesso: {{testo}}\n"
    "Tutti i dettagli: {{link}}\n\nRicevi questo messaggio perché avevi ricevuto il primo avviso.",
    "[[comune]] - OVER: this closes our message {{originale}}.\n\nThe situation now: {{testo}}\n"
    "All the details: {{link}}\n\nYou receive this message because you got the first one.",
    {
        "originale": "del 10 dicembre «Disinnesco ordigno bellico»",
        "testo": "L'ordigno è stato rimosso, si può rientrare.",
        "link": LINK,
    },
)

EXERCISE = _utility(
    "avviso_esercitazione",
    "[[comune]] - ESERCITAZIONE, non è un'emergenza reale.\n\nProva: {{titolo}}.\nQuando: {{quando}}.\n"
    "Che cosa provare: {{testo}}\nTutti i dettagli: {{link}}\n\n"
    "Questa è una ESERCITAZIONE: non succede nulla di reale. ESERCITAZIONE",
    "[[comune]] - EXERCISE (ESERCITAZIONE), this is not a real emergency.\n\nDrill: {{titolo}}.\n"
    "When: {{quando}}.\nWhat to try: {{testo}}\nAll the details: {{link}}\n\n"
    "This is an EXERCISE: nothing real is happening. ESERCITAZIONE",
    {
        "titolo": "prova di evacuazione ad Avane",
        "quando": "sabato 12 dicembre dalle 9:00 alle 12:30",
        "testo": "Raggiungete il punto di raccolta indicato dai volontari.",
        "link": LINK,
    },
    ttl_seconds=7_200,  # a drill that arrives later than that is only a fright
)

# The spares of an emergency: other words for the same values, approved beforehand, so that the message can
# leave when the provider pauses or re-classes the first. Never used while the first one may be.

ALERT_SPARE = _utility(
    "avviso_allerta_riserva",
    "[[comune]], Protezione civile. Comunicazione di emergenza alla popolazione.\n\n"
    "Situazione: {{allerta}}.\nPeriodo: {{quando}}.\nZona interessata: {{dove}}.\n\n"
    "Comportamenti da tenere: {{indicazioni}}\n"
    "Pagina con gli aggiornamenti: {{link}}\n\nIn caso di pericolo chiama il [[emergenze]].",
    "[[comune]], Civil protection. Emergency notice to residents.\n\nSituation: {{allerta}}.\n"
    "Period: {{quando}}.\nArea concerned: {{dove}}.\n\nHow to act: {{indicazioni}}\n"
    "Page with updates: {{link}}\n\nIf you are in danger call [[emergenze]].",
    ALERT.examples,
)

CORRECTION_SPARE = _utility(
    "avviso_rettifica_riserva",
    "[[comune]], correzione di una comunicazione. Il messaggio {{originale}} conteneva un errore.\n\n"
    "È giusto così: {{testo}}\nLeggi tutto qui: {{link}}\n\n"
    "Questa correzione va a chi aveva avuto il primo messaggio.",
    "[[comune]], correction of a notice. Our message {{originale}} had a mistake.\n\n"
    "This is right: {{testo}}\nRead all of it here: {{link}}\n\n"
    "This correction goes to whoever had the first message.",
    CORRECTION.examples,
)

UPDATE_SPARE = _utility(
    "avviso_aggiornamento_riserva",
    "[[comune]], novità sul messaggio {{originale}}.\n\nAdesso: {{testo}}\nPeriodo: {{quando}}.\n"
    "Leggi tutto qui: {{link}}\n\nQuesta novità va a chi aveva avuto il primo messaggio.",
    "[[comune]], news about our message {{originale}}.\n\nNow: {{testo}}\nPeriod: {{quando}}.\n"
    "Read all of it here: {{link}}\n\nThis goes to whoever had the first message.",
    UPDATE.examples,
)

ENDING_SPARE = _utility(
    "avviso_cessato_riserva",
    "[[comune]], fine dell'emergenza. Non vale più il messaggio {{originale}}.\n\n"
    "Che cosa si può fare adesso: {{testo}}\nLeggi tutto qui: {{link}}\n\n"
    "Questa comunicazione va a chi aveva avuto il primo messaggio.",
    "[[comune]], end of the emergency. Our message {{originale}} no longer holds.\n\n"
    "What you can do now: {{testo}}\nRead all of it here: {{link}}\n\n"
    "This goes to whoever had the first message.",
    ENDING.examples,
)
