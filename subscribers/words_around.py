"""The words that may stand around a command, a topic or a wish, in Italian and in English.

Data for `subscribers.commands`, all lower case and without accents.
"""

from __future__ import annotations

from itertools import product


def every(*parts: str) -> frozenset[str]:
    """Every way to take one word of each part; in a part, words are split by spaces and `-` is none.
    With a single part, the set of its words."""
    choices = [[word.replace("-", "") for word in part.split()] for part in parts]
    return frozenset("".join(combination) for combination in product(*choices))


def _phrases(lines: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for phrase in lines.strip().split("\n"))


COURTESIES = _phrases(
    """
grazie mille
grazie tante
grazie infinite
grazie ancora
mille grazie
tante grazie
molte grazie
grazie in anticipo
anticipatamente grazie
grazie
ringrazio
la ringrazio
vi ringrazio
ti ringrazio
ringraziando
per favore
perfavore
x favore
per piacere
per cortesia
se possibile
cortesemente
gentilmente
cordiali saluti
distinti saluti
cordialmente
cordialita
un saluto
un cordiale saluto
saluti
arrivederci
arrivederla
a presto
buongiorno a tutti
buonasera a tutti
salve a tutti
ciao a tutti
buongiorno
buon giorno
buongiorno gentilissimi
bongiorno
buonasera
buona sera
bonasera
buonanotte
buona notte
buon pomeriggio
buona giornata
buona serata
buona domenica
buon lavoro
buondi
salve
ciao
scusate
scusi
scusa
scusate il disturbo
prego
vi prego di
vi prego
la prego di
vi chiedo di
vi chiedo cortesemente di
chiedo di
chiedo gentilmente di
chiedo cortesemente di
si prega di
gentile comune
spettabile comune
spett le comune
egregi signori
gentili signori
gentilissimi
egregio sindaco
ok
okay
hello
hi
hey
good morning
good evening
good afternoon
dear sirs
dear all
please
thank you very much
thank you so much
thank you
thanks a lot
thanks
thank u
thx
many thanks
best regards
kind regards
regards
cheers
punto esclamativo
punto interrogativo
punto e virgola
due punti
punto
virgola
a capo
nuova riga
nuovo paragrafo
virgolette
aperte virgolette
chiuse virgolette
apri virgolette
chiudi virgolette
tra virgolette
invia messaggio
invia
invio
inviare
"""
)

# «Grazie per l'allerta» thanks for something: it asks for nothing.
THANKS = frozenset({"grazie", "thanks", "ringrazio"})
THANKED_FOR = every("per di del dello dell della dei degli delle della dal for")

# Small words that carry no will of their own. None of them may turn a command round.
FILLERS = every(
    "l la il lo le i gli un una mia mio miei mie vostra vostro vostri vostre questa questo questi queste"
    " codesto codesta codesti sempre definitivamente completamente definitivo definitiva totale"
    " da dal dallo dalla dai dagli dalle di del dello della dei degli delle a al allo alla ai agli alle in"
    " dell dall all nell sul sulla su"
    " per voi subito ora adesso pure quindi ancora tutti tutte immediatamente"
    " an the my your this these all from to of for now on whatsapp"
)

# What may stand beside a topic when somebody asks about it.
ASK_WORDS = every(
    "info informazioni notizie notizia news novita avvisi avviso situazione stato aggiornamenti"
    " aggiornamento ultime ultimi oggi stasera stamattina stamani pomeriggio weekend"
    " stanotte domani dopodomani notte notturna notturno notturne sera turno orari orario aperta aperte"
    " aperto aperti e c ci sono qual quale quali che chi dove dov"
    " quando cosa meteo codice prossima prossime prossimo prossimi attuale attuali corso vigore"
    " guardia servizio vicina domenica lunedi martedi mercoledi giovedi venerdi sabato festivo festivi"
    " festiva settimana mese fine x trovo trovare ce cera manca mancanza torna tornera ritorna riprende"
    " arriva potabile meteorologica arancione arancio gialla giallo rossa rosso verde livello colore"
    " telefono indirizzo numero calendario elenco lista programma"
    " update updates today tonight tomorrow open opened duty which what where when is are there any now"
    " next upcoming week weekend latest status closures nearest address phone hours"
) | every("sapere sapete dirmi dire dite dimmi ditemi mi sai potete puoi conoscere tell me know do you can")
# «Vorrei sapere …» asks, «vorrei …» wishes.
ASK_OPENERS = _phrases(
    """
vorrei sapere
volevo sapere
voglio sapere
vorrei conoscere
posso sapere
si puo sapere
i would like to know
i want to know
"""
)
# These ask where nothing is said to be so («scuole chiuse»), or if it is asked («le scuole sono chiuse?»).
ASK_IF_QUESTION = every("chiusa chiuse chiuso chiusi closed interrotte interrotta bloccate bloccata")
SAID_TO_BE = frozenset({"e", "sono", "era", "erano", "is", "are", "was", "were"})
JOINERS = frozenset({"e", "ed", "o", "and", "or", "anche"})

# A wish that is not a command: only sentences made wholly of these words, and of topics, are near misses.
WISH_IT = every(
    "vorrei vorremmo voglio volevo volevamo desidero desidererei posso potrei possibile potete potreste puo"
    " puoi si e come faccio fare fa fanno devo bisogna mi ci piacerebbe interessa interessano"
    " interesserebbe interessato interessata interessati sono"
    " essere sapere far parte favore che se anche io noi solo solamente soltanto piu non no niente ne"
    " ricevere riceverli ricevervi riceverne cosa prego gradirei avrei intenzione"
)
WISH_EN = every(
    "i would d like want wish can could how do does don t not no more longer be am interested is it possible"
    " me us receive receiving get you we please"
)
JOIN_FORMS = every(
    "iscrivermi iscriversi iscrivere iscrivimi iscrivetemi iscrivo iscriverci iscrive iscrivete iscrivono"
    " iscriviti attivare attiva attivo attivarmi attivarla attivarlo riattivare riattiva riattivarmi aderire"
    " aderisco partecipare ricevere riceverli accetto aggiungetemi aggiungimi inseritemi inseriscimi"
    " registrarmi registrami registrazione abbonarmi"
    " subscribe join receive receiving activate subscribed register"
)
LEAVE_FORMS = every(
    "disiscrivermi disiscriversi disiscrivere disiscrivimi disiscrivo disattivare disattiva disattivarmi"
    " disattivarla disattivarlo disattivate cancellare cancellarmi cancellarsi cancella cancellami"
    " cancellatemi cancellate cancello cancellato cancellata cancellazione annullare annulla"
    " rimuovere rimuovermi rimosso rimossa togliere togliermi toglietemi togliete tolto tolta eliminare"
    " eliminarmi eliminato eliminata uscire esco esci smettere smettete smettetela smetterla revocare revoco"
    " interrompere basta stop disiscritto disiscritta unsubscribe stop leave quit cancel removed unsubscribed"
)
NEAR_OBJECTS = every(
    "iscrizione iscrizioni servizio messaggi messaggio avvisi avviso notifiche comunicazioni lista elenco"
    " whatsapp numero tutto tutti subscription messages service list mandarmi mandare inviarmi gruppo"
    " inviare scrivermi informato informata"
)
NEGATIONS = frozenset({"non", "no", "niente", "mai", "senza", "not", "t", "longer", "off"})
# A guess is never made around a word that may turn the sentence round.
TURNING = NEGATIONS | frozenset(
    {"si", "on", "yes", "piu", "ma", "se", "come", "quando", "perche", "dis", "un", "de"}
)

# Whole sentences that are near to joining or leaving though no word of them says so.
NEAR_JOIN = every(
    "miinteressa sonointeressato sonointeressata accetto iscrivici iscriveteci"
    " tenetemiinformato tenetemiinformata voglioessereinformato voglioessereinformata"
)
NEAR_LEAVE = every(
    "lasciatemiinpace lasciatemipace lasciatemistare smettetela smettete smettila nonmiinteressa"
    " nonmiinteressapiu nonsonointeressato nonsonointeressata noninteressa noninteressato sparite"
    " leavemealone notinterested nothanksstop"
)

# Matters of other offices that one enrols in, or cancels: nothing near us.
OTHER_MATTERS = every(
    "nido asilo mensa palestra piscina scuolabus corso corsi biblioteca anagrafe tari imu multa multe"
    " appuntamento prenotazione visita figlio figlia figli nonna nonno mamma babbo padre madre marito moglie"
    " bambino bambina bambini cane campo centro centri estivi estivo elenchi albo esame concorso carta"
    " identita passaporto contratto utenza luce gas cantiere lampione semaforo"
)

# «Sono Maria Rossi, …»: who introduces themselves, before at most two words of a name.
INTRODUCTIONS = _phrases(
    """
mi chiamo
io sono
sono
il mio nome e
my name is
i am
"""
)
