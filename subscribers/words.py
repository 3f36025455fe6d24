"""The words of the commands: what citizens write, in Italian and in English.

Data for `subscribers.commands`, all lower case and without accents. A *core* is a whole command written
without spaces and without the small words around it: «attiva l'iscrizione» is `attivaiscrizione`. What may
stand around a command is in `subscribers.words_around`.
"""

from __future__ import annotations

from subscribers.words_around import every

_OBJECTS = (
    "iscrizione iscrizioni servizio messaggi messaggio avvisi notifiche comunicazioni sottoscrizione"
    " iscrizioneservizio iscrizionemessaggi iscrizioneavvisi iscrizionenotifiche"
)
_LISTS = (
    "lista elenco rubrica gruppo canale servizio messaggi avvisi notifiche iscritti numeri tutto"
    " listadistribuzione chat"
)
_THINGS = "messaggi messaggio avvisi notifiche comunicazioni niente nulla"
_NOT = "non un nun"  # «'un voglio più messaggi», «nun me mandate»: Tuscan, and further south

# Written on purpose or not at all: «riattiva» is two slips from «disattiva», so it is never guessed.
START_EXACT_ONLY = (
    every("riattiva riattivare riattivo riattivate riattivami riattivatemi riattivazione", f"- {_OBJECTS}")
    | every("reiscrivimi reiscrivetemi", f"- {_LISTS}")
    | frozenset({"resubscribe", "resubscribeme"})
)
START_IT = (
    every("attiva attivami attivatemi attivazione", f"- {_OBJECTS}")
    | every("attivare attivo attivate abilita", _OBJECTS)
    | every("iscrivimi iscrivetemi miiscrivo", f"- {_LISTS}")
    | every("iscrizione servizio", "on si")
    | every("iscrizione aderisco adesione", "- servizio")
    | every("voglioiscrizione confermoiscrizione confermaiscrizione richiestaiscrizione richiedoiscrizione")
)
# A question about them is no joining: «iscrizione?», «attivo?».
START_UNLESS_ASKED = every("iscrizione adesione attivazione attiva attivo", "- servizio")
START_EN = (
    every("subscribe subscribeme signmeup signup start join enroll enrol enrollme", "- messages service")
    | every("activate", "- subscription messages service")
    | frozenset({"optin", "optmein", "startsubscription", "startmessages"})
)
STOP_IT = (
    (
        every("stop basta disattiva disattivate disattivami disattivatemi", f"- {_OBJECTS} tutto abbonamento")
        - {"bastamessaggio"}  # «basta un messaggio»: one is enough
    )
    | every("disattivare disattivarmi disattivo disattivazione disabilita", f"- {_OBJECTS}")
    | every("basta", "cosi")
    | every("bastacon", "messaggi avvisi notifiche comunicazioni servizio")
    | frozenset({"stopbasta", "bastastop", "vogliostop"})
    | every("annulla annullare annullo annullate annullamento", "- iscrizione iscrizioni servizio")
    | every("annulla disdici disdico interrompi", "abbonamento sottoscrizione")
    | every("cancella cancellazione", "- iscrizione iscrizioni servizio numero")
    | every(
        "cancellate cancellare cancello elimina eliminate rimuovi rimuovete togli togliete"
        " disdici disdire disdico disdetta revoca revoco revocare interrompi interrompete termina sospendi"
        " sospendete chiudi chiudete",
        "iscrizione iscrizioni servizio",
    )
    | every(
        "cancella cancellate cancellare elimina eliminate rimuovi rimuovete togli togliete",
        "numero",
        "- lista elenco rubrica servizio telefono telefonolista",
    )
    | every("revoca revoco revocare ritiro ritira", "consenso adesione")
    | frozenset({"revoca", "revoco"})
    | every(
        "chiedo richiedo richiesta voglio",
        "cancellazione disiscrizione disattivazione",
        "- iscrizione iscrizioneservizio servizio numero",
    )
    | every("interrompi interrompete stoppa stoppate sospendi sospendete", "messaggi avvisi notifiche")
    | every(
        "cancellami cancellatemi cancellarmi micancello toglimi toglietemi togliermi levami levatemi"
        " rimuovimi rimuovetemi rimuovermi eliminami eliminatemi",
        f"- {_LISTS} iscrizione",
    )
    | every(
        "disiscrivimi disiscrivetemi disiscrivermi disiscrivi disiscrivo disiscrivere midisiscrivo"
        " desiscrivimi desiscrivetemi disiscrizione disinscrivimi",
        f"- {_LISTS}",
    )
    | every("iscrizione servizio messaggi", "off no stop")
    | every(
        _NOT,
        "voglio vogliopiu vogliamopiu desidero desideropiu vogliocchiu",
        "- ricevere riceverne",
        _THINGS,
    )
    | every(_NOT, "vogliopiu vogliamopiu desideropiu", "ricevere riceverli riceverne")
    | every(_NOT, "voglio desidero vogliamo", "- ricevere", "piu", f"{_THINGS} vostrimessaggi")
    | every(
        _NOT,
        "mandatemi mandarmi mandatemene mimandate memandate mandate inviatemi miinviate inviate",
        "piu",
        f"- {_THINGS}",
    )
    | every(
        _NOT,
        "scrivetemi scrivermi miscrivete mescrivete contattatemi micontattate",
        "piu",
        "- messaggi niente nulla",
    )
    | every("niente", "piu", "messaggi avvisi notifiche")
)
STOP_EN = (
    every("unsubscribe unsubscribeme removeme deleteme takemeoff", "- list service messages")
    | every("deactivate disactivate", "- subscription messages service")
    | every(
        "stopall stopmessages stopsubscription stopservice stopit stopsendingmessages stopsendingmemessages"
        " stopsendingme stoptextingme stopwritingme stopmessagingme stopcontactingme stopmessaging"
        " optout optmeout quit cancel cancelsubscription endsubscription cancelmysubscription"
        " nomoremessages nomoretexts end iwanttounsubscribenow"
    )
)
# «Stop» as the newcomers of an Italian town write it: whoever says it to us leaves.
STOP_ELSEWHERE = frozenset(
    {"стоп", "отписаться", "停止", "退订", "توقف", "ايقاف", "ndalo", "opreste", "arret", "alto"}
)
SAYS_STOP_IN_BOTH = frozenset({"stop"}) | STOP_ELSEWHERE

INFO_IT = every(
    "info informazioni informazione aiuto aiutami aiutatemi menu comandi istruzioni comefunziona guida"
    " comefunzionaservizio cosapossoscrivere cosapossofare checosapossofare checosapossoscrivere opzioni"
    " chepossoscrivere chepossofare comesiusa comesiutilizza comeusare qualicomandicisono qualisonocomandi"
    " listacomandi elencocomandi chisiete chisei coseservizio cheservizioe checoseservizio checose cose"
    " vorreiinformazioni vorreiinfo voglioinformazioni avreibisognodiinformazioni avreibisognoinformazioni"
    " altreinformazioni maggioriinformazioni piuinformazioni serveaiuto miserveaiuto"
    " cosasaifare checosasaifare chefai cosafai parolechiave"
)
INFO_EN = every(
    "help helpme information commands options howitworks howdoesitwork howdoesthiswork whatcanido"
    " whatcaniwrite whatcanyoudo whoareyou whatthis whatisthis whatisthisservice moreinformation moreinfo"
)
_CHANGE = "scegli scegliere scelgo cambia cambiare cambio modifica modificare aggiorna gestisci imposta"
CHOOSE_IT = (
    every(_CHANGE, "argomenti argomento preferenze temi iscrizione avvisi scelte")
    | every(
        "scegli scelgi sciegli scieglie scegliere scelgo scelta scelte argomenti argomento preferenze"
        " impostazioni temi"
    )
    | every("vogliosceglier vorreiscegliere voglioscegliere vogliocambiareargomenti")
    | every(
        "qualisonoargomenti qualiargomenticisono listaargomenti elencoargomenti mieiargomenti"
        " imieiargomenti altriargomenti gestisci"
    )
)
CHOOSE_EN = every("choose change manage", "topics preferences subscription settings") | frozenset(
    {"choose", "topics", "preferences", "mytopics", "settings"}
)
ZONES_IT = every("zona zone miazona lamiazona frazione quartiere frazioni") | every(
    _CHANGE, "zona zone frazione quartiere"
)
ZONES_EN = every("zone zones area areas myarea") | every("choose change", "zone zones area areas")
LANGUAGES_IT = every("lingua lingue") | every(_CHANGE, "lingua")
LANGUAGES_EN = every("language languages choose") - {"choose"} | every("choose change", "language")
COLOURS_IT = every("colore livello soglia gravita", "allerta allerte") | every(
    _CHANGE, "colore livello colori", "- allerta allerte"
)
COLOURS_EN = every("alert", "colour color level") | every("choose change", "colour color level alertlevel")
SPEAK_IT = every("italiano initaliano parlaitaliano linguaitaliana italian initalian")
SPEAK_EN = every(
    "inglese ininglese parlainglese linguainglese english inenglish speakenglish englishlanguage"
)
_MY = "imieidati imieidatipersonali mieidati mieidatipersonali imiedati miedati datipersonali datimiei"
MY_DATA_IT = (
    every(f"{_MY} dati privacy gdpr qualidatiavete chedatiavete qualidatitenete chedatitenete")
    | every("qualidatiavete chedatiavete cosasapete qualidatitenete", "sume dime")
    | every(
        "mostrami mostra vedere vedi vedo scarica scaricare scaricami voglio vorreivedere vogliovedere"
        " cancella cancellate cancellare elimina eliminate rimuovi correggi modifica",
        "imieidati mieidati miedati imieidatipersonali dati datipersonali",
    )
    | every("dirittoalloblio dirittooblio")
)
MY_DATA_EN = every("mydata mypersonaldata personaldata data") | every(
    "show delete erase download see export", "mydata mypersonaldata"
)
_ARRIVES = (
    "ricevo mandate inviate miscrivete mimandate miinviate miarriva miarrivano horicevuto miearrivato"
    " miearrivata mistatemandando"
)
WHY_IT = (
    every("perche xche xke perke pecche perchee")
    | every("perche comemai xche", _ARRIVES, "- messaggio messaggi avviso avvisi cosi")
    | every("perche comemai", "messaggio messaggi")
    | every("comeavete", "- avuto trovato preso", "ilmionumero mionumero")
    | every("chivihadato chividato comefateadavere", "mionumero ilmionumero")
)
WHY_EN = every(
    "why whyme whyamigettingthis whydoireceive whydoigetthis whyamireceivingthis whydoigetthesemessages"
    " whyamigettingthesemessages whydidigetthis whydidireceivethis whydoireceivethis"
    " howdidyougetmynumber wheredidyougetmynumber"
)

YES = frozenset({"si", "on", "yes"})
NO = frozenset({"no", "off"})
MARKETING = {
    "it": ("promozioni", "promozione", "promo", "offerte", "pubblicita", "marketing"),
    "en": ("promotions", "promotion", "offers", "ads", "advertising"),
}

# Beside a topic these turn it on or off, letter by letter; alone they say nothing.
ADD = every("aggiungi aggiungere aggiungete aggiungimi aggiungo inserisci attivare add include")
REMOVE = every(
    "togli togliete togliere tolgo rimuovi rimuovere rimuovete rimuovo elimina eliminate eliminare leva"
    " levate sospendi sospendere escludi spegni remove drop mute nientepiu nomore"
) | every(_NOT, "vogliopiu desideropiu voglioricevere", "- ricevere")

# Words for a topic that are everyday things too: «basta traffico» is a sigh.
EVERYDAY = every("traffico strade strada turno turni meteo traffic road")
SIGHS = every("stop basta no si")

# Slips of «stop» that are no word of their own: it is too short to be guessed by distance.
STOP_SLIPS = frozenset(
    {"stopp", "sttop", "sstop", "stoop", "stpo", "sotp", "tsop", "stopo", "stoppp", "sopt", "stopi", "stope"}
)

# One slip away from «stop» or «basta», and words in their own right: not even a near miss.
STOP_LOOKALIKES = every(
    "sto step shop top spot stoa asta pasta vasta casta gasta batta tasta busta basto baste basti basa bastai"
)

# A slip or two away from a command, and words in their own right: nothing is guessed beside them.
OTHER_WORDS = every(
    "scrivimi scrivetemi riscrivimi riscrivetemi iscriviti iscrivermi iscriversi iscriverti iscriverci"
    " iscritto iscritta iscritti iscrivono iscriviamo descrivimi"
    " cancellati cancellata cancellato cancelli cancelleria inattiva cattiva cattivo cattivi cattive"
    " ottimo ottima ottimi ottime attimo arriva arrivo arrivi arrivano arrivate attivita attivato attivata"
    " attivati annullato annullata annullati annullano annullavano"
    " disattivato disattivata disattivati riattivato attenta attento attenti nativo"
    " rimosso eliminato eliminata nonstop dontstop donotstop restart staff stomp"
    " cancellamessaggio cancellailmessaggio eliminamessaggio eliminailmessaggio messaggiocancellato"
)
