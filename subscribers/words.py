"""The words of the commands: what citizens write, in Italian and in English.

Data for `subscribers.commands`, all lower case and without accents. A *core* is a whole command written
without spaces and without the small words around it: «attiva l'iscrizione» is `attivaiscrizione`.
"""

from __future__ import annotations

from itertools import product


def _every(*parts: str) -> frozenset[str]:
    """Every way to take one word of each part; in a part, words are split by spaces and `-` is none.
    With a single part, the set of its words."""
    choices = [[word.replace("-", "") for word in part.split()] for part in parts]
    return frozenset("".join(combination) for combination in product(*choices))


COURTESIES = tuple(
    tuple(phrase.split())
    for phrase in (
        "grazie mille",
        "grazie tante",
        "grazie infinite",
        "mille grazie",
        "grazie in anticipo",
        "grazie",
        "ringrazio",
        "vi ringrazio",
        "per favore",
        "perfavore",
        "per piacere",
        "per cortesia",
        "cortesemente",
        "gentilmente",
        "cordiali saluti",
        "distinti saluti",
        "un saluto",
        "saluti",
        "arrivederci",
        "buongiorno a tutti",
        "buongiorno",
        "buon giorno",
        "buonasera",
        "buona sera",
        "buonanotte",
        "buona notte",
        "buon pomeriggio",
        "buona giornata",
        "buona serata",
        "buondi",
        "salve",
        "ciao",
        "scusate",
        "scusi",
        "prego",
        "gentile comune",
        "spettabile comune",
        "ok",
        "okay",
        "hello",
        "hi",
        "good morning",
        "good evening",
        "good afternoon",
        "dear sirs",
        "please",
        "thank you very much",
        "thank you",
        "thanks",
        "many thanks",
        "best regards",
        "kind regards",
        "regards",
        # what a dictation writes out
        "punto esclamativo",
        "punto interrogativo",
        "punto e virgola",
        "due punti",
        "punto",
        "virgola",
        "a capo",
    )
)

# Small words that carry no will of their own. None of them may turn a command round.
FILLERS = _every(
    "l la il lo le i gli un una mia mio miei mie vostra vostro vostri vostre questa questo questi queste"
    " sempre definitivamente completamente"
    " da dal dallo dalla dai dagli dalle di del dello della dei degli delle a al allo alla ai agli alle in"
    " per voi subito ora adesso pure quindi ancora tutti tutte"
    " the my your this these all from to of for now on"
)

_OBJECTS = "iscrizione iscrizioni servizio messaggi messaggio avvisi notifiche comunicazioni"
_LISTS = "lista elenco rubrica gruppo canale servizio messaggi avvisi notifiche iscritti numeri whatsapp"

# Written on purpose or not at all: «riattiva» is two slips from «disattiva», so it is never guessed.
START_EXACT_ONLY = (
    _every("riattiva riattivare riattivo riattivate riattivami riattivatemi", f"- {_OBJECTS}")
    | _every("reiscrivimi reiscrivetemi", f"- {_LISTS}")
    | frozenset({"resubscribe", "resubscribeme"})
)
START_IT = (
    _every("attiva attivami attivatemi attivazione", f"- {_OBJECTS}")
    | _every("attivare attivo attivate abilita", _OBJECTS)
    | _every("iscrivimi iscrivetemi miiscrivo", f"- {_LISTS}")
    | _every("iscrizione servizio", "on si")
    | _every("voglioiscrizione confermoiscrizione confermaiscrizione")
)
START_EN = (
    _every("subscribe subscribeme signmeup start join", "- messages service")
    | _every("activate", "- subscription messages service")
    | frozenset({"optin", "startsubscription"})
)
STOP_IT = (
    _every("stop basta disattiva disattivate disattivami disattivatemi", f"- {_OBJECTS} tutto")
    | _every("disattivare disattivarmi disattivo disattivazione disabilita", f"- {_OBJECTS}")
    | _every("basta", "cosi")
    | _every("annulla annullare annullo annullate annullamento", "- iscrizione iscrizioni servizio")
    | _every("cancella", "- iscrizione iscrizioni servizio numero")
    | _every(
        "cancellate cancellare cancello cancellazione elimina eliminate rimuovi rimuovete togli togliete"
        " disdici disdire disdico revoca revoco revocare interrompi interrompete termina",
        "iscrizione iscrizioni servizio numero",
    )
    | _every("revoca revoco revocare", "consenso adesione")
    | _every("interrompi interrompete stoppa stoppate", "messaggi avvisi notifiche")
    | _every(
        "cancellami cancellatemi cancellarmi micancello toglimi toglietemi togliermi levami levatemi"
        " rimuovimi rimuovetemi rimuovermi eliminami eliminatemi",
        f"- {_LISTS} iscrizione",
    )
    | _every(
        "disiscrivimi disiscrivetemi disiscrivermi disiscrivi disiscrivo disiscrivere midisiscrivo"
        " desiscrivimi desiscrivetemi disiscrizione disinscrivimi",
        f"- {_LISTS}",
    )
    | _every("iscrizione servizio messaggi", "off no stop")
    | _every(
        "nonvoglio nonvogliopiu nonvogliamopiu nondesidero nondesideropiu",
        "- ricevere riceverne",
        "messaggi messaggio avvisi notifiche comunicazioni niente nulla",
    )
    | _every("nonvogliopiu nondesideropiu", "ricevere riceverli riceverne")
    | _every(
        "nonmandatemi nonmandarmi nonmimandate noninviatemi nonmiinviate nonmandate noninviate",
        "piu",
        "- messaggi messaggio avvisi notifiche comunicazioni niente nulla",
    )
    | _every("nonscrivetemi nonscrivermi nonmiscrivete", "piu", "- messaggi niente nulla")
)
STOP_EN = (
    _every("unsubscribe unsubscribeme removeme deleteme", "- list service messages")
    | _every("deactivate disactivate", "- subscription messages service")
) | _every(
    "stopall stopmessages stopsubscription stopservice stopit stopsendingmessages optout optmeout quit"
    " cancel cancelsubscription endsubscription nomoremessages stopmessagingme"
)
SAYS_STOP_IN_BOTH = frozenset({"stop"})

INFO_IT = _every(
    "info informazioni informazione aiuto aiutami aiutatemi menu comandi istruzioni comefunziona"
    " comefunzionaservizio cosapossoscrivere cosapossofare opzioni"
)
INFO_EN = _every("help information commands options howitworks howdoesitwork whatcanido")
CHOOSE_IT = (
    _every(
        "scegli scegliere scelgo cambia cambiare modifica", "argomenti argomento preferenze temi zona zone"
    )
    | _every("scegli scegliere scelgo scelta scelte argomenti argomento preferenze")
    | _every("vogliosceglier vorreiscegliere vogliocambiareargomenti")
)
CHOOSE_EN = _every("choose change", "topics preferences") | frozenset({"choose", "topics", "preferences"})
MY_DATA_IT = _every(
    "imieidati imieidatipersonali mieidati mieidatipersonali dati datipersonali privacy"
    " qualidatiavete chedatiavete"
)
MY_DATA_EN = frozenset({"mydata", "mypersonaldata", "personaldata", "data"})
WHY_IT = _every(
    "perche xche xke perke perchemessaggio perchericevomessaggio perchericevomessaggi"
    " perchemiscrivete perchemimandate perchemimandatemessaggi perchemiarriva perchemiarrivamessaggio"
    " perchemiarrivano perchemiarrivanomessaggi"
)
WHY_EN = frozenset(
    {"why", "whyme", "whyamigettingthis", "whydoireceive", "whydoigetthis", "whyamireceivingthis"}
)

YES = frozenset({"si", "on", "yes"})
NO = frozenset({"no", "off"})
MARKETING = {
    "it": ("promozioni", "promozione", "promo", "offerte", "pubblicita", "marketing"),
    "en": ("promotions", "promotion", "offers", "ads", "advertising"),
}

# Slips of «stop» that are no word of their own: it is too short to be guessed by distance.
STOP_SLIPS = frozenset({"stopp", "sttop", "sstop", "stoop", "stpo", "sotp", "tsop", "stopo", "stoppp"})

# One slip away from «stop» or «basta», and words in their own right: not even a near miss.
STOP_LOOKALIKES = _every(
    "sto step shop top spot stoa asta pasta vasta casta gasta batta tasta busta basto baste basti basa bastai"
)

# One slip away from a command, and words in their own right.
OTHER_WORDS = _every(
    "scrivimi scrivetemi riscrivimi riscrivetemi iscriviti iscrivermi iscriversi iscriverti iscriverci"
    " cancellati cancellata cancellato cancelli cancello inattiva cattiva"
)

# What may stand beside a topic when somebody asks about it.
ASK_WORDS = _every(
    "info informazioni notizie news novita avvisi avviso situazione stato aggiornamenti ultime oggi stasera"
    " stanotte domani notte sera turno orari orario aperta aperte e c ci sono qual quale quali che chi dove"
    " quando cosa meteo codice update today tonight tomorrow open duty which what where is are there"
)
# These make a question of a statement only if it is asked as one.
ASK_IF_QUESTION = _every("chiusa chiuse chiuso chiusi closed")
JOINERS = frozenset({"e", "ed", "o", "and", "or", "anche"})

# A wish that is not a command: only sentences made wholly of these words, and of topics, are near misses.
WISH_IT = _every(
    "vorrei voglio volevo desidero desidererei posso potrei possibile potete potreste puo si e come faccio"
    " fare fa fanno devo bisogna mi ci piacerebbe interessa interesserebbe interessato interessata sono"
    " essere sapere far favore che se anche io noi solo piu non no niente ne ricevere riceverli ricevervi"
    " cosa"
)
WISH_EN = _every(
    "i would d like want wish can could how do does don t not no more longer be am interested is it possible"
    " me us receive receiving get"
)
JOIN_FORMS = _every(
    "iscrivermi iscriversi iscrivere iscrivimi iscrivetemi iscrivo iscriverci attivare attiva attivo"
    " attivarmi"
    " attivarla attivarlo riattivare riattiva riattivarmi aderire partecipare ricevere riceverli"
    " subscribe join receive receiving activate"
)
LEAVE_FORMS = _every(
    "disiscrivermi disiscriversi disiscrivere disiscrivimi disiscrivo disattivare disattiva disattivarmi"
    " disattivarla disattivarlo cancellare cancellarmi cancellarsi cancella cancellami cancellatemi"
    " cancellato cancellata cancellazione annullare annulla"
    " rimuovere rimuovermi rimosso rimossa togliere togliermi toglietemi tolto tolta eliminare eliminarmi"
    " uscire smettere smettete smettetela revocare revoco interrompere basta stop disiscritto disiscritta"
    " unsubscribe stop leave quit cancel removed"
)
NEAR_OBJECTS = _every(
    "iscrizione iscrizioni servizio messaggi messaggio avvisi avviso notifiche comunicazioni lista elenco"
    " whatsapp numero tutto tutti subscription messages service list mandarmi mandare inviarmi"
    " inviare scrivermi"
)
NEGATIONS = frozenset({"non", "no", "niente", "mai", "senza", "not", "t", "longer", "off"})
# A guess is never made around a word that may turn the sentence round.
TURNING = NEGATIONS | YES | NO | frozenset({"piu", "ma", "se", "come", "quando", "perche", "dis", "un", "de"})

# «Sono Maria Rossi, …»: who introduces themselves, before at most two words of a name.
INTRODUCTIONS = (("mi", "chiamo"), ("sono",))
